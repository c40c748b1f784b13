"""The API against its own description: nothing it answers is undocumented, whatever it is asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from pydantic import SecretStr
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from moments_ray import runtime
from moments_ray.embedded.services import Services
from moments_ray.settings import Settings
from serve_app.container import Container
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
        library = Library(container)
        video = await library.video()
        await library.transcript(video)
        moment = await library.moment(video, 10, 30)
        await library.clip(video, moment)
        run = await library.run(video)
        await library.finish(run)
        self.known = {"video_id": video.identifier, "moment_id": moment.identifier, "run_id": run.identifier}
        self._server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, ws="none"))
        serving = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.01)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"
        self._ready.set()
        await serving


@pytest.fixture(scope="module")
def served(embedded: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application over HTTP."""
    home: Path = tmp_path_factory.mktemp("home")
    settings = Settings(
        _env_file=None,
        home=home,
        database_url=SecretStr(embedded.database_url),
        redis_url=SecretStr(embedded.redis_url),
        gcs_bucket_name=None,
    )
    with Served(settings) as served:
        yield served


def test_every_answer_is_as_described(served: Served) -> None:
    results = schemathesis.openapi.from_dict(served.description).get_all_operations()
    operations = [each.ok() for each in results if isinstance(each, Ok)]  # one that is not gives no operation
    assert len(operations) > 25
    for operation in sorted(operations, key=lambda each: each.method.upper() == "DELETE"):  # while there is something

        @given(case=operation.as_strategy())
        @settings(
            max_examples=6, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        )
        def ask(case: schemathesis.Case[Any]) -> None:
            for name in served.known.keys() & (case.path_parameters or {}).keys():
                if len(str(case.body)) % 4:
                    case.path_parameters[name] = served.known[name]
            case.call_and_validate(base_url=served.url, checks=_CHECKS, timeout=20)

        ask()
