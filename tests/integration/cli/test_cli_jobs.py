"""``moments jobs``: what a server is asked, and what is shown."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from pydantic import SecretStr

from moments_ray import runtime
from moments_ray.embedded.services import Services
from moments_ray.http.container import Container
from moments_ray.settings import ApiSettings, DownloadSettings, Settings
from moments_ray.testing.media import make_video
from serve_app.factory import create_app
from tests.integration.cli.conftest import Moments
from tests.large_videos import enlarge

URL = "http://127.0.0.1/talk.mp4"


@pytest.fixture
def server(embedded: Services, tmp_path: Path) -> Iterator[str]:
    """The API on a port, without workers: jobs wait."""
    settings = Settings(
        _env_file=None,
        home=tmp_path,
        database_url=SecretStr(embedded.database_url),
        redis_url=SecretStr(embedded.redis_url),
        gcs_bucket_name=None,
        api=ApiSettings(requests_per_minute=0),
        download=DownloadSettings(allow_private_addresses=True),
    )
    running: dict[str, uvicorn.Server] = {}
    ready = threading.Event()

    async def serve() -> None:
        await runtime.migrate(settings)
        container = Container(runtime.connect(settings), runtime.open_redis(settings), lambda: [{"CPU": 8.0}])
        server = running["server"] = uvicorn.Server(
            uvicorn.Config(create_app(container), port=0, log_config=None, ws="none")
        )
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        ready.set()
        await serving

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(60)
    yield f"http://127.0.0.1:{running['server'].servers[0].sockets[0].getsockname()[1]}"
    running["server"].should_exit = True
    thread.join(30)


def test_a_job_is_created_shown_listed_cancelled_retried_and_deleted(moments: Moments, server: str) -> None:
    created = moments(
        *("jobs", "create", URL, "--type", "clip_generation", "--priority", "7", "--max-retries", "1"),
        *("--clip-strategy", "segments", "--segments", '[{"start": 1, "end": 3}]', "--server", server, "--json"),
    )
    assert created.status == 0, created.stderr
    job = created.document
    assert (job["job_type"], job["priority"], job["max_retries"]) == ("clip_generation", 7, 1)
    assert job["options"] == {"clip_strategy": "segments", "segments": [{"start": 1.0, "end": 3.0}]}
    shown = moments("jobs", "show", job["id"], "--server", server)
    assert (shown.status, job["id"] in shown.stdout, "queued" in shown.stdout) == (0, True, True)
    listed = moments("jobs", "list", "--status", "queued", "--server", server)
    assert job["id"] in listed.stdout
    assert "is queued: cancel it first" in moments("jobs", "delete", job["id"], "--server", server).stderr
    assert "is cancelled" in moments("jobs", "cancel", job["id"], "--server", server).stdout
    assert moments("jobs", "show", job["id"], "--server", server).status == 1
    assert "is queued" in moments("jobs", "retry", job["id"], "--server", server).stdout
    figures = moments("jobs", "stats", "--server", server, "--json").document
    assert figures["queue"]["queued"] >= 1
    assert figures["statistics"]["retries"] >= 1
    moments("jobs", "cancel", job["id"], "--server", server)
    deleted = moments("jobs", "delete", job["id"], "--server", server, "--json").document
    assert deleted == {"deleted": job["id"]}
    assert moments("jobs", "show", job["id"], "--server", server).status == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--overlap-duration", "30"], "overlap_duration must be below clip_duration"),
        (["--segments", "{"], "--segments is not JSON"),
        (["--max-clips", "0"], "--max-clips"),
        (["--type", "nothing"], "Invalid value for '--type': 'nothing' is not one of 'audio_extraction'"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_a_server_is_asked(
    moments: Moments, arguments: list[str], says: str
) -> None:
    refused = moments("jobs", "create", URL, *arguments, "--server", "http://127.0.0.1:9")
    assert refused.status == 2
    assert says in refused.stderr


def test_a_file_is_uploaded(moments: Moments, server: str, tmp_path: Path) -> None:
    assert "cannot be read" in moments("jobs", "create", str(tmp_path / "no.mp4"), "--server", server).stderr
    (tmp_path / "no.mp4").write_bytes(b"no video")
    refused = moments("jobs", "create", str(tmp_path / "no.mp4"), "--type", "transcription", "--server", server)
    assert refused.status == 2
    assert "media." in refused.stderr


def test_a_file_that_is_too_large_for_a_form_comes_in_parts(moments: Moments, server: str, tmp_path: Path) -> None:
    path = enlarge(make_video(tmp_path / "long talk.mp4", seconds=1), 65 * 1024**2)
    created = moments("jobs", "create", str(path), "--type", "transcription", "--server", server, "--json")
    assert created.status == 0, created.stderr
    assert (created.document["youtube_url"], created.document["video_title"]) == (None, "long talk")
    again = moments("jobs", "create", str(path), "--type", "analysis", "--server", server, "--json")
    assert again.document["video_id"] == created.document["video_id"]
