from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from moments_ray.errors import RecogniserUnavailable, UnknownModel
from moments_ray.settings import Settings, SpeechSettings
from moments_ray.speech.recognisers import CaptionFile, Origin, choose, recognisers, without_speech
from moments_ray.speech.whisper_models import is_of_size

UNREACHABLE = "http://127.0.0.1:9"  # discard: nobody listens


@pytest.fixture(autouse=True)
def _empty_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
async def black_hole() -> AsyncIterator[str]:
    """A host that takes connections and never answers."""

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        finally:  # whoever gives up may reset the connection
            writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    yield f"http://{host}:{port}"
    server.close()
    await server.wait_closed()


def settings(home: Path, url: str = UNREACHABLE, **speech: object) -> Settings:
    return Settings(
        _env_file=None,
        home=home,
        speech=SpeechSettings.model_validate({"weights_url": url, "weights_timeout_seconds": 2.0, **speech}),
    )


def captions(path: Path, origin: Origin = Origin.SIDECAR) -> CaptionFile:
    path.write_text("1\n00:00:01,000 --> 00:00:06,000\nten words that somebody took the care to write down\n")
    return CaptionFile(path=path, origin=origin, language="en")


async def test_captions_are_chosen_first_and_the_choice_is_noted(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    choice = await choose(recognisers([captions(tmp_path / "a.srt")]), configured)
    assert choice.sentence == "Transcribing by captions: the captions given (en, 10 words)."

    transcript = await choice.transcribe(tmp_path / "unread.wav", configured, 10.0)
    assert transcript.engine == "captions"
    assert (transcript.health["recogniser"], transcript.health["chosen"]) == ("captions", choice.sentence)


async def test_without_captions_and_parakeets_weights_whisper_is_chosen_and_the_reasons_said(tmp_path: Path) -> None:
    choice = await choose(recognisers(), settings(tmp_path))
    assert choice.recogniser.key == "whisper"
    assert choice.passed_over == {
        "captions": "the video came without captions; name a file with --captions",
        "parakeet_local": f"its weights are not here; asked for by name, they are fetched from {UNREACHABLE}",
    }
    assert choice.sentence.startswith(
        "Transcribing by whisper: whisper-tiny.en is part of the installation; "
        "whisper-base is part of the installation; not captions: "
    )


async def test_weights_in_their_place_come_before_whisper(tmp_path: Path) -> None:
    directory = tmp_path / "models" / "parakeet-tdt-0.6b-v3-onnx"
    directory.mkdir(parents=True)
    for name in ("config.json", "vocab.txt", "decoder_joint-model.int8.onnx", "encoder-model.int8.onnx"):
        (directory / name).touch()
    assert (await choose(recognisers(), settings(tmp_path))).recogniser.key == "parakeet_local"


async def test_where_whisper_is_not_installed_pocketsphinx_is_the_last_resort(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    choice = await choose(recognisers(), settings(tmp_path))
    assert choice.recogniser.key == "pocketsphinx"
    assert choice.passed_over["whisper"].endswith("install it with: pip install 'moments-ray[whisper]'")


async def test_a_host_that_never_answers_is_given_up(tmp_path: Path, black_hole: str) -> None:
    with pytest.raises(RecogniserUnavailable, match="did not answer in time"):
        await choose(recognisers(), settings(tmp_path, black_hole), forced="parakeet_local")
    assert not (tmp_path / "models").exists()


async def test_a_forced_recogniser_is_taken_though_a_better_one_is_there(tmp_path: Path) -> None:
    candidates = recognisers([captions(tmp_path / "a.srt")])
    assert (await choose(candidates, settings(tmp_path), forced="pocketsphinx")).recogniser.key == "pocketsphinx"
    configured = settings(tmp_path, transcriber="pocketsphinx")
    assert (await choose(candidates, configured)).reason == "it was asked for"


async def test_an_unknown_key_is_refused_with_the_ones_there_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="'ear'; there are: captions, parakeet_local, whisper, whisper-base, poc"):
        await choose(recognisers(), settings(tmp_path), forced="ear")


@pytest.mark.parametrize(
    ("key", "cure"), [("captions", "--captions"), ("parakeet_local", "MOMENTS_SPEECH__WEIGHTS_URL")]
)
async def test_a_forced_recogniser_that_cannot_be_used_names_the_cure(tmp_path: Path, key: str, cure: str) -> None:
    with pytest.raises(RecogniserUnavailable, match=cure):
        await choose(recognisers(), settings(tmp_path), forced=key)


@pytest.mark.parametrize("size", ["tiny", "base"])
async def test_whisper_in_the_size_that_is_asked_for_comes_before_other_models(tmp_path: Path, size: Any) -> None:
    choice = await choose(recognisers(size=size), settings(tmp_path))
    assert choice.recogniser.key == f"whisper-{size}"
    captioned = recognisers([captions(tmp_path / "a.srt")], size=size)
    assert (await choose(captioned, settings(tmp_path))).recogniser.key == "captions"


async def test_a_larger_whisper_is_used_where_its_files_are_and_else_missed_by_name(tmp_path: Path) -> None:
    choice = await choose(recognisers(size="small"), settings(tmp_path))
    assert choice.recogniser.key == "whisper"
    assert choice.passed_over["whisper-small"].startswith("whisper-small is not here; put Systran/faster-whisper-small")
    directory = tmp_path / "models" / "faster-whisper-small"
    directory.mkdir(parents=True)
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (directory / name).touch()
    choice = await choose(recognisers(size="small"), settings(tmp_path))
    assert choice.sentence.startswith(f"Transcribing by whisper-small: whisper-small is in {directory}; not captions")


def test_the_size_of_a_model_is_told_by_its_name() -> None:
    assert is_of_size("Systran/faster-whisper-large-v3", "large")
    assert not is_of_size("whisper-1", "base")
    assert not is_of_size("parakeet-small", "small")


def test_a_source_without_sound_has_a_transcript_that_says_so() -> None:
    transcript = without_speech("the video has no sound")
    assert transcript.words == ()
    assert transcript.health["chosen"] == "the video has no sound"
