"""Cleanup: deletes objects that interrupted tries left behind, and those whose subject is gone."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from moments_ray.database.tables import Run
from moments_ray.engine.environment import Environment
from moments_ray.engine.product import Owned
from moments_ray.engine.queries.references import interrupted
from moments_ray.engine.queries.runs import Runs

log = structlog.get_logger()

_REAPED_EVERY_SECONDS = 24 * 3600  # listing every object of a large store costs minutes
_REAPED_KEY = "moments:orphans_reaped"
_SUBJECTS_AT_ONCE = 500


async def clean_up_run(environment: Environment, run: Run, *, claimed: bool = True) -> None:
    """Delete what a run staged and nothing points at; what else nothing points at only while no other run is at work.

    Call it before the run's verdict, while the claim holds; or, not ``claimed``, after a verdict without a worker: then
    the run itself, if it is retried meanwhile, counts as one that is at work.
    """
    if not await interrupted(environment.database.row, run.id):
        return
    async with environment.database.read() as session:
        video = await Runs(session).video_of(run)
    staging = environment.registry.get(run.pipeline).staging(run.subject, run.identifier)
    for owned in environment.registry.owned:
        for subject in {run.subject, video or run.subject}:
            await _clean_up(environment, owned, subject, run.identifier if claimed else "", staging)


async def _clean_up(environment: Environment, owned: Owned, subject: str, run: str, staging: str) -> None:
    names = [one.name async for one in environment.store.list(f"{owned.prefix}{subject}/")]
    if not names:
        return
    async with environment.database.begin() as session:
        rows = owned.rows(session)
        if not await rows.quiet(subject, run):
            names = [name for name in names if name.startswith(staging)]
        left = await rows.unreferenced(subject, names)
        for name in left:  # within the transaction: no run of the subject begins meanwhile
            await environment.store.delete(name)
    if left:
        log.info("run.cleaned_up", run=run, subject=subject, objects=len(left))


async def reap_orphans(environment: Environment) -> None:
    """Delete, once a day, the objects whose subject has no row any more: a zombie wrote them after the deletion."""
    if not await environment.redis.set(_REAPED_KEY, "1", ex=_REAPED_EVERY_SECONDS, nx=True):
        return
    for owned in environment.registry.owned:
        subjects = {
            one.name.removeprefix(owned.prefix).split("/")[0] async for one in environment.store.list(owned.prefix)
        }
        for batch in _batches(sorted(subjects)):
            async with environment.database.read() as session:
                existing = await owned.rows(session).existing(batch)
            for subject in set(batch) - existing:
                await environment.store.delete_prefix(f"{owned.prefix}{subject}/")
                log.info("orphan.reaped", prefix=owned.prefix, subject=subject)


def _batches(subjects: list[str]) -> Iterable[list[str]]:
    return (subjects[at : at + _SUBJECTS_AT_ONCE] for at in range(0, len(subjects), _SUBJECTS_AT_ONCE))
