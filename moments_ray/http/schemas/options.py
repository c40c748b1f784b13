"""The options of every run, by which the API, the command line and the client check what they are given."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    Field,
    JsonValue,
    SecretStr,
    SerializationInfo,
    TypeAdapter,
    ValidationError,
    WrapValidator,
    field_serializer,
)

from moments_ray.errors import InvalidRequest
from moments_ray.http.schemas.base import RequestBody
from moments_ray.process.webhook_secret import webhook_key

A = TypeVar("A", bound=RequestBody)

_LARGEST_METADATA = 16_384
_OPEN = {"secrets": "open"}  # the context of a dump that goes to the server


def storable(value: Any) -> Any:
    """Return what PostgreSQL can keep: no NUL, no half of a character, no number that JSON has no word for."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError) as error:
        raise ValueError("this holds a number or a character that cannot be stored") from error
    if "\\u0000" in text:
        raise ValueError("this holds a zero character, which cannot be stored")
    return value


def _small(value: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(value)) > _LARGEST_METADATA:
        raise ValueError(f"metadata may have {_LARGEST_METADATA} characters as JSON")
    return value


def _webhook_secret(value: SecretStr) -> SecretStr:
    webhook_key(value.get_secret_value())
    return value


Text = Annotated[str, AfterValidator(storable)]
SOMETHING = r"\S"
"""The pattern of a text that is not blank."""
ModelKey = Annotated[Text, Field(max_length=100)]
Metadata = Annotated[dict[str, JsonValue], AfterValidator(storable), AfterValidator(_small)]
Priority = Annotated[int, Field(ge=0, le=10, description="from 0 to 10, higher first")]
WebhookUrl = Annotated[Text, Field(min_length=1, max_length=4096, examples=["https://example.org/hooks/moments"])]


class WebhookOptions(RequestBody):
    """Where to send word of a run's end, signed with a secret of the caller's own."""

    url: WebhookUrl
    secret: Annotated[SecretStr, AfterValidator(_webhook_secret)] = Field(
        description="`whsec_` and the base64 of 24 to 64 random bytes"
    )

    @field_serializer("secret", when_used="json")
    def _masked(self, secret: SecretStr, info: SerializationInfo) -> str:
        """Keep the secret out of every JSON but the request that hands it to the server."""
        return secret.get_secret_value() if info.context == _OPEN else str(secret)


def _of_its_kind(value: Any, _: Any) -> str | WebhookOptions:
    """Check a webhook as what it is meant to be: errors of a union are of all its kinds at once."""
    match value:
        case str():
            return _ADDRESS.validate_python(value)
        case Mapping() | WebhookOptions():
            return WebhookOptions.model_validate(value)
    raise ValueError("give the URL, or an object with url and secret")


_ADDRESS: TypeAdapter[str] = TypeAdapter(WebhookUrl)
Webhook = Annotated[WebhookUrl | WebhookOptions, WrapValidator(_of_its_kind)]


class BaseRunOptions(RequestBody):
    """The options of every run."""

    priority: Priority = 5
    force: bool = Field(False, description="make every stage again, although its output is stored")
    metadata: Metadata = Field(default_factory=dict, description="the caller's own; shown with the run")
    webhook: Webhook | None = Field(
        None, description="where to send word of the run's end, after the Standard Webhooks specification"
    )


def checked(model: type[A], values: Mapping[str, Any], shown: Callable[[str], str] = str) -> A:
    """Return the options that were given, checked; ``shown`` is how their caller writes the name of one.

    Raises:
        InvalidRequest: naming the first that is not valid.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = shown(str(first["loc"][0])) if first["loc"] else "these together"
        reason = first["msg"].removeprefix("Value error, ")
        raise InvalidRequest(f"The option {name} is not valid: {reason[:1].lower()}{reason[1:]}.") from error


def given(options: RequestBody | None) -> dict[str, Any]:
    """Return what the caller gave of options, by name."""
    return {} if options is None else {name: getattr(options, name) for name in options.model_fields_set}


def request_body(options: RequestBody) -> dict[str, Any]:
    """Return options as the server is sent them: what the caller gave, with secrets readable."""
    return options.model_dump(mode="json", exclude_unset=True, context=_OPEN)
