"""Chat models behind OpenAI's ``/v1/chat/completions``, with and without a video to watch."""

from __future__ import annotations

import contextlib
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from moments_ray.errors import ModelBadResponse, ModelContextExceeded, ModelRefused
from moments_ray.models.conversation import Answer, Question, Turn
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.entry import ModelEntry

_LARGEST = 8 * 1024 * 1024
_EMPTY_ANSWERS = 2  # servers that run out of memory say nothing, politely


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class _Message(_Lenient):
    content: str | list[dict[str, Any]] | None = None
    refusal: str | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(str(part.get("text") or "") for part in self.content)
        return self.content or ""


class _Choice(_Lenient):
    message: _Message
    finish_reason: str | None = None


class _Usage(_Lenient):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(_Lenient):
    choices: list[_Choice]
    usage: _Usage | None = None


async def complete(endpoint: Endpoint, question: Question, timeout: float, *, schema: bool | None = None) -> Answer:
    """Ask a chat model and return its whole answer; ``schema`` sends the answer's schema whatever the entry says.

    Raises:
        ModelContextExceeded: question or answer were too long; what there is of an answer is thrown away.
        ModelRefused: the model declined.
        ModelBadResponse: the server answered nothing, or something that is no completion.
        ModelUnavailable: it cannot be reached.
    """
    body = request_body(endpoint.entry, question, schema=schema)
    key = endpoint.entry.key
    for _ in range(_EMPTY_ANSWERS):
        raw = await endpoint.post(lambda: contextlib.nullcontext({"json": body}), timeout=timeout, largest=_LARGEST)
        try:
            completion = _Completion.model_validate(raw)
        except ValidationError as error:
            raise ModelBadResponse(f"{key} answered JSON that is no chat completion") from error
        choice = completion.choices[0] if completion.choices else None
        if choice is None:
            continue
        if choice.message.refusal or choice.finish_reason == "content_filter":
            raise ModelRefused(f"{key} declined to answer: {(choice.message.refusal or 'its filter says no')[:200]}")
        if choice.finish_reason == "length":
            raise ModelContextExceeded(f"the answer of {key} ended before it was complete")
        if choice.message.text.strip():
            usage = completion.usage or _Usage()
            return Answer(
                text=choice.message.text,
                prompt_tokens=usage.prompt_tokens,
                completion_tokens=usage.completion_tokens,
            )
    raise ModelBadResponse(f"{key} answered without a word, {_EMPTY_ANSWERS} times")


def request_body(entry: ModelEntry, question: Question, *, schema: bool | None = None) -> dict[str, Any]:
    """Return the JSON that asks a question of a model; what neither says about sampling is left to the server."""
    sampling = entry.model_dump(include={"temperature", "top_p", "top_k", "max_tokens"})
    sampling |= question.sampling.model_dump(exclude_none=True)
    body: dict[str, Any] = {
        "model": entry.model or entry.key,
        "messages": [{"role": turn.role, "content": _content(turn)} for turn in question.turns],
        "stream": False,
        **{name: value for name, value in sampling.items() if value is not None},
    }
    if question.answer_schema is not None and (entry.supports_json_schema if schema is None else schema):
        form = {"name": "answer", "schema": question.answer_schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    return body


def _content(turn: Turn) -> str | list[dict[str, Any]]:
    if turn.video_url is None:
        return turn.text
    return [{"type": "text", "text": turn.text}, {"type": "video_url", "video_url": {"url": turn.video_url}}]
