"""Every real recording ends in moments, in an honest "nothing found", or in one clear error; every clip plays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import pytest

from tests.conftest import SHARED_MEDIA

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_VIDEOS = sorted(
    path.relative_to(SHARED_MEDIA)
    for folder in ("video", "odd")
    for path in (SHARED_MEDIA / folder).glob("*")
    if path.suffix in {".mp4", ".webm", ".mkv", ".mov"}
)
_CASES = [(video, True) for video in _VIDEOS] + [(Path("video/swc_softeng_slidecast.mp4"), False)] * bool(_VIDEOS)
_CLEAR_ERRORS = {"media.unsupported", "media.truncated", "media.limits_exceeded"}


@pytest.fixture(scope="module")
def recordings_home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="moments-", dir="/tmp") as path:
        yield Path(path)


def captions_of(video: Path) -> list[Path]:
    return [found for suffix in (".srt", ".vtt") if (found := video.with_suffix(suffix)).exists()]


def assert_plays(clip: Path) -> None:
    """Decode every picture and every sample."""
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-xerror", "-i", clip, "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("name", "captioned"), _CASES, ids=str)
def test_a_recording_ends_well(
    recordings_home: Path, shared_media: Path, tmp_path: Path, name: Path, captioned: bool
) -> None:
    video = shared_media / name
    captions = [word for path in captions_of(video) if captioned for word in ("--captions", str(path))]
    done = subprocess.run(
        [sys.executable, "-c", "from moments_ray.cli import main; main()", "run", video, *captions, "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "MOMENTS_HOME": str(recordings_home)},
    )
    assert "Traceback" not in done.stderr
    document = json.loads(done.stdout)
    if done.returncode == 2:
        assert document["error"]["code"] in _CLEAR_ERRORS
        assert not (tmp_path / "out").exists()
        return
    assert (done.returncode, document["errors"]) == (0, [])
    assert document["run"]["status"] == "completed"
    duration = document["video"]["duration"]
    for moment in document["moments"]:
        assert 0 <= moment["start_time"] < moment["end_time"] <= duration + 0.05
        assert moment["title"].strip()
        assert_plays(tmp_path / "out" / moment["clip"]["path"])
        assert (tmp_path / "out" / moment["thumbnail"]).stat().st_size > 500
    assert all(one["end_time"] <= other["start_time"] for one, other in pairwise(document["moments"]))
    if document["quality"]:
        assert document["quality"]["cuts_in_word"] == 0
        assert document["quality"]["slivers"] == 0
    assert "<html" in (tmp_path / "out" / "report.html").read_text("utf-8")
