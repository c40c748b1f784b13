"""The presets of a clip: what plays anywhere, what fills a phone, and how loud both are."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.filter import Graph

from moments_ray.errors import MediaLimitsExceeded
from moments_ray.media.cut import Caption, Clip, CutFailure, CutRange, cut_clips
from moments_ray.media.presets import PRESETS, Preset
from moments_ray.settings import MediaSettings
from moments_ray.testing.numbered import make_numbered_video, read_numbers

SETTINGS = MediaSettings()
GROUPS = {"preset": "veryfast", "g": "25", "keyint_min": "25", "sc_threshold": "0"}
HELLO = Caption(start=1.0, end=1.6, text="Brot geht auf,\nweil Hefe atmet.")


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


async def test_clips_of_one_range_for_several_presets_show_the_same_pictures(talk: Path, tmp_path: Path) -> None:
    wanted = [CutRange(name=preset, start=0.5, end=2.3, preset=preset) for preset in PRESETS]
    # Words drawn in keep all three from being copied: they go through one pass of decoding.
    drawn = [each.model_copy(update={"name": f"drawn-{each.name}", "captions": (HELLO,)}) for each in wanted]
    clips = await cut_clips(talk, [*wanted, *drawn], tmp_path, settings=SETTINGS, threads=2, timeout=120)
    methods = []
    for clip in clips:
        assert isinstance(clip, Clip), clip
        methods.append((clip.preset, clip.method))
        if clip.preset != "vertical":  # whose crop takes away half of the number
            assert [number for _, number in read_numbers(clip.path)] == list(range(13, 58))
        assert (clip.start_time, clip.end_time, clip.frames) == (0.52, 2.32, 45)
    assert methods == [
        ("source", "smart"), ("web", "smart"), ("vertical", "reencode"),
        ("source", "reencode"), ("web", "reencode"), ("vertical", "reencode"),
    ]  # fmt: skip


def lower_part(path: Path) -> list[float]:
    """How much of the lower half of each picture is nearly white."""
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    return [float((picture[picture.shape[0] // 2 :] > 240).mean()) for picture in pictures]


@pytest.mark.parametrize("rotation", [0, -90])
@pytest.mark.parametrize("preset", PRESETS)
async def test_captions_are_drawn_for_as_long_as_they_last(preset: Preset, rotation: int, tmp_path: Path) -> None:
    source = make_numbered_video(tmp_path / "talk.mp4", frames=60, size=(640, 360), options=GROUPS, rotation=rotation)
    wanted = [CutRange(name="clip", start=0.8, end=2.0, preset=preset, captions=(HELLO,))]
    (clip,) = await cut_clips(source, wanted, tmp_path, settings=SETTINGS, threads=1, timeout=60)
    assert isinstance(clip, Clip), clip
    assert (clip.method, clip.fallback_reason) == ("reencode", None)
    white = lower_part(clip.path)
    # Pictures 25 to 39 of the source are those from 1.0 s to before 1.6 s.
    assert min(white[5:20]) > 0.001
    assert max(*white[:5], *white[20:]) < 0.0005
    with av.open(str(clip.path)) as container:
        assert next(container.decode(video=0)).rotation == 0  # the words stand upright


async def test_captions_that_no_font_can_draw_are_refused(talk: Path, tmp_path: Path) -> None:
    private = Caption(start=0, end=5, text="\U000f1234")
    wanted = [
        CutRange(name="drawn", start=1, end=2, captions=(private,)),
        CutRange(name="plain", start=1, end=2),
    ]
    drawn, plain = await cut_clips(talk, wanted, tmp_path, settings=SETTINGS, threads=1, timeout=60)
    assert isinstance(drawn, CutFailure)
    assert "keep the captions in a file beside the clip" in drawn.message
    assert isinstance(plain, Clip)
    assert [path.name for path in tmp_path.iterdir()] == ["plain.mp4"]


@pytest.mark.parametrize("megabytes", [150, 175, 200, 250])
async def test_a_clip_is_whole_or_its_lack_of_memory_is_said(megabytes: int, tmp_path: Path) -> None:
    """A decoder without memory calls the rest of a file damaged, which must not end a clip early."""
    source = make_numbered_video(tmp_path / "wide.mp4", frames=30, size=(1280, 720), options=GROUPS)
    little = SETTINGS.model_copy(update={"max_memory_bytes": megabytes * 1_000_000})
    wanted = [CutRange(name=preset, start=0.1, end=1.1, preset=preset, captions=(HELLO,)) for preset in PRESETS]
    try:
        clips = await cut_clips(source, wanted, tmp_path, settings=little, threads=1, timeout=60)
    except MediaLimitsExceeded:
        return
    assert [clip.frames if isinstance(clip, Clip) else "memory" in clip.message for clip in clips] in (
        [25, 25, 25],
        [True, True, True],
    ), clips


async def test_silence_stays_silent(tmp_path: Path) -> None:
    source = make_numbered_video(tmp_path / "silent.mp4", frames=50, options=GROUPS, loud=0.0)
    clip = await cut(source, tmp_path, "web", 0.0, 2.0)
    assert loudness(clip.path)[0] <= -60
