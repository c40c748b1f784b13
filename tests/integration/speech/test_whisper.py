from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt
import pytest

from moments_ray.errors import MediaTimeout, SpeechError
from moments_ray.media.process import ffmpeg_executable, run_python, run_tool
from moments_ray.settings import Settings, SpeechSettings
from moments_ray.speech.health import check
from moments_ray.speech.transcript import Transcript
from moments_ray.speech.voice import Spoken
from moments_ray.speech.whisper import Whisper, kept_child
from moments_ray.speech.whisper_decoding import Decoded, recognise
from moments_ray.speech.whisper_models import TINY_ENGLISH, find_model
from moments_ray.speech.windows import SAMPLE_RATE
from tests.integration.speech.test_pocketsphinx import beat, write

Sound = npt.NDArray[np.float64]


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home of its own, in which the base model is put together once."""
    return Settings(_env_file=None, home=tmp_path_factory.mktemp("whisper"))


async def transcribe(
    audio: Path,
    settings: Settings,
    *,
    key: str = "whisper",
    timeout: float = 150.0,
    progress: Callable[[float], None] | None = None,
    keep: bool = False,
) -> Transcript:
    recogniser = Whisper(size="base" if key == "whisper-base" else None, threads=2, keep=keep)
    await recogniser.prepare(settings)
    assert recogniser.availability(settings).ok
    return check(await recogniser.transcribe(audio, settings, timeout, progress), None)


async def sound_of(media: Path, target: Path) -> Path:
    argv = [ffmpeg_executable(), "-v", "error", "-i", str(media), "-ac", "1", "-ar", str(SAMPLE_RATE), str(target)]
    await run_tool(argv, timeout=60.0, settings=Settings(_env_file=None).media)
    return target


async def speak(directory: Path, voice: str, *lines: str, pause: float = 0.5) -> tuple[Path, Spoken]:
    payload = {
        "path": str(directory / "voice.wav"),
        "voice": voice,
        "words_per_minute": 150,
        "lines": [{"text": line, "pause": pause} for line in lines],
    }
    answer = await run_python(
        "moments_ray.speech.voice:speak", payload, timeout=60.0, settings=Settings(_env_file=None).media
    )
    return await sound_of(directory / "voice.wav", directory / "audio.wav"), Spoken.model_validate(answer)


def bare(text: str) -> list[str]:
    return "".join(char if char.isalpha() or char == "'" else " " for char in text.lower()).split()


async def test_a_voice_gives_its_words_with_punctuation_at_their_times(tmp_path: Path, settings: Settings) -> None:
    line = "The people of the United States have a new president, and the people are happy."
    audio, spoken = await speak(tmp_path, "en-us+f3", line)
    progress: list[float] = []
    heard = await transcribe(audio, settings, progress=progress.append)
    assert heard.language == "en"
    assert heard.text.endswith(".")
    starts = {word.text.lower().strip(".,"): word.start for word in heard.words}
    for word in spoken.lines[0].words:
        if word.text.lower() in {"united", "states", "president", "happy"}:
            assert starts[word.text.lower()] == pytest.approx(word.start, abs=0.35)
    assert heard.health["model"] == "whisper-tiny.en"
    assert heard.health["verdict"] == "good"
    assert progress == sorted(progress)


async def test_a_famous_sentence_is_heard_word_by_word(shared_media: Path, tmp_path: Path, settings: Settings) -> None:
    audio = await sound_of(shared_media / "audio" / "jfk.flac", tmp_path / "audio.wav")
    heard = await transcribe(audio, settings)
    known = json.loads((shared_media / "audio" / "jfk.aligned.json").read_text())
    assert bare(heard.text) == bare((shared_media / "audio" / "jfk.txt").read_text())
    starts = [word["start"] for segment in known["segments"] for word in segment["words"]]
    assert median(abs(word.start - start) for word, start in zip(heard.words, starts, strict=True)) < 0.3


async def test_another_language_is_found_and_heard_by_the_base_model(tmp_path: Path, settings: Settings) -> None:
    audio, _ = await speak(
        tmp_path, "de", "Guten Tag, meine Damen und Herren. Heute sprechen wir über das Wetter in Deutschland."
    )
    heard = await transcribe(audio, settings)
    assert (heard.language, heard.health["model"]) == ("de", "whisper-base")
    assert {"und", "wetter", "deutschland"} & set(bare(heard.text))


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(np.zeros(5 * SAMPLE_RATE), id="silence"),
        pytest.param(np.random.default_rng(0).standard_normal(20 * SAMPLE_RATE) * 0.2, id="noise"),
        pytest.param(np.sin(np.arange(12 * SAMPLE_RATE) * 2 * np.pi * 440 / SAMPLE_RATE) * 0.3, id="tone"),
        pytest.param(beat(), id="music"),
        pytest.param(np.zeros(0), id="nothing"),
    ],
)
async def test_what_is_no_speech_gives_no_words(tmp_path: Path, settings: Settings, sound: Sound) -> None:
    heard = await transcribe(write(tmp_path / "audio.wav", sound), settings)
    assert heard.words == ()
    assert heard.health["verdict"] == "no_speech"


@pytest.mark.parametrize("name", ["video/tears_of_steel_battle.webm", "audio/apollo11.mp3"])
async def test_a_battle_and_a_radio_from_the_moon_give_no_words(
    shared_media: Path, tmp_path: Path, settings: Settings, name: str
) -> None:
    heard = await transcribe(await sound_of(shared_media / name, tmp_path / "audio.wav"), settings)
    assert heard.health["verdict"] == "no_speech"


async def test_a_voice_that_stops_for_a_minute_says_nothing_meanwhile(tmp_path: Path, settings: Settings) -> None:
    audio, spoken = await speak(tmp_path, "en-us+klatt4", "The first part of this talk was about the weather.")
    voice = np.frombuffer(audio.read_bytes()[44:], np.int16) / 32768
    pause = np.random.default_rng(2).standard_normal(60 * SAMPLE_RATE) * 0.01
    heard = await transcribe(write(tmp_path / "pause.wav", np.concatenate([voice, pause, voice])), settings)
    first, last = spoken.duration, spoken.duration + 60
    assert [word for word in heard.words if first + 1 < word.start < last - 1] == []
    assert any(word.start < first for word in heard.words)
    assert any(word.start > last - 1 for word in heard.words)


async def test_a_model_of_ones_own_is_used_for_every_language(tmp_path: Path, settings: Settings) -> None:
    directory = find_model(TINY_ENGLISH, settings).directory
    assert directory is not None
    own = tmp_path / "own-model"
    shutil.copytree(directory, own)
    configured = settings.model_copy(update={"speech": SpeechSettings(whisper_model=str(own))})
    said = ("This is heard by another model of the same make.", "It hears one sentence more.", "And then it stops.")
    audio, _ = await speak(tmp_path, "en-us+f3", *said)
    heard = await transcribe(audio, configured)
    assert (heard.health["model"], heard.language) == (str(own), "en")
    (own / "model.bin").write_bytes(b"no model")
    with pytest.raises(SpeechError, match=r"^Whisper failed: "):
        await transcribe(audio, configured)


async def test_it_stops_when_cancelled_and_at_its_deadline(tmp_path: Path, settings: Settings) -> None:
    audio, _ = await speak(tmp_path, "en-us+f3", *["This goes on and on and on until somebody stops it."] * 20)
    await Whisper().prepare(settings)
    task = asyncio.create_task(Whisper().transcribe(audio, settings, 100.0))
    await asyncio.sleep(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(MediaTimeout, match=r"did not finish within 0\.5 s"):
        await Whisper().transcribe(audio, settings, 0.5)


async def test_what_is_not_sound_is_refused_with_a_sentence(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "audio.wav").write_bytes(b"no sound")
    with pytest.raises(SpeechError, match=r"^audio\.wav is not a WAV file"):
        await transcribe(tmp_path / "audio.wav", settings)


async def test_a_model_that_is_kept_is_loaded_once_for_several_recordings_and_let_go_when_idle(
    tmp_path: Path, settings: Settings
) -> None:
    audio, _ = await speak(tmp_path, "en-us+f3", "The people of the United States have a new president.")
    english = SpeechSettings(keep_seconds=1.0)
    once = settings.model_copy(update={"speech": english})
    alone = await transcribe(audio, once)
    heard = [await transcribe(audio, once, keep=True) for _ in range(2)]
    assert [each.health["model_loaded"] for each in (alone, *heard)] == [True, True, False]
    assert heard[0].words == heard[1].words == alone.words
    kept = kept_child(once)
    assert kept is not None
    assert kept.running
    await transcribe(audio, once, keep=True)
    async with asyncio.timeout(60):
        while kept.running:
            await asyncio.sleep(0.1)


async def test_a_gpu_that_cannot_be_used_leaves_the_work_to_the_cpu_unless_it_was_asked_for(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, _ = await speak(tmp_path, "en-us+f3", "The people of the United States have a new president.")
    asked = {
        "audio": str(audio),
        "english": str(find_model(TINY_ENGLISH, settings).directory),
        "any_language": None,
        "threads": 2,
        "language": "en",
        "hot_words": None,
        "keep": False,
    }
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 1)  # this machine has none
    answer = Decoded.model_validate(recognise({**asked, "device": "auto"}, lambda _: None))
    assert (answer.device, answer.loaded) == ("cpu", True)
    assert str(answer.remark).startswith("The GPU cannot be used: ")
    assert "United States" in "".join(word.text for segment in answer.segments for word in segment.words)
    with pytest.raises((RuntimeError, ValueError)):
        recognise({**asked, "device": "cuda"}, lambda _: None)
