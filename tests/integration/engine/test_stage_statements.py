"""A stage's life is a statement a step: whoever is late, twice or not the owner any more changes nothing."""

from __future__ import annotations

import asyncio
import platform
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
import redis.asyncio as redis

from moments_ray import runtime
from moments_ray.engine.environment import Environment
from moments_ray.engine.execute.claimed_run import ClaimedRun, NewOutput
from moments_ray.engine.queries.claims import Claim, Claims, claim_of, claim_run
from moments_ray.engine.queries.journal import Journal, LastOutput, StageJournal, Verdict
from moments_ray.engine.queries.journal_reader import JournalReader, RunSnapshot, first_snapshot, load_snapshot
from moments_ray.engine.runs.live_status import LiveStatus
from moments_ray.engine.runs.service import RunService
from moments_ray.engine.usage import Usage
from moments_ray.errors import LeaseLost, NodeLost, StageFailed
from moments_ray.ids import new_identifier
from moments_ray.settings import Settings
from moments_ray.states import RunStatus, StageStatus
from tests.ray.toy_pipeline import TOY, Ask
from tests.runs import submit


@dataclass
class Claimed:
    environment: Environment
    redis: redis.Redis
    claim: Claim
    begun: RunSnapshot | None = None

    @property
    def journal(self) -> StageJournal:
        return StageJournal(self.environment.database.row, self.claim)

    async def run(self) -> ClaimedRun:
        return await ClaimedRun.load(self.environment, self.claim)

    async def complete(self, text: str) -> float | None:
        return await self.journal.complete("SHOUT", {"text": text}, fingerprint="of it", progress=0.5)

    async def events(self) -> list[tuple[int, str]]:
        async with self.environment.database.read() as session:
            return [(event.seq, event.type) for event in await JournalReader(session, self.claim.key).events()]

    async def tries(self) -> list[tuple[int, str, str | None]]:
        async with self.environment.database.read() as session:
            tries = await JournalReader(session, self.claim.key).tries()
        return [(one.number, one.status, one.error_code) for one in tries]


@pytest.fixture
async def claimed(toy_settings: Settings) -> AsyncIterator[Claimed]:
    client = runtime.open_redis(toy_settings)
    environment = replace(runtime.connect(toy_settings), status_publisher=LiveStatus(client))
    run = await submit(RunService(environment, client), TOY, Ask(text="x"))
    async with environment.database.begin() as session:
        mine = await Claims(session).claim(run.identifier, "worker-a", 60.0)
    assert mine is not None
    yield Claimed(environment, client, claim_of(mine))
    await environment.close()
    await client.aclose()


async def test_a_try_whose_process_died_is_closed_by_the_next_and_counted(claimed: Claimed) -> None:
    assert await claimed.journal.start("SHOUT", 0, node="here") == 1
    assert await claimed.journal.start("SHOUT", 0, node="there") == 2
    assert await claimed.complete("X") is not None
    assert await claimed.tries() == [(1, "failed", "stage.crashed"), (2, "completed", None)]
    kinds = ["run.queued", "run.started", "stage.started", "stage.started", "stage.completed"]
    assert await claimed.events() == list(enumerate(kinds, start=1))


async def test_a_stage_whose_output_stands_does_not_start_fail_or_end_again(claimed: Claimed) -> None:
    await claimed.journal.start("SHOUT", 0, node="here")
    await claimed.complete("first")
    before = await claimed.events()
    assert await claimed.journal.start("SHOUT", 0, node="here") is None
    assert await claimed.complete("second") is None
    assert await claimed.journal.skip("SHOUT", 0, "nothing to do", progress=0.5) is None
    assert await claimed.journal.fail("SHOUT", StageFailed("late"), status=StageStatus.CANCELLED) is None
    assert await claimed.events() == before
    assert (await claimed.run()).stages["SHOUT"].output == {"text": "first"}
    assert await claimed.tries() == [(1, "completed", None)]


async def test_of_many_processes_of_one_claim_that_end_a_stage_at_once_one_counts(claimed: Claimed) -> None:
    await claimed.journal.start("SHOUT", 0, node="here")
    answers = await asyncio.gather(*(claimed.complete(str(number)) for number in range(8)))
    assert sum(answer is not None for answer in answers) == 1
    winner = next(number for number, answer in enumerate(answers) if answer is not None)
    assert (await claimed.run()).stages["SHOUT"].output == {"text": str(winner)}
    events = await claimed.events()
    assert Counter(kind for _, kind in events)["stage.completed"] == 1
    assert [seq for seq, _ in events] == list(range(1, len(events) + 1))


