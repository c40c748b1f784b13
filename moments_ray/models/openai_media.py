"""OpenAI's wire for speech and pictures: one POST each, answered with the bytes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from moments_ray.errors import ModelBadResponse
from moments_ray.models.attachments import Attachment
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.making import PictureOrder, SpeechOrder

_LARGEST = 64 * 1024 * 1024
_VOICE = "alloy"
_EDITS, _GIVEN = "/v1/images/edits", ("image", "mask")
_QUALITY = "medium"  # what the list price is of; the high one costs four times as much
_SIZES = {"wide": "1536x1024", "upright": "1024x1536", "square": "1024x1024"}


async def speak(endpoint: Endpoint, order: SpeechOrder, timeout: float) -> bytes:
    """Return words as a WAV file.

    Raises:
        ModelError: the model did not answer, or not as it should.
    """
    body = {
        "model": endpoint.entry.model,
        "input": order.text,
        "voice": order.voice or _VOICE,
        "response_format": "wav",
        "speed": order.speed,
    }
    reply = await endpoint.fetch(
        "POST",
        endpoint.entry.path,
        lambda: nullcontext({"json": body}),
        timeout=timeout,
        largest=_LARGEST,
        paid=True,
    )
    if reply.body[:4] != b"RIFF" or reply.body[8:12] != b"WAVE":
        raise ModelBadResponse(f"{endpoint.entry.key} answered something that is no WAV file.", {"done": True})
    return reply.body


async def paint(endpoint: Endpoint, order: PictureOrder, timeout: float, given: Sequence[Attachment] = ()) -> bytes:
    """Return a picture as its file's bytes; ``given`` are the picture to change and its mask. Raises as ``speak``."""
    shape = "square" if order.width == order.height else "wide" if order.width > order.height else "upright"
    body = {"model": endpoint.entry.model, "prompt": order.prompt, "size": _SIZES[shape], "quality": _QUALITY, "n": 1}
    headers = {"Idempotency-Key": order.token}
    path: str = endpoint.entry.path
    content: dict[str, Any] = {"json": body}
    if given:
        path = _EDITS
        files = [(name, (name, one.data, one.content_type)) for name, one in zip(_GIVEN, given, strict=False)]
        content = {"data": {**body, "n": "1"}, "files": files}
    reply = await endpoint.fetch(
        "POST",
        path,
        lambda: nullcontext({**content, "headers": headers}),
        timeout=timeout,
        largest=_LARGEST,
        paid=True,
    )
    answer: Any = reply.json
    try:
        return base64.b64decode(answer["data"][0]["b64_json"], validate=True)
    except (KeyError, IndexError, TypeError, binascii.Error, ValueError) as error:
        raise ModelBadResponse(f"{endpoint.entry.key} answered JSON that holds no picture.", {"done": True}) from error
