"""``moments cut``: clips of exactly the asked pictures, proved by decoding; no server, nothing else on stdout."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


CAPTIONS = "1\n00:00:01,500 --> 00:00:03,000\nYeast breathes.\n\n2\n00:00:05,000 --> 00:00:07,000\nBread rises.\n"


def test_captions_are_kept_beside_each_clip_with_its_own_times(moments: Moments, tmp_path: Path, talk: Path) -> None:
    (tmp_path / "talk.srt").write_text(CAPTIONS)
    arguments = ["--range", "1-2.5", "--range", "3.5-4.5", "--captions", tmp_path / "talk.srt", "--out", "clips"]
    outcome = moments("cut", talk, *arguments, "--json")
    assert [clip["method"] for clip in outcome.document["clips"]] == ["smart", "smart"]
    first, second = (Path(clip["path"]).with_suffix(".srt").read_text() for clip in outcome.document["clips"])
    assert first.startswith("1\n00:00:00,500 --> 00:00:01,")
    assert first.endswith("Yeast breathes.\n\n")
    assert second == ""


def test_one_range_is_cut_for_several_presets_with_captions_drawn_in(
    moments: Moments, tmp_path: Path, talk: Path
) -> None:
    (tmp_path / "talk.srt").write_text(CAPTIONS)
    presets = ["--preset", "vertical", "--preset", "web", "--preset", "web"]
    outcome = moments(
        "cut", talk, "--range", "1-2", *presets, "--captions", "talk.srt", "--burn", "--out", "c", "--json"
    )
    assert [(clip["preset"], clip["method"], clip["frames"]) for clip in outcome.document["clips"]] == [
        ("web", "reencode", 25),
        ("vertical", "reencode", 25),
    ]
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["01-1_000-vertical.mp4", "01-1_000-web.mp4"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--burn"], "--captions"), (["--preset", "cinema"], "'source', 'web' or 'vertical'")],
)
def test_what_cannot_be_meant_is_refused(
    moments: Moments, tmp_path: Path, talk: Path, arguments: list[str], message: str
) -> None:
    outcome = moments("cut", talk, "--range", "1-2", *arguments, "--out", "clips")
    assert outcome.status == 2
    assert message in outcome.stderr
    assert not (tmp_path / "clips").exists()


class _Host(BaseHTTPRequestHandler):
    """Serves one file: in parts, if it is asked for parts and can."""

    server: Any

    def do_GET(self) -> None:
        data = self.server.data
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")) if self.server.parts else None
        begin, end = (int(asked[1]), min(int(asked[2] or len(data)), len(data) - 1)) if asked else (0, len(data) - 1)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(end + 1 - begin))
        if asked:
            self.send_header("Content-Range", f"bytes {begin}-{end}/{len(data)}")
        self.end_headers()
        self.server.sent += end + 1 - begin
        self.wfile.write(data[begin : end + 1])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize("parts", [True, False], ids=["in parts", "whole only"])
def test_of_a_remote_file_only_what_is_needed_is_read_where_its_host_allows_it(
    moments: Moments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: bool
) -> None:
    options = {"preset": "ultrafast", "g": "25", "keyint_min": "25", "b": "8M"}
    source = make_numbered_video(tmp_path / "long.mp4", frames=500, options=options, noisy=True)
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Host)
    server.data, server.parts, server.sent = source.read_bytes(), parts, 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("MOMENTS_DOWNLOAD__ALLOW_PRIVATE_ADDRESSES", "true")
    monkeypatch.setenv("MOMENTS_DOWNLOAD__ALLOWED_PORTS", f"[{server.server_port}]")
    try:
        url = f"http://127.0.0.1:{server.server_port}/long.mp4"
        outcome = moments("cut", url, "--range", "8.1-9.9", "--out", tmp_path / "clips", "--json")
    finally:
        server.shutdown()
        server.server_close()
    (clip,) = outcome.document["clips"]
    assert numbers(clip) == list(range(203, 248))
    assert (server.sent < len(server.data) / 2) is parts
    assert [path.name for path in (tmp_path / "clips").iterdir()] == ["01-8_100.mp4"]
