"""The headers of tus 1.0, the protocol of resumable uploads: https://tus.io/protocols/resumable-upload."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated

from fastapi import Header, HTTPException, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moments_ray.errors import InvalidRequest

UPLOADS_PATH = "/api/uploads"
VERSION = "1.0.0"
PART_TYPES = ("application/offset+octet-stream", "application/octet-stream")  # the protocol's; and what tools know
_ALGORITHMS = ("sha1", "sha256", "md5")
_EXTENSIONS = ("creation", "expiration", "termination", "checksum")
_OVERRIDES = frozenset({"PATCH", "DELETE"})

UploadLength = Annotated[str, Header(pattern=r"^[0-9]{1,15}$", description="bytes of the whole file")]
UploadOffset = Annotated[str, Header(pattern=r"^[0-9]{1,15}$", description="where these bytes go on")]
UploadMetadata = Annotated[
    str,
    Header(
        max_length=60_000,
        description="`filename`, `title`, `process` and `options` (JSON), each with its value in base64, parted by "
        "commas; they mean what they do in `POST /api/videos/upload`",
        examples=["filename dGFsay5tcDQ=,process dHJ1ZQ=="],
    ),
]
UploadChecksum = Annotated[
    str | None, Header(max_length=200, description="of this part: algorithm and digest in base64", examples=["sha1 …"])
]


class TusResponses:
    """Names the protocol's version in every answer about uploads, and takes a verb from the header that may name it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = str(scope.get("path", ""))
        if scope["type"] != "http" or not (path == UPLOADS_PATH or path.startswith(f"{UPLOADS_PATH}/")):
            await self._app(scope, receive, send)
            return

        named = Headers(scope=scope).get("x-http-method-override", "")
        if scope["method"] == "POST" and named in _OVERRIDES:  # for clients that can send nothing else
            scope["method"] = named

        async def versioned(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Tus-Resumable"] = VERSION
            await send(message)

        await self._app(scope, receive, versioned)


async def require_version(
    request: Request, tus_resumable: Annotated[str | None, Header(examples=[VERSION])] = None
) -> None:
    """Refuse a version of the protocol that is not ours; looking at an upload as JSON asks for none.

    Raises:
        HTTPException: 412, and which versions there are.
    """
    if tus_resumable != VERSION and request.method not in {"GET", "OPTIONS"}:
        said = f"Send the header Tus-Resumable: {VERSION}; other versions of the protocol are not spoken here."
        raise HTTPException(412, said, {"Tus-Version": VERSION})


def abilities(max_bytes: int, part_bytes: int) -> dict[str, str]:
    """Return the headers that tell what can be asked, and how large a file and a part may be."""
    return {
        "Tus-Version": VERSION,
        "Tus-Extension": ",".join(_EXTENSIONS),
        "Tus-Checksum-Algorithm": ",".join(_ALGORITHMS),
        "Tus-Max-Size": str(max_bytes),
        "Upload-Limit": f"max-size={max_bytes}, max-append-size={part_bytes}",
        "Cache-Control": "no-store",
    }


def progress(received: int, whole: int, expires_at: datetime, part_bytes: int) -> dict[str, str]:
    """Return the headers that tell how an upload stands."""
    return {
        "Upload-Offset": str(received),
        "Upload-Length": str(whole),
        "Upload-Expires": format_datetime(expires_at.astimezone(UTC), usegmt=True),
        "Upload-Limit": f"max-append-size={part_bytes}",
        "Cache-Control": "no-store",
    }


def requested_checksum(header: str | None) -> tuple[str, bytes] | None:
    """Read the checksum of a part: the name of an algorithm that ``hashlib`` has, and the digest.

    Raises:
        HTTPException: 400; it cannot be read, or is of an algorithm that is not spoken here.
    """
    if header is None:
        return None
    algorithm, _, digest = header.partition(" ")
    try:
        if algorithm in _ALGORITHMS:
            return algorithm, base64.b64decode(digest, validate=True)
    except (ValueError, binascii.Error):
        pass
    raise HTTPException(400, f"Upload-Checksum is one of {', '.join(_ALGORITHMS)}, a space, and the digest in base64.")


def requested_metadata(header: str) -> dict[str, str]:
    """Read what a client says of a file.

    Raises:
        InvalidRequest: it cannot be read.
    """
    found: dict[str, str] = {}
    for pair in filter(None, (pair.strip() for pair in header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value.strip(), validate=True).decode()
        except (ValueError, binascii.Error) as error:
            raise InvalidRequest(f"Upload-Metadata: the value of {name[:40]!r} is not UTF-8 text in base64.") from error
    return found
