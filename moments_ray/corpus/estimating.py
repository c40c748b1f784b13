"""What a backfill would come to, told before it is made."""

from __future__ import annotations

from dataclasses import dataclass, field

from moments_ray.corpus.options import BackfillOrder, BackfillSource
from moments_ray.corpus.queries.estimates import Estimates, Experience
from moments_ray.corpus.reading import read_source
from moments_ray.engine.environment import Environment


@dataclass
class Estimate:
    """What stands in a source, and what working on it would take; what nobody can tell is None.

    ``runs`` is how many earlier runs of the pipeline the figures are averages of.
    """

    entries: int = 0
    videos: int = 0
    known: int = 0
    malformed: int = 0
    duplicates: int = 0
    media_hours: float | None = None
    bytes: int | None = None
    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None
    runs: int = 0
    problems: list[dict[str, str | int]] = field(default_factory=list)


_MOST_PROBLEMS = 100  # malformed lines that are shown


async def estimate(environment: Environment, order: BackfillOrder, source: BackfillSource) -> Estimate:
    """Read a source to its end and say what a backfill of it would come to; raises as ``read_source``."""
    found, seen = Estimate(), set[bytes]()
    seconds, measured = 0.0, 0
    async for batch in read_source(environment.database, environment.store, source):
        found.entries += len(batch.entries)
        fresh = []
        for entry in batch.entries:
            if entry.problem is not None or entry.source_hash is None:
                found.malformed += 1
                if entry.problem is not None and len(found.problems) < _MOST_PROBLEMS:
                    problem = {"code": entry.problem.code, "message": entry.problem.message}
                    found.problems.append({"line": entry.line, **problem})
            elif (digest := bytes.fromhex(entry.source_hash)[:16]) in seen:
                found.duplicates += 1
            else:
                seen.add(digest)
                fresh.append(entry)
        async with environment.database.read() as session:
            standing = await Estimates(session).standing(fresh, order.chosen_mode, order.pipeline)
        found.known += standing.known
        found.videos += standing.to_do
        seconds, measured = seconds + standing.seconds, measured + standing.measured
    async with environment.database.read() as session:
        experience = await Estimates(session).experience(order.pipeline)
    _weigh(found, experience, seconds, measured, order.in_flight)
    return found


def _weigh(found: Estimate, experience: Experience, seconds: float, measured: int, in_flight: int) -> None:
    """Fill in what follows from the number of videos and from what earlier ones took."""
    unmeasured = found.videos - measured
    found.runs = experience.runs
    if experience.media_seconds is not None or not unmeasured:
        found.media_hours = (seconds + unmeasured * (experience.media_seconds or 0.0)) / 3600
    if experience.media_bytes is not None or not unmeasured:
        found.bytes = int(unmeasured * (experience.media_bytes or 0.0))
    if experience.tokens is not None:
        found.tokens = int(found.videos * experience.tokens)
    if experience.usd is not None:
        found.usd = found.videos * experience.usd
    if experience.seconds is not None:
        found.seconds = found.videos * experience.seconds / min(in_flight, max(found.videos, 1))
