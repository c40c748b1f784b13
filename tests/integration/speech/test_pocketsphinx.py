from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from moments_ray.errors import MediaTimeout, SpeechError
from moments_ray.media.process import ffmpeg_executable, run_python, run_tool
from moments_ray.settings import Settings
from moments_ray.speech.health import check
from moments_ray.speech.sphinx import Pocketsphinx
from moments_ray.speech.transcript import Transcript
from moments_ray.speech.voice import Spoken
from moments_ray.speech.windows import SAMPLE_RATE

SETTINGS = Settings(_env_file=None)


async def sound_of(media: Path, target: Path, *, seconds: float | None = None) -> Path:
    """Extract the sound of a recording, or its first ``seconds``."""
    first = ["-t", str(seconds)] if seconds else []
    argv = [
        ffmpeg_executable(),
        "-v",
        "error",
        "-i",
        str(media),
        *first,
        "-ac",
        "1",
        "-ar",
        str(SAMPLE_RATE),
        str(target),
    ]
    await run_tool(argv, timeout=60.0, settings=SETTINGS.media)
    return target


def write(path: Path, samples: npt.NDArray[np.float64]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes())
    return path


async def transcribe(audio: Path) -> Transcript:
    return await Pocketsphinx().transcribe(audio, SETTINGS, 120.0)


async def test_a_voice_gives_words_at_their_times(tmp_path: Path) -> None:
    line = "the people of the united states have a new president"
    spoken = Spoken.model_validate(
        await run_python(
            "moments_ray.speech.voice:speak",
            {
                "path": str(tmp_path / "voice.wav"),
                "voice": "en-us+f3",
                "words_per_minute": 140,
                "lines": [{"text": line, "pause": 0.5}],
            },
            timeout=60.0,
            settings=SETTINGS.media,
        )
    )
    audio = await sound_of(tmp_path / "voice.wav", tmp_path / "audio.wav")
    progress: list[float] = []

    transcript = await Pocketsphinx().transcribe(audio, SETTINGS, 120.0, progress.append)

    heard = {word.text: word for word in transcript.words}
    for word in spoken.lines[0].words:
        if word.text in ("people", "united", "states"):
            assert heard[word.text].start == pytest.approx(word.start, abs=0.1)
            assert heard[word.text].end == pytest.approx(word.end, abs=0.1)
    assert transcript.engine == "pocketsphinx"
    assert transcript.language == "en"
    assert not transcript.words_estimated
    assert progress == sorted(progress)
    checked = check(transcript, spoken.duration)
    assert checked.health["repairs"] == {}
    assert not any(mark in transcript.text for mark in "<>[]()")


def beat() -> npt.NDArray[np.float64]:
    """Twelve seconds of a tune on a plucked string, with a drum."""
    chance = np.random.default_rng(1)
    sound = np.zeros(12 * SAMPLE_RATE)
    clock = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    for half_second in range(24):
        pitch = chance.choice([220.0, 261.6, 329.6, 392.0])
        note = sum(np.sin(2 * np.pi * pitch * k * clock) / k for k in range(1, 6)) * np.exp(-3 * clock) * 0.2
        drum = chance.standard_normal(len(clock)) * np.exp(-30 * clock) * 0.3
        sound[half_second * len(clock) : (half_second + 1) * len(clock)] = note + drum
    return sound


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(np.zeros(5 * SAMPLE_RATE), id="silence"),
        pytest.param(np.random.default_rng(0).standard_normal(8 * SAMPLE_RATE) * 0.2, id="noise"),
        pytest.param(beat(), id="music"),
    ],
)
async def test_what_is_no_speech_gives_no_words(tmp_path: Path, sound: npt.NDArray[np.float64]) -> None:
    transcript = await transcribe(write(tmp_path / "audio.wav", sound))
    assert transcript.words == ()
    assert check(transcript, len(sound) / SAMPLE_RATE).health["verdict"] == "no_speech"


async def test_a_battle_gives_no_words(shared_media: Path, tmp_path: Path) -> None:
    battle = shared_media / "video" / "tears_of_steel_battle.webm"
    transcript = await transcribe(await sound_of(battle, tmp_path / "audio.wav", seconds=25))
    assert transcript.words == ()
    assert transcript.health["words_not_believed"] != 0


async def test_an_old_recording_of_a_clear_voice_gives_words(shared_media: Path, tmp_path: Path) -> None:
    transcript = await transcribe(await sound_of(shared_media / "audio" / "jfk.flac", tmp_path / "audio.wav"))
    assert {"my", "fellow", "americans", "country"} <= {word.text for word in transcript.words}
    assert 18 <= len(transcript.words) <= 26


async def test_how_many_processes_decode_changes_nothing(tmp_path: Path) -> None:
    quiet = np.zeros(2 * SAMPLE_RATE)
    audio = write(
        tmp_path / "audio.wav", np.concatenate([beat()[: 4 * SAMPLE_RATE], quiet, beat()[: 3 * SAMPLE_RATE], quiet])
    )

    async def decoded(child: int, children: int) -> list[object]:
        payload = {"audio": str(audio), "child": child, "children": children}
        answer = await run_python(
            "moments_ray.speech.sphinx:decode", dict(payload), timeout=60.0, settings=SETTINGS.media
        )
        assert isinstance(answer, list)
        return list(answer)

    alone, first, second = await asyncio.gather(decoded(0, 1), decoded(0, 2), decoded(1, 2))
    assert first
    assert second
    assert sorted(map(repr, alone)) == sorted(map(repr, [*first, *second]))


async def test_it_stops_when_cancelled_and_at_its_deadline(tmp_path: Path) -> None:
    audio = write(tmp_path / "audio.wav", np.tile(beat(), 20))
    task = asyncio.create_task(transcribe(audio))
    await asyncio.sleep(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(MediaTimeout, match=r"decode did not finish within 0\.5 s"):
        await Pocketsphinx().transcribe(audio, SETTINGS, 0.5)


async def test_what_is_not_sound_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "audio.wav").write_bytes(b"no sound")
    with pytest.raises(SpeechError, match=r"^audio\.wav is not a WAV file"):
        await transcribe(tmp_path / "audio.wav")
    with pytest.raises(SpeechError, match="missing"):
        await transcribe(tmp_path / "missing.wav")
