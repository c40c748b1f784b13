"""`moments run` as a shell gives it: what it prints and writes, alone, again, and beside another one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from moments_ray.moments.pipelines import MOMENTS
from moments_ray.testing.media import make_video
from tests.ray.home import Home
from tests.ray.talk import Talk

pytestmark = pytest.mark.timeout(400)


async def ended(command: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    out, err = await command.communicate()
    return command.returncode, out.decode(), err.decode()


def assert_as_promised(document: dict[str, Any], out: Path) -> None:
    """The document has the shape of the contract, and what it names is there."""
    measured = {"identifier", "title", "duration", "width", "height", "fps", "codec", "warnings"}
    assert set(document["video"]) == measured | {"chapters", "replays"}
    assert [stage["name"] for stage in document["run"]["stages"]] == list(MOMENTS.stage_names)
    for stage in document["run"]["stages"]:
        assert set(stage) == {"name", "status", "seconds", "attempt"}
        assert (stage["status"], stage["attempt"]) == ("completed", 1)
    assert document["transcript"]["engine"] == "captions"
    assert document["transcript"]["language"] == "en"
    assert document["transcript"]["words"] > 100
    assert document["errors"] == []
    assert len(document["moments"]) == document["quality"]["found"] >= 2
    assert document["quality"]["asked"] == 3
    assert document["quality"]["cuts_in_word"] == 0
    for moment in document["moments"]:
        assert set(moment) >= {"identifier", "title", "start_time", "end_time", "score", "reason", "provenance"}
        assert (moment["is_refined"], isinstance(moment["parent_id"], str)) == (True, True)
        assert {"step", "start_time", "end_time", "reason"} == set(moment["provenance"][0])
        assert set(moment["clip"]) >= {"path", "start_time", "end_time", "method", "bytes"}
        assert (out / moment["clip"]["path"]).stat().st_size == moment["clip"]["bytes"]
        assert (out / moment["thumbnail"]).exists()
    written = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    named = {moment["clip"]["path"] for moment in document["moments"]}
    named |= {moment["thumbnail"] for moment in document["moments"]}
    assert written == {"moments.json", "report.html", *named}
    assert json.loads((out / "moments.json").read_text("utf-8")) == document


async def test_commands_in_one_home_share_servers_and_do_nothing_twice(home: Home, talk: Talk, tmp_path: Path) -> None:
    out = tmp_path / "one"
    arguments: list[str | Path] = [talk.path, "--captions", talk.captions]
    arguments += ["--count", "3", "--min-seconds", "6", "--max-seconds", "20"]
    silent = make_video(tmp_path / "silent.mp4", seconds=6, audio=None)
    first = await home.run(*arguments, "--out", out, "--json")
    other = await home.run(silent, "--out", tmp_path / "two")

    status, printed, said = await ended(first)
    assert status == 0, said
    document = json.loads(printed)
    assert_as_promised(document, out)
    assert "Traceback" not in said

    status, printed, said = await ended(other)
    assert status == 0, said
    assert printed.splitlines()[-1] == f"open {tmp_path / 'two' / 'report.html'} in a browser"
    told = said.splitlines()
    assert "Extracting the sound: skipped" in told
    assert len(told) <= 2 * len(MOMENTS.stage_names) + 2  # where nobody watches, a line a change
    assert not any("\x1b" in line or "\r" in line for line in told)

    # Again: what stands is shown, and written into another directory whole.
    status, printed, said = await ended(await home.run(*arguments, "--out", tmp_path / "again", "--json"))
    assert status == 0, said
    assert json.loads(printed) == document
    assert_as_promised(document, tmp_path / "again")
    await home.gone()
    assert list((home.path / "scratch").glob("*")) == []


async def test_the_same_video_twice_at_once_is_refused_in_a_sentence(home: Home, talk: Talk, tmp_path: Path) -> None:
    first = await home.run(talk.path, "--captions", talk.captions, "--out", tmp_path / "one", "--json")
    while not list((home.path / "run").glob("videos/*.lock")):
        await asyncio.sleep(0.05)
        assert first.returncode is None
    status, printed, said = await ended(await home.run(talk.path, "--out", tmp_path / "two", "--json"))
    assert status == 1
    assert json.loads(printed)["error"]["code"] == "object.conflict"
    assert said.count("\n") == 1
    assert not (tmp_path / "two").exists()
    first.terminate()
    assert (await ended(first))[0] == 128 + 15
    await home.gone()
