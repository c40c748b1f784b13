"""Web pages of other origins that may use the API from a browser."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

_TUS = ("Tus-Resumable", "Upload-Checksum", "Upload-Length", "Upload-Metadata", "Upload-Offset")
_SENT = (
    *("Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Last-Event-ID", "Range", "X-Request-ID"),
    *_TUS,
)
_READ = (
    *("Content-Disposition", "Content-Range", "ETag", "Location", "Retry-After", "WWW-Authenticate", "X-Request-ID"),
    *("Tus-Extension", "Tus-Max-Size", "Tus-Resumable", "Tus-Version"),
    *("Upload-Expires", "Upload-Length", "Upload-Limit", "Upload-Offset"),
)


def allow_origins(app: FastAPI, origins: Sequence[str]) -> None:
    """Let pages of these origins ask and read the answers; a page has no cookies of ours, its key is its own affair."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
        allow_headers=_SENT,
        expose_headers=_READ,
    )
