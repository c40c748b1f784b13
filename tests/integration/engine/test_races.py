"""Two things at one instant, or an answer that never arrived: one of them happened, once, and all are told which."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import func
from sqlalchemy.engine import make_url

from moments_ray import runtime
from moments_ray.database.session import Database, WriteSession
from moments_ray.database.tables import Run
from moments_ray.engine.environment import Environment
from moments_ray.engine.execute.claimed_run import ClaimedRun
from moments_ray.engine.execute.stage import execute_stage
from moments_ray.engine.queries.claims import Claim, Claims, claim_of
from moments_ray.engine.queries.journal import Journal
from moments_ray.engine.queries.journal_reader import JournalReader
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.live_status import LiveStatus
from moments_ray.engine.runs.service import RunService
from moments_ray.errors import LeaseLost
from moments_ray.ids import new_identifier
from moments_ray.settings import Settings
from moments_ray.states import RunStatus
from tests.ray.toy_pipeline import TOY, Ask
from tests.runs import submit


class Cutter:
    """A way to PostgreSQL that is cut when the answer to a commit is on it: the server has it, the client does not.

    A commit is a COMMIT, or a statement of the journal, which commits itself.
    """

    def __init__(self, server: Path) -> None:
        self._server = server
        self._journal: set[bytes] = set()  # the names of its prepared statements
        self.cut_at: set[int] = set()
        self.commits = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(str(self._server))
        asked = asyncio.create_task(self._ask(reader, back))
        with contextlib.suppress(OSError):
            while (answer := await there.read(65536)) and not asked.done():
                writer.write(answer)
                await writer.drain()
        asked.cancel()
        writer.close()
        back.close()

    async def _ask(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while question := await reader.read(65536):
            back.write(question)
            commits = sum(self._commits(kind, body) for kind, body in messages(question))
            if commits:
                self.commits += commits
                if self.commits in self.cut_at:
                    return
        back.write_eof()

    def _commits(self, kind: bytes, body: bytes) -> bool:
        if kind == b"P" and b"WITH held" in body:  # parse
            self._journal.add(body.split(b"\0")[0])
        return (kind == b"Q" and body == b"COMMIT;\0") or (kind == b"B" and body.split(b"\0")[1] in self._journal)


def messages(question: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the messages of PostgreSQL's protocol, each its kind and what it says; the greeting has none."""
    while question and not question.startswith(b"\0"):
        length = int.from_bytes(question[1:5])
        yield question[:1], question[5 : 1 + length]
        question = question[1 + length :]


class Racetrack:
    """A database, and runs that are claimed on it."""

    def __init__(self, settings: Settings) -> None:
        self.environment: Environment = runtime.connect(settings)
        self.database = self.environment.database
        self.redis = runtime.open_redis(settings)
        self.run_service = RunService(self.environment, self.redis)

    async def claimed(self) -> Claim:
        run = await submit(self.run_service, TOY, Ask(text="x"), subject=new_identifier())
        async with self.database.begin() as session:
            claimed = await Claims(session).claim(run.identifier, "worker-a", 60.0)
        assert claimed is not None
        return claim_of(claimed)

    async def run(self, claim: Claim) -> Run:
        async with self.database.read() as session:
            return await Runs(session).get(claim.run)

    async def kinds(self, claim: Claim) -> Counter[tuple[str, str | None]]:
        async with self.database.read() as session:
            events = await JournalReader(session, claim.key).events()
        return Counter((event.type, event.data.get("stage")) for event in events)

    async def end(self, claim: Claim, status: RunStatus) -> bool:
        """Write a verdict; tell whether it counted."""
        with contextlib.suppress(LeaseLost):
            async with self.database.begin() as session:
                values: dict[str, Any] = {"status": status, "completed_at": func.now()}
                await Journal(session, claim).event(f"run.{status}", {}, **values)
                return True
        return False


@pytest.fixture
async def track(toy_settings: Settings) -> AsyncIterator[Racetrack]:
    track = Racetrack(toy_settings)
    yield track
    await track.redis.aclose()
    await track.environment.close()


