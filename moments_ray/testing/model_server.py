"""A model's HTTP server whose every answer is the test's to choose; real sockets, in a thread of its own."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

_START_SECONDS = 10.0
_PAUSE_SECONDS = 0.01


@dataclass(frozen=True)
class ReceivedRequest:
    """One request as it came in; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def said(self) -> str:
        """The text of the last turn of a chat."""
        return _text_of(self.json["messages"][-1])

    @property
    def asked(self) -> str:
        """The text of the first turn of a chat's user; what follows may be objections."""
        return _text_of(next(message for message in self.json["messages"] if message["role"] == "user"))

    @property
    def video_url(self) -> str | None:
        """The video of the last turn that has one."""
        for message in reversed(self.json["messages"]):
            for part in message["content"] if isinstance(message["content"], list) else []:
                if part["type"] == "video_url":
                    return str(part["video_url"]["url"])
        return None


def _text_of(message: dict[str, Any]) -> str:
    content = message["content"]
    return str(content if isinstance(content, str) else content[0]["text"])


@dataclass(frozen=True)
class Reply:
    """What is sent back; ``breaks_off`` closes the connection in the middle of the body."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    breaks_off: bool = False


Answer = Callable[[ReceivedRequest], Reply | Awaitable[Reply]]


def json_reply(value: Any, status: int = 200, **headers: str) -> Reply:
    """Reply with JSON; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(value).encode(), headers=named)


def completion(text: str | None, finish: str = "stop", **message: Any) -> Reply:
    """Reply as a chat model does."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return json_reply({"id": "1", "object": "chat.completion", "choices": [choice], "usage": usage})


class ModelServer:
    """Answers by ``answer``, which a test may change at any time, and keeps what it ``received``."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.received: list[ReceivedRequest] = []
        self.at_once = 0
        self.most_at_once = 0
        self.port = 0

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.port}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request (ASGI)."""
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request = ReceivedRequest(scope["method"], scope["path"], headers, body)
        self.received.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            given = self.answer(request)
            reply = await given if inspect.isawaitable(given) else given
            fields = {"content-type": reply.content_type, "content-length": str(len(reply.body)), **reply.headers}
            start = [(name.encode(), value.encode()) for name, value in fields.items()]
            await send({"type": "http.response.start", "status": reply.status, "headers": start})
            if reply.breaks_off:
                await send({"type": "http.response.body", "body": reply.body[:1], "more_body": True})
                return  # less than was announced: the server closes the connection
            await send({"type": "http.response.body", "body": reply.body})
        finally:
            self.at_once -= 1


@contextmanager
def model_server(answer: Answer) -> Iterator[ModelServer]:
    """Run a server on a free port of the loopback interface."""
    application = ModelServer(answer)
    config = uvicorn.Config(
        application, host="127.0.0.1", port=0, lifespan="off", log_level="critical", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if time.monotonic() > deadline:
            raise TimeoutError("the model server of the test did not start")
        time.sleep(_PAUSE_SECONDS)
    application.port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield application
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)
