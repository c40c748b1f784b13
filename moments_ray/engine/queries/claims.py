"""Claims of runs: a worker's hold, which it renews, and which fences its writes."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import func, update

from moments_ray import __version__
from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.database.tables import Run, RunAttempt, RunEvent, RunStage
from moments_ray.engine.queries.rows import Row, row_of, run_of
from moments_ray.errors import RunCancelled
from moments_ray.ids import RunId
from moments_ray.states import RunStatus, StageStatus

# One statement: two that claim at once are told apart by the row's lock. The first claim of a run of which nobody
# asked that it be cancelled begins the first try of its first stage, where the owner says which that is.
# $1 the run's identifier, $2 the owner, $3 the lease, $4 the application's version, $5 those stages by pipeline,
# $6 the owner's node
_CLAIM = """
WITH before AS (
    SELECT id, status = 'processing' AS crashed,
        CASE WHEN attempt = 0 AND cancel_requested_at IS NULL THEN $5::jsonb ->> pipeline END AS begun
    FROM runs
    WHERE identifier = $1 AND (status = 'queued' OR (
        status = 'processing' AND (owner = $2::text OR heartbeat_at < now() - $3::interval)
    ))
    FOR UPDATE
),
run AS (
    UPDATE runs SET attempt = attempt + 1, crash_count = crash_count + before.crashed::int,
        status = 'processing', owner = $2::text, event_seq = event_seq + 1 + (begun IS NOT NULL)::int,
        heartbeat_at = now(), started_at = coalesce(started_at, now()),
        deadline_at = coalesce(deadline_at, now() + deadline_seconds * interval '1 second'),
        application_version = $4::text
    FROM before WHERE runs.id = before.id
    RETURNING runs.*, before.crashed, before.begun
),
event AS (
    INSERT INTO run_events (run_id, seq, type, data)
    SELECT id, event_seq - (begun IS NOT NULL)::int, 'run.started',
        jsonb_build_object('attempt', attempt, 'worker', $2::text, 'after_crash', crashed)
    FROM run
    UNION ALL SELECT id, event_seq, 'stage.started', jsonb_build_object('stage', begun, 'number', 1)
    FROM run WHERE begun IS NOT NULL
),
stage AS (
    INSERT INTO run_stages (run_id, name, ordinal, status, started_at)
    SELECT id, begun, 0, 'processing', now() FROM run WHERE begun IS NOT NULL
),
try AS (
    INSERT INTO run_attempts (run_id, stage, number, attempt, node, status)
    SELECT id, begun, 1, attempt, $6::text, 'processing' FROM run WHERE begun IS NOT NULL
)
SELECT *, identifier AS asked FROM run"""
_SECONDS_TO_DEADLINE = "SELECT extract(epoch FROM deadline_at - now())::float8 AS seconds FROM runs WHERE id = $1"


@dataclass(frozen=True)
class Claim:
    """A worker's hold on a run: ``attempt`` is the fence."""

    key: int
    run: RunId
    attempt: int


def claim_of(run: Run) -> Claim:
    """Return the claim a run stands under."""
    return Claim(run.id, RunId(run.identifier), run.attempt)


class NewClaim(NamedTuple):
    """A run that was just claimed, and the stage whose first try began with that, if any."""

    run: Run
    begun: str | None


async def claim_run(
    row: Row, identifier: str, owner: str, lease_seconds: float, begins: Mapping[str, str] | None = None
) -> NewClaim | None:
    """Claim a run that is queued or whose heartbeat is older than the lease; None when it cannot be claimed.

    ``begins`` are first stages by pipeline, whose first try begins with a run's first claim.
    By one statement, which may commit itself: where its answer is lost, the owner may claim again.
    """
    values = (timedelta(seconds=lease_seconds), __version__, json.dumps(begins or {}), platform.node())
    found = await row(_CLAIM, identifier, owner, *values)
    return None if found is None else NewClaim(run_of(found), found["begun"])


async def seconds_to_deadline(row: Row, run_key: int) -> float:
    """Return how many seconds a run has left by the server's clock; less than none when it is over its deadline."""
    found = await row(_SECONDS_TO_DEADLINE, run_key)
    return float(found["seconds"] or 0.0) if found is not None else 0.0


class Claims:
    """Claiming runs, holding on to them, and handing them back."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def claim(self, identifier: str, owner: str, lease_seconds: float) -> Run | None:
        """As ``claim_run``, in the session's transaction; no stage begins with it."""
        claimed = await claim_run(row_of(self._session), identifier, owner, lease_seconds)
        return None if claimed is None else claimed.run

    async def renew(self, claim: Claim) -> Run | None:
        """Renew a claim's heartbeat and return the run; None when the claim is lost."""
        return await self._session.scalar(
            update(Run)
            .where(Run.id == claim.key, Run.attempt == claim.attempt, Run.status == RunStatus.PROCESSING)
            .values(heartbeat_at=func.now())
            .returning(Run)
        )

    async def hand_back(self, claim: Claim) -> bool:
        """Put a run that its worker cannot finish back in the queue; tell whether it was still ours."""
        seq = await self._session.scalar(
            update(Run)
            .where(Run.id == claim.key, Run.attempt == claim.attempt, Run.status == RunStatus.PROCESSING)
            .values(status=RunStatus.QUEUED, owner=None, heartbeat_at=None, event_seq=Run.event_seq + 1)
            .returning(Run.event_seq)
        )
        if seq is None:
            return False
        self._session.add(RunEvent(run_id=claim.key, seq=seq, type="run.handed_back", data={}))
        await self._session.execute(
            update(RunAttempt)
            .where(RunAttempt.run_id == claim.key, RunAttempt.status == StageStatus.PROCESSING)
            .values(status=StageStatus.CANCELLED, error_code=RunCancelled.code, ended_at=func.now())
        )
        stopped = [StageStatus.PROCESSING, StageStatus.CANCELLED]
        await self._session.execute(
            update(RunStage)
            .where(RunStage.run_id == claim.key, RunStage.status.in_(stopped))
            .values(status=StageStatus.PENDING)
        )
        return True
