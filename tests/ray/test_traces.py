"""One trace a run, from its submission to its clips, sent by several processes to a collector; and what is logged."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import ray
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.proto.trace.v1.trace_pb2 import Status as TraceStatus

from moments_ray import runtime
from moments_ray.engine.runs.actor import start_worker
from moments_ray.process import tracing
from moments_ray.settings import Settings
from moments_ray.states import RunStatus
from tests.ray import callers
from tests.ray.conftest import Engine
from tests.ray.trial_pipelines import TRIAL, Trial


def attribute(span: Span, key: str) -> AnyValue:
    """Return an attribute of a span; one without a value where it has none of that key."""
    return next((each.value for each in span.attributes if each.key == key), AnyValue())


class Collector(ThreadingHTTPServer):
    """An OTLP/HTTP collector: the spans that it was sent, each with the id of its process."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[tuple[int, Span]] = []

    def of(self, run: str) -> list[tuple[int, Span]]:
        """Return the spans that name a run, each with its process."""
        return [(process, span) for process, span in self.spans if attribute(span, "moments.run").string_value == run]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/traces"


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        sent = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
        for group in sent.resource_spans:
            of = {each.key: each.value for each in group.resource.attributes}
            process = of["process.pid"].int_value
            self.server.spans += [(process, span) for each in group.scope_spans for span in each.spans]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")  # a process that once sends its spans somewhere goes on there
def collector() -> Iterator[Collector]:
    server = Collector()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
async def traced(engine: Engine, collector: Collector) -> AsyncIterator[Settings]:
    """Settings that name the collector, and a worker that has them."""
    settings = engine.settings.model_copy(update={"traces_url": collector.url})
    actor = start_worker(runtime.connect, settings, runtime.open_redis, name="traced", detached=False)
    await actor.start.remote()
    yield settings
    ray.kill(actor)


async def sent(collector: Collector, run: str, *wanted: str) -> list[tuple[int, Span]]:
    """Wait until spans of these names, each as often as named, were sent for a run; return all of it, one trace."""
    async with asyncio.timeout(60):
        while not Counter(wanted) <= Counter(span.name for _, span in collector.of(run)):
            await asyncio.sleep(0.1)
    spans = collector.of(run)
    assert {span.trace_id for _, span in spans} == {uuid.UUID(run).bytes}
    return spans


_TRIED_TWICE = ("trial", "attempt", "FIRST", "SECOND", "SECOND")  # by different processes, perhaps


async def test_a_runs_spans_are_one_trace_whose_root_is_the_run(
    engine: Engine, collector: Collector, traced: Settings, notes: Path
) -> None:
    trial = Trial(notes=str(notes), fail_first=1, skip=True)
    run = await engine.submit(TRIAL, trial, subject=str(uuid.uuid4()))
    assert (await engine.ended(run.identifier)).status == RunStatus.COMPLETED
    spans = [span for _, span in await sent(collector, run.identifier, *_TRIED_TWICE)]
    root = uuid.UUID(run.identifier).bytes[8:]
    assert {span.parent_span_id for span in spans if span.name != "trial"} == {root}
    (whole,) = [span for span in spans if span.name == "trial"]
    assert (whole.span_id, whole.parent_span_id) == (root, b"")
    second = [span for span in spans if span.name == "SECOND"]
    assert sorted(span.status.code for span in second) == [TraceStatus.STATUS_CODE_UNSET, TraceStatus.STATUS_CODE_ERROR]


async def test_who_submits_who_claims_and_who_works_on_items_write_one_trace(
    collector: Collector, traced: Settings, notes: Path
) -> None:
    submitting = ray.remote(callers.submit).options(num_cpus=0, max_retries=0)
    run = await submitting.remote(traced, Trial(notes=str(notes), items=4), str(uuid.uuid4()))
    async with asyncio.timeout(60):
        while (worked := items_of(collector.of(run))) != {"DOUBLE": 4, "LABEL": 4}:  # however many are in a row
            await asyncio.sleep(0.1)
            assert worked.total() <= 8
    spans = await sent(collector, run, "submit fan", "attempt", "FIRST", "fan")
    assert len({process for process, span in spans if span.name in ("submit fan", "attempt", "DOUBLE")}) >= 3


def items_of(spans: Iterable[tuple[int, Span]]) -> Counter[str]:
    """Return how many items were worked on, by stage."""
    found = Counter[str]()
    for _, span in spans:
        found[span.name] += attribute(span, "moments.items").int_value
    return +found  # those of none left out


async def test_what_a_stage_logs_says_run_stage_and_node(engine: Engine, worker: object) -> None:
    trial = Trial(notes="/proc/none/notes")
    run = await engine.submit(TRIAL, trial, subject=str(uuid.uuid4()), tries=1)
    assert (await engine.ended(run.identifier)).status == RunStatus.FAILED
    node: Any = ray._private.worker._global_node
    logs = Path(node.get_logs_dir_path())
    lines: list[dict[str, Any]] = []
    async with asyncio.timeout(60):
        while not lines:
            said = (line for path in logs.glob("worker-*.out") for line in path.read_text("utf-8").splitlines())
            entries = (json.loads(line) for line in said if line.startswith("{"))
            wanted = (run.identifier, "stage.unexpected_error")
            lines = [each for each in entries if (each.get("run"), each.get("message")) == wanted]
            await asyncio.sleep(0.2)
    assert {line["stage"] for line in lines} == {"FIRST"}
    assert all(line["node"] and line["trouble"] for line in lines)


def test_without_a_collector_nothing_is_made() -> None:
    with tracing.working_on(str(uuid.uuid4()), "SHOUT", stage="SHOUT"):
        assert not trace.get_current_span().is_recording()