async def test_a_run_that_ends_while_it_is_cancelled_has_one_end_and_both_are_told_which(track: Racetrack) -> None:
    outcomes: Counter[tuple[str, str]] = Counter()
    for _ in range(50):
        claims = [await track.claimed() for _ in range(4)]
        races = [
            asyncio.gather(track.end(claim, RunStatus.COMPLETED), track.run_service.cancel(claim.run))
            for claim in claims
        ]
        for claim, (counted, told) in zip(claims, await asyncio.gather(*races), strict=True):
            assert counted
            run = await track.run(claim)
            assert run.status == RunStatus.COMPLETED
            asked = run.cancel_requested_at is not None  # it was in time to be noted, not to be obeyed
            assert told.status == (RunStatus.PROCESSING if asked else RunStatus.COMPLETED)
            assert not await track.end(claim, RunStatus.CANCELLED)
            assert (await track.kinds(claim))["run.completed", None] == 1
            outcomes[run.status, told.status] += 1
    assert sum(outcomes.values()) == 200


async def test_a_claim_and_a_cancellation_of_one_queued_run_exclude_each_other(track: Racetrack) -> None:
    for _ in range(25):
        run = await submit(track.run_service, TOY, Ask(text="x"), subject=new_identifier())

        async def claim(name: str = run.identifier) -> Run | None:
            async with track.database.begin() as session:
                return await Claims(session).claim(name, "worker-a", 60.0)

        claimed, cancelled = await asyncio.gather(claim(), track.run_service.cancel(run.identifier))
        if claimed is None:
            assert (cancelled.status, cancelled.attempt) == (RunStatus.CANCELLED, 0)
        else:
            assert (cancelled.status, cancelled.attempt) == (RunStatus.PROCESSING, 1)
            assert cancelled.cancel_requested_at is not None


@pytest.fixture
async def cutter(toy_settings: Settings, tmp_path: Path) -> AsyncIterator[Cutter]:
    assert toy_settings.database_url is not None
    url = make_url(toy_settings.database_url.get_secret_value())
    cutter = Cutter(Path(str(url.query["host"])) / ".s.PGSQL.5432")
    async with await asyncio.start_unix_server(cutter.serve, tmp_path / ".s.PGSQL.5432"):
        yield cutter


@pytest.fixture
async def through(toy_settings: Settings, cutter: Cutter, tmp_path: Path) -> AsyncIterator[Database]:
    """The same database, by the way that is cut."""
    assert toy_settings.database_url is not None
    url = make_url(toy_settings.database_url.get_secret_value()).set(query={"host": str(tmp_path)})
    database = Database.connect(SecretStr(url.render_as_string(hide_password=False)))
    yield database
    await database.close()


async def test_a_verdict_whose_answer_is_lost_counts_once(track: Racetrack, through: Database, cutter: Cutter) -> None:
    claim = await track.claimed()
    claimed = await ClaimedRun.load(replace(track.environment, database=through), claim)

    async def verdict(journal: Journal, _: WriteSession) -> str:
        await journal.event("run.completed", {}, status=RunStatus.COMPLETED, completed_at=func.now())
        return "told"

    cutter.cut_at = {1}
    assert await claimed.writes.commit(verdict) == "told"
    assert (await track.kinds(claim))["run.completed", None] == 1


@pytest.mark.parametrize("commit", [1, 2], ids=["the start", "the output"])
async def test_a_commit_whose_answer_is_lost_is_looked_up_before_it_is_made_again(
    track: Racetrack, through: Database, cutter: Cutter, commit: int
) -> None:
    claim = await track.claimed()
    cutter.cut_at = {commit}
    environment = replace(track.environment, database=through, status_publisher=LiveStatus(track.redis))
    await execute_stage(await ClaimedRun.load(environment, claim), "SHOUT")
    assert cutter.commits == 2  # what was looked up and found is not made again
    kinds = await track.kinds(claim)
    assert (kinds["stage.started", "SHOUT"], kinds["stage.completed", "SHOUT"]) == (1, 1)
    async with track.database.read() as session:
        stages = await JournalReader(session, claim.key).stages()
        tries = await JournalReader(session, claim.key).tries()
    assert stages["SHOUT"].output == {"text": "X"}
    assert [(one.number, one.status) for one in tries] == [(1, "completed")]
