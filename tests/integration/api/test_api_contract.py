"""The API against its own description: nothing it answers is undocumented, whatever it is asked."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import SecretStr
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    use_after_free,
)
from sqlalchemy import text

from moments_ray import runtime
from moments_ray.embedded.services import Services
from moments_ray.http.container import Container
from moments_ray.http.links import LINKS
from moments_ray.settings import ApiSettings, Settings
from serve_app.factory import create_app
from tests.integration.api.conftest import Library

_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


class Served:
    """The application on a port, in a thread with a loop of its own, and what is in it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self.description: dict[str, Any] = {}
        self.known: dict[str, str] = {}
        self.url = ""

    def __enter__(self) -> Served:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(30)

    async def _serve(self) -> None:
        await runtime.migrate(self._settings)
        container = Container(
            runtime.connect(self._settings), runtime.open_redis(self._settings), lambda: [{"CPU": 8.0}]
        )
        app = create_app(container)
        self.description = app.openapi()
        self._library = Library(container)
        self._loop = asyncio.get_running_loop()
        self._server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, ws="none"))
        serving = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.01)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"
        self._ready.set()
        await serving

    def fill(self) -> None:
        """Have some videos, and nothing that earlier tests left."""
        asyncio.run_coroutine_threadsafe(self._fill(), self._loop).result(60)

    async def _fill(self) -> None:
        library = self._library
        async with library.database.begin() as session:
            for table in ("runs", "videos", "prompts", "api_keys"):  # to truncate as many tables takes seconds
                await session.execute(text(f"DELETE FROM {table}"))
        for _ in range(5):
            video = await library.video()
            await library.transcript(video)
            moment = await library.moment(video, 10, 30)
            await library.clip(video, moment)
            run = await library.run(video)
            await library.finish(run)
            self.known = {"video_id": video.identifier, "moment_id": moment.identifier, "run_id": run.identifier}


