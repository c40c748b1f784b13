"""What a model can do, found out by asking it."""

from __future__ import annotations

import base64
import io
import time
import wave
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from moments_ray.errors import ModelBadResponse, ModelContextExceeded, ModelError, ModelRefused
from moments_ray.models import chat, openai_speech, parakeet
from moments_ray.models.conversation import Question, Sampling, Turn, VideoPart
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.entry import ModelEntry, ModelKind, SpeechApi

_SECONDS = 60.0
_LARGEST = 1024 * 1024
_RATE = 16_000
_MARK = "moments-probe"
_FEW_WORDS = Sampling(temperature=0.0, max_tokens=16)  # where any words will do, also those of a model that rambles
_ROOM_TO_THINK = Sampling(temperature=0.0, max_tokens=512)


class Marked(BaseModel):
    """What only a model that is held to the schema answers."""

    model_config = ConfigDict(extra="forbid")

    mark: Literal["moments-probe"]


class ModelProbe(BaseModel):
    """What was found: None is what could not be told; ``seconds`` is how long the first answer took."""

    model_config = ConfigDict(frozen=True)

    key: str
    reachable: bool
    seconds: float | None = None
    json_schema: bool | None = None
    video: bool | None = None
    max_context: int | None = None
    code: str | None = None
    error: str | None = None


async def probe(endpoint: Endpoint) -> ModelProbe:
    """Ask a model for what it can do; that it cannot be reached is a finding."""
    found = await reach(endpoint)
    if not found.reachable or endpoint.entry.kind is ModelKind.ASR:
        return found
    return found.model_copy(
        update={
            "json_schema": await _keeps_to_schemas(endpoint),
            "video": await _watches(endpoint),
            "max_context": await _context(endpoint),
        }
    )


async def reach(endpoint: Endpoint, timeout: float = _SECONDS) -> ModelProbe:
    """Ask a model one small thing, to see that it answers within ``timeout`` seconds."""
    entry = endpoint.entry
    begun = time.monotonic()
    try:
        await (_hears if entry.kind is ModelKind.ASR else _speaks)(endpoint, timeout)
    except ModelContextExceeded:
        pass  # one that talks to its limit of tokens is there, whatever its words are worth
    except ModelError as error:
        return ModelProbe(key=entry.key, reachable=False, code=error.code, error=error.message)
    return ModelProbe(key=entry.key, reachable=True, seconds=round(time.monotonic() - begun, 3))


async def _speaks(endpoint: Endpoint, timeout: float) -> None:
    question = Question(turns=(Turn.of("user", "Answer with one word: ready."),), sampling=_FEW_WORDS)
    await chat.complete(endpoint, question, timeout)


async def _hears(endpoint: Endpoint, timeout: float) -> None:
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(bytes(2 * _RATE))  # a second of silence

    entry = endpoint.entry
    openai = entry.speech_api is SpeechApi.OPENAI

    @contextmanager
    def upload() -> Iterator[Mapping[str, Any]]:
        yield (
            openai_speech.upload_of(sound.getvalue(), entry.model)
            if openai
            else {"files": {"file": ("probe.wav", sound.getvalue(), "audio/wav")}}
        )

    raw = await endpoint.post(upload, timeout=timeout, largest=_LARGEST)
    if openai:
        openai_speech.read_answer(raw, entry.key, 1.0)
    else:
        parakeet.transcript_of(raw, entry.key)


async def _keeps_to_schemas(endpoint: Endpoint) -> bool | None:
    schema: dict[str, JsonValue] = Marked.model_json_schema()
    question = Question(
        turns=(Turn.of("user", "Tell me in one sentence what rain is."),),
        answer_schema=schema,
        sampling=_ROOM_TO_THINK,
    )
    try:
        answer = await chat.complete(endpoint, question, _SECONDS, schema=True)
    except (ModelBadResponse, ModelContextExceeded):
        return False
    except ModelError:
        return None
    try:
        Marked.model_validate_json(answer.text)
    except ValidationError:
        return False
    return True


async def _watches(endpoint: Endpoint) -> bool | None:
    film = base64.b64encode(files(__package__).joinpath("probe.mp4").read_bytes()).decode("ascii")
    video = VideoPart(url=f"data:video/mp4;base64,{film}")
    turn = Turn.of("user", "What do you see, in three words?", video)
    try:
        await chat.complete(endpoint, Question(turns=(turn,), sampling=_FEW_WORDS), _SECONDS)
    except (ModelBadResponse, ModelRefused):
        return False
    except ModelContextExceeded:
        return True
    except ModelError:
        return None
    return True


async def _context(endpoint: Endpoint) -> int | None:
    """Return the tokens of context that the server's list of models says, as vLLM's does."""
    try:
        listed = await endpoint.get("/v1/models", timeout=_SECONDS, largest=_LARGEST)
    except ModelError:
        return None
    models = listed.get("data") if isinstance(listed, dict) else None
    for model in models if isinstance(models, list) else []:
        if isinstance(model, dict) and model.get("id") == (endpoint.entry.model or endpoint.entry.key):
            length = model.get("max_model_len")
            return length if isinstance(length, int) and not isinstance(length, bool) else None
    return None


def learned(entry: ModelEntry, found: ModelProbe) -> dict[str, bool | int]:
    """Return what a probe teaches the registry; whether a model watches clips stays its operator's word."""
    fields: dict[str, bool | int] = {}
    if found.json_schema is not None and found.json_schema != entry.supports_json_schema:
        fields["supports_json_schema"] = found.json_schema
    if found.max_context is not None and found.max_context != entry.max_context and found.max_context >= 1024:
        fields["max_context"] = found.max_context
    return fields
