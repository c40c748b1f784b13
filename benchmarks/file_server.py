"""A web server on loopback, from which a benchmark has its videos fetched as from a site."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: what is printed is the benchmark's result."""


@contextmanager
def served(directory: Path, port: int) -> Iterator[str]:
    """Serve the files of a directory until the block ends, and give the address."""
    with ThreadingHTTPServer(("127.0.0.1", port), partial(_Silent, directory=str(directory))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.shutdown()
            thread.join()
