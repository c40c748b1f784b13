"""Cuts, silences, loudness and motion come out where they were put in, cheaply and the same every time."""

from __future__ import annotations

from pathlib import Path

import pytest

from moments_ray.media.probe import probe
from moments_ray.media.signals import Signals, measure
from moments_ray.settings import MediaSettings
from moments_ray.testing.media import make_video, run_ffmpeg

SETTINGS = MediaSettings()
# Tone from 0 to 2, silence to 3, tone at a tenth of the level to 5, silence to the end at 6.
TONES = "sine=1000:r=48000:d=6,volume='if(lt(t,2),1,if(between(t,3,5),0.1,0))':eval=frame"


async def signals_of(source: Path, threads: int = 1) -> Signals:
    info = await probe(source, SETTINGS)
    return await measure(source, info, settings=SETTINGS, threads=threads, timeout=60)


def scenes(path: Path, *options: str) -> Path:
    """Write six seconds in which the scene changes at 1.6, 3.2 and 4.4 s and something moves in each."""
    parts = [("testsrc", 1.6), ("mandelbrot", 1.6), ("smptebars", 1.2), ("testsrc2", 1.6)]
    inputs = [
        word for name, length in parts for word in ("-f", "lavfi", "-t", str(length), "-i", f"{name}=s=320x180:r=25")
    ]
    joined = "".join(f"[{number}:v]setsar=1,format=yuv420p[v{number}];" for number in range(len(parts)))
    joined += "".join(f"[v{number}]" for number in range(len(parts))) + f"concat=n={len(parts)}[v]"
    run_ffmpeg([*inputs, "-filter_complex", joined, "-map", "[v]", *options, path])
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("x264.mp4", ["-c:v", "libx264"]),
        ("clockwork.mp4", ["-c:v", "libx264", "-g", "50", "-sc_threshold", "0"]),
        ("single.mkv", ["-c:v", "libx264", "-g", "1000", "-sc_threshold", "0", "-bf", "3"]),
        ("vp9.webm", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"]),
        ("vp8.webm", ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M"]),
        ("hevc.mp4", ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:pools=1"]),
        ("broadcast.ts", ["-c:v", "libx264", "-g", "25"]),
    ],
)
async def test_cuts_are_found_to_the_frame_whatever_the_encoder_did(
    tmp_path: Path, name: str, options: list[str]
) -> None:
    found = await signals_of(scenes(tmp_path / name, *options))
    assert found.shots == pytest.approx((1.6, 3.2, 4.4), abs=0.0015)


@pytest.mark.parametrize("gop", [12, 50, 250])
async def test_movement_is_no_cut(tmp_path: Path, gop: int) -> None:
    found = await signals_of(make_video(tmp_path / "v.mp4", seconds=8, gop=gop))
    assert found.shots == ()


async def test_where_every_frame_is_a_key_frame_nothing_is_claimed(tmp_path: Path) -> None:
    found = await signals_of(scenes(tmp_path / "v.mkv", "-c:v", "mjpeg"))
    assert (found.shots, found.motion) == ((), ())


async def test_loudness_is_the_level_of_each_tenth_of_a_second(tmp_path: Path) -> None:
    source = make_video(tmp_path / "p.mp4", seconds=6, audio=None)
    run_ffmpeg(["-i", source, "-f", "lavfi", "-i", TONES, "-c:v", "copy", "-c:a", "pcm_s16le", tmp_path / "v.mkv"])
    found = await signals_of(tmp_path / "v.mkv")
    assert len(found.loudness) == 60
    # ffmpeg's sine has an amplitude of 1/8: -18.1 dB, and its RMS is 3 dB below.
    assert found.loudness[5:15] == pytest.approx([-21.1] * 10, abs=0.2)
    assert found.loudness[35:45] == pytest.approx([-41.1] * 10, abs=0.2)
    assert set(found.loudness[22:28]) == {-100.0}


async def test_silences_have_exact_edges(tmp_path: Path) -> None:
    source = make_video(tmp_path / "p.mp4", seconds=6, audio=None)
    loud = TONES.replace("0.1", "1")
    run_ffmpeg(["-i", source, "-f", "lavfi", "-i", loud, "-c:v", "copy", "-c:a", "pcm_s16le", tmp_path / "v.mkv"])
    found = await signals_of(tmp_path / "v.mkv")
    assert [edge for silence in found.silences for edge in silence] == pytest.approx([2, 3, 5, 6], abs=0.045)


@pytest.mark.parametrize(("suffix", "codec"), [("mp4", "aac"), ("mkv", "pcm_s16le"), ("ts", "aac")])
async def test_sound_that_begins_late_is_heard_where_it_is(tmp_path: Path, suffix: str, codec: str) -> None:
    picture, source = make_video(tmp_path / "p.mp4", seconds=4, audio=None), tmp_path / f"v.{suffix}"
    late = ["-itsoffset", "1.5", "-f", "lavfi", "-i", "sine=1000:duration=1"]
    run_ffmpeg(["-i", picture, *late, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", codec, source])
    found = await signals_of(source)
    loud = [number for number, level in enumerate(found.loudness) if level > -30]
    assert abs(loud[0] - 15) <= 1
    assert abs(loud[-1] - 24) <= 1


@pytest.mark.parametrize("rate", [8000, 11025, 44100])
@pytest.mark.parametrize("form", ["pcm_u8", "pcm_f32le"])
async def test_every_rate_and_sample_format_has_the_same_level(tmp_path: Path, rate: int, form: str) -> None:
    picture, source = make_video(tmp_path / "p.mp4", seconds=1, audio=None), tmp_path / "v.mkv"
    tone = ["-f", "lavfi", "-i", f"sine=440:r={rate}:d=1", "-ac", "2"]
    run_ffmpeg(["-i", picture, *tone, "-c:v", "copy", "-c:a", form, source])
    found = await signals_of(source)
    assert found.loudness[1:9] == pytest.approx([-21.1] * 8, abs=0.7)


async def test_motion_tells_the_busy_seconds_from_the_still_ones(tmp_path: Path) -> None:
    parts = ("testsrc2=s=320x180:r=25:d=3,format=yuv420p[a]", "smptebars=s=320x180:r=25:d=3,format=yuv420p[b]")
    graph = ";".join([*parts, "[a][b]concat[v]"])
    run_ffmpeg(["-filter_complex", graph, "-map", "[v]", "-c:v", "libx264", tmp_path / "v.mp4"])
    found = await signals_of(tmp_path / "v.mp4")
    assert len(found.motion) == 6
    assert min(found.motion[:2]) > 5 * max(found.motion[4:])


async def test_the_same_file_gives_the_same_figures_on_any_number_of_threads(tmp_path: Path) -> None:
    source = scenes(tmp_path / "v.mp4", "-c:v", "libx264")
    assert await signals_of(source) == await signals_of(source, threads=2)


REAL = {
    # cuts, tenths of loudness, seconds of motion
    "odd/androidx_h265_with_metadata_track.mp4": (0, 2, 1),
    "odd/androidx_hdr10-video-with-sdr-container.mp4": (0, 11, 2),
    "odd/androidx_internal_emulator_transformer_output_270_rotated.mp4": (0, 50, 5),
    "odd/androidx_long_1080p_lowbitrate.mp4": (0, 3628, 363),
    "odd/androidx_pixel-motion-photo-2-hevc-tracks.mp4": (0, 0, 3),
    "odd/androidx_pixel7_videoOnly_cleaned.mp4": (0, 0, 2),
    "odd/androidx_sample_edit_list.mp4": (0, 26, 3),
    "odd/androidx_sample_with_chapters.mp4": (0, 11, 2),
    "odd/androidx_sowt-with-video.mov": (0, 20, 2),
    "odd/androidx_trim_optimization_failure.mp4": (0, 56, 6),
    "odd/autoeditor_mov_text.mp4": (0, 20, 2),
    "odd/autoeditor_multi-track.mp4": (0, 46, 5),
    "odd/autoeditor_webvtt.mkv": (0, 21, 3),
    "odd/gcp_vertical_noaudio.mp4": (0, 0, 15),
    "video/autoeditor_example.mp4": (0, 424, 43),
    "video/friday.mp4": (0, 62, 7),
    "video/nasa_13013.mp4": (1, 131, 14),
    "video/whiteboard_noaudio_part2.webm": (0, 0, 42),
}


@pytest.mark.parametrize("name", REAL)
async def test_real_recordings_are_measured(shared_media: Path, name: str) -> None:
    shots, loudness, motion = REAL[name]
    found = await signals_of(shared_media / name)
    assert (len(found.shots), len(found.loudness), len(found.motion)) == (shots, loudness, motion)
    assert (found.silences == ()) or found.loudness


# Found by decoding every frame and comparing it with the last, then looked at.
TRUE_CUTS = {
    "video/googlework_short.mp4": [
        1.401, 2.035, 2.636, 3.27, 3.937, 4.538, 5.172, 5.806, 6.406, 7.04, 7.641, 8.241,
        10.544, 15.248, 18.852, 21.154, 24.524, 26.493, 28.161, 32.499,
    ],
    "video/tears_of_steel_battle.webm": [
        2.167, 6.583, 9.208, 12.875, 29.792, 32.833, 36.333, 46.958,
        50.125, 51.417, 51.917, 53.5, 56.042, 57.417, 68.75, 69.375, 70.375,
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "recall", "precision"),
    [("video/googlework_short.mp4", 0.95, 0.9), ("video/tears_of_steel_battle.webm", 0.7, 0.7)],
)
async def test_cuts_of_real_films_are_found(shared_media: Path, name: str, recall: float, precision: float) -> None:
    found, true = (await signals_of(shared_media / name)).shots, TRUE_CUTS[name]
    hits = [cut for cut in true if any(abs(cut - shot) < 0.02 for shot in found)]
    assert len(hits) >= recall * len(true)
    assert len(hits) >= precision * len(found)


async def test_a_slide_cast_has_its_slides_as_shots_and_its_pauses_as_silences(shared_media: Path) -> None:
    source = shared_media / "video" / "swc_softeng_slidecast.mp4"
    found = await signals_of(source)
    assert 20 <= len(found.shots) <= 40
    assert len(found.silences) > 20
