"""The presets of a clip: what plays anywhere, what fills a phone, and how loud both are."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.filter import Graph

from moments_ray.media.cut import Clip, CutRange, Preset, cut_clips
from moments_ray.settings import MediaSettings
from moments_ray.testing.numbered import make_numbered_video, read_numbers

SETTINGS = MediaSettings()
GROUPS = {"preset": "veryfast", "g": "25", "keyint_min": "25", "sc_threshold": "0"}


async def cut(source: Path, directory: Path, preset: Preset, start: float, end: float) -> Clip:
    wanted = [CutRange(name=preset, start=start, end=end, preset=preset)]
    (clip,) = await cut_clips(source, wanted, directory, settings=SETTINGS, threads=1, timeout=120)
    assert isinstance(clip, Clip), clip
    return clip


def loudness(path: Path) -> tuple[float, float]:
    """The integrated loudness (LUFS) and the true peak (dBTP) of a file."""
    graph = Graph()
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        nodes = [graph.add_abuffer(template=stream), graph.add("ebur128", "peak=true:metadata=1:framelog=quiet")]
        graph.link_nodes(*nodes, graph.add("abuffersink")).configure()
        found: dict[str, str] = {}
        for frame in container.decode(stream):
            graph.push(frame)
            try:
                while isinstance(measured := graph.pull(), AudioFrame):
                    found = dict(measured.metadata) or found
            except av.error.BlockingIOError:
                pass
    return float(found["lavfi.r128.I"]), 20 * float(np.log10(max(float(found["lavfi.r128.true_peak"]), 1e-9)))


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_numbered_video(tmp_path_factory.mktemp("talk") / "talk.mp4", frames=150, options=GROUPS)


@pytest.mark.parametrize("preset", ["web", "vertical"])
async def test_sound_is_brought_to_the_loudness_of_platforms(preset: Preset, talk: Path, tmp_path: Path) -> None:
    clip = await cut(talk, tmp_path, preset, 0.5, 5.5)
    integrated, peak = loudness(clip.path)
    assert integrated == pytest.approx(-14, abs=1)
    assert peak <= -2


async def test_web_keeps_pictures_that_play_anywhere(talk: Path, tmp_path: Path) -> None:
    clip = await cut(talk, tmp_path, "web", 0.5, 5.5)
    assert clip.method == "smart"
    assert [number for _, number in read_numbers(clip.path)] == list(range(13, 138))


async def test_web_makes_other_pictures_play_anywhere(tmp_path: Path) -> None:
    """Ten bits, HDR and a turn: what phones record and browsers do not show."""
    source = make_numbered_video(
        tmp_path / "phone.mp4",
        frames=60,
        codec="libx265",
        options={"preset": "ultrafast", "x265-params": "log-level=none"},
        pixel_format="yuv420p10le",
        colours=(9, 16, 9),
        rotation=-90,
    )
    clip = await cut(source, tmp_path, "web", 0.4, 1.6)
    assert (clip.method, clip.fallback_reason) == ("reencode", None)
    assert (clip.width, clip.height, clip.frames) == (180, 320, 30)
    with av.open(str(clip.path)) as container:
        video = container.streams.video[0].codec_context
        first = next(container.decode(video=0))
        assert (video.name, first.format.name, first.rotation) == ("h264", "yuv420p", 0)
        assert (first.color_primaries, first.color_trc, first.colorspace) == (1, 1, 1)
        assert container.streams.audio[0].codec_context.name == "aac"


@pytest.mark.parametrize(("size", "rotation"), [((640, 360), 0), ((320, 568), 0), ((640, 360), -90), ((322, 322), 0)])
async def test_vertical_fills_a_phone_whatever_the_shape(size: tuple[int, int], rotation: int, tmp_path: Path) -> None:
    source = make_numbered_video(tmp_path / "wide.mp4", frames=20, size=size, rotation=rotation, sound=None)
    clip = await cut(source, tmp_path, "vertical", 0.2, 0.6)
    assert (clip.width, clip.height, clip.frames) == (1080, 1920, 10)
    with av.open(str(clip.path)) as container:
        assert (container.streams.video[0].sample_aspect_ratio or 1) == 1


async def test_silence_stays_silent(tmp_path: Path) -> None:
    source = make_numbered_video(tmp_path / "silent.mp4", frames=50, options=GROUPS, loud=0.0)
    clip = await cut(source, tmp_path, "web", 0.0, 2.0)
    assert loudness(clip.path)[0] <= -60


