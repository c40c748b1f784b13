"""The extracted sound is 16 kHz mono and keeps the source's clock, wherever its track begins."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from moments_ray.errors import DiskFull, MediaError, MediaTimeout, UnsupportedMedia
from moments_ray.media.audio import AudioInfo, extract_audio
from moments_ray.media.probe import probe
from moments_ray.settings import MediaSettings
from moments_ray.testing.media import make_video, run_ffmpeg

SETTINGS = MediaSettings(kill_grace_seconds=0.3)


async def extract(source: Path, target: Path, settings: MediaSettings = SETTINGS, timeout: float = 60) -> AudioInfo:
    info = await probe(source, settings)
    return await extract_audio(source, info, target, settings=settings, threads=1, timeout=timeout)


def samples(path: Path) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(float) / 32768


def onset(path: Path) -> float:
    """Seconds at which the sound begins."""
    return float(np.argmax(np.abs(samples(path)) > 0.02)) / 16_000


async def test_the_file_is_16_khz_mono_as_long_as_the_sound(tmp_path: Path) -> None:
    target = tmp_path / "audio.wav"
    audio = await extract(make_video(tmp_path / "v.mp4", seconds=3), target)
    assert (audio.sample_rate, audio.channels, audio.bytes) == (16_000, 1, target.stat().st_size)
    assert audio.duration == pytest.approx(3.0, abs=0.05)
    assert len(samples(target)) == round(audio.duration * 16_000)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "mov"])
async def test_sound_that_begins_late_stays_where_it_is(tmp_path: Path, suffix: str) -> None:
    picture, source, target = tmp_path / "p.mp4", tmp_path / f"late.{suffix}", tmp_path / "audio.wav"
    make_video(picture, seconds=3, audio=None)
    late = ["-itsoffset", "0.75", "-f", "lavfi", "-i", "sine=1000:duration=1.5"]
    run_ffmpeg(["-i", picture, *late, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", source])
    await extract(source, target)
    assert onset(target) == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize(("suffix", "codec"), [("mp4", "aac"), ("mkv", "pcm_s16le")])
async def test_a_hole_in_the_sound_stays_a_hole(tmp_path: Path, suffix: str, codec: str) -> None:
    picture, source, target = tmp_path / "p.mp4", tmp_path / f"hole.{suffix}", tmp_path / "audio.wav"
    make_video(picture, seconds=4, audio=None)
    hole = ["-f", "lavfi", "-i", "sine=1000:duration=4", "-af", "aselect='not(between(t,1,2.5))'"]
    run_ffmpeg(["-i", picture, *hole, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", codec, source])
    audio = await extract(source, target)
    heard = np.abs(samples(target))
    assert audio.duration == pytest.approx(4.0, abs=0.1)
    assert heard[int(0.2 * 16_000) : int(0.9 * 16_000)].max() > 0.05
    assert heard[int(1.2 * 16_000) : int(2.3 * 16_000)].max() < 0.02
    assert heard[int(2.7 * 16_000) : int(3.9 * 16_000)].max() > 0.05


async def test_the_edit_list_that_hides_the_encoders_priming_is_kept_to(tmp_path: Path) -> None:
    """A tone that begins at 1.000 s is heard at 1.000 s, not one AAC frame (23 ms) late."""
    picture, source, target = tmp_path / "p.mp4", tmp_path / "beep.mp4", tmp_path / "audio.wav"
    make_video(picture, seconds=3, audio=None)
    beep = ["-f", "lavfi", "-i", "sine=1000:duration=2", "-af", "adelay=1000"]
    run_ffmpeg(["-i", picture, *beep, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", source])
    await extract(source, target)
    assert onset(target) == pytest.approx(1.0, abs=0.005)


async def test_the_default_track_is_taken(tmp_path: Path) -> None:
    picture, source, target = tmp_path / "p.mp4", tmp_path / "two.mp4", tmp_path / "audio.wav"
    make_video(picture, seconds=1, audio=None)
    low, high = (["-f", "lavfi", "-i", f"sine={tone}:duration=1"] for tone in (300, 2000))
    tracks = ["-map", "0:v", "-map", "1:a", "-map", "2:a", "-disposition:a:0", "0", "-disposition:a:1", "default"]
    run_ffmpeg(["-i", picture, *low, *high, *tracks, "-c:v", "copy", source])
    await extract(source, target)
    spectrum = np.abs(np.fft.rfft(samples(target)[4000:12000]))
    assert np.argmax(spectrum) * 2 == pytest.approx(2000, abs=10)


async def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    source = make_video(tmp_path / "v.mp4", seconds=4)
    seen: list[float] = []
    info = await probe(source, SETTINGS)
    await extract_audio(
        source, info, tmp_path / "a.wav", settings=SETTINGS, threads=1, timeout=60, on_progress=seen.append
    )
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0, abs=0.02)


async def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMedia, match="no sound"):
        await extract(make_video(tmp_path / "v.mp4", seconds=1, audio=None), tmp_path / "a.wav")


async def test_failures_leave_no_file(tmp_path: Path) -> None:
    source, directory = make_video(tmp_path / "v.mp4", seconds=4), tmp_path / "out"
    directory.mkdir()
    info = await probe(source, SETTINGS)
    small = SETTINGS.model_copy(update={"max_scratch_bytes": 20_000})
    with pytest.raises(DiskFull):
        await extract(source, directory / "a.wav", small)
    with pytest.raises(MediaTimeout):
        await extract_audio(source, info, directory / "a.wav", settings=SETTINGS, threads=1, timeout=0.01)
    mute = info.model_copy(update={"audio_tracks": (info.audio_tracks[0].model_copy(update={"index": 7}),)})
    with pytest.raises(MediaError):
        await extract_audio(source, mute, directory / "a.wav", settings=SETTINGS, threads=1, timeout=60)
    assert await asyncio.to_thread(lambda: list(directory.iterdir())) == []


REAL = {
    "odd/androidx_h265_with_metadata_track.mp4": 0.081,
    "odd/androidx_hdr10-video-with-sdr-container.mp4": 1.003,
    "odd/androidx_internal_emulator_transformer_output_270_rotated.mp4": 4.969,
    "odd/androidx_long_1080p_lowbitrate.mp4": 360.0,
    "odd/androidx_sample_edit_list.mp4": 2.548,
    "odd/androidx_sample_with_chapters.mp4": 1.089,
    "odd/androidx_sowt-with-video.mov": 2.0,
    "odd/androidx_trim_optimization_failure.mp4": 5.568,
    "odd/autoeditor_mov_text.mp4": 1.95,
    "odd/autoeditor_multi-track.mp4": 4.56,
    "odd/autoeditor_webvtt.mkv": 1.95,
    "video/autoeditor_example.mp4": 42.4,
    "video/friday.mp4": 6.153,
    "video/googlework_short.mp4": 35.016,
    "video/nasa_13013.mp4": 13.056,
    "video/swc_softeng_slidecast.mp4": 155.48,
    "video/tears_of_steel_battle.webm": 70.5,
}


@pytest.mark.parametrize("name", REAL)
async def test_real_recordings_give_their_sound(shared_media: Path, tmp_path: Path, name: str) -> None:
    audio = await extract(shared_media / name, tmp_path / "audio.wav")
    assert audio.duration == pytest.approx(REAL[name], abs=0.06)
