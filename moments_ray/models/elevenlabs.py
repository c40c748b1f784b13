"""ElevenLabs' wire for speech: words as sound, with the time of every character."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import nullcontext

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from moments_ray.errors import InvalidRequest, ModelBadResponse
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.making import SaidWord, SpeechOrder

_LARGEST = 64 * 1024 * 1024
_VOICE = "21m00Tcm4TlvDq8ikWAM"  # the one of the provider's own examples
_VOICE_NAME = re.compile(r"[A-Za-z0-9]{1,64}")


class _Alignment(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    characters: list[str]
    character_start_times_seconds: list[FiniteFloat]
    character_end_times_seconds: list[FiniteFloat]


class _Spoken(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    audio_base64: str
    alignment: _Alignment | None = None


async def speak(endpoint: Endpoint, order: SpeechOrder, timeout: float) -> tuple[bytes, tuple[SaidWord, ...]]:
    """Return words as an MP3 file, and when each is said.

    Raises:
        InvalidRequest: the voice is none of theirs.
        ModelError: the model did not answer, or not as it should.
    """
    voice = order.voice or _VOICE
    if not _VOICE_NAME.fullmatch(voice):
        raise InvalidRequest("A voice of ElevenLabs is named by letters and digits alone.")
    path = endpoint.entry.endpoint or f"/v1/text-to-speech/{voice}/with-timestamps"
    body = {
        "text": order.text,
        "model_id": endpoint.entry.model,
        "voice_settings": {"speed": min(1.2, max(0.7, order.speed))},
    }
    reply = await endpoint.fetch(
        "POST", path, lambda: nullcontext({"json": body}), timeout=timeout, largest=_LARGEST, paid=True
    )
    key = endpoint.entry.key
    try:
        spoken = _Spoken.model_validate(reply.json)
        sound = base64.b64decode(spoken.audio_base64, validate=True)
    except (ValidationError, binascii.Error, ValueError) as error:
        raise ModelBadResponse(f"{key} answered JSON that holds no sound.", {"done": True}) from error
    if not sound:
        raise ModelBadResponse(f"{key} answered without a sound.", {"done": True})
    return sound, tuple(_words(spoken.alignment)) if spoken.alignment else ()


def _words(alignment: _Alignment) -> Iterator[SaidWord]:
    """Join characters with their times to words."""
    text, start, end = "", 0.0, 0.0
    times = zip(
        alignment.characters,
        alignment.character_start_times_seconds,
        alignment.character_end_times_seconds,
        strict=False,
    )
    for character, begins, ends in times:
        if character.isspace():
            if text:
                yield SaidWord(text=text, start=start, end=end)
            text = ""
            continue
        start = start if text else begins
        text, end = text + character, ends
    if text:
        yield SaidWord(text=text, start=start, end=end)
