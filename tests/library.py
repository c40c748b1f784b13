"""Videos, moments, clips and runs as a worker would have written them, for whatever shows them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, select

from moments_ray.database.tables import MomentRow, MomentSet, Run, RunAttempt, Video, WebhookDelivery
from moments_ray.engine.queries.claims import Claim, Claims, claim_of
from moments_ray.engine.queries.journal import Journal
from moments_ray.engine.queries.rows import row_of
from moments_ray.engine.queries.runs import Runs
from moments_ray.http.container import Container
from moments_ray.ids import new_identifier
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.queries.videos import Videos, get_or_create_video
from moments_ray.library.values import Source
from moments_ray.media.probe import MediaInfo
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.moments.queries.moments import Moments
from moments_ray.moments.queries.sets import MomentSets
from moments_ray.moments.values import MomentsRequest
from moments_ray.speech.transcript import Segment, Transcript, Word
from moments_ray.states import ClipStatus, RunStatus
from tests.runs import submit


class Library:
    """Writes what a worker would have written."""

    picture: bytes | None = b"jpg"

    def __init__(self, container: Container) -> None:
        self.container = container
        self.database = container.environment.database
        self.store = container.environment.store

    async def video(
        self,
        title: str = "A talk",
        content: bytes | None = b"0123456789" * 10,
        picture: bytes | None = None,
        *,
        duration: float = 120.0,
        info: MediaInfo | None = None,
    ) -> Video:
        """A video whose bytes are in the store, or one that has none yet."""
        async with self.database.begin() as session:
            source = f"https://example.org/{new_identifier()}.mp4"
            video, _ = await get_or_create_video(row_of(session), source, source_url=source, title=title)
        if content is None:
            return video
        name = f"videos/{video.identifier}"
        stored = await self.store.put_bytes(f"{name}/source-1.mp4", content, content_type="video/mp4")
        async with self.database.begin() as session:
            await Videos(session).set_source(
                video.identifier,
                title,
                cloud_url=stored.uri,
                duration=duration,
                width=1280,
                height=720,
                fps=25.0,
                codec="h264",
                resolution="1280x720",
                bytes=stored.bytes,
                checksum=stored.checksum,
                info={} if info is None else info.model_dump(mode="json"),
            )
            if (shot := picture or self.picture) is not None:
                name = f"{name}/thumbnails/video-1.jpg"
                shown = await self.store.put_bytes(name, shot, content_type="image/jpeg")
                await Videos(session).set_thumbnail(video.identifier, shown.uri)
            return await Videos(session).get(video.identifier)

    async def transcript(self, video: Video, said: str | Transcript = "Hello there. Moments are found.") -> None:
        """What is said in a video; words alone come one a second."""
        transcript = _one_a_second(said) if isinstance(said, str) else said
        async with self.database.begin() as session:
            await Transcripts(session).put(
                video.id,
                transcript.engine,
                full_text=transcript.text,
                word_timestamps=[
                    {"word": word.text, "start": word.start, "end": word.end} for word in transcript.words
                ],
                segment_timestamps=[segment.model_dump() for segment in transcript.segments],
                language=transcript.language,
                health={},
            )

    async def moment(
        self,
        video: Video,
        start: float,
        end: float,
        *,
        parent: MomentRow | None = None,
        of_set: MomentSet | None = None,
        **fields: Any,
    ) -> MomentRow:
        """A moment, refined where it has a parent, of a set where a run found it; other columns as they are given."""
        identifier = new_identifier()
        row = {
            "identifier": identifier,
            "video_id": video.id,
            "title": "A moment",
            "start_time": start,
            "end_time": end,
            "score": 70.0,
            "reason": "it stands out",
            "is_refined": parent is not None,
            "parent_id": parent.id if parent else None,
            "set_id": parent.set_id if parent else of_set.id if of_set else None,
            "provenance": [
                *(parent.provenance if parent else ()),
                {"step": "snap", "start_time": start, "end_time": end, "reason": "to sentences"},
            ],
            **fields,
        }
        async with self.database.begin() as session:
            await Moments(session).put([row])
            return await Moments(session).get(identifier)

    async def found(
        self, video: Video, run: Run, *spans: tuple[float, float], candidate: bool = False
    ) -> list[MomentRow]:
        """What a run found, which is the current set from then on unless it is a candidate."""
        async with self.database.begin() as session:
            config = await Moments(session).generation_config(
                user_prompt="find", system_prompt="", transcript_key=None, sampling={"model": "local"}
            )
            made = await MomentSets(session).of_run(video.id, run.identifier, config)
            if not candidate:
                await MomentSets(session).promote(made)
        return [await self.moment(video, *span, of_set=made) for span in spans]

    async def found_by(
        self, video: Video, run: str | None, *spans: tuple[float, float], candidate: bool = False
    ) -> list[MomentRow]:
        """What the run of an identifier found."""
        async with self.database.read() as session:
            row = await Runs(session).get(run or "")
        return await self.found(video, row, *spans, candidate=candidate)

    async def is_deleted(self, moment: MomentRow) -> bool:
        """Whether a moment was deleted, for good or not."""
        async with self.database.read() as session:
            row = await session.scalar(select(MomentRow).where(MomentRow.id == moment.id))
        return row is None or row.deleted_at is not None

    async def remove_moments(self, of_set: MomentSet) -> None:
        """Leave a set empty, as one is that a run found nothing for."""
        async with self.database.begin() as session:
            await session.execute(delete(MomentRow).where(MomentRow.set_id == of_set.id))

    async def clip(self, video: Video, moment: MomentRow, preset: str = "source", **values: Any) -> None:
        """A moment's clip, in the store."""
        identifier = new_identifier()
        name = f"videos/{video.identifier}/clips/{identifier}-1.mp4"
        stored = await self.store.put_bytes(name, b"clip", content_type="video/mp4")
        fields = {
            "identifier": identifier,
            "video_id": video.id,
            "cloud_url": stored.uri,
            "start_time": moment.start_time,
            "end_time": moment.end_time,
            "moment_start_time": moment.start_time,
            "moment_end_time": moment.end_time,
            "status": ClipStatus.COMPLETED,
            **values,
        }
        async with self.database.begin() as session:
            await Moments(session).put_clip(moment.identifier, preset, **fields)

    async def run(self, video: Video) -> Run:
        """A queued run of the whole pipeline over a video."""
        request = MomentsRequest(source=Source(video=video.identifier, url=video.source_url))
        return await submit(self.container.run_service, MOMENTS, request, force=True)

    async def claim(self, run: Run) -> Claim:
        """Take a run as a worker does."""
        async with self.database.begin() as session:
            claimed = await Claims(session).claim(run.identifier, "worker-test", 60.0)
        assert claimed is not None
        return claim_of(claimed)

    async def write(self, claim: Claim, event: str, **values: Any) -> None:
        """Append an event to a claimed run, with other columns of it."""
        async with self.database.begin() as session:
            await Journal(session, claim).event(event, {}, **values)

    async def spend(self, run: Run, *, tokens: int, usd: float) -> None:
        """A try of a stage that models were asked in."""
        async with self.database.begin() as session:
            values = {"run_id": run.id, "stage": "MOMENT_GENERATION", "number": 1, "attempt": 1, "status": "completed"}
            session.add(RunAttempt(**values, input_tokens=tokens, usd=Decimal(str(usd))))

    async def webhooks(self) -> Sequence[WebhookDelivery]:
        """The messages that are to be delivered, the oldest first."""
        async with self.database.read() as session:
            return (await session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id))).all()

    async def finish(self, run: Run, status: RunStatus = RunStatus.COMPLETED, **values: Any) -> None:
        """Bring a run to a verdict."""
        claim = await self.claim(run)
        async with self.database.begin() as session:
            journal = Journal(session, claim)
            await journal.start("VIDEO_DOWNLOAD", 0, node="here")
            await journal.complete("VIDEO_DOWNLOAD", {}, fingerprint=None, progress=0.1)
            await journal.event(f"run.{status}", {}, status=status, completed_at=func.now(), **values)


def _one_a_second(said: str) -> Transcript:
    words = tuple(Word(text=word, start=float(at), end=at + 0.8) for at, word in enumerate(said.split()))
    segment = Segment(text=said, start=0.0, end=float(len(words)))
    return Transcript(engine="captions", language="en", words=words, segments=(segment,))
