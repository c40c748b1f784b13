"""The stores that one test-suite runs on: a directory, and a bucket behind a network that can be made to fail."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from gcp_storage_emulator.server import create_server
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.oauth2 import service_account

from moments_ray.storage.directory import DirectoryStore
from moments_ray.storage.gcs import GoogleStore
from moments_ray.storage.gcs_media import RetryLimits
from moments_ray.storage.object_store import ObjectStore
from moments_ray.storage.signing import UrlSigner

BUCKET = "moments-test"
PIECE_BYTES = 256 * 1024
LIMITS = RetryLimits(attempts=4, first_delay=0.01, longest_delay=0.05, silence_seconds=5.0, piece_bytes=PIECE_BYTES)


@dataclass(frozen=True)
class Message:
    """A request, or with a status for its target a response."""

    start: tuple[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def method(self) -> str:
        return self.start[0]

    @property
    def target(self) -> str:
        return self.start[1]

    @property
    def status(self) -> int:
        return int(self.start[1].split()[0])


@dataclass
class Fault:
    """What befalls the next ``times`` requests that match."""

    action: Callable[[FaultyNetwork, Message, asyncio.StreamWriter], Any]
    method: str
    where: str
    times: int = 1

    def matches(self, request: Message) -> bool:
        return self.times > 0 and request.method == self.method and self.where in request.target


@dataclass
class FaultyNetwork:
    """An HTTP proxy before the emulator: adds what the real service does and the emulator does not, then faults."""

    emulator: int
    port: int = 0
    faults: list[Fault] = field(default_factory=list)
    requests: list[Message] = field(default_factory=list)
    _handlers: set[asyncio.Task[Any]] = field(default_factory=set)
    _sessions: dict[str, str] = field(default_factory=dict)
    _decisions: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, status: int, method: str, where: str, times: int = 1) -> None:
        """Answer with an error in place of the service."""

        async def action(network: FaultyNetwork, request: Message, writer: asyncio.StreamWriter) -> None:
            await _write(writer, Message(("HTTP/1.1", f"{status} Fault"), {}, b'{"error": {"message": "a fault"}}'))

        self.faults.append(Fault(action, method, where, times))

    def reset(self, method: str, where: str, times: int = 1, *, arrived: float = 0.0) -> None:
        """Break the connection after a share of the body arrived; with all of it, before the answer comes back."""

        async def action(network: FaultyNetwork, request: Message, writer: asyncio.StreamWriter) -> None:
            if arrived:
                await network.serve(_beginning(request, arrived))
            writer.transport.abort()

        self.faults.append(Fault(action, method, where, times))

    def stall(self, method: str, where: str, times: int = 1) -> None:
        """Take the request and say nothing."""

        async def action(network: FaultyNetwork, request: Message, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(60)

        self.faults.append(Fault(action, method, where, times))

    def flip(self, method: str, where: str, times: int = 1) -> None:
        """Change one byte of what is sent, or for a GET of what is answered."""

        async def action(network: FaultyNetwork, request: Message, writer: asyncio.StreamWriter) -> None:
            if method != "GET":
                request = _flipped(request)
            response = await network.serve(request)
            await _write(writer, _flipped(response) if method == "GET" else response)

        self.faults.append(Fault(action, method, where, times))

    def cut_short(self, method: str, where: str, times: int = 1) -> None:
        """Break the connection in the middle of the answer."""

        async def action(network: FaultyNetwork, request: Message, writer: asyncio.StreamWriter) -> None:
            await _write(writer, await network.serve(request), share=0.5)
            writer.transport.abort()

        self.faults.append(Fault(action, method, where, times))

    def count(self, method: str, where: str) -> int:
        return sum(request.method == method and where in request.target for request in self.requests)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._handlers.add(task)
        try:
            request = await _read(reader)
            self.requests.append(request)
            fault = next((fault for fault in self.faults if fault.matches(request)), None)
            if fault is None:
                await _write(writer, await self.serve(request))
            else:
                fault.times -= 1
                await fault.action(self, request, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client gave up, as some tests make it
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            self._handlers.discard(task)

    async def close(self) -> None:
        for task in self._handlers:
            task.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    async def serve(self, request: Message) -> Message:
        query = parse_qs(urlsplit(request.target).query)
        async with self._decisions:
            if query.get("ifGenerationMatch") == ["0"] and await self._exists(self._named(request)):
                return Message(("HTTP/1.1", "412 Precondition Failed"), {}, b'{"error": {"message": "exists"}}')
            response = await self._forward(request)
        if "uploadType=resumable" in request.target and request.method == "POST":
            self._sessions[response.headers["location"].rpartition("upload_id=")[2]] = self._named(request)
        if response.status == 206 and not response.body:
            return Message(("HTTP/1.1", "416 Range Not Satisfiable"), {}, b"")
        if response.status == 308 and response.headers.get("range") == "bytes=0-0":
            # The emulator's way to say that it has nothing; the service leaves the header out.
            return replace(response, headers={k: v for k, v in response.headers.items() if k != "range"})
        return response

    def _named(self, request: Message) -> str:
        """The object that a request to begin or continue an upload is about."""
        _, _, session = request.target.partition("upload_id=")
        return self._sessions[session] if session else str(json.loads(request.body)["name"])

    async def _exists(self, name: str) -> bool:
        target = f"/storage/v1/b/{BUCKET}/o/{quote(name, safe='')}"
        return (await self._forward(Message(("GET", target), {}, b""))).status == 200

    async def _forward(self, request: Message) -> Message:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.emulator)
        try:
            await _write(writer, replace(request, start=(request.method, f"{request.target} HTTP/1.1")))
            return await _read(reader, to_the_end=True)
        finally:  # a client that gave up has this cancelled
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader, *, to_the_end: bool = False) -> Message:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {}
    for line in filter(None, head[1:]):
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.read() if to_the_end else await reader.readexactly(int(headers.get("content-length", 0)))
    first, second = head[0].split(" ", 1)
    return Message((first, second if to_the_end else second.rsplit(" ", 1)[0]), headers, body)


async def _write(writer: asyncio.StreamWriter, message: Message, share: float = 1.0) -> None:
    headers = {**message.headers, "content-length": str(len(message.body)), "connection": "close"}
    lines = [" ".join(message.start), *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    body = message.body[: int(len(message.body) * share)]
    writer.write("\r\n".join(lines).encode("latin-1") + body)
    await writer.drain()


def _flipped(message: Message) -> Message:
    middle = len(message.body) // 2
    changed = bytes([message.body[middle] ^ 1])
    return replace(message, body=message.body[:middle] + changed + message.body[middle + 1 :])


def _beginning(request: Message, share: float) -> Message:
    """The part of an upload's piece that arrived before the connection broke."""
    if share == 1.0:
        return request
    length = int(len(request.body) * share)
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", request.headers["content-range"])
    assert found
    span = f"bytes {found[1]}-{int(found[1]) + length - 1}/{found[2]}"
    return replace(request, headers={**request.headers, "content-range": span}, body=request.body[:length])


