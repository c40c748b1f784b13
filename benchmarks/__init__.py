"""Measurements; each module prints what README and docs may quote."""

import signal
import sys


def end_by_sigterm_as_by_ctrl_c() -> None:
    """Have SIGTERM unwind this program: ended at once, it would leave its home and what it started behind."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell has what it starts in the background ignore it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


if sys.argv[0] == "-m":  # while Python looks for the program that it was told to start: not where a stage is imported
    end_by_sigterm_as_by_ctrl_c()
