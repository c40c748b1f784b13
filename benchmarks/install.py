"""What installing takes by pip and by uv, in seconds: everything in ``requirements.lock``, from empty caches.

    python -m benchmarks.install [--rounds 1]

Each makes an environment of its own and downloads about 600 MB: the package index and the disk are measured too. They
take turns, so that neither finds a quieter machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from environment import LOCK, install

_WAYS = {"uv": {}, "pip": {"PIP_PREFER_BINARY": "1"}}  # an option that uv has no word for: pip installs


def seconds(way: str) -> float:
    """Make an environment in that way and return how long it took.

    Raises:
        RuntimeError: it was installed in another way.
    """
    with tempfile.TemporaryDirectory() as scratch:
        empty = {"PIP_CACHE_DIR": f"{scratch}/pip", "UV_CACHE_DIR": f"{scratch}/uv", **_WAYS[way]}
        os.environ |= empty
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "venv", f"{scratch}/venv"], check=True)
        found = install(Path(scratch) / "venv" / "bin" / "python", LOCK)
        took = time.perf_counter() - began
        for name in empty:
            del os.environ[name]
    if found != way:
        raise RuntimeError(f"{found} installed in place of {way}")
    return took


def main() -> None:
    """Print the seconds of each way, round by round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    for number in range(parser.parse_args().rounds):
        for way in _WAYS:
            print(f"round {number + 1}: {way:4} {seconds(way):6.1f} s", flush=True)


if __name__ == "__main__":
    main()
