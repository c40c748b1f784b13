"""Consent of who is seen in an asset: given, documented, taken back; every change is written down."""

from __future__ import annotations

import hashlib
import zipfile
from io import BytesIO
from typing import Annotated

import structlog
from fastapi import APIRouter, File, UploadFile

from moments_ray.editor.api.dependencies import Editor, Reference
from moments_ray.editor.api.schemas import CheckboxBody, ConsentView
from moments_ray.editor.api.views import consent_view
from moments_ray.editor.queries.consents import REVOKED, Consents
from moments_ray.editor.queries.projects import Projects
from moments_ray.errors import UnsupportedMedia
from moments_ray.http.body_limit import RouteLimit
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.problems import problems

router = APIRouter(prefix="/api/consent", tags=["editor"])

_LARGEST = 20 * 1024**2
BODY_LIMIT = RouteLimit("/api/consent/", _LARGEST + 64 * 1024, "send a smaller scan")
_MAGIC = {
    b"%PDF-": (".pdf", "application/pdf"),
    b"\x89PNG\r\n\x1a\n": (".png", "image/png"),
    b"\xff\xd8\xff": (".jpg", "image/jpeg"),
}
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MARKUP = ("<svg", "<html", "<script", "<!doctype", "<?xml", "<body")


@router.get("/{asset_id}", responses=problems(404))
async def read_consent(dependencies: Dependencies, asset_id: Reference) -> ConsentView:
    """Return whether who is seen in an asset agreed."""
    async with dependencies.environment.database.read() as session:
        asset, _ = await Projects(session).asset(asset_id)
        consent = await Consents(session).get(asset)
    return await consent_view(dependencies, asset, consent)


@router.post("/{asset_id}/checkbox", responses=problems(404))
async def tick_consent(
    dependencies: Dependencies, editor: Editor, asset_id: Reference, body: CheckboxBody
) -> ConsentView:
    """Give consent, or take it back: renders of the asset that are under way are cancelled then."""
    async with dependencies.environment.database.begin() as session:
        asset, _ = await Projects(session).asset(asset_id)
        what = "accepted" if body.accepted else REVOKED
        await Consents(session).change(asset, who=_who(), what=what, has_checkbox=body.accepted)
    if not body.accepted:
        await editor.cancel_renders(asset)
    return await read_consent(dependencies, asset_id)


@router.post("/{asset_id}/upload", responses=problems(400, 404, 413))
async def upload_consent(
    dependencies: Dependencies, asset_id: Reference, file: Annotated[UploadFile, File(description="signed")]
) -> ConsentView:
    """Keep a signed document: PDF, PNG, JPEG, WebP, DOCX or plain text, by its content, of at most 20 MiB."""
    data = await file.read()
    suffix, kind = document_kind(data)
    digest = hashlib.sha256(data).hexdigest()
    async with dependencies.environment.database.read() as session:
        asset, _ = await Projects(session).asset(asset_id)
    name = f"{asset.id}-{digest[:12]}{suffix}"
    stored = await dependencies.environment.store.put_bytes(
        f"consent/{asset.identifier}/{name}", data, content_type=kind
    )
    async with dependencies.environment.database.begin() as session:
        await Consents(session).change(
            asset, who=_who(), what="document", sha256=digest, document_name=name, document_url=stored.uri
        )
    return await read_consent(dependencies, asset_id)


def document_kind(data: bytes) -> tuple[str, str]:
    """Return suffix and content type of a document, by its bytes alone.

    Raises:
        UnsupportedMedia: it is none of those that are kept.
    """
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp", "image/webp"
    if _is_docx(data):
        return ".docx", _DOCX
    if _is_plain(data):
        return ".txt", "text/plain"
    raise UnsupportedMedia("This is no document that is kept: send a PDF, PNG, JPEG, WebP, DOCX or plain text.")


def _is_docx(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return "word/document.xml" in archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        return False


def _is_plain(data: bytes) -> bool:
    """Tell whether it is text that no browser would take for a page or a picture."""
    try:
        text = data.decode("utf-8-sig").lower()
    except UnicodeDecodeError:
        return False
    readable = all(each.isprintable() or each.isspace() for each in text)
    return bool(text.strip()) and readable and not any(word in text for word in _MARKUP)


def _who() -> str:
    """Return who asks, by the identifier of the API key; without keys it is this machine."""
    key = structlog.contextvars.get_contextvars().get("key")
    return f"key {key}" if key else "this machine"
