"""What is heard in a film: cues, music under speech, loudness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from moments_ray.media.render.join import join_with
from moments_ray.media.render.mix import sound_fingerprint
from moments_ray.media.render.plan import (
    Caption,
    Music,
    RenderedPiece,
    SoundCue,
    SoundPlan,
)
from moments_ray.media.render.verify import verify_film
from moments_ray.testing.media import make_video, run_ffmpeg
from moments_ray.testing.numbered import make_numbered_video, read_sound, sound_offset
from tests.integration.media.pieces import FORM, SETTINGS, film_of, piece, render


async def heard_with(tmp_path: Path, sound: SoundPlan) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    source = make_video(tmp_path / "source.mp4", seconds=4, fps=30, audio=None)
    path, _ = await film_of(source, [piece(0, 0, 3)], tmp_path, sound)
    return read_sound(path)


async def test_a_cue_is_heard_from_its_frame_on_and_no_longer_than_asked(tmp_path: Path) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "sine=1000:duration=2:sample_rate=44100", tmp_path / "tone.wav"])
    cue = SoundCue(file="tone.wav", frame=45, seconds=0.5)
    loud = np.abs(await heard_with(tmp_path, SoundPlan(cues=(cue,)))) > 0.01
    assert np.argmax(loud) / 48000 == pytest.approx(1.5, abs=0.03)
    assert (len(loud) - np.argmax(loud[::-1])) / 48000 == pytest.approx(2.0, abs=0.03)


async def test_what_is_too_loud_together_stays_under_the_ceiling(tmp_path: Path) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "aevalsrc=0.9*sin(2*PI*997*t):d=2:s=48000", tmp_path / "tone.wav"])
    cues = tuple(SoundCue(file="tone.wav", frame=0, gain_db=6) for _ in range(3))
    heard = await heard_with(tmp_path, SoundPlan(cues=cues))
    assert 0.5 < np.abs(heard).max() <= 0.95  # AAC adds a little


async def test_music_is_repeated_and_makes_room_for_speech(tmp_path: Path) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "sine=200:duration=0.7", tmp_path / "bed.wav"])
    run_ffmpeg(["-f", "lavfi", "-i", "sine=3000:duration=1", "-af", "volume=4", tmp_path / "voice.wav"])
    cue = SoundCue(file="voice.wav", frame=15, gain_db=0)
    plan = SoundPlan(cues=(cue,), music=Music(file="bed.wav", gain_db=0))
    heard = await heard_with(tmp_path, plan)

    def bed(start: float, end: float) -> float:
        part = heard[round(start * 48000) : round(end * 48000)]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        return float(spectrum[round(150 * len(part) / 48000) : round(250 * len(part) / 48000)].max() / len(part))

    assert bed(0.1, 0.4) > 0.01
    assert bed(0.9, 1.3) < 0.6 * bed(0.1, 0.4)


async def test_the_whole_is_brought_to_the_asked_loudness(tmp_path: Path) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "sine=1000:duration=3", "-af", "volume=0.1", tmp_path / "quiet.wav"])
    cue = SoundCue(file="quiet.wav", frame=0, gain_db=0)
    quiet = await heard_with(tmp_path, SoundPlan(cues=(cue,)))
    level = await heard_with(tmp_path, SoundPlan(cues=(cue,), loudness=-20))
    assert np.abs(quiet).max() < 0.02
    one_channel = 20 * np.log10(np.sqrt(np.mean(level**2)))
    assert one_channel + 3.0 == pytest.approx(-20, abs=0.5)  # of two that are alike, each has half of the power


async def test_a_caption_changes_nothing_of_what_is_heard_and_the_sound_that_stands_is_in_step(tmp_path: Path) -> None:
    source = make_numbered_video(tmp_path / "source.mp4", frames=150, rate=30)
    plain = [piece(0, 0, 2), piece(1, 3, 4.5)]
    await film_of(source, plain, tmp_path)
    rendered = [
        RenderedPiece(video=f"piece-{n}.mp4", sound=f"piece-{n}.wav", frames=p.frames) for n, p in enumerate(plain)
    ]
    before, first = sound_fingerprint(rendered, SoundPlan(), tmp_path), (tmp_path / "piece-1.mp4").read_bytes()
    await render(source, [plain[1].model_copy(update={"captions": (Caption(text="New", start=0, end=1),)})], tmp_path)
    assert (tmp_path / "piece-1.mp4").read_bytes() != first
    assert sound_fingerprint(rendered, SoundPlan(), tmp_path) == before
    again = await join_with(rendered, "film.mp4.m4a", tmp_path, "again.mp4", settings=SETTINGS, timeout=60)
    film = await verify_film(again, rendered, FORM, settings=SETTINGS, timeout=60)
    assert film.sound_seconds == pytest.approx(3.5, abs=1 / 48000)
    heard, original = read_sound(again), read_sound(source)
    assert np.array_equal(heard, read_sound(tmp_path / "film.mp4"))
    expected = np.concatenate([original[: 2 * 48000], original[3 * 48000 : round(4.5 * 48000)]])
    assert abs(sound_offset(heard, expected)) < 48


@pytest.mark.parametrize("change", ["samples", "order", "cue", "music", "loudness"])
async def test_what_sounds_otherwise_has_another_fingerprint(tmp_path: Path, change: str) -> None:
    for name in ("a", "b", "cue"):
        (tmp_path / name).write_bytes(name.encode())
    pieces = [RenderedPiece(video="v", sound=name, frames=3) for name in "ab"]
    plan = SoundPlan(cues=(SoundCue(file="cue", frame=1),))
    before = sound_fingerprint(pieces, plan, tmp_path)
    assert sound_fingerprint(pieces, plan, tmp_path) == before
    if change == "samples":
        (tmp_path / "a").write_bytes(b"other")
    elif change == "order":
        pieces.reverse()
    elif change == "cue":
        plan = SoundPlan(cues=(SoundCue(file="cue", frame=2),))
    elif change == "music":
        plan = plan.model_copy(update={"music": Music(file="b")})
    else:
        plan = plan.model_copy(update={"loudness": -14.0})
    assert sound_fingerprint(pieces, plan, tmp_path) != before
