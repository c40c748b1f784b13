"""Uploads that arrive in parts: what of them is here, and until when it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, update

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Run, Upload, UploadPart, Video
from moments_ray.errors import NotFound
from moments_ray.ids import new_identifier

KEPT = timedelta(hours=24)  # since the last part came


class Uploads:
    """Reads and writes of uploads; the database's clock counts."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def create(self, **values: Any) -> Upload:
        """Begin an upload of which nothing is here."""
        upload = Upload(identifier=new_identifier(), received=0, expires_at=func.now() + KEPT, **values)
        self._session.add(upload)
        await self._session.flush()
        await self._session.refresh(upload)
        return upload

    async def get(self, identifier: str) -> Upload:
        """Return an upload.

        Raises:
            NotFound: there is none of this identifier, or no longer.
        """
        found = await self._session.scalar(
            select(Upload).where(Upload.identifier == identifier, Upload.expires_at > func.now())
        )
        if found is None:
            raise NotFound(f"There is no upload {identifier}, or it has expired: begin a new one.")
        return found

    async def outcome(self, upload: Upload) -> tuple[Video | None, Run | None]:
        """Return what a finished upload came to; nothing where it is not finished, or its video is deleted."""
        video = await self._session.get(Video, upload.video_id) if upload.video_id is not None else None
        run = await self._session.get(Run, upload.run_id) if upload.run_id is not None else None
        return video, run

    async def parts(self, upload: Upload) -> Sequence[str]:
        """Return the names of the objects that hold an upload's bytes, in order."""
        of_it = select(UploadPart.name).where(UploadPart.upload_id == upload.id)
        return (await self._session.scalars(of_it.order_by(UploadPart.start))).all()

    async def add_part(self, upload: Upload, start: int, received: int, name: str) -> bool:
        """Take the next part in; tell whether it still was the next one."""
        if not await self._advance(upload, start, received):
            return False
        self._session.add(UploadPart(upload_id=upload.id, start=start, name=name))
        return True

    async def finish(self, upload: Upload, start: int, video_key: int, run_key: int | None) -> bool:
        """Write down what a whole upload came to; tell whether nobody else did before."""
        finished = await self._advance(upload, start, upload.bytes, video_id=video_key, run_id=run_key)
        if finished:
            await self._session.execute(delete(UploadPart).where(UploadPart.upload_id == upload.id))
        return finished

    async def expired(self, limit: int) -> Sequence[str]:
        """Return identifiers of uploads that nobody went on with."""
        return (
            await self._session.scalars(select(Upload.identifier).where(Upload.expires_at <= func.now()).limit(limit))
        ).all()

    async def delete(self, identifier: str) -> None:
        """Delete an upload and the list of its parts, if it is there."""
        await self._session.execute(delete(Upload).where(Upload.identifier == identifier))

    async def _advance(self, upload: Upload, start: int, received: int, **values: Any) -> bool:
        moved = await self._session.scalar(
            update(Upload)
            .where(Upload.id == upload.id, Upload.received == start)
            .values(received=received, expires_at=func.now() + KEPT, **values)
            .returning(Upload.id)
        )
        return moved is not None
