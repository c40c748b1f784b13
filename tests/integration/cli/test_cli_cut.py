"""``moments cut``: clips of exactly the asked pictures, proved by decoding; no server, nothing else on stdout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from moments_ray.testing.numbered import make_numbered_video, read_numbers
from tests.integration.cli.conftest import Moments

FPS = 25


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds whose pictures carry their numbers, with a key frame every two seconds."""
    options = {"preset": "veryfast", "g": "50", "keyint_min": "50", "sc_threshold": "0", "bf": "3"}
    return make_numbered_video(tmp_path_factory.mktemp("talk") / "talk.mp4", frames=200, options=options)


def numbers(clip: dict[str, Any]) -> list[int]:
    return [number for _, number in read_numbers(Path(clip["path"]))]


def test_clips_show_exactly_the_asked_pictures(moments: Moments, home: Path, tmp_path: Path, talk: Path) -> None:
    arguments = ["--range", "1.0-2.5", "--range", "3.13 - 3.99", "--range", "0-8"]
    outcome = moments("cut", talk, *arguments, "--out", tmp_path / "clips", "--json")
    assert outcome.status == 0
    assert set(outcome.document) >= {"clips"}
    first, second, third = outcome.document["clips"]
    assert set(first) == {"path", "preset", "start_time", "end_time", "method", "frames", "bytes", "fallback_reason"}
    # The second range lies between pictures: the first one at or after 3.13 s is 3.16 s, the first left out 4.00 s.
    times = [clip[edge] for clip in (first, second, third) for edge in ("start_time", "end_time")]
    assert times == pytest.approx([1.0, 2.52, 3.16, 4.0, 0.0, 8.0])
    assert numbers(first) == list(range(25, 62 + 1))
    assert numbers(second) == list(range(79, 99 + 1))
    assert numbers(third) == list(range(200))
    for clip in (first, second, third):
        assert clip["frames"] == len(numbers(clip))
        assert clip["bytes"] == Path(clip["path"]).stat().st_size
        assert clip["method"] in {"smart", "reencode"}
    assert not home.exists()


@pytest.mark.parametrize(
    "text",
    [
        "1-2\n# a comment\n\n 3.5-4 \n",
        "1-2\r\n3.5-4",
        '["1-2", "3.5-4"]',
        "[[1, 2], [3.5, 4]]",
        '[{"start_time": 1, "end_time": 2}, {"start_time": 3.5, "end_time": 4.0}]',
    ],
    ids=["lines", "lines of Windows", "JSON strings", "JSON pairs", "JSON objects"],
)
def test_ranges_come_from_a_file_too(moments: Moments, tmp_path: Path, talk: Path, text: str) -> None:
    ranges = tmp_path / "ranges"
    ranges.write_text(text)
    outcome = moments("cut", talk, "--ranges", ranges, "--out", tmp_path / "clips", "--json")
    assert [clip["frames"] for clip in outcome.document["clips"]] == [25, 12]


def test_what_run_found_can_be_cut_again(moments: Moments, tmp_path: Path, talk: Path) -> None:
    document = {"moments": [{"title": "One", "start_time": 0.4, "end_time": 1.2}], "quality": {}}
    (tmp_path / "moments.json").write_text(json.dumps(document))
    outcome = moments("cut", talk, "--ranges", tmp_path / "moments.json", "--out", tmp_path / "clips", "--json")
    (clip,) = outcome.document["clips"]
    assert numbers(clip) == list(range(10, 30))


def test_a_range_that_cannot_be_cut_leaves_the_others_whole(moments: Moments, tmp_path: Path, talk: Path) -> None:
    arguments = ["--range", "1-2", "--range", "100-200", "--range", "4-5"]
    outcome = moments("cut", talk, *arguments, "--out", tmp_path / "clips", "--json")
    assert outcome.status == 3
    assert [clip["frames"] for clip in outcome.document["clips"]] == [25, 25]
    (error,) = outcome.document["errors"]
    assert error["code"] == "input.invalid"
    assert "100-200" in error["message"]
    assert len(list((tmp_path / "clips").iterdir())) == 2


def test_without_json_every_clip_is_a_line(moments: Moments, tmp_path: Path, talk: Path) -> None:
    outcome = moments("cut", talk, "--range", "1-2", "--range", "100-200", "--out", tmp_path / "clips")
    assert outcome.status == 3
    assert outcome.stdout.count("\n") == 1
    assert str(tmp_path / "clips") in outcome.stdout
    assert outcome.stderr.startswith("error: The range 100-200 s")


@pytest.mark.parametrize("name", ["-i.mp4", "a b'\"$(touch x).mp4", "名前.mp4", "100%25.mp4", "a:b.mp4"])
def test_a_name_is_only_a_name(
    moments: Moments, tmp_path: Path, talk: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).symlink_to(talk)
    monkeypatch.chdir(tmp_path)
    outcome = moments("cut", "--range", "1-2", "--out", "clips", "--json", "--", name)
    assert outcome.status == 0
    assert [clip["frames"] for clip in outcome.document["clips"]] == [25]
    assert not (tmp_path / "x").exists()
