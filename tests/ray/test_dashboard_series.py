"""Every query of the Grafana dashboard, held against what a real run, a backfill and Serve export."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import ray
from ray import serve

from moments_ray.corpus.options import BackfillOrder
from moments_ray.corpus.service import BackfillService
from moments_ray.errors import ModelUnavailable
from moments_ray.ids import new_identifier
from moments_ray.models.conversation import Question, Turn
from moments_ray.models.entry import ModelEntry, ModelKind
from moments_ray.models.gateway import Gateway
from moments_ray.moments.roles import REFINER
from moments_ray.settings import Settings
from moments_ray.states import RunStatus
from moments_ray.testing.model_server import completion, model_server
from serve_app.app import ServeArgs, app
from tests.ray.conftest import Engine
from tests.ray.talk import Talk
from tests.ray.test_job_sockets import free_port
from tests.ray.test_moments_pipeline import Submit
from tests.ray.trial_pipelines import TRIAL, Trial
from tests.unit.test_dashboard import expressions

_SERIES = re.compile(r"^(ray_\w+)\{(.*)\} \S+$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_USED = re.compile(r"\b(ray_\w+)(?:\{([^}]*)\})?")
_SHOWN_SECONDS = 60.0  # processes report now and then

Series = dict[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def address(ray_cluster: Settings) -> Iterator[str]:
    """Where a replica of the application answers, behind Serve's proxy."""
    port = free_port()
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    try:
        serve.run(app(ServeArgs(settings=ray_cluster)), name="moments", route_prefix="/")
        yield f"http://127.0.0.1:{port}"
    finally:
        serve.shutdown()  # type: ignore[no-untyped-call]


async def exported() -> Series:
    """Return the labels of every series that the node's exporter shows, by name."""
    (node,) = ray.nodes()  # type: ignore[no-untyped-call]
    async with httpx.AsyncClient() as client:
        page = await client.get(f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics")
    found: Series = {}
    for name, labels in _SERIES.findall(page.text):
        found.setdefault(name, []).append(dict(_LABEL.findall(labels)))
    return found


def unanswered(series: Series) -> list[str]:
    """Return what queries of the dashboard ask for and nobody exports: names, what labels are to be, and groups."""
    missing = []
    for expression in expressions():
        grouped = {name.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for name in group.split(",")}
        for name, asked in _USED.findall(expression):
            wanted = re.findall(r'(\w+)(!?=~?)"([^"]*)"', asked)
            answers = [each for each in series.get(name, []) if all(_is(each, *one) for one in wanted)]
            if not any(grouped <= each.keys() for each in answers):
                missing.append(f"{name}{{{asked}}} by {sorted(grouped)} in {expression}")
    return missing


def _is(labels: dict[str, str], label: str, comparison: str, value: str) -> bool:
    has = labels.get(label, "")
    same = bool(re.fullmatch(value, has)) if comparison.endswith("~") else has == value
    return same != comparison.startswith("!")


async def test_every_query_of_the_dashboard_finds_series_of_the_labels_that_it_asks_for(
    engine: Engine, worker: object, talk: Talk, notes: Path, address: str
) -> None:
    assert (await Submit(engine, library="dashboard")(talk.path, talk.captions, count=2)).status == RunStatus.COMPLETED
    trial = Trial(notes=str(notes), fail_first=1, skip=True)
    await engine.ended((await engine.submit(TRIAL, trial, subject=new_identifier())).identifier)
    nothing = {"source": {"videos": {"q": "no video is called so"}}, "pipeline": "generation", "mode": "rederive"}
    await BackfillService(engine.environment, engine.run_service).create(BackfillOrder.model_validate(nothing), None)
    await ask_models(engine.environment.service(Gateway))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _SHOWN_SECONDS
    async with httpx.AsyncClient(base_url=address) as client:
        while (missing := unanswered(await exported())) and loop.time() < deadline:
            assert (await client.get("/health")).status_code == 200
            await asyncio.sleep(1.0)
    assert missing == []


async def ask_models(gateway: Gateway) -> None:
    """Ask a model that answers, and one that does not."""
    question = Question(turns=(Turn.of("user", "?"),))
    with model_server(lambda _: completion("yes")) as server:
        answering = ModelEntry(key="somebody", kind=ModelKind.LLM, base_url=server.url)
        await gateway.complete(REFINER, answering, question, 10.0)
    silent = ModelEntry(key="nobody", kind=ModelKind.LLM, base_url="http://127.0.0.1:9")
    with pytest.raises(ModelUnavailable):
        await gateway.complete(REFINER, silent, question, 5.0)
    await gateway.close()
