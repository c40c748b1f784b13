"""Where to look is found by what is there, a window a shot; what a person said is not asked again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from moments_ray.editor.framing import Framing, Move, find_framing
from moments_ray.editor.planning import needs_framing, plan
from moments_ray.editor.timeline import Timeline
from moments_ray.media.probe import MediaInfo
from moments_ray.media.render.plan import Form
from moments_ray.settings import MediaSettings
from moments_ray.testing.media import run_ffmpeg

SETTINGS = MediaSettings()
SHARE = 0.3
WIDE = MediaInfo(
    container="mp4",
    duration=9,
    width=1280,
    height=720,
    rotation=0,
    fps=30,
    vfr=False,
    codec="h264",
    pixel_format="yuv420p",
    video_index=0,
    start_time=0,
    bytes=1,
)


def scene(path: Path, *places: tuple[str, str], colour: str = "0x405060") -> Path:
    """Film a small moving test picture at places across (expressions over t) before a plain wall, a shot each."""
    words: list[Any] = []
    for _ in places:
        words += ["-f", "lavfi", "-i", f"color={colour}:s=640x360:r=15:d=3"]
        words += ["-f", "lavfi", "-i", "testsrc2=s=120x200:r=15:d=3"]
    shots = [
        f"[{2 * n}]hue=h={90 * n}[w{n}];[w{n}][{2 * n + 1}]overlay=x='{x}':y='{y}'[s{n}]"
        for n, (x, y) in enumerate(places)
    ]
    joined = "".join(f"[s{n}]" for n in range(len(places)))
    graph = f"{';'.join(shots)};{joined}concat=n={len(places)}"
    run_ffmpeg([*words, "-filter_complex", graph, "-pix_fmt", "yuv420p", path])
    return path


async def framing(path: Path, seconds: float) -> Framing:
    (found,) = await find_framing(path, [(0.0, seconds)], SHARE, settings=SETTINGS, timeout=60)
    return found


@pytest.mark.parametrize(("x", "middle"), [("20", 0.125), ("260", 0.5), ("500", 0.875)])
async def test_the_window_is_where_something_is_to_be_seen(tmp_path: Path, x: str, middle: float) -> None:
    found = await framing(scene(tmp_path / "a.mp4", (x, "80")), 3)
    assert abs(found.x - middle) < SHARE / 2
    assert (found.method, found.moves) == ("attention", ())


async def test_each_shot_has_its_own_window_from_its_first_frame_on(tmp_path: Path) -> None:
    found = await framing(scene(tmp_path / "a.mp4", ("20", "80"), ("500", "80"), colour="0xA04030"), 6)
    assert found.x < 0.35
    (move,) = found.moves
    assert move.at == pytest.approx(3.0, abs=0.01)
    assert move.seconds == 0
    assert move.x > 0.65


async def test_a_window_follows_slowly_what_goes_elsewhere(tmp_path: Path) -> None:
    found = await framing(scene(tmp_path / "a.mp4", ("20+160*t", "80")), 3)
    (move,) = found.moves
    assert found.x < move.x
    assert move.seconds >= 0.6


async def test_where_nothing_is_to_be_seen_it_is_the_middle(tmp_path: Path) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "color=gray:s=640x360:r=15:d=2", tmp_path / "a.mp4"])
    assert await framing(tmp_path / "a.mp4", 2) == Framing()


def test_only_what_is_cut_out_of_a_wider_picture_is_looked_at() -> None:
    segments: list[dict[str, Any]] = [
        {"start": 0, "end": 1},
        {"start": 0, "end": 1, "crop": "left"},
        {"start": 0, "end": 1, "crop": {"x": 0.2}},
        {"start": 0, "end": 1, "effects": ["letterbox"]},
    ]
    timeline = Timeline.model_validate({"segments": [{"name": "s", **segment} for segment in segments]})
    assert needs_framing(timeline, Form(), WIDE) == [0]
    assert needs_framing(timeline, Form(width=1920, height=1080), WIDE) == []


def test_moves_are_put_on_the_clock_of_the_piece_and_who_chose_is_told() -> None:
    segments = [
        {"name": "a", "start": 2, "end": 4, "effects": ["slowmo"]},
        {"name": "b", "start": 0, "end": 1, "crop": "right"},
    ]
    timeline = Timeline.model_validate({"segments": segments})
    found = Framing(x=0.2, moves=(Move(at=3.0, x=0.8, seconds=0.8),), method="attention", confidence=0.4)
    slow, right = plan(timeline, None, framed={0: found})
    (move,) = slow.piece.picture.moves
    assert (slow.piece.picture.focus[0], move.at, move.x, move.seconds) == (0.2, 2.0, 0.8, 1.6)
    assert (slow.crop.method, right.crop.method, right.crop.x) == ("attention", "manual", 1.0)
