"""OpenAI's wire for speech, against a server that really hears: every word is a tone of a pitch of its own."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import SecretStr

from moments_ray.errors import InvalidRequest, ModelBadResponse, ModelUnavailable
from moments_ray.models import openai_speech
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.entry import ModelEntry
from moments_ray.models.openai_speech import read_answer, transcribe
from moments_ray.models.probe import probe
from moments_ray.settings import ModelSettings
from moments_ray.speech.transcript import Transcript
from moments_ray.speech.windows import SAMPLE_RATE
from moments_ray.testing.model_server import ModelServer, ReceivedRequest, Reply, json_reply, model_server

TONE_SECONDS = 0.25
SETTINGS = ModelSettings(first_delay_seconds=0.01, connect_timeout_seconds=2.0, api_keys={"ear": SecretStr("canary")})
Samples = npt.NDArray[np.float64]


def pitch(number: int) -> float:
    return 200.0 + 20.0 * number


def sing(path: Path, starts: list[float], seconds: float) -> Path:
    """Write a WAV file with a tone of a pitch of its own at each start, over a little noise."""
    sound = np.random.default_rng(0).standard_normal(round(seconds * SAMPLE_RATE)) * 0.001
    clock = np.arange(round(TONE_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    for number, start in enumerate(starts):
        first = round(start * SAMPLE_RATE)
        sound[first : first + len(clock)] += 0.4 * np.sin(2 * np.pi * pitch(number) * clock)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((sound * 32767).astype(np.int16).tobytes())
    return path


def listen(request: ReceivedRequest) -> list[dict[str, Any]]:
    """Hear the tones in an upload: the number of each, and its times in the file that came."""
    with wave.open(io.BytesIO(request.body[request.body.index(b"RIFF") :])) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32767
    frame = SAMPLE_RATE // 100
    loud = np.abs(sound[: len(sound) // frame * frame].reshape(-1, frame)).max(axis=1) > 0.1
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(int)))
    words = []
    for first, end in edges.reshape(-1, 2):
        spectrum = np.abs(np.fft.rfft(sound[first * frame : end * frame], SAMPLE_RATE))
        number = round((int(spectrum.argmax()) - 200) / 20)
        words.append({"word": f" tone{number}", "start": first / 100, "end": end / 100})
    return words


def hear(request: ReceivedRequest) -> Reply:
    """Answer as OpenAI's server does."""
    words = listen(request)
    text = "".join(word["word"] for word in words).strip()
    segments = [{"id": 0, "text": text, "start": words[0]["start"], "end": words[-1]["end"]}] if words else []
    return json_reply({"task": "transcribe", "language": "english", "text": text, "words": words, "segments": segments})


def always(reply: Reply) -> Callable[[ReceivedRequest], Reply]:
    return lambda _: reply


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server(hear) as server:
        yield server


async def straight() -> int | None:
    return None


@pytest.fixture
async def connect(server: ModelServer) -> AsyncIterator[Callable[..., Endpoint]]:
    made: list[Endpoint] = []

    def make(**fields: Any) -> Endpoint:
        given = {"key": "ear", "kind": "asr", "speech_api": "openai", "base_url": server.url, "timeout_s": 5, **fields}
        made.append(Endpoint(ModelEntry.checked(given), SETTINGS, straight))
        return made[-1]

    yield make
    for endpoint in made:
        await endpoint.close()


async def test_a_file_is_sent_as_openai_wants_it_and_words_come_back(
    server: ModelServer, connect: Callable[..., Endpoint], tmp_path: Path
) -> None:
    heard = await transcribe(connect(model="whisper-large"), sing(tmp_path / "a.wav", [0.5, 2.0], 4.0), 10.0)
    assert [(word.text, word.start, word.end) for word in heard.words] == [("tone0", 0.5, 0.75), ("tone1", 2.0, 2.25)]
    assert (heard.engine, heard.segments[0].text, heard.words_estimated) == ("ear", "tone0 tone1", False)
    (request,) = server.received
    assert (request.path, request.headers["authorization"]) == ("/v1/audio/transcriptions", "Bearer canary")
    for field in (b"whisper-large", b"verbose_json", b'name="timestamp_granularities[]"', b"\r\n\r\nword\r\n"):
        assert field in request.body
    assert b'name="prompt"' not in request.body


async def test_names_that_are_said_are_its_prompt(
    server: ModelServer, connect: Callable[..., Endpoint], tmp_path: Path
) -> None:
    await transcribe(connect(), sing(tmp_path / "a.wav", [0.5], 2.0), 10.0, "Kubernetes, etcd")
    assert b'name="prompt"\r\n\r\nKubernetes, etcd\r\n' in server.received[0].body