async def test_a_try_written_off_with_its_node_is_completed_by_items_that_outlived_it(claimed: Claimed) -> None:
    await claimed.journal.start("SHOUT", 0, node="here")
    await claimed.journal.start("SHOUT", 0, node="there")
    await claimed.journal.fail("SHOUT", NodeLost("there is gone"), status=StageStatus.FAILED)
    async with claimed.environment.database.begin() as session:
        await Journal(session, claimed.claim).spend("SHOUT", Usage(input_tokens=7))
    assert await claimed.complete("X") is not None
    assert await claimed.tries() == [(1, "failed", "stage.crashed"), (2, "completed", None)]
    async with claimed.environment.database.read() as session:
        tries = await JournalReader(session, claimed.claim.key).tries()
    assert [one.input_tokens for one in tries] == [0, 7]


async def test_who_was_slower_goes_on_with_the_output_that_stands(claimed: Claimed) -> None:
    slow = await claimed.run()
    assert await slow.start("SHOUT")
    await claimed.complete("quick")
    await slow.complete("SHOUT", NewOutput({"text": "slow"}, "of it"))
    assert slow.stages["SHOUT"].output == {"text": "quick"}
    late = ClaimedRun(claimed.environment, replace(slow.snapshot, stages={}))
    assert not await late.start("SHOUT")
    assert late.done("SHOUT")


async def planned(claimed: Claimed, *keys: str) -> None:
    await claimed.journal.start("SHOUT", 0, node="here")
    async with claimed.environment.database.begin() as session:
        await Journal(session, claimed.claim).plan_items("SHOUT", [(key, {"key": key}) for key in keys])


async def ended(claimed: Claimed, key: str, end: StageStatus, of: int) -> float | None:
    async with claimed.environment.database.begin() as session:
        journal = Journal(session, claimed.claim)
        if end is StageStatus.COMPLETED:
            return await journal.complete_item("SHOUT", key, {"key": key}, of=of)
        if end is StageStatus.FAILED:
            return await journal.fail_item("SHOUT", key, {"code": "media.failed"}, of=of)
        return await journal.skip_item("SHOUT", key, of=of)


async def test_each_item_ends_once_a_plan_and_the_stages_progress_counts_it(claimed: Claimed) -> None:
    await planned(claimed, "a", "b", "c")
    assert await ended(claimed, "a", StageStatus.COMPLETED, 3) == pytest.approx(1 / 3)
    before = await claimed.events()
    assert await ended(claimed, "a", StageStatus.FAILED, 3) is None
    assert await claimed.events() == before
    assert await ended(claimed, "b", StageStatus.FAILED, 3) == pytest.approx(2 / 3)
    assert await ended(claimed, "c", StageStatus.SKIPPED, 3) == 1.0
    await planned(claimed, "a", "b", "c")  # again: what has no output is to be done once more
    assert await ended(claimed, "b", StageStatus.COMPLETED, 3) == pytest.approx(2 / 3)
    assert await ended(claimed, "c", StageStatus.COMPLETED, 3) == 1.0
    async with claimed.environment.database.read() as session:
        items = await JournalReader(session, claimed.claim.key).items("SHOUT")
    assert {item.node for item in items} == {platform.node()}
    assert [(item.status, item.output, item.error) for item in items] == [
        ("completed", {"key": key}, None) for key in "abc"
    ]


async def test_of_items_that_end_at_once_one_is_the_last(claimed: Claimed) -> None:
    keys = [str(number) for number in range(12)]
    await planned(claimed, *keys)
    shares = await asyncio.gather(*(ended(claimed, key, StageStatus.COMPLETED, 12) for key in keys))
    assert sorted(round(12 * share) for share in shares if share is not None) == list(range(1, 13))


async def test_an_item_of_a_zombie_does_not_end(claimed: Claimed) -> None:
    await planned(claimed, "a")
    async with claimed.environment.database.begin() as session:
        assert await Claims(session).claim(claimed.claim.run, "worker-b", 0.0) is not None
    with pytest.raises(LeaseLost):
        await ended(claimed, "a", StageStatus.COMPLETED, 1)


async def test_a_zombie_starts_ends_and_fails_nothing(claimed: Claimed) -> None:
    await claimed.journal.start("SHOUT", 0, node="here")
    async with claimed.environment.database.begin() as session:
        assert await Claims(session).claim(claimed.claim.run, "worker-b", 0.0) is not None
    before = await claimed.events()
    zombie = claimed.journal
    with pytest.raises(LeaseLost):
        await zombie.start("COUNT", 1, node="here")
    with pytest.raises(LeaseLost):
        await claimed.complete("X")
    with pytest.raises(LeaseLost):
        await zombie.skip("COUNT", 1, "nothing to do", progress=1.0)
    with pytest.raises(LeaseLost):
        await zombie.fail("SHOUT", StageFailed("late"))
    assert await claimed.events() == before


