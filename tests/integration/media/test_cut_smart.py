"""A smart cut is exact to the frame, copies what it says it copies, and falls back by itself where it cannot."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import pytest

from moments_ray.media.cut import Clip, CutRange, cut_clips
from moments_ray.media.process import ffmpeg_executable, run_tool
from moments_ray.settings import MediaSettings
from moments_ray.testing.numbered import make_numbered_video, number_of, read_numbers, read_sound, sound_offset

SETTINGS = MediaSettings()
USUAL: dict[str, Any] = {"frames": 125, "size": (256, 144)}
GROUPS = {"preset": "veryfast", "g": "30", "keyint_min": "30", "sc_threshold": "0", "bf": "3"}
HEVC = "log-level=none:keyint=30:min-keyint=30:scenecut=0:bframes=3:open-gop="
# The middle of a group to the middle of another, an edge on a key frame, nearly everything.
RANGES = [(0.73, 4.06), (1.2, 2.4), (0.3, 4.77)]


def x264(**more: str) -> dict[str, Any]:
    return {"options": GROUPS | more}


def x265(groups: str, **more: Any) -> dict[str, Any]:
    return {"codec": "libx265", "options": {"preset": "ultrafast", "x265-params": HEVC + groups}, **more}


COPIED: dict[str, tuple[str, dict[str, Any]]] = {
    "baseline": ("a.mp4", x264(profile="baseline", bf="0")),
    "main": ("a.mp4", x264(profile="main")),
    "high": ("a.mp4", x264()),
    "high 10": ("a.mp4", {**x264(), "pixel_format": "yuv420p10le"}),
    "high 4:4:4": ("a.mp4", {**x264(), "pixel_format": "yuv444p"}),
    "four slices": ("a.mp4", x264(**{"x264-params": "slices=4"})),
    "interlaced": ("a.mp4", x264(**{"x264-params": "tff=1"})),
    "scaling matrices": ("a.mp4", x264(**{"x264-params": "cqm=jvt"})),
    "eight B-frames, sixteen references": ("a.mp4", x264(bf="8", refs="16")),
    "parameter sets repeated": ("a.mp4", x264(**{"x264-params": "repeat-headers=1"})),
    "a variable rate": (
        "a.mp4",
        {
            **x264(),
            "times": [tick for burst in range(50) for tick in (burst * 9000, burst * 9000 + 2700, burst * 9000 + 8100)],
            "time_base": Fraction(1, 90000),
            "rate": 30,
        },
    ),
    "ntsc": ("a.mp4", {**x264(), "rate": Fraction(30000, 1001), "frames": 150}),
    "turned": ("a.mp4", {**x264(), "rotation": -90}),
    "matroska": ("a.mkv", x264()),
    "flash video": ("a.flv", x264()),
    "a transport stream": ("a.ts", {**x264(), "sound": "mp2"}),
    "hevc, closed groups": ("a.mp4", x265("0")),
    "hevc, open groups": ("a.mp4", x265("1")),
    "hevc in 10 bits": ("a.mp4", x265("0", pixel_format="yuv420p10le")),
    "vp9 with hidden pictures": (
        "a.webm",
        {
            "codec": "libvpx-vp9",
            "options": {"cpu-used": "5", "auto-alt-ref": "1", "lag-in-frames": "16", "g": "30", "keyint_min": "30"},
            "sound": "libopus",
        },
    ),
}


def whole(source: Path) -> tuple[list[tuple[Fraction, int]], Fraction]:
    """Every picture of the source with its time, and the time that a range calls 0."""
    with av.open(str(source)) as container:
        origin = Fraction(container.start_time or 0, av.time_base)
    return read_numbers(source), origin


def check(clip: Clip, pictures: list[tuple[Fraction, int]], origin: Fraction, start: float, end: float) -> None:
    shown = [(time, number) for time, number in pictures if start - 1e-6 <= time - origin < end - 1e-6]
    found = read_numbers(clip.path)
    assert [number for _, number in found] == [number for _, number in shown]
    assert [float(time) for time, _ in found] == pytest.approx(
        [float(time - shown[0][0]) for time, _ in shown], abs=1e-6
    )


async def cut(source: Path, directory: Path, ranges: list[tuple[float, float]]) -> list[Clip]:
    wanted = [CutRange(name=f"clip-{number}", start=start, end=end) for number, (start, end) in enumerate(ranges)]
    outcomes = await cut_clips(source, wanted, directory, settings=SETTINGS, threads=1, timeout=120)
    clips = [outcome for outcome in outcomes if isinstance(outcome, Clip)]
    assert len(clips) == len(outcomes), outcomes
    return clips


@pytest.mark.parametrize("kind", COPIED)
async def test_the_pictures_are_the_asked_ones_and_mostly_copies(kind: str, tmp_path: Path) -> None:
    name, making = COPIED[kind]
    source = make_numbered_video(tmp_path / name, **(USUAL | making))
    pictures, origin = whole(source)
    for clip, (start, end) in zip(await cut(source, tmp_path, RANGES), RANGES, strict=True):
        assert (clip.method, clip.fallback_reason) == ("smart", None)
        check(clip, pictures, origin, start, end)
    # A player that ends at any error, even one it could conceal.
    command = [ffmpeg_executable(), "-v", "error", "-xerror", "-i", str(tmp_path / "clip-0.mp4"), "-f", "null", "-"]
    assert (await run_tool(command, timeout=60, settings=SETTINGS)).stderr_tail == ""


@pytest.mark.parametrize("kind", COPIED)
async def test_a_player_that_jumps_about_sees_the_pictures_in_order(kind: str, tmp_path: Path) -> None:
    """One decoder goes from the encoded head into the copied middle, to the end, and back."""
    name, making = COPIED[kind]
    source = make_numbered_video(tmp_path / name, **(USUAL | making))
    (clip,) = await cut(source, tmp_path, [(0.73, 4.06)])
    expected = dict(read_numbers(clip.path))
    with av.open(str(clip.path)) as container:
        video = container.streams.video[0]
        assert video.time_base is not None
        for seconds in (0.0, 1.5, 0.1, 3.2, 2.4, 0.0):
            container.seek(int(seconds / video.time_base), stream=video)
            seen = [(cast("int", frame.pts) * video.time_base, number_of(frame)) for frame in container.decode(video)]
            assert seen[0][0] <= seconds
            assert seen == [(time, number) for time, number in expected.items() if time >= seen[0][0]]


REENCODED: dict[str, tuple[str, dict[str, Any], str]] = {
    "one key frame in all": ("a.mp4", x264(g="1000", keyint_min="1000"), "no key frame inside the range stands alone"),
    "open groups": ("a.mp4", x264(**{"x264-params": "open-gop=1"}), "no key frame inside the range stands alone"),
    "intra refresh": (
        "a.mp4",
        x264(**{"x264-params": "intra-refresh=1"}),
        "no key frame inside the range stands alone",
    ),
    "mpeg-4 part 2": ("a.mp4", {"codec": "mpeg4", "options": {"g": "30"}}, "mpeg4 is not copied"),
    "vp8": (
        "a.webm",
        {"codec": "libvpx", "options": {"deadline": "realtime", "cpu-used": "16"}, "sound": "libopus"},
        "vp8 is not copied",
    ),
}


@pytest.mark.parametrize("kind", REENCODED)
async def test_what_cannot_be_copied_is_encoded_as_exactly_and_says_why(kind: str, tmp_path: Path) -> None:
    name, making, reason = REENCODED[kind]
    source = make_numbered_video(tmp_path / name, **(USUAL | making))
    pictures, origin = whole(source)
    clip = (await cut(source, tmp_path, [(0.73, 4.06)]))[0]
    assert (clip.method, clip.fallback_reason) == ("reencode", reason)
    check(clip, pictures, origin, 0.73, 4.06)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = GROUPS | {"x264-params": "slices=4"}
    return make_numbered_video(tmp_path_factory.mktemp("talk") / "talk.mp4", options=options, **USUAL)


def decoded(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(frame.planes[0]) for frame in container.decode(video=0)]


async def test_copied_pictures_are_the_source_s_to_the_bit(talk: Path, tmp_path: Path) -> None:
    clip = (await cut(talk, tmp_path, [(0.4, 3.8)]))[0]
    same = [a == b for a, b in zip(decoded(talk)[10:95], decoded(clip.path), strict=True)]
    # The head ends at picture 30, the tail is at most the last five.
    assert all(same[20:-5])
    assert not any(same[:20])


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
async def test_copied_sound_is_in_its_place(suffix: str, tmp_path: Path) -> None:
    source = make_numbered_video(tmp_path / f"talk.{suffix}", options=GROUPS, **USUAL)
    for clip in await cut(source, tmp_path, RANGES):
        heard, all_heard = read_sound(clip.path), read_sound(source)
        begin, end = round(clip.start_time * 48000), round(clip.end_time * 48000)
        # Matroska counts milliseconds, which are 48 samples.
        assert abs(sound_offset(heard, all_heard[begin:end])) <= (0 if suffix == "mp4" else 48)
        assert 0 <= len(heard) - (end - begin) < 1024


@pytest.mark.parametrize(("name", "sound"), [("a.mp4", "aac"), ("a.mkv", "aac"), ("a.mkv", "libopus"), ("a.ts", "mp2")])
async def test_picture_and_sound_stay_together_at_the_seams(name: str, sound: str, tmp_path: Path) -> None:
    source = make_numbered_video(tmp_path / name, options=GROUPS, sound=sound, **USUAL)
    begins = {number: time for time, number in read_numbers(source)}
    all_heard = read_sound(source)
    for clip in await cut(source, tmp_path, RANGES):
        assert clip.method == "smart"
        heard = read_sound(clip.path)
        shown = read_numbers(clip.path)
        # Where the copied groups begin, and, at most five pictures before the end, where they end.
        seams = [at for at, (_, number) in enumerate(shown) if number % 30 == 0 and at] + [len(shown) - 8]
        for time, number in (shown[at] for at in seams):
            here, there = round(float(time) * 48000), round(float(begins[number]) * 48000)
            reach = slice(max(0, here - 9600), here + 9600)
            expected = all_heard[max(0, there - min(here, 9600)) : there + 9600]
            length = min(len(heard[reach]), len(expected))
            late = sound_offset(heard[reach][:length], expected[:length], reach=2048)
            assert abs(late) < 1024


async def test_a_copy_that_fails_its_check_is_reencoded(talk: Path, tmp_path: Path) -> None:
    """A source whose later key frames have lost all but their first slice: copies would not decode at the seam."""
    broken = tmp_path / "broken.mp4"
    with av.open(str(talk)) as source, av.open(str(broken), "w") as output:
        video = output.add_stream_from_template(source.streams.video[0], opaque=True)
        for packet in source.demux(video=0):
            if packet.dts is None:
                continue
            data = bytes(packet)
            if packet.is_keyframe and packet.pts:
                data = data[: 4 + int.from_bytes(data[:4], "big")]
            copy: Any = av.Packet(data)
            copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
            copy.time_base, copy.is_keyframe, copy.stream = packet.time_base, packet.is_keyframe, video
            output.mux(copy)
    clip = (await cut(broken, tmp_path, [(0.6, 3.6)]))[0]
    assert clip.method == "reencode"
    assert clip.fallback_reason is not None
    assert clip.fallback_reason.startswith("the copy did not pass its check")
    assert clip.frames == 75
