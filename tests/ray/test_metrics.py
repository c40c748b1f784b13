"""What operators watch, read where Prometheus reads it: at the exporter of a real Ray's node."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import ray

from moments_ray.errors import ModelUnavailable
from moments_ray.models.conversation import Question, Turn
from moments_ray.models.entry import ModelEntry, ModelKind
from moments_ray.models.gateway import Gateway
from moments_ray.moments.roles import REFINER
from moments_ray.states import RunStatus
from tests.ray.conftest import Engine
from tests.ray.talk import Talk
from tests.ray.test_moments_pipeline import Submit
from tests.ray.trial_pipelines import TRIAL, Trial

_SAMPLE = re.compile(r"(ray_moments_\w+)\{(.*)\} (\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')

Samples = dict[str, list[tuple[dict[str, str], float]]]


async def exported() -> Samples:
    """Return what the node's exporter shows of ours, by name."""
    (node,) = ray.nodes()  # type: ignore[no-untyped-call]
    async with httpx.AsyncClient() as client:
        page = await client.get(f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics")
    found: Samples = {}
    for name, labels, value in _SAMPLE.findall(page.text):
        found.setdefault(name.removeprefix("ray_"), []).append((dict(_LABEL.findall(labels)), float(value)))
    return found


def total(samples: Samples, name: str, **labels: str) -> float:
    """Return the sum of a metric over processes."""
    return sum(value for has, value in samples.get(name, []) if labels.items() <= {"code": "", **has}.items())


def largest(samples: Samples, name: str, **labels: str) -> float:
    return max((value for has, value in samples.get(name, []) if labels.items() <= has.items()), default=-1.0)


async def shown(condition: Callable[[Samples], bool]) -> Samples:
    """Wait until the exporter shows it; processes report to it now and then."""
    async with asyncio.timeout(40):
        while not condition(samples := await exported()):
            await asyncio.sleep(0.5)
    return samples


@pytest.fixture
async def submit(engine: Engine, worker: object) -> Submit:
    return Submit(engine, library="metrics")


async def test_tries_and_the_queue_are_counted_as_they_are_in_the_journal(
    engine: Engine, worker: object, tmp_path: Path
) -> None:
    before = await exported()
    passing = Trial(notes=str(tmp_path / "one"), fail_first=1, skip=True)
    await engine.ended((await engine.submit(TRIAL, passing, subject=str(uuid.uuid4()))).identifier)
    lasting = Trial(notes=str(tmp_path / "two"), fail_for_good=True)
    failed = await engine.submit(TRIAL, lasting, subject=str(uuid.uuid4()))
    assert (await engine.ended(failed.identifier)).status == RunStatus.FAILED
    await engine.submit(TRIAL, passing, subject=str(uuid.uuid4()), priority=3, notify=False)  # nobody hears of it

    tries = {
        ("FIRST", "completed", ""): 2,
        ("SECOND", "failed", "download.interrupted"): 1,
        ("SECOND", "failed", "media.unsupported"): 1,
        ("SECOND", "completed", ""): 1,
        ("THIRD", "skipped", ""): 1,
    }

    def counted(now: Samples) -> bool:
        grown = {
            key: sum(
                sign * total(samples, "moments_stage_attempts_total", stage=key[0], verdict=key[1], code=key[2])
                for sign, samples in ((1, now), (-1, before))
            )
            for key in tries
        }
        queue = [largest(now, "moments_queue_depth", priority=priority) for priority in ("3", "5")]
        return grown == tries and queue == [1.0, 0.0] and largest(now, "moments_dead_letters") == 1.0

    samples = await shown(counted)
    assert largest(samples, "moments_queue_oldest_seconds") > 0
    ends = [total(all_, "moments_stage_seconds_count", stage="SECOND") for all_ in (before, samples)]
    assert ends[1] - ends[0] == 1
    assert failed.identifier not in str(samples)


async def test_bytes_clips_and_questions_to_models_are_counted(engine: Engine, submit: Submit, talk: Talk) -> None:
    before = await exported()
    run = await submit(talk.path, talk.captions, count=2)
    assert run.status == RunStatus.COMPLETED
    nobody = ModelEntry(key="nobody", kind=ModelKind.LLM, base_url="http://127.0.0.1:9")
    question = Question(turns=(Turn.of("user", "?"),))
    with pytest.raises(ModelUnavailable):
        await engine.environment.service(Gateway).complete(REFINER, nobody, question, 5.0)
    await engine.environment.service(Gateway).close()

    def counted(now: Samples) -> bool:
        cut = sum(
            sign * total(samples, "moments_clips_total", method=method)
            for sign, samples in ((1, now), (-1, before))
            for method in ("smart", "reencode")
        )
        asked = {"role": "refiner", "model": "nobody", "code": "model.unavailable"}
        stored = total(now, "moments_bytes_total", direction="stored") - total(
            before, "moments_bytes_total", direction="stored"
        )
        answered = total(now, "moments_model_seconds_count", **asked)
        return cut >= 2 and stored > talk.path.stat().st_size and answered >= 1

    await shown(counted)
