"""The commands that talk to a server, against a real one: handed in, watched, exported, cancelled, retried."""

from __future__ import annotations

import json
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic.warnings import PydanticDeprecatedSince20

from moments_ray.testing.media import make_captions, make_video, run_ffmpeg
from tests.integration.cli.conftest import Moments, Outcome
from tests.integration.cli.living_server import LivingServer, command, environment, living_server

with warnings.catch_warnings():
    warnings.simplefilter("ignore", PydanticDeprecatedSince20)
    import ray.serve  # noqa: F401 - its own use of pydantic warns, and commands called in this process import it

pytestmark = pytest.mark.timeout(300)

SENTENCES = [
    (f"{subject} is the thing that number {n} of this talk is about, and here is why.", n * 6.0, n * 6.0 + 5.5)
    for n, subject in enumerate(("Bread", "Bread", "Bread", "Water", "Water", "Water", "Salt", "Salt"))
]


@pytest.fixture(scope="module")
def server() -> Iterator[LivingServer]:
    with tempfile.TemporaryDirectory(prefix="up-", dir="/tmp") as directory, living_server(Path(directory) / "h") as up:
        yield up


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 50 seconds with subtitles in it."""
    folder = tmp_path_factory.mktemp("talk")
    picture = make_video(folder / "picture.mp4", seconds=50, fps=10)
    captions = make_captions(folder / "talk.srt", SENTENCES)
    path = folder / "talk.mp4"
    subtitles = ("-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text", "-metadata:s:s:0", "language=eng")
    run_ffmpeg(["-i", picture, "-i", captions, *subtitles, path])
    return path


@pytest.fixture
def ask(moments: Moments, server: LivingServer) -> Callable[..., Outcome]:
    """Gives a command to the server."""
    return lambda *arguments: moments(*arguments, "--server", server.url)


@pytest.fixture(scope="module")
def handed_in(server: LivingServer, talk: Path) -> dict[str, Any]:
    """The document of a film that was handed in and watched to its end, by a real process."""
    arguments = ("submit", str(talk), "--count", "2", "--min-seconds", "5", "--max-seconds", "20", "--watch", "--json")
    done = subprocess.run(
        command(*arguments),
        env=environment(server.home.parent / "elsewhere", MOMENTS_SERVER_URL=server.url),
        cwd="/tmp",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    for title in ("Transcribing", "Refining moments"):
        assert any(line.startswith(title) and "completed" in line for line in lines), done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_a_file_that_is_handed_in_comes_to_moments(handed_in: dict[str, Any]) -> None:
    assert handed_in["run"]["status"] == "completed"
    assert len(handed_in["run"]["stages"]) == 8
    assert handed_in["video"]["title"] == "talk"
    assert handed_in["moments"]
    assert all(moment["is_refined"] and moment["clips"] for moment in handed_in["moments"])


def test_a_run_is_told_of_by_its_own_name_and_by_its_videos(
    ask: Callable[..., Outcome], handed_in: dict[str, Any]
) -> None:
    run, video = handed_in["run"]["identifier"], handed_in["video"]["identifier"]
    for name in (run, video):
        outcome = ask("status", name, "--json")
        assert (outcome.status, outcome.document["run"]["identifier"]) == (0, run)
    lines = ask("status", run).stdout.splitlines()
    assert lines[0] == f"run {run} of {video}: completed"
    assert "Transcribing" in "".join(lines)
    watched = ask("watch", video)
    assert watched.status == 0
    assert handed_in["moments"][0]["title"] in watched.stdout


def test_moments_are_exported_to_a_file_and_to_stdout(
    ask: Callable[..., Outcome], handed_in: dict[str, Any], tmp_path: Path
) -> None:
    video = handed_in["video"]["identifier"]
    assert ask("export", video, "--format", "srt", "--out", tmp_path / "talk.srt").status == 0
    assert " --> " in (tmp_path / "talk.srt").read_text()
    exported = json.loads(ask("export", video).stdout)
    assert len(exported["moments"]) == len(handed_in["moments"])
    refused = ask("export", video, "--out", tmp_path / "nowhere" / "talk.json")
    assert refused.status == 2
    assert "Nothing can be written" in refused.stderr
    assert ask("export", video, "--format", "pdf").status == 2


def test_a_run_is_cancelled_and_retried(ask: Callable[..., Outcome], server: LivingServer, tmp_path: Path) -> None:
    film = make_video(tmp_path / "other.mp4", seconds=40)
    started = ask("submit", film, "--transcriber", "pocketsphinx", "--json")
    assert started.status == 0, started.stderr
    run = started.document["run"]["identifier"]
    cancelled = ask("cancel", run, "--json")
    assert cancelled.document["run"]["identifier"] == run
    watched = ask("watch", run, "--json")
    assert (watched.status, watched.document["run"]["status"]) == (1, "cancelled")
    assert ask("cancel", run).status == 0
    assert "is queued" in ask("retry", run).stdout
    again = ask("retry", run)
    assert again.status == 1
    assert "nothing to retry" in again.stderr
    ask("cancel", run)
    assert ask("watch", run, "--json").document["run"]["status"] == "cancelled"


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("status", "nobody"), 2, "[object.not_found]"),
        (("watch", "../runs"), 2, "is not an identifier"),
        (("submit", "nowhere.mp4"), 2, "'nowhere.mp4' cannot be read"),
        (("submit", "ftp://example.org/a.mp4"), 2, "[url.not_allowed]"),
        (("submit", "http://127.0.0.1/a.mp4"), 2, "[url.not_allowed]"),
        (("submit", "https://example.org/a.mp4", "--count", "0"), 2, "count"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    ask: Callable[..., Outcome], arguments: tuple[str, ...], status: int, told: str
) -> None:
    outcome = ask(*arguments)
    assert (outcome.status, outcome.stdout) == (status, "")
    assert told in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1


def test_a_key_that_is_wrong_is_told_of_by_the_setting_that_holds_it(
    ask: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOMENTS_API_KEY", "mr_wrong")
    outcome = ask("status", "nobody")
    assert outcome.status == 1
    assert "MOMENTS_API_KEY" in outcome.stderr
    assert "moments keys create" in outcome.stderr


def test_a_server_that_is_not_there_is_said_so_with_the_cure(moments: Moments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKEND_PORT", "1")
    outcome = moments("status", "anything", "--json")
    assert outcome.status == 1
    assert outcome.document["error"]["code"] == "server.unavailable"
    assert "http://127.0.0.1:1 (ConnectError): start one with `moments up`" in outcome.stderr
    assert moments("status", "anything", "--server", "nowhere").status == 2
