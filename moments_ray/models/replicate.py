"""Replicate's wire: a prediction is begun, waited for and fetched; one of which nobody noted the number is found again.

Every prediction of ours has a seed that no other one has. A worker that died between beginning a prediction and noting
its number is followed by one that looks for that seed among the newest predictions, and so begins no second one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from moments_ray.errors import ModelBadResponse, ModelError, ModelUnavailable
from moments_ray.models.attachments import Attachment
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.making import FilmOrder, Job, PictureOrder

_LARGEST = 4 * 1024 * 1024
_POLL_SECONDS = 1.0
_NEWEST_PAGES = 3
_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_MODEL = re.compile(r"[\w.-]+/[\w.-]+")
_STATES = {"succeeded": "succeeded", "failed": "failed", "canceled": "cancelled", "aborted": "cancelled"}


class _Prediction(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    id: str = Field(pattern=r"^[A-Za-z0-9]{1,64}$")
    status: str
    output: Any = None
    error: Any = None
    input: dict[str, Any] = Field(default_factory=dict)

    @property
    def job(self) -> Job:
        """What it is to us."""
        output = self.output[0] if isinstance(self.output, list) and self.output else self.output
        url = output if isinstance(output, str) else None
        state: Any = _STATES.get(self.status, "running")
        return Job(id=self.id, status=state, url=url, reason=str(self.error or "")[:300])


async def begin(endpoint: Endpoint, order: FilmOrder | PictureOrder, timeout: float, picture: Attachment | None) -> Job:
    """Begin a prediction; raises as ``Endpoint.fetch``, whose ``detail["done"]`` says whether it may be under way."""
    entry = endpoint.entry
    path = f"/v1/models/{entry.model}/predictions" if _MODEL.fullmatch(entry.model) else "/v1/predictions"
    body: dict[str, Any] = {"input": _input(order, picture)}
    if path == "/v1/predictions":
        body["version"] = entry.model
    reply = await endpoint.fetch(
        "POST", path, lambda: nullcontext({"json": body}), timeout=timeout, largest=_LARGEST, paid=True
    )
    return _prediction(reply.json, entry.key).job


async def find(endpoint: Endpoint, seed: int, timeout: float) -> Job | None:
    """Return the prediction that was begun with a seed, of the newest ones; None where there is none."""
    path = "/v1/predictions"
    for _ in range(_NEWEST_PAGES):
        answer = await endpoint.get(path, timeout=timeout, largest=_LARGEST)
        results = answer.get("results") if isinstance(answer, dict) else None
        for one in results if isinstance(results, list) else []:
            if isinstance(one, dict) and isinstance(one.get("input"), dict) and one["input"].get("seed") == seed:
                return _prediction(one, endpoint.entry.key).job
        following = answer.get("next") if isinstance(answer, dict) else None
        if not isinstance(following, str):
            return None
        parts = urlsplit(following)
        path = f"/v1/predictions?{parts.query}"
    return None


async def wait(endpoint: Endpoint, identifier: str, timeout: float) -> Job:
    """Wait for a prediction's end.

    Raises:
        ModelUnavailable: it has none within ``timeout`` seconds; it goes on.
        ModelError: it cannot be asked for.
    """
    path = f"/v1/predictions/{_checked(identifier)}"
    deadline = asyncio.get_running_loop().time() + timeout
    while True:
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            raise ModelUnavailable(f"{endpoint.entry.key} has not finished within {timeout:.3g} s.")
        job = _prediction(await endpoint.get(path, timeout=left, largest=_LARGEST), endpoint.entry.key).job
        if job.status != "running":
            return job
        await asyncio.sleep(min(_POLL_SECONDS, max(0.0, left)))


async def cancel(endpoint: Endpoint, identifier: str, timeout: float) -> None:
    """Ask that a prediction be stopped; that it cannot be is no matter any more."""
    path = f"/v1/predictions/{_checked(identifier)}/cancel"
    try:
        await endpoint.fetch("POST", path, lambda: nullcontext({}), timeout=timeout, largest=_LARGEST)
    except ModelError:
        return


def require_ours(url: str, endpoint: Endpoint) -> str:
    """Return where a result is, once that is found to be with the provider.

    Raises:
        ModelBadResponse: it is somewhere else.
    """
    parts = urlsplit(url)
    own = urlsplit(endpoint.entry.base_url)
    host = parts.hostname or ""
    theirs = parts.scheme == "https" and (
        host == "replicate.delivery" or host.endswith((".replicate.delivery", ".replicate.com"))
    )
    if not theirs and (parts.scheme, parts.netloc) != (own.scheme, own.netloc):
        raise ModelBadResponse(f"{endpoint.entry.key} says that its result is at another's: {host[:100] or 'nowhere'}.")
    return url


def _input(order: FilmOrder | PictureOrder, picture: Attachment | None) -> Mapping[str, Any]:
    if isinstance(order, PictureOrder):
        shape = "1:1" if order.width == order.height else "16:9" if order.width > order.height else "9:16"
        return {"prompt": order.prompt, "aspect_ratio": shape, "output_format": "png", "seed": order.seed}
    asked: dict[str, Any] = {
        "prompt": order.prompt,
        "negative_prompt": order.negative_prompt,
        "aspect_ratio": order.aspect_ratio,
        "duration": round(order.seconds),
        "seed": order.seed,
    }
    if picture is not None:
        asked |= {"first_frame_image": picture.url}
    return asked


def _prediction(raw: Any, key: str) -> _Prediction:
    try:
        return _Prediction.model_validate(raw)
    except ValidationError as error:
        raise ModelBadResponse(f"{key} answered JSON that is no prediction.") from error


def _checked(identifier: str) -> str:
    if not _ID.fullmatch(identifier):
        raise ModelBadResponse("The number of a prediction is letters and digits.")
    return identifier
