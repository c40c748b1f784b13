"""Anthropic's models by its own SDK: an answer by a schema is the input of a tool that the model has to use."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moments_ray.errors import (
    ModelBadResponse,
    ModelContextExceeded,
    ModelInputUnsupported,
    ModelNotConfigured,
    ModelRefused,
    ModelSilent,
    ModelUnavailable,
)
from moments_ray.models.attachments import Attachment
from moments_ray.models.conversation import Answer, ImagePart, Part, Question, TextPart
from moments_ray.models.endpoint import Endpoint, Passing, judge

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types import Message

_TOOL = "answer"
_FAMILY = re.compile(r"opus|sonnet|haiku")


async def complete(
    endpoint: Endpoint, question: Question, timeout: float, attachments: Mapping[str, Attachment]
) -> Answer:
    """Ask a model and return its whole answer; the tries are the endpoint's, the SDK makes one each time.

    Raises:
        ModelNotConfigured: the extra ``ads`` is not installed.
        ModelDenied, ModelQuotaExceeded: the key is not accepted, or its credit is used up.
        ModelRefused: the model declined.
        ModelContextExceeded: question or answer were too long.
        ModelBadResponse: it answered something else.
        ModelUnavailable: it cannot be reached.
    """
    client = _client(endpoint)
    body = _body(endpoint, question, attachments)
    async with client:
        try:
            message = await endpoint.tried(lambda left: _once(client, endpoint, body, left), timeout, paid=False)
        except ModelBadResponse as error:
            newest = await _newest_of_family(client, body["model"]) if error.detail.get("status") == 404 else None
            if newest is None:
                raise
            body["model"] = newest
            message = await endpoint.tried(lambda left: _once(client, endpoint, body, left), timeout, paid=False)
    return _answer(message, endpoint.entry.key, by_tool=question.answer_schema is not None)


async def _once(client: AsyncAnthropic, endpoint: Endpoint, body: Mapping[str, Any], left: float) -> Message:
    import anthropic  # noqa: PLC0415 - a second to import, and most processes never ask it

    key = endpoint.entry.key
    try:
        seconds = min(left, endpoint.entry.timeout_s)
        message: Message = await client.with_options(timeout=seconds).messages.create(**body)
    except anthropic.APIStatusError as error:
        judge(error.status_code, error.response.headers.get("retry-after", ""), error.response.content, endpoint.entry)
        raise ModelBadResponse(f"{key} answered {error.status_code}.") from error
    except anthropic.APIConnectionError as error:
        raise Passing(ModelUnavailable(f"{key} cannot be reached: {type(error).__name__}")) from error
    except (anthropic.APIResponseValidationError, ValueError, TypeError) as error:
        raise ModelBadResponse(f"{key} answered something that is no message.") from error
    return message


def _client(endpoint: Endpoint) -> AsyncAnthropic:
    try:
        from anthropic import AsyncAnthropic  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ModelNotConfigured(
            "Anthropic's SDK is not installed; install it with: pip install 'moments-ray[ads]'."
        ) from error
    secret = endpoint.secret
    return AsyncAnthropic(
        api_key=secret.get_secret_value() if secret else "none",
        base_url=endpoint.entry.url(""),
        max_retries=0,
    )


def _body(endpoint: Endpoint, question: Question, attachments: Mapping[str, Attachment]) -> dict[str, Any]:
    entry, sampling = endpoint.entry, question.sampling
    turns = [turn for turn in question.turns if turn.role != "system"]
    body: dict[str, Any] = {
        "model": entry.model,
        "max_tokens": sampling.max_tokens or entry.max_tokens,
        "messages": [
            {"role": turn.role, "content": [_part(part, attachments) for part in turn.parts]} for turn in turns
        ],
    }
    system = "\n".join(turn.text for turn in question.turns if turn.role == "system")
    if system:
        body["system"] = system
    temperature = sampling.temperature if sampling.temperature is not None else entry.temperature
    if temperature is not None:
        body["temperature"] = min(1.0, temperature)
    if question.answer_schema is not None:
        body["tools"] = [{"name": _TOOL, "description": "Gives the answer.", "input_schema": question.answer_schema}]
        body["tool_choice"] = {"type": "tool", "name": _TOOL}
    return body


def _part(part: Part, attachments: Mapping[str, Attachment]) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    if not isinstance(part, ImagePart) or part.object is None:
        raise ModelInputUnsupported("Anthropic's models take words, and pictures that are sent along.")
    picture = attachments[part.object]
    source = {"type": "base64", "media_type": picture.content_type, "data": picture.base64}
    return {"type": "image", "source": source}


def _answer(message: Message, key: str, *, by_tool: bool) -> Answer:
    try:
        used = {"input_tokens": message.usage.input_tokens, "output_tokens": message.usage.output_tokens}
        blocks, reason, model = list(message.content), message.stop_reason, str(message.model or "")
    except (AttributeError, TypeError) as error:
        raise ModelBadResponse(f"{key} answered something that is no message.") from error
    if reason == "refusal":
        raise ModelRefused(f"{key} declined to answer.", used)
    if reason == "max_tokens":
        raise ModelContextExceeded(f"The answer of {key} ended before it was complete.", used)
    if by_tool:
        inputs = [block.input for block in blocks if block.type == "tool_use"]
        text = json.dumps(inputs[0]) if inputs else ""
    else:
        text = "".join(block.text for block in blocks if block.type == "text")
    if not text.strip():
        raise ModelSilent(f"{key} answered without a word.", used)
    return Answer(text=text, model=model, **used)


async def _newest_of_family(client: AsyncAnthropic, model: str) -> str | None:
    """Return the newest model of a family that this key may ask, None where there is none."""
    family = _FAMILY.search(model)
    if family is None:
        return None
    found = [each async for each in client.models.list(limit=100) if family[0] in each.id and each.id != model]
    return max(found, key=lambda each: each.created_at).id if found else None
