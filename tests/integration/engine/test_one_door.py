"""One door to start a run: the one that did exactly this, or go on, or begin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, text

from moments_ray import runtime
from moments_ray.database.tables import Run, Video
from moments_ray.engine import Pipeline
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.claims import Claims, claim_of, seconds_to_deadline
from moments_ray.engine.queries.journal import Journal
from moments_ray.engine.queries.rows import row_of
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.registry import Registry
from moments_ray.engine.runs.service import RunOrder, RunService
from moments_ray.errors import InvalidRequest, MomentsError, NotFound, RunActive, UrlNotAllowed
from moments_ray.ids import new_identifier
from moments_ray.library.queries.videos import Videos, get_or_create_video
from moments_ray.settings import Settings
from moments_ray.states import RunStatus
from tests.integration.engine import door_pipelines
from tests.integration.engine.door_pipelines import EXCLUSIVE, OF_VIDEO, SHARED, Bare, Order, VideoOrder


@pytest.fixture
async def environment(toy_settings: Settings) -> AsyncIterator[Environment]:
    """The environment of a process that knows the pipelines of these tests, with no run there yet."""
    settings = toy_settings.model_copy(update={"pipelines": ("tests.integration.engine.door_pipelines",)})
    environment = runtime.connect(settings)
    await environment.redis.flushall()
    async with environment.database.begin() as session:
        await session.execute(text("TRUNCATE runs, videos CASCADE"))
    yield environment
    await environment.close()


@pytest.fixture
def service(environment: Environment) -> RunService:
    """The door."""
    return RunService(environment)


async def finish(environment: Environment, run: Run, status: RunStatus, **values: Any) -> None:
    """Bring a run to its verdict as a worker does."""
    async with environment.database.begin() as session:
        claimed = await Claims(session).claim(run.identifier, "worker-test", 60.0)
    assert claimed is not None
    async with environment.database.begin() as session:
        await Journal(session, claim_of(claimed)).event(
            f"run.{status}", {}, status=status, completed_at=func.now(), **values
        )


async def stored(environment: Environment, run: Run) -> Run:
    async with environment.database.read() as session:
        return await Runs(session).get(run.identifier)


async def video(environment: Environment) -> Video:
    async with environment.database.begin() as session:
        url = f"https://example.org/{new_identifier()}.mp4"
        found, _ = await get_or_create_video(row_of(session), url, source_url=url)
        return found


async def test_the_same_again_while_it_is_active_names_the_run(environment: Environment, service: RunService) -> None:
    first = await service.start(EXCLUSIVE, Order(subject="a"))
    for request in (Order(subject="a"), Order(subject="a", amount=2)):
        with pytest.raises(RunActive) as refused:
            await service.start(EXCLUSIVE, request)
        assert refused.value.detail == {"run": first.run.identifier}
    assert not (await service.start(EXCLUSIVE, Order(subject="b"))).reused


async def test_what_completed_is_reused(environment: Environment, service: RunService) -> None:
    first = await service.start(EXCLUSIVE, Order(subject="a"))
    await finish(environment, first.run, RunStatus.COMPLETED, result={"amount": 1})
    again = await service.start(EXCLUSIVE, Order(subject="a"))
    assert (again.reused, again.run.identifier, again.run.result) == (True, first.run.identifier, {"amount": 1})
    by_name = await service.start_by_name("door.exclusive", {"subject": "a"}, RunOrder())
    assert (by_name.reused, by_name.run.identifier) == (True, first.run.identifier)
    other = await service.start(EXCLUSIVE, Order(subject="a", amount=2))
    assert (other.reused, other.run.status) == (False, "queued")


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.COMPLETED_WITH_ERRORS])
async def test_what_did_not_come_through_goes_on(
    environment: Environment, service: RunService, status: RunStatus
) -> None:
    first = await service.start(EXCLUSIVE, Order(subject="a"))
    await finish(environment, first.run, status)
    again = await service.start(EXCLUSIVE, Order(subject="a"))
    assert (again.reused, again.run.identifier, again.run.status) == (False, first.run.identifier, "queued")
    await finish(environment, again.run, RunStatus.COMPLETED)
    assert (await stored(environment, first.run)).attempt == 2


async def test_what_another_version_of_a_stage_made_is_made_again(
    environment: Environment, service: RunService
) -> None:
    first = await service.start(EXCLUSIVE, Order(subject="a"))
    await finish(environment, first.run, RunStatus.COMPLETED)
    newer = Pipeline(
        EXCLUSIVE.name, replace(door_pipelines.make, version=2), takes=Order, exclusive=lambda order: order.subject
    )
    upgraded = RunService(replace(environment, registry=Registry([newer])))
    second = await upgraded.start(newer, Order(subject="a"))
    assert (second.reused, second.run.identifier != first.run.identifier) == (False, True)
    await finish(environment, second.run, RunStatus.COMPLETED)
    assert (await upgraded.start(newer, Order(subject="a"))).run.identifier == second.run.identifier
    assert (await service.start(EXCLUSIVE, Order(subject="a"))).run.identifier == first.run.identifier


async def test_what_another_model_made_is_made_again(
    environment: Environment, service: RunService, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await service.start(EXCLUSIVE, Order(subject="a"))
    await finish(environment, first.run, RunStatus.FAILED)
    monkeypatch.setattr(door_pipelines, "ASKED_MODELS", ["large"])
    second = await service.start(EXCLUSIVE, Order(subject="a"))
    assert (second.reused, second.run.identifier != first.run.identifier) == (False, True)
    monkeypatch.undo()
    with pytest.raises(RunActive) as refused:  # whichever model it asks: one run at a time
        await service.start(EXCLUSIVE, Order(subject="a"))
    assert refused.value.detail == {"run": second.run.identifier}


async def test_one_key_is_one_run_whatever_became_of_it(environment: Environment, service: RunService) -> None:
    order = RunOrder(idempotency_key="k")
    first = await service.start(EXCLUSIVE, Order(subject="a"), order)
    assert (await service.start(EXCLUSIVE, Order(subject="a"), order)).run.identifier == first.run.identifier
    await finish(environment, first.run, RunStatus.FAILED)
    again = await service.start(EXCLUSIVE, Order(subject="a"), order)
    assert (again.run.identifier, again.run.status) == (first.run.identifier, "failed")
    with pytest.raises(InvalidRequest, match="Idempotency-Key"):
        await service.start(EXCLUSIVE, Order(subject="a", amount=2), order)
    with pytest.raises(InvalidRequest, match="Idempotency-Key"):
        await service.start(SHARED, Order(subject="a"), order)


async def test_who_forces_gets_another_run(environment: Environment, service: RunService) -> None:
    first = await service.start_by_name("door.exclusive", {"subject": "a"}, RunOrder())
    await finish(environment, first.run, RunStatus.COMPLETED)
    known = {first.run.identifier}
    for body, order in (({}, RunOrder(force=True)), ({}, RunOrder(force=True)), ({"force": True}, RunOrder())):
        forced = await service.start_by_name("door.exclusive", {"subject": "a", **body}, order)
        assert (forced.reused, forced.run.config["force"]) == (False, True)
        assert forced.run.identifier not in known
        known.add(forced.run.identifier)
        await finish(environment, forced.run, RunStatus.COMPLETED)


async def test_metadata_is_kept_or_refused(service: RunService) -> None:
    kept = await service.start_by_name("door.exclusive", {"subject": "a"}, RunOrder(metadata={"ticket": 7}))
    assert kept.run.config["metadata"] == {"ticket": 7}
    with pytest.raises(InvalidRequest, match=r"'door\.bare' keeps no metadata"):
        await service.start_by_name("door.bare", {"subject": "a"}, RunOrder(metadata={"ticket": 7}))
    bare = await service.start_by_name("door.bare", {"subject": "b"}, RunOrder())
    assert bare.run.config == {"subject": "b"}


@pytest.mark.parametrize(
    ("pipeline", "body", "told"),
    [
        ("nobody", {}, "There is no pipeline 'nobody'"),
        ("door.exclusive", {}, "request.subject: "),
        ("door.exclusive", {"subject": "a", "amount": 0}, "request.amount: "),
        ("door.exclusive", {"subject": "a", "colour": "red"}, "request.colour: "),
        ("transcript", {"source": {"path": "/etc/passwd"}}, "request.source.path: "),
        ("transcript", {"source": {"stored": "videos/another/source.mp4"}}, "request.source.stored: "),
        ("transcript", {"source": {"url": "https://example.org/a.mp4", "video": "v"}}, "request.source: "),
        ("transcript", {}, "request.source: "),
        ("transcript", {"source": "https://example.org/a.mp4"}, "request.source: "),
        (
            "transcript",
            {"source": {"url": "https://example.org/a.mp4"}, "speech": {"captions": "videos/another/captions.srt"}},
            "Captions come with an upload, not by name: leave request.speech.captions out.",
        ),
        ("clips", {"source": {"url": "https://93.184.216.34/a.mp4"}, "selected": {}}, "request.selected.moments: "),
    ],
)
async def test_a_bad_request_is_named_by_its_field(
    environment: Environment, service: RunService, pipeline: str, body: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await service.start_by_name(pipeline, body, RunOrder())
    assert refused.value.message.startswith(told)
    async with environment.database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM runs")) == 0


@pytest.mark.parametrize(
    ("source", "error"),
    [({"url": "file:///etc/passwd"}, UrlNotAllowed), ({"url": "http://127.0.0.1/"}, UrlNotAllowed)],
)
async def test_a_url_that_may_not_be_fetched_is_refused(
    service: RunService, source: dict[str, Any], error: type[MomentsError]
) -> None:
    with pytest.raises(error):
        await service.start_by_name("import", {"source": source}, RunOrder())


async def test_a_video_that_is_here_is_named(environment: Environment, service: RunService) -> None:
    found = await video(environment)
    started = await service.start_by_name("transcript", {"source": {"video": found.identifier}}, RunOrder())
    assert (started.run.subject, started.run.video_id) == (found.identifier, found.id)
    with pytest.raises(RunActive):
        await service.start_by_name("import", {"source": {"video": found.identifier}}, RunOrder())
    with pytest.raises(NotFound):
        await service.start_by_name("import", {"source": {"video": new_identifier()}}, RunOrder())


async def test_runs_without_an_exclusive_key_share_a_subject(environment: Environment, service: RunService) -> None:
    first, second = [await service.start(SHARED, Order(subject="a", amount=amount)) for amount in (1, 2)]
    assert {first.run.subject, second.run.subject} == {"a"}
    assert (first.run.exclusive_key, second.run.status) == (None, "queued")
    await service.cancel(first.run.identifier)
    assert (await stored(environment, second.run)).status == "queued"
    assert (await service.retry(first.run.identifier)).status == "queued"
    exclusive = await service.start(EXCLUSIVE, Order(subject="a"))
    assert exclusive.run.status == "queued"


async def test_runs_without_an_exclusive_key_share_a_video(environment: Environment, service: RunService) -> None:
    found = await video(environment)
    started = [await service.start(OF_VIDEO, VideoOrder(video=found.identifier)) for _ in range(3)]
    assert len({one.run.subject for one in started}) == 3
    assert {one.run.video_id for one in started} == {found.id}
    with pytest.raises(NotFound):
        await service.start(OF_VIDEO, VideoOrder(video="nobody"))
    async with environment.database.begin() as session:
        await Videos(session).begin_deletion(found.identifier)
    with pytest.raises(NotFound):
        await service.start(OF_VIDEO, VideoOrder(video=found.identifier))


async def test_a_deadline_and_tries_are_stored_and_the_deadline_begins_with_the_claim(
    environment: Environment, service: RunService
) -> None:
    started = await service.start(EXCLUSIVE, Order(subject="a"), RunOrder(deadline_seconds=90.0, tries=7, priority=8))
    assert (started.run.deadline_seconds, started.run.tries, started.run.priority) == (90.0, 7, 8)
    assert started.run.deadline_at is None
    async with environment.database.begin() as session:
        claimed = await Claims(session).claim(started.run.identifier, "worker-test", 60.0)
        assert claimed is not None
    left = await seconds_to_deadline(environment.database.row, claimed.id)
    assert 80 < left <= 90
    async with environment.database.begin() as session:
        assert await Claims(session).hand_back(claim_of(claimed))
        again = await Claims(session).claim(started.run.identifier, "worker-other", 60.0)
        assert again is not None
        assert again.deadline_at == claimed.deadline_at


async def test_a_request_of_another_pipeline_or_a_priority_beyond_is_refused(service: RunService) -> None:
    with pytest.raises(InvalidRequest, match="takes a Order"):
        await service.start(EXCLUSIVE, Bare(subject="a"))
    with pytest.raises(InvalidRequest, match="from 0 to 10"):
        await service.start(EXCLUSIVE, Order(subject="a"), RunOrder(priority=11))


async def test_a_key_of_an_older_version_is_known_by_its_request(environment: Environment, service: RunService) -> None:
    order = RunOrder(idempotency_key="k")
    first = await service.start(EXCLUSIVE, Order(subject="a"), order)
    async with environment.database.begin() as session:  # as an upgrade leaves it: another form, without newer fields
        await session.execute(text("UPDATE runs SET config_fingerprint = 'old', config = config - 'metadata'"))
    assert (await service.start(EXCLUSIVE, Order(subject="a"), order)).run.identifier == first.run.identifier
    for pipeline, request in ((EXCLUSIVE, Order(subject="a", amount=2)), (SHARED, Order(subject="a"))):
        with pytest.raises(InvalidRequest, match="Idempotency-Key"):
            await service.start(pipeline, request, order)
