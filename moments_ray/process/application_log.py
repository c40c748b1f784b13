"""``application.log`` in the home: what a server's processes say, one JSON object a line, in files of bounded size."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from moments_ray.process.file_lock import FileLock

_LARGEST_BYTES = 10 * 1024**2
_OLDER_FILES = 4
_RESERVED = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}


def log_lines(level: str, environment: str, logger: str) -> None:
    """Send structlog's lines of this process to a logger of the standard library, with the environment's name."""

    def named(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {"environment": environment, **event} if environment else event

    processors: list[Processor] = [structlog.contextvars.merge_contextvars, named, for_standard_library]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: logging.getLogger(logger),
        cache_logger_on_first_use=False,
    )


def log_to_home(home: Path, level: str, environment: str) -> None:
    """Send structlog's lines of this process to its output and to ``application.log``."""
    logger = logging.getLogger("moments")
    logger.setLevel(level)
    logger.propagate = False
    if not logger.handlers:
        output = logging.StreamHandler(sys.stdout)
        output.setFormatter(_JsonLines())
        logger.addHandler(output)
        keep_in_home(logger, home)
    log_lines(level, environment, logger.name)


def keep_in_home(logger: logging.Logger, home: Path) -> None:
    """Have a logger write to ``application.log``, too; where that cannot be opened, it goes without."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        handler = ApplicationLog(home / "application.log")
    except OSError as error:
        logger.warning("application.log cannot be written: %s", error)
        return
    logger.addHandler(handler)


def for_standard_library(_: WrappedLogger, __: str, event: EventDict) -> dict[str, Any]:
    """Turn an event into arguments of ``logging``, whose records have names of their own that fields may not take."""
    message, trouble = event.pop("event"), event.pop("exc_info", None)
    fields = {f"{name}_" if name in _RESERVED else name: value for name, value in event.items()}
    return {"msg": message, "exc_info": trouble, "extra": fields}


class ApplicationLog(WatchedFileHandler):
    """A file that several processes write to; whoever finds it full makes it the newest of the older ones."""

    def __init__(self, path: Path, largest_bytes: int = _LARGEST_BYTES) -> None:
        super().__init__(path, encoding="utf-8")
        self._path = path
        self._largest_bytes = largest_bytes
        self.setFormatter(_JsonLines())

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, and change files where this one is full."""
        super().emit(record)
        try:
            if self.stream is not None and os.fstat(self.stream.fileno()).st_size > self._largest_bytes:
                self._change_files()
        except (OSError, ValueError):
            self.handleError(record)

    def _change_files(self) -> None:
        lock = FileLock(self._path.with_suffix(".lock"))
        try:
            if not lock.try_acquire() or self._path.stat().st_size <= self._largest_bytes:
                return  # another process is at it, or was
            for number in range(_OLDER_FILES, 0, -1):
                newer = self._path.with_name(f"{self._path.name}.{number - 1}") if number > 1 else self._path
                if newer.exists():
                    newer.replace(self._path.with_name(f"{self._path.name}.{number}"))
        finally:
            lock.close()


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"at": at, "level": record.levelname, "process": record.process, "message": record.getMessage()}
        line |= {name: value for name, value in vars(record).items() if name not in _RESERVED}
        if record.exc_info:
            line["trouble"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