@pytest.fixture(scope="session")
def emulator() -> Iterator[Any]:
    """The emulator of Google Cloud Storage, and its port."""
    logging.getLogger("api").setLevel(logging.CRITICAL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket=BUCKET)
    server.start()
    yield server, port
    server.stop()


@pytest.fixture
async def network(emulator: tuple[Any, int]) -> AsyncIterator[FaultyNetwork]:
    """The way to an empty bucket; faultless until a test says otherwise."""
    server, port = emulator
    server.wipe(keep_buckets=True)
    network = FaultyNetwork(port)
    listening = await asyncio.start_server(network.handle, "127.0.0.1", 0, limit=2**26)
    network.port = listening.sockets[0].getsockname()[1]
    yield network
    listening.close()
    await network.close()


@pytest.fixture(scope="session")
def account() -> service_account.Credentials:
    """A service account with a key of its own and a token that never expires."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    load = service_account.Credentials.from_service_account_info
    credentials: service_account.Credentials = load(  # type: ignore[no-untyped-call]  # theirs
        {
            "type": "service_account",
            "client_email": "tests@example.iam.gserviceaccount.com",
            "token_uri": "http://127.0.0.1:9/token",
            "private_key": pem.decode(),
        }
    )
    credentials.token = "a-token"
    return credentials


@pytest.fixture
async def bucket(network: FaultyNetwork, account: service_account.Credentials) -> AsyncIterator[GoogleStore]:
    """The bucket's store, impatient."""
    store = GoogleStore(client_of(network), account, BUCKET, LIMITS)
    yield store
    await store.close()


def client_of(network: FaultyNetwork) -> storage.Client:
    anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]  # theirs
    return storage.Client(project="-", credentials=anonymous, client_options={"api_endpoint": network.url})


@pytest.fixture(params=["directory", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ObjectStore:
    """Every store in turn, empty."""
    if request.param == "bucket":
        found: ObjectStore = request.getfixturevalue("bucket")
        return found
    root: Path = tmp_path_factory.mktemp("store")
    return DirectoryStore(root, UrlSigner(b"k" * 32, "http://127.0.0.1:7005"))
