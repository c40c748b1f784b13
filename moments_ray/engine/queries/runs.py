"""Runs: found, cancelled, queued again, replaced."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Select, case, func, or_, select, update

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Run, RunEvent, RunItem, RunStage, Video
from moments_ray.engine.queries.submission import Submission
from moments_ray.engine.queries.webhooks import Webhooks
from moments_ray.errors import NotFound, RunActive
from moments_ray.states import ACTIVE_RUN, RunStatus, StageStatus, VideoStatus


class Runs:
    """Reads and unfenced writes of runs; a worker's fenced writes are the Journal's."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def get(self, identifier: str) -> Run:
        """Return a run.

        Raises:
            NotFound: there is none of this identifier.
        """
        run = await self._session.scalar(
            select(Run).where(Run.identifier == identifier).execution_options(populate_existing=True)
        )
        if run is None:
            raise NotFound(f"There is no run {identifier}")
        return run

    async def of_identifiers(self, identifiers: Collection[str]) -> dict[str, Run]:
        """Return those of these runs that there are, by identifier."""
        rows = await self._list(select(Run).where(Run.identifier.in_(identifiers)))
        return {run.identifier: run for run in rows}

    async def active(self, exclusive_key: str) -> Run | None:
        """Return the queued or processing run that has an exclusive key."""
        return await self._one(select(Run).where(Run.exclusive_key == exclusive_key, Run.status.in_(ACTIVE_RUN)))

    async def require_none_active(self, exclusive_key: str) -> None:
        """Refuse to go on while a run has an exclusive key.

        Raises:
            RunActive: one has; ``detail["run"]`` names it.
        """
        if (active := await self.active(exclusive_key)) is not None:
            raise _run_active(active)

    async def newest(self, submission: Submission) -> Run | None:
        """Return the newest run that was asked for exactly this; finished ones only if the same would make it now."""
        same = (
            Run.subject == submission.subject,
            Run.pipeline == submission.pipeline,
            Run.config_fingerprint == submission.fingerprint,
            or_(Run.status.in_(ACTIVE_RUN), Run.produced_by == submission.produced_by),
            *([] if submission.video is None else [Run.video_id == _key_of(submission.video).scalar_subquery()]),
        )
        return await self._one(select(Run).where(*same).order_by(Run.id.desc()).limit(1))

    async def video_of(self, run: Run) -> str | None:
        """Return the identifier of the video that a run works on."""
        if run.video_id is None:
            return None
        found: str | None = await self._session.scalar(select(Video.identifier).where(Video.id == run.video_id))
        return found

    async def instead_of(self, submission: Submission) -> Run | None:
        """Return the run that was submitted under this one's idempotency key; None where nothing is in its way now.

        Raises:
            NotFound: there is no such video, or it is being deleted.
            RunActive: another run of its exclusive key is active; ``detail["run"]`` names it.
        """
        if submission.video is not None and await self._session.scalar(_key_of(submission.video)) is None:
            raise NotFound(f"There is no video {submission.video}.")
        if submission.idempotency_key and (same := await self.by_idempotency_key(submission.idempotency_key)):
            return same
        if submission.exclusive_key is not None:
            await self.require_none_active(submission.exclusive_key)
        return None

    async def by_idempotency_key(self, key: str) -> Run | None:
        """Return the run that was submitted under this key."""
        return await self._one(select(Run).where(Run.idempotency_key == key))

    async def request_cancel(self, identifier: str) -> Run:
        """Note durably that a run is to be cancelled, once; a queued one is cancelled here and now."""
        queued = Run.status == RunStatus.QUEUED
        changes = or_(queued, Run.cancel_requested_at.is_(None))
        run = await self._session.scalar(
            update(Run)
            .where(Run.identifier == identifier, Run.status.in_(ACTIVE_RUN), changes)
            .values(
                cancel_requested_at=func.coalesce(Run.cancel_requested_at, func.now()),
                status=case((queued, RunStatus.CANCELLED.value), else_=Run.status),
                completed_at=case((queued, func.now()), else_=Run.completed_at),
                event_seq=Run.event_seq + 1,
            )
            .returning(Run)
        )
        if run is None:
            return await self.get(identifier)
        event = "run.cancelled" if run.status == RunStatus.CANCELLED else "run.cancel_requested"
        self._session.add(RunEvent(run_id=run.id, seq=run.event_seq, type=event, data={}))
        await Webhooks(self._session).notify_end(run.id)
        return run

    async def is_to_be_cancelled(self, identifier: str) -> bool:
        """Tell whether somebody asked that a run be cancelled."""
        asked = select(Run.cancel_requested_at).where(Run.identifier == identifier)
        return await self._session.scalar(asked) is not None

    async def share_video(self, identifier: str) -> None:
        """Keep a run's video from being deleted while the transaction that queues the run is under way."""
        video = select(Run.video_id).where(Run.identifier == identifier).scalar_subquery()
        await self._session.execute(
            select(Video.id).where(Video.id == video).with_for_update(read=True, key_share=True)
        )

    async def reopen(self, identifier: str) -> Run | None:
        """Queue a finished run again, its standing outputs kept; None when it is active or fully completed.

        Raises:
            NotFound: there is no such run.
            RunActive: another one of its exclusive key is active.
        """
        again = (RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.COMPLETED_WITH_ERRORS)
        standing = await self.get(identifier)
        await self.share_video(identifier)
        active = await self.active(standing.exclusive_key) if standing.exclusive_key is not None else None
        if active is not None and active.identifier != identifier:
            raise _run_active(active)
        run = await self._session.scalar(
            update(Run)
            .where(Run.identifier == identifier, Run.status.in_(again))
            .values(
                status=RunStatus.QUEUED,
                crash_count=0,
                errors=0,
                deadline_at=None,
                owner=None,
                heartbeat_at=None,
                cancel_requested_at=None,
                error=None,
                error_stage=None,
                result=None,
                completed_at=None,
                queued_at=func.now(),
                notified_at=func.now(),
                event_seq=Run.event_seq + 1,
            )
            .returning(Run)
        )
        if run is None:
            return None
        self._session.add(RunEvent(run_id=run.id, seq=run.event_seq, type="run.queued", data={"again": True}))
        incomplete = select(RunItem.stage).where(RunItem.run_id == run.id, RunItem.output.is_(None))
        unfinished = RunStage.status.not_in([StageStatus.COMPLETED, StageStatus.SKIPPED])
        await self._session.execute(
            update(RunStage)
            .where(RunStage.run_id == run.id, or_(unfinished, RunStage.name.in_(incomplete)))
            .values(status=StageStatus.PENDING, output=None, progress=0.0, completed_at=None, seconds=None)
        )
        return run

    async def replace(self, identifier: str) -> None:
        """End an active run that nobody drives any more, because another one in its place is asked for."""
        run = await self._session.scalar(
            update(Run)
            .where(Run.identifier == identifier, Run.status.in_(ACTIVE_RUN))
            .values(
                status=RunStatus.CANCELLED,
                attempt=Run.attempt + 1,
                completed_at=func.now(),
                event_seq=Run.event_seq + 1,
            )
            .returning(Run)
        )
        if run is not None:
            self._session.add(RunEvent(run_id=run.id, seq=run.event_seq, type="run.replaced", data={}))
            await Webhooks(self._session).notify_end(run.id)

    async def reset_crashes(self, identifier: str) -> None:
        """Forget a run's crashes: a person asked for it again."""
        await self._session.execute(update(Run).where(Run.identifier == identifier).values(crash_count=0))

    async def event_counts(self, identifiers: Collection[str]) -> dict[str, int]:
        """Return how many events each of some runs has."""
        if not identifiers:
            return {}
        rows = await self._session.execute(select(Run.identifier, Run.event_seq).where(Run.identifier.in_(identifiers)))
        return dict(rows.tuples().all())

    async def _one(self, query: Select[tuple[Run]]) -> Run | None:
        return (await self._session.scalars(query)).first()

    async def _list(self, query: Select[tuple[Run]]) -> list[Run]:
        return list((await self._session.scalars(query)).all())


def _run_active(run: Run | None) -> RunActive:
    named = {"run": run.identifier} if run else {}
    return RunActive("Another run is active that this one may not go beside; wait for it, or cancel it.", named)


def _key_of(video: str) -> Select[tuple[int]]:
    return select(Video.id).where(Video.identifier == video, Video.status != VideoStatus.DELETING.value)
