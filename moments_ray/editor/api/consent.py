"""Consent of who is seen in an asset: given, documented, taken back; every change is written down."""

from __future__ import annotations

import hashlib
from typing import Annotated

import structlog
from fastapi import APIRouter, File, UploadFile

from moments_ray.editor.api.dependencies import Editor, Reference
from moments_ray.editor.api.schemas import CheckboxBody, ConsentView
from moments_ray.editor.api.views import consent_view
from moments_ray.editor.documents import LARGEST, document_kind
from moments_ray.editor.queries.consents import REVOKED, Consents
from moments_ray.editor.queries.projects import Projects
from moments_ray.http.body_limit import RouteLimit
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.problems import problems
from moments_ray.storage.blocking import in_thread

router = APIRouter(prefix="/api/consent", tags=["editor"])

BODY_LIMIT = RouteLimit("/api/consent/", LARGEST + 64 * 1024, "send a smaller scan")


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
    suffix, kind = await in_thread(document_kind, data)
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


def _who() -> str:
    """Return who asks, by the identifier of the API key; without keys it is this machine."""
    key = structlog.contextvars.get_contextvars().get("key")
    return f"key {key}" if key else "this machine"
