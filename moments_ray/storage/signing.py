"""Signed, expiring URLs of the directory store; the API that serves them checks them with the same key."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlencode

from moments_ray.storage.object_store import SignedUrl

_KEY_BYTES = 32


def signing_key(path: Path) -> bytes:
    """Return the key kept at a path, made when there is none; all processes that race for it get the same."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, path)  # fails where a rename would replace the key of a faster process
    finally:
        unfinished.unlink()
    return path.read_bytes()


class UrlSigner:
    """Makes URLs of objects that nobody else can make, change or use for longer."""

    def __init__(self, key: bytes, base_url: str, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._base_url = base_url.rstrip("/")
        self._clock = clock

    def sign(self, name: str, seconds: int, filename: str | None = None) -> SignedUrl:
        """Return a URL that reads an object for ``seconds``."""
        expires = int(self._clock()) + seconds
        query = {"expires": str(expires), "signature": self._signature(name, expires, filename)}
        if filename is not None:
            query["filename"] = filename
        return SignedUrl(
            url=f"{self._base_url}/objects/{quote(name)}?{urlencode(query)}",
            expires_at=datetime.fromtimestamp(expires, UTC),
        )

    def verify_signature(self, name: str, expires: int, signature: str, filename: str | None = None) -> bool:
        """Tell whether these parts of a URL were signed together and have not expired."""
        right = self._signature(name, expires, filename)
        return hmac.compare_digest(right.encode(), signature.encode()) and self._clock() < expires

    def _signature(self, name: str, expires: int, filename: str | None) -> str:
        # No name holds a line break, and the file name comes last: the parts cannot be shifted into one another.
        parts = ["GET", name, str(expires), *([] if filename is None else [filename])]
        return hmac.new(self._key, "\n".join(parts).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
