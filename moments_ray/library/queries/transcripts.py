"""Transcripts: one a video and engine, the newest is the video's."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import TranscriptPassage, TranscriptRow


class Transcripts:
    """Reads and writes of transcripts."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def put(self, video_key: int, engine: str, **values: Any) -> None:
        """Write what an engine heard, over what it heard before; ``segment_timestamps`` is what search finds."""
        row = {"video_id": video_key, "engine": engine, **values}
        key = await self._session.scalar(
            insert(TranscriptRow)
            .values(**row)
            .on_conflict_do_update(
                index_elements=[TranscriptRow.video_id, TranscriptRow.engine], set_={**values, "created_at": func.now()}
            )
            .returning(TranscriptRow.id)
        )
        await self._session.execute(delete(TranscriptPassage).where(TranscriptPassage.transcript_id == key))
        passages = [
            {"transcript_id": key, "start_time": each["start"], "end_time": each["end"], "spoken": each["text"]}
            for each in values["segment_timestamps"]
        ]
        if passages:
            await self._session.execute(insert(TranscriptPassage), passages)

    async def get(self, video_key: int, engine: str | None = None) -> TranscriptRow | None:
        """Return what an engine heard in a video, or the newest transcript."""
        query = select(TranscriptRow).where(TranscriptRow.video_id == video_key)
        if engine is not None:
            query = query.where(TranscriptRow.engine == engine)
        newest = query.order_by(TranscriptRow.created_at.desc(), TranscriptRow.id.desc()).limit(1)
        return (await self._session.scalars(newest)).first()
