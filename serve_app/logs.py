"""Our log lines among Serve's: one JSON object each, with the request's id."""

from __future__ import annotations

import logging
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

_SERVE = "ray.serve"  # the only logger that Serve gives a JSON formatter
_RESERVED = {*vars(logging.makeLogRecord({})), "message", "asctime"}


def log_through_serve(level: str, environment: str = "") -> None:
    """Send structlog's lines of this process through Serve's logger, with the name of the environment if it has one."""

    def named(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {"environment": environment, **event} if environment else event

    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, named, _for_standard_library],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: logging.getLogger(_SERVE),
        cache_logger_on_first_use=False,
    )


def _for_standard_library(_: WrappedLogger, __: str, event: EventDict) -> dict[str, Any]:
    """Turn an event into arguments of ``logging``, whose records have names of their own that fields may not take."""
    message, trouble = event.pop("event"), event.pop("exc_info", None)
    fields = {f"{name}_" if name in _RESERVED else name: value for name, value in event.items()}
    return {"msg": message, "exc_info": trouble, "extra": fields}
