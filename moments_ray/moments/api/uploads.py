"""Uploads in parts, after the tus protocol: files of any size, over lines that break, through proxies that buffer."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field, Json, ValidationError

from moments_ray.database.tables import Upload
from moments_ray.errors import InvalidRequest
from moments_ray.http import tus
from moments_ray.http.body_limit import RouteLimit
from moments_ray.http.dependencies import Dependencies, IdempotencyKey, Identifier
from moments_ray.http.problems import problems
from moments_ray.http.schemas.options import Text
from moments_ray.library.api.schemas import UploadView, VideoStarted
from moments_ray.library.api.starting import started
from moments_ray.library.resumable import PART_BYTES, ResumableUploads
from moments_ray.library.service import Address, Started
from moments_ray.media.downloaded import clean_title
from moments_ray.moments.api.dependencies import Starting
from moments_ray.moments.options import RunOptions

router = APIRouter(prefix=tus.UPLOADS_PATH, tags=["uploads"], dependencies=[Depends(tus.require_version)])

BODY_LIMIT = RouteLimit(f"{tus.UPLOADS_PATH}/", PART_BYTES, "send smaller parts")
# What libraries of the protocol say of a file by themselves, beside its name; its bytes tell us what it is.
_SAID_BY_LIBRARIES = frozenset({"name", "type", "filetype", "relativePath"})
_JSON = "application/json"
_BYTES = {"content": {key: {"schema": {"type": "string", "format": "binary"}} for key in tus.PART_TYPES}}
_OFFSET = {"Upload-Offset": {"description": "bytes that are here", "schema": {"type": "integer"}}}


class _Said(BaseModel):
    """What `Upload-Metadata` says of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    filename: Text = Field("", max_length=1000)
    title: Text = Field("", max_length=10_000)
    process: bool = False
    options: Json[dict[str, Any]] = {}

    @property
    def video_title(self) -> str | None:
        return clean_title(self.title or PurePath(self.filename).stem)


async def _uploads(dependencies: Dependencies, starting: Starting) -> ResumableUploads:
    async def add(upload: Upload, found: Address) -> Started:
        return await starting.add(
            found,
            RunOptions.model_validate(upload.options),
            title=upload.title,
            process=upload.process,
            key=upload.idempotency_key,
        )

    return ResumableUploads(dependencies.environment, add)


def _said(header: str) -> _Said:
    fields = {name: value for name, value in tus.requested_metadata(header).items() if value}
    fields.setdefault("filename", fields.get("name", ""))
    try:
        return _Said.model_validate({name: value for name, value in fields.items() if name not in _SAID_BY_LIBRARIES})
    except ValidationError as error:
        raise _not_valid(error) from error


def _options(said: _Said) -> RunOptions:
    """Return the options that were sent; they are kept as they came, for a secret among them shows itself to nobody."""
    try:
        return RunOptions.model_validate(said.options)
    except ValidationError as error:
        raise _not_valid(error, "options") from error


def _not_valid(error: ValidationError, *within: str) -> InvalidRequest:
    first = error.errors()[0]
    return InvalidRequest(f"Upload-Metadata.{'.'.join(map(str, (*within, *first['loc'])))}: {first['msg']}")


def _progress(upload: Upload) -> dict[str, str]:
    return tus.progress(upload.received, upload.bytes, upload.expires_at, PART_BYTES)


Taking = Annotated[ResumableUploads, Depends(_uploads)]


def _empty(status: int, description: str, **headers: Any) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": description, "headers": headers}}


@router.options("", status_code=204, response_class=Response)
async def read_upload_abilities(dependencies: Dependencies) -> Response:
    """Tell which version and extensions of the protocol are spoken, and how large a file and a part may be."""
    return Response(
        status_code=204, headers=tus.abilities(dependencies.environment.settings.download.max_bytes, PART_BYTES)
    )


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses={
        **_empty(201, "Send the parts to `Location`.", Location={"schema": {"type": "string"}}),
        **problems(412, 413),
    },
)
async def begin_upload(
    taking: Taking,
    starting: Starting,
    *,
    upload_length: tus.UploadLength,
    upload_metadata: tus.UploadMetadata = "",
    key: IdempotencyKey = None,
) -> Response:
    """Begin an upload; its bytes follow in parts of at most 8 MiB, and with the last one it becomes a video."""
    said = _said(upload_metadata)
    await starting.check(_options(said))
    upload = await taking.begin(
        int(upload_length),
        title=said.video_title,
        process=said.process,
        options=said.options,
        key=key,
    )
    headers = {"Location": f"{tus.UPLOADS_PATH}/{upload.identifier}", **_progress(upload)}
    return Response(status_code=201, headers=headers)


@router.head(
    "/{upload_id}",
    response_class=Response,
    responses={**_empty(200, "How it stands.", **_OFFSET), **problems(404, 412)},
)
async def read_upload_offset(taking: Taking, upload_id: Identifier) -> Response:
    """Tell how many bytes are here: the next part begins there."""
    return Response(headers=_progress((await taking.standing(upload_id)).upload))


@router.get("/{upload_id}", responses=problems(404))
async def read_upload(taking: Taking, upload_id: Identifier, response: Response) -> UploadView:
    """Return an upload, and once it is whole its video and run."""
    standing = await taking.standing(upload_id)
    response.headers.update(_progress(standing.upload))
    return UploadView.of(standing.upload, standing.video, standing.run)


@router.patch(
    "/{upload_id}",
    status_code=204,
    response_model=None,
    openapi_extra={"requestBody": {"required": True, **_BYTES}},
    responses={
        **_empty(204, "Taken. After the last part `Location` names the run.", **_OFFSET),
        200: {"model": VideoStarted, "description": "The whole is a video that was known."},
        202: {"model": VideoStarted, "description": "The whole is a video, and work on it has begun."},
        **problems(400, 404, 409, 412, 413, 415, 460, 507),
    },
)
async def append_to_upload(
    taking: Taking,
    request: Request,
    response: Response,
    *,
    upload_id: Identifier,
    upload_offset: tus.UploadOffset,
    upload_checksum: tus.UploadChecksum = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response | VideoStarted:
    """Take the next part, of at most 8 MiB; the last one is answered as an upload is where JSON is accepted by name."""
    if request.headers.get("content-type", "").partition(";")[0].strip() not in tus.PART_TYPES:
        raise HTTPException(415, f"Send a part as Content-Type: {tus.PART_TYPES[0]}.")
    checksum = tus.requested_checksum(upload_checksum)
    outcome = await taking.append(upload_id, int(upload_offset), request.stream(), checksum)
    if not isinstance(outcome, Started):
        return Response(status_code=204, headers=_progress(outcome))
    response.headers.update(_progress((await taking.standing(upload_id)).upload))
    view = started(outcome, response)
    if _JSON in accept:
        return view
    return Response(status_code=204, headers=dict(response.headers))


@router.delete("/{upload_id}", status_code=204, response_class=Response, responses=problems(404, 412))
async def remove_upload(taking: Taking, upload_id: Identifier) -> Response:
    """Forget an upload and its bytes; the video that it came to stays."""
    await taking.remove(upload_id)
    return Response(status_code=204)
