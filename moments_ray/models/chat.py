"""Chat models behind OpenAI's ``/v1/chat/completions``, with words, pictures, videos and sound."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, assert_never

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from moments_ray.engine.usage import Usage
from moments_ray.errors import ModelBadResponse, ModelContextExceeded, ModelError, ModelRefused, ModelSilent
from moments_ray.models.attachments import Attachment
from moments_ray.models.conversation import Answer, AudioPart, ImagePart, Part, Question, TextPart, Turn, VideoPart
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.entry import ModelEntry

_LARGEST = 8 * 1024 * 1024
_EMPTY_ANSWERS = 2  # servers that run out of memory say nothing, politely
_MOST_TOKENS = 100_000_000  # of one answer: what is more is no count


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


def _tokens(value: Any) -> int:
    """Return a server's count of tokens; what can be none is 0."""
    counted = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS
    return value if counted else 0


Tokens = Annotated[int, BeforeValidator(_tokens)]


class _Usage(_Lenient):
    prompt_tokens: Tokens = 0
    completion_tokens: Tokens = 0


class _Completion(_Lenient):
    choices: list[_Choice]
    usage: Any = None

    @property
    def counted(self) -> Usage:
        """What the answer was made of, as far as the server says."""
        said = _Usage.model_validate(self.usage) if isinstance(self.usage, dict) else _Usage()
        return Usage(said.prompt_tokens, said.completion_tokens)


async def complete(
    endpoint: Endpoint,
    question: Question,
    timeout: float,
    *,
    schema: bool | None = None,
    attachments: Mapping[str, Attachment] = MappingProxyType({}),
) -> Answer:
    """Ask a chat model and return its whole answer; ``schema`` sends the answer's schema whatever the entry says.

    ``attachments`` are the objects that the question names. Errors about an answer that was made say in ``detail``
    how many tokens it took: those are paid for.

    Raises:
        ModelContextExceeded: question or answer were too long; what there is of an answer is thrown away.
        ModelRefused: the model declined.
        ModelSilent: the answer holds no words, twice.
        ModelBadResponse: the server answered something that is no completion.
        ModelUnavailable: it cannot be reached.
    """
    body = request_body(endpoint.entry, question, schema=schema, attachments=attachments)
    key = endpoint.entry.key
    used = Usage()
    for _ in range(_EMPTY_ANSWERS):
        try:
            raw = await endpoint.post(lambda: contextlib.nullcontext({"json": body}), timeout=timeout, largest=_LARGEST)
        except ModelError as error:
            error.detail.update(used.tokens)
            raise
        try:
            completion = _Completion.model_validate(raw)
        except ValidationError as error:
            raise ModelBadResponse(f"{key} answered JSON that is no chat completion.", used.tokens) from error
        used += completion.counted
        choice = completion.choices[0] if completion.choices else None
        if choice is None:
            continue
        if choice.message.refusal or choice.finish_reason == "content_filter":
            reason = (choice.message.refusal or "its filter says no")[:200]
            raise ModelRefused(f"{key} declined to answer: {reason}", used.tokens)
        if choice.finish_reason == "length":
            raise ModelContextExceeded(f"The answer of {key} ended before it was complete.", used.tokens)
        if choice.message.text.strip():
            return Answer(text=choice.message.text, **used.tokens)
    raise ModelSilent(f"{key} answered without a word, {_EMPTY_ANSWERS} times.", used.tokens)


def request_body(
    entry: ModelEntry, question: Question, *, schema: bool | None, attachments: Mapping[str, Attachment]
) -> dict[str, Any]:
    """Return the JSON that asks a question of a model; what neither says about sampling is left to the server."""
    sampling = entry.model_dump(include={"temperature", "top_p", "top_k", "max_tokens"})
    sampling |= question.sampling.model_dump(exclude_none=True)
    body: dict[str, Any] = {
        "model": entry.model or entry.key,
        "messages": [{"role": turn.role, "content": _content(turn, attachments)} for turn in question.turns],
        "stream": False,
        **{name: value for name, value in sampling.items() if value is not None},
    }
    if question.answer_schema is not None and (entry.supports_json_schema if schema is None else schema):
        form = {"name": "answer", "schema": question.answer_schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    return body


def _content(turn: Turn, attachments: Mapping[str, Attachment]) -> str | list[dict[str, Any]]:
    """Return a turn's content; words alone are a string, which is all that some servers take."""
    if len(turn.parts) == 1 and isinstance(turn.parts[0], TextPart):
        return turn.parts[0].text
    return [_content_part(part, attachments) for part in turn.parts]


def _content_part(part: Part, attachments: Mapping[str, Attachment]) -> dict[str, Any]:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case AudioPart():
            sound = attachments[part.object]
            return {"type": "input_audio", "input_audio": {"data": sound.base64, "format": sound.audio_format}}
        case ImagePart() | VideoPart():
            name = f"{part.kind}_url"
            url = attachments[part.object].url if part.object is not None else part.url
            return {"type": name, name: {"url": url}}
    assert_never(part)
