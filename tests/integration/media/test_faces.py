"""What is cut out of a wide picture is around the faces in it, where the extra `faces` is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from moments_ray.editor.framing import find_framing
from moments_ray.media.native.faces import face_weights
from moments_ray.settings import MediaSettings
from moments_ray.testing.media import run_ffmpeg

pytestmark = pytest.mark.skipif(face_weights() is None, reason="the extra `faces` is not installed")
SETTINGS = MediaSettings()
SHARE = 0.32


@pytest.mark.parametrize(
    ("name", "part", "middle"),
    [
        ("friday.mp4", (3.5, 6.0), 0.40),
        ("googlework_short.mp4", (21.5, 24.0), 0.71),
        ("googlework_short.mp4", (28.5, 31.0), 0.36),
    ],
)
async def test_the_window_is_around_who_is_seen(
    shared_media: Path, name: str, part: tuple[float, float], middle: float
) -> None:
    (found,) = await find_framing(shared_media / "video" / name, [part], SHARE, settings=SETTINGS, timeout=60)
    assert found.method == "faces"
    assert found.x == pytest.approx(middle, abs=0.1)


async def test_a_picture_that_lies_on_its_side_is_turned_first(shared_media: Path, tmp_path: Path) -> None:
    lying, turned = tmp_path / "lying.mp4", tmp_path / "turned.mp4"
    source = shared_media / "video" / "googlework_short.mp4"
    run_ffmpeg(["-ss", "21.5", "-t", "2", "-i", source, "-vf", "transpose=1", "-an", lying])
    run_ffmpeg(["-display_rotation", "90", "-i", lying, "-c", "copy", turned])
    (found,) = await find_framing(turned, [(0.0, 2.0)], SHARE, settings=SETTINGS, timeout=60)
    assert found.method == "faces"
    assert found.x == pytest.approx(0.71, abs=0.1)


async def test_where_nobody_is_seen_all_that_draws_attention_counts(shared_media: Path) -> None:
    source = shared_media / "video" / "autoeditor_example.mp4"
    (found,) = await find_framing(source, [(0.0, 3.0)], SHARE, settings=SETTINGS, timeout=60)
    assert found.method == "attention"