async def test_a_snapshot_that_is_handed_on_is_the_run_as_the_journal_has_it(claimed: Claimed) -> None:
    run = await claimed.run()
    await run.start("SHOUT")
    await run.complete("SHOUT", NewOutput({"text": "X"}, "of it"))
    await run.skip("COUNT", "nothing to do")
    assert run.snapshot == await load_snapshot(claimed.environment.database.row, claimed.claim)


@pytest.fixture
async def begun(claimed: Claimed) -> Claimed:
    """A run whose first stage began with its claim."""
    run = await submit(RunService(claimed.environment, claimed.redis), TOY, Ask(text="y"), subject=new_identifier())
    row = claimed.environment.database.row_together
    claim = await claim_run(row, run.identifier, "worker-a", 60.0, {TOY.name: "SHOUT"})
    assert claim is not None
    assert claim.begun == "SHOUT"
    return replace(claimed, claim=claim_of(claim.run), begun=first_snapshot(claim.run, claim.begun))


def last(text: str) -> LastOutput:
    return LastOutput("SHOUT", {"text": text}, "of it")


DONE = Verdict(RunStatus.COMPLETED, "run.completed", {"errors": 0}, errors=0, progress=1.0)


async def test_a_stage_may_begin_with_the_claim_and_bring_the_verdict_with_its_output(begun: Claimed) -> None:
    assert begun.begun is not None
    run = ClaimedRun(begun.environment, begun.begun)
    assert await run.start("SHOUT")  # and writes nothing
    assert await begun.tries() == [(1, "processing", None)]
    shown = await begun.journal.end_at_once(DONE, last("Y"))
    assert shown is not None
    assert (shown.run.status, shown.stages["SHOUT"].status, shown.stages["SHOUT"].progress) == (
        "completed",
        "completed",
        1.0,
    )
    assert await begun.tries() == [(1, "completed", None)]
    kinds = ["run.queued", "run.started", "stage.started", "stage.completed", "run.completed"]
    assert await begun.events() == list(enumerate(kinds, start=1))
    assert (await begun.run()).stages["SHOUT"].output == {"text": "Y"}
    assert await begun.journal.end_at_once(DONE, last("again")) is None
    assert await begun.events() == list(enumerate(kinds, start=1))


async def test_a_verdict_that_there_is_more_to_takes_no_output_with_it(begun: Claimed) -> None:
    assert await begun.journal.end_at_once(DONE, LastOutput("COUNT", {}, None)) is None  # it is not under way
    await begun.journal.start("SHOUT", 0, node="there")  # what was begun has died: that is to be cleaned up after
    before = await begun.events()
    assert await begun.journal.end_at_once(DONE, last("Y")) is None
    assert await begun.events() == before


async def test_only_the_first_claim_of_a_run_that_is_not_to_be_cancelled_begins_a_stage(begun: Claimed) -> None:
    row = begun.environment.database.row
    async with begun.environment.database.begin() as session:
        assert await Claims(session).hand_back(begun.claim)
    assert await begun.tries() == [(1, "cancelled", "run.cancelled")]
    second = await claim_run(row, begun.claim.run, "worker-b", 60.0, {TOY.name: "SHOUT"})
    assert second is not None
    assert (second.run.attempt, second.begun) == (2, None)
    other = await submit(RunService(begun.environment, begun.redis), TOY, Ask(text="z"), subject=new_identifier())
    await row("UPDATE runs SET cancel_requested_at = now() WHERE identifier = $1", other.identifier)
    claim = await claim_run(row, other.identifier, "worker-a", 60.0, {TOY.name: "SHOUT"})
    assert claim is not None
    assert claim.begun is None


async def test_a_cancellation_ends_a_try_that_nobody_worked_on_as_cancelled(begun: Claimed) -> None:
    cancelled = Verdict(RunStatus.CANCELLED, "run.cancelled", {}, open_stages=StageStatus.CANCELLED)
    shown = await begun.journal.end_at_once(cancelled)
    assert shown is None  # something was begun, so there is a cleanup before
    async with begun.environment.database.begin() as session:
        await Journal(session, begun.claim).end(cancelled)
    assert await begun.tries() == [(1, "cancelled", "run.cancelled")]
