"""Answers that did not change are not sent again: an ETag on every JSON document, and 304 to whoever has it."""

from __future__ import annotations

import hashlib
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_JSON = "application/json"
_OF_A_BODY = ("content-length", "content-type", "content-encoding")


class ConditionalGet:
    """Gives whole JSON answers to GET an ETag where they have none, and answers 304 where the caller has the same.

    The tag is weak: compressed or not, the answer is the same one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match")
        start: Message | None = None

        async def tagged(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _may_be_tagged(message):
                start = message
                return
            if start is None:
                await send(message)
                return
            held, start = start, None
            headers = MutableHeaders(scope=held)
            whole = not message.get("more_body", False)
            if whole:
                headers.setdefault("ETag", f'W/"{hashlib.sha256(message.get("body", b"")).hexdigest()[:32]}"')
                headers.setdefault("Cache-Control", "private, no-cache")
            if whole and known is not None and matches(known, headers.get("etag", "")):
                held["status"] = 304
                for name in _OF_A_BODY:
                    del headers[name]
                message = {"type": "http.response.body", "body": b""}
            await send(held)
            await send(message)

        await self._app(scope, receive, tagged)


def versioned_tag(version: int, view: BaseModel) -> str:
    """Return the ETag of an answer that ``If-Match`` knows by its version; all else in it may change without one."""
    return f'W/"{version}-{hashlib.sha256(view.model_dump_json().encode()).hexdigest()[:16]}"'


def matches(asked: str, tag: str) -> bool:
    """Tell whether a tag is among those of ``If-None-Match`` or ``If-Match``, weak or not."""
    if asked.strip() == "*":
        return bool(tag)
    return bool(tag) and tag.removeprefix("W/") in {each.strip().removeprefix("W/") for each in asked.split(",")}


def _may_be_tagged(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    fresh = "no-store" not in headers.get("cache-control", "")
    return start["status"] == 200 and fresh and headers.get("content-type", "").startswith(_JSON)


def document_conditional(app: FastAPI) -> None:
    """Have the OpenAPI document say which operations answer 304."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        made = app.openapi_schema is not None
        document: dict[str, Any] = describe()
        for operations in () if made else document["paths"].values():
            answers = operations.get("get", {}).get("responses", {})
            if _JSON in answers.get("200", {}).get("content", {}):
                answers.setdefault("304", {"description": "Nothing changed since the answer with this `ETag`."})
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own documented way