@pytest.fixture(scope="module")
def server(embedded: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application over HTTP."""
    home: Path = tmp_path_factory.mktemp("home")
    settings = Settings(
        _env_file=None,
        home=home,
        database_url=SecretStr(embedded.database_url),
        redis_url=SecretStr(embedded.redis_url),
        gcs_bucket_name=None,
        api=ApiSettings(requests_per_minute=0),
    )
    with Served(settings) as server:
        yield server


@pytest.fixture
def served(server: Served) -> Served:
    """The application with some videos in it."""
    server.fill()
    return server


class Linked:
    """Follows the links of a description, and nothing else."""

    def __init__(self, served: Served) -> None:
        self._api = httpx.Client(base_url=served.url)
        self._operations = {
            operation["operationId"]: (method, path, operation)
            for path, operations in served.description["paths"].items()
            for method, operation in operations.items()
        }

    def close(self) -> None:
        self._api.close()

    def ask(self, operation: str, **parameters: str) -> tuple[str, httpx.Response]:
        method, path, _ = self._operations[operation]
        return operation, self._api.request(method, path.format(**parameters))

    def follow(self, answer: tuple[str, httpx.Response], name: str) -> tuple[str, httpx.Response]:
        """Go from an answer to where its link of this name leads."""
        operation, response = answer
        link = self._operations[operation][2]["responses"][str(response.status_code)]["links"][name]
        found = {name: at(response.json(), pointer) for name, pointer in link["parameters"].items()}
        return self.ask(link["operationId"], **found)


def at(body: Any, pointer: str) -> str:
    """Return what a link's expression points at."""
    assert pointer.startswith("$response.body#/")
    for step in pointer.removeprefix("$response.body#/").split("/"):
        body = body[int(step)] if isinstance(body, list) else body[step]
    return str(body)


@pytest.fixture
def linked(served: Served) -> Iterator[Linked]:
    """A client that knows nothing but the description."""
    linked = Linked(served)
    yield linked
    linked.close()


def test_links_lead_from_a_list_of_videos_to_the_run_the_moments_the_clip_and_the_export(linked: Linked) -> None:
    videos = linked.ask("list_videos")
    started = linked.follow(videos, "start_pipeline_of_video")
    assert started[1].status_code in {200, 202}  # the same run may stand already
    run = linked.follow(started, "read_run")
    assert run[1].json()["identifier"] == started[1].json()["run"]["identifier"]
    assert linked.follow(run, "list_run_events")[1].json()["items"]
    moments = linked.follow(run, "list_moments")
    moment = linked.follow(moments, "read_moment")
    assert moment[1].json()["clips"]
    assert linked.follow(moment, "stream_clip")[1].status_code == 307
    assert linked.follow(run, "export_video_moments")[1].status_code == 200


def test_every_link_leads_to_an_operation_and_names_all_of_its_path(served: Served) -> None:
    paths = {
        operation["operationId"]: path
        for path, operations in served.description["paths"].items()
        for operation in operations.values()
    }
    assert LINKS.keys() <= served.description["components"]["schemas"].keys()
    for links in LINKS.values():
        for operation, parameters in links.items():
            assert set(re.findall(r"{(\w+)}", paths[operation])) == parameters.keys()


def test_every_answer_is_as_described(served: Served) -> None:
    assert ask_everything(served, ".*", examples=6) > 25


def test_every_answer_about_jobs_is_as_described(served: Served) -> None:
    body = {"video_id": served.known["video_id"], "job_type": "full_processing"}
    answer = httpx.post(f"{served.url}/api/v1/jobs/", json=body)
    assert answer.status_code == 201, answer.text
    served.known["job_id"] = answer.json()["id"]
    assert ask_everything(served, "^(/api/v1/|/ws/|/connections/)", examples=25) >= 21


def ask_everything(served: Served, paths: str, *, examples: int) -> int:
    """Ask so many things of every operation at these paths, often about what there is; return how many there are."""
    results = schemathesis.openapi.from_dict(served.description).include(path_regex=paths).get_all_operations()
    operations = [each.ok() for each in results if isinstance(each, Ok)]  # one that is not gives no operation
    for operation in sorted(operations, key=lambda each: each.method.upper() == "DELETE"):  # while there is something

        @given(case=operation.as_strategy())
        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: schemathesis.Case[Any]) -> None:
            for name in served.known.keys() & (case.path_parameters or {}).keys():
                if len(str(case.body)) % 4:
                    case.path_parameters[name] = served.known[name]
            if any(each["name"] == "wait" for each in case.operation.definition.raw.get("parameters", ())):
                case.query = {**(case.query or {}), "wait": 0}  # no worker is here that would end it
            answer = case.call(base_url=served.url, timeout=20)
            # That a machine cannot do something is 501, described like the rest, and no fault of its own.
            case.validate_response(answer, checks=_CHECKS[1:] if answer.status_code == 501 else _CHECKS)

        ask()
    return len(operations)


def test_whoever_follows_the_links_gets_what_is_described(served: Served) -> None:
    """Random walks along the documented links of the library; what is deleted on the way stays gone."""
    schema = schemathesis.openapi.from_dict(served.description).include(path_regex="^/api/(videos|moments|clips|runs)")
    schema.config.update(base_url=served.url)
    followed: set[str] = set()

    class Walk(schema.as_state_machine()):  # type: ignore[misc]  # a class made at run time
        def setup(self) -> None:
            served.fill()  # every walk begins in the same place

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            if response.status_code < 400 and case.path_parameters:
                followed.add(case.operation.definition.raw["operationId"])
            case.validate_response(response, checks=[*_CHECKS, use_after_free])

    Walk.run(
        settings=settings(
            max_examples=40,
            stateful_step_count=10,
            phases=[Phase.generate],
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
    )
    assert len(followed) >= 5, followed  # nobody guesses an identifier: these were reached by links