async def test_a_long_file_goes_in_pieces_and_no_word_is_lost_or_doubled(
    server: ModelServer, connect: Callable[..., Endpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_speech, "LONGEST_UPLOAD_SECONDS", 20.0)
    gaps = np.random.default_rng(3).uniform(0.4, 1.1, 150)
    starts = [round(float(start), 2) for start in np.cumsum(gaps + TONE_SECONDS)]
    heard = await transcribe(connect(), sing(tmp_path / "long.wav", starts, starts[-1] + 2), 60.0)
    assert [word.text for word in heard.words] == [f"tone{number}" for number in range(150)]
    assert [word.start for word in heard.words] == pytest.approx(starts, abs=0.02)
    assert 9 <= len(server.received) <= 16
    assert len(heard.segments) == len(server.received)


async def test_what_passes_is_tried_again_and_what_lasts_is_an_error(
    server: ModelServer, connect: Callable[..., Endpoint], tmp_path: Path
) -> None:
    audio = sing(tmp_path / "a.wav", [0.5], 2.0)
    server.answer = lambda request: hear(request) if len(server.received) > 2 else json_reply({}, 503)
    assert len((await transcribe(connect(), audio, 10.0)).words) == 1
    for reply, error, said in (
        (json_reply({}, 500), ModelUnavailable, "ear answered 500"),
        (json_reply({"error": {"message": "no such model"}}, 404), ModelBadResponse, "ear answered 404: no such model"),
        (json_reply({}, 401), ModelBadResponse, "does not accept our key"),
        (json_reply({"error": {"message": "response_format"}}, 400), ModelBadResponse, "ear answered 400: response_f"),
        (Reply(body=b'{"text": "', breaks_off=True), ModelUnavailable, "ear cannot be reached"),
        (Reply(body=b"1\n00:00 --> 00:01\nhi", content_type="text/plain"), ModelBadResponse, "where JSON was due"),
        (json_reply({"transcription": "Parakeet's"}), ModelBadResponse, "ear answered JSON that is no verbose_json"),
        (json_reply({"text": "words without times"}), ModelBadResponse, "whose words have no times"),
        (json_reply(["text"]), ModelBadResponse, "its form"),
    ):
        server.answer = always(reply)
        with pytest.raises(error, match=said):
            await transcribe(connect(), audio, 10.0)


async def test_the_time_for_all_pieces_is_kept(
    server: ModelServer, connect: Callable[..., Endpoint], tmp_path: Path
) -> None:
    async def late(request: ReceivedRequest) -> Reply:

        await asyncio.sleep(3)
        return hear(request)

    server.answer = late
    with pytest.raises(ModelUnavailable, match="did not answer within"):
        await transcribe(connect(), sing(tmp_path / "a.wav", [0.5], 2.0), 0.5)


async def test_a_probe_asks_for_a_transcript_of_silence(connect: Callable[..., Endpoint]) -> None:
    assert (await probe(connect())).reachable


def answer(**fields: Any) -> dict[str, Any]:
    segment = {"text": "so it is", "start": 1.0, "end": 2.2, "no_speech_prob": 0.1, "avg_logprob": -0.2}
    return {"text": "so it is", "language": "en", "segments": [segment], **fields}


def read(raw: dict[str, Any]) -> Transcript:
    return read_answer(raw, "ear", 10.0)


def test_words_inside_segments_are_words_too() -> None:
    words = [{"word": "so", "start": 1.0, "end": 1.2}, {"word": "it", "start": 1.3, "end": 1.5}]
    heard = read(answer(segments=[{"text": "so it", "start": 1.0, "end": 1.5, "words": words}]))
    assert [(word.text, word.start) for word in heard.words] == [("so", 1.0), ("it", 1.3)]
    assert heard.language == "en"


def test_without_times_of_words_they_are_spread_over_their_segment_and_it_is_said() -> None:
    heard = read(answer())
    assert [(word.text, word.start) for word in heard.words] == [
        ("so", 1.0),
        ("it", pytest.approx(1.4)),
        ("is", pytest.approx(1.8)),
    ]
    assert heard.words_estimated


def test_what_the_server_itself_takes_for_silence_is_left_out() -> None:
    invented = {"text": " you", "start": 5.0, "end": 6.0, "no_speech_prob": 0.95, "avg_logprob": -1.4}
    words = [{"word": "you", "start": 5.1, "end": 5.3}]
    heard = read(answer(text="you", segments=[invented], words=words))
    assert (heard.words, heard.segments, heard.health["words_not_believed"]) == ((), (), 1)


def test_words_beyond_the_sound_are_counted_as_unreadable() -> None:
    words = [{"word": "so", "start": 1.0, "end": 1.2}, {"word": "on", "start": 9.9, "end": 10.4}]
    heard = read(answer(words=[*words, {"word": "late", "start": 30.0, "end": 31.0}, {"word": "lost"}]))
    assert [(word.text, word.end) for word in heard.words] == [("so", 1.2), ("on", 10.0)]
    assert heard.health["unreadable_words"] == 2


def test_nobody_speaking_is_a_transcript() -> None:
    assert read({"text": "", "language": "english", "segments": [], "words": []}).words == ()


def test_an_entry_with_another_wire_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="speech_api"):
        ModelEntry.checked({"key": "ear", "kind": "asr", "speech_api": "grpc"})
