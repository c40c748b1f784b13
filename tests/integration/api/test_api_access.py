"""Keys and scopes, over every route there is."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import structlog
from fastapi import FastAPI, WebSocket
from pydantic import SecretStr
from sqlalchemy import text
from starlette.types import Message

from moments_ray.access.key import Key, Scope
from moments_ray.access.key_store import ApiKeyStore, list_keys, revoke_key
from moments_ray.database.session import Database
from moments_ray.embedded.services import Services
from moments_ray.errors import DatabaseUnavailable
from moments_ray.http.authentication import needed_scope
from moments_ray.http.container import Container
from tests.integration.api.callers import MakeKey, bearer, reached
from tests.integration.api.conftest import Library, problem

_VERBS = {"get", "put", "post", "delete", "patch"}


@dataclass(frozen=True)
class Operation:
    """A verb and path of the description, with names that nothing has."""

    method: str
    path: str
    described: dict[str, Any]

    @property
    def needed(self) -> Scope | None:
        return needed_scope(self.method, self.path)

    async def ask(self, client: httpx.AsyncClient, key: Key | str | None) -> httpx.Response:
        return await client.request(self.method, self.path, headers=bearer(key) if key else {})


def operations(app: FastAPI) -> Iterator[Operation]:
    for path, verbs in app.openapi()["paths"].items():
        for method in sorted(_VERBS & verbs.keys()):
            yield Operation(method.upper(), re.sub(r"\{\w+\}", "nobody", path), verbs[method])


async def test_every_route_asks_for_a_valid_key_of_its_scope(
    app: FastAPI, api: httpx.AsyncClient, container: Container, made: MakeKey
) -> None:
    keys = {scope: await made(scope) for scope in Scope}
    revoked = await made(Scope.ADMIN)
    await revoke_key(container.environment.database, revoked.identifier)
    admin = keys[Scope.ADMIN].text
    miswritten = f"{admin[:-1]}{'1' if admin.endswith('0') else '0'}"
    invalid = [None, Key.make(), revoked, miswritten, "mr_", "password"]
    told = set()
    asked = list(operations(app))
    assert len(asked) > 30
    for operation in asked:
        if operation.needed is None:
            assert (await operation.ask(api, None)).status_code not in {401, 403}
            assert "security" not in operation.described
            continue
        for key in invalid:
            refused = await operation.ask(api, key)
            body = problem(refused, 401, "access.key")
            assert refused.headers["www-authenticate"] == 'Bearer realm="moments"'
            told.add(str({**body, "request_id": ""}))
        for scope, key in keys.items():
            answer = await operation.ask(api, key)
            if scope.covers(operation.needed):
                assert answer.status_code not in {401, 403}, (operation, answer.text)
            else:
                problem(answer, 403, "access.scope")
        assert operation.described["security"] == [
            {"ApiKey": [operation.needed]},
            {"Session": [operation.needed]},
            {},
        ]
        assert {"401", "403", "429"} <= operation.described["responses"].keys()
    assert len(told) == 1  # an absent, a wrong and a revoked key are told the same
    assert {operation.needed for operation in asked} >= {None, Scope.READ, Scope.WRITE}


async def test_without_a_key_nobody_learns_what_there_is(
    api: httpx.AsyncClient, library: Library, made: MakeKey
) -> None:
    await made(Scope.READ)
    video = await library.video()
    known, unknown = [await api.get(f"/api/videos/{each}") for each in (video.identifier, "nobody")]
    assert known.status_code == unknown.status_code == 401
    assert {**known.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    problem(await api.get("/nowhere"), 401, "access.key")
    assert (await api.get("/docs")).status_code == 200
    assert (await api.get("/openapi.json")).status_code == 200


async def test_the_first_key_counts_at_once_and_so_does_its_end(
    api: httpx.AsyncClient, container: Container, made: MakeKey
) -> None:
    assert (await api.get("/api/videos")).status_code == 200
    problem(await api.get("/api/videos", headers=bearer(Key.make())), 401, "access.key")
    key = await made(Scope.READ)
    await asyncio.sleep(0.25)
    problem(await api.get("/api/videos"), 401, "access.key")
    assert (await api.get("/api/videos", headers=bearer(key))).status_code == 200
    await revoke_key(container.environment.database, key.identifier)
    await asyncio.sleep(0.25)
    problem(await api.get("/api/videos", headers=bearer(key)), 401, "access.key")
    problem(await api.get("/api/videos"), 401, "access.key")  # and no way back to asking nobody


async def test_what_is_sent_without_a_key_is_not_read(api: httpx.AsyncClient, made: MakeKey) -> None:
    await made(Scope.READ)
    taken = 0

    async def film() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield b"x" * 100_000

    headers = {"content-type": "multipart/form-data; boundary=b"}
    problem(await api.post("/api/videos/upload", content=film(), headers=headers), 401, "access.key")
    assert taken <= 1


async def test_a_prefix_that_the_application_is_served_under_changes_no_scope(app: FastAPI, made: MakeKey) -> None:
    transport = httpx.ASGITransport(app, root_path="/moments")
    headers = bearer(await made(Scope.READ))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/moments", headers=headers) as client:
        assert (await client.get("/api/videos")).status_code == 200
        assert (await client.get("/livez", headers={"Authorization": ""})).status_code == 200
        problem(await client.get("/api/admin/models"), 403, "access.scope")


async def test_a_web_socket_passes_the_same_gate(app: FastAPI, made: MakeKey) -> None:
    @app.websocket("/ws/test")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    async def first_answer(headers: dict[str, str]) -> Message:
        sent: list[Message] = []
        fields = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "websocket", "path": "/ws/test", "query_string": b"", "headers": fields, "subprotocols": []}

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await app(scope, receive, send)
        return sent[0]

    key = await made(Scope.READ)
    assert await first_answer({}) == {"type": "websocket.close", "code": 1008, "reason": "access.key"}
    assert (await first_answer(bearer(key)))["type"] == "websocket.accept"


async def test_a_signed_link_needs_no_key_and_no_other_link_passes(
    api: httpx.AsyncClient, library: Library, made: MakeKey
) -> None:
    key = await made(Scope.READ)
    video = await library.video()
    answer = await api.get(f"/api/videos/{video.identifier}/stream?redirect=false", headers=bearer(key))
    link = urlsplit(answer.json()["url"])
    assert (await api.get(f"{link.path}?{link.query}")).content == b"0123456789" * 10
    forged = {**{name: values[0] for name, values in parse_qs(link.query).items()}, "signature": "0" * 43}
    problem(await api.get(link.path, params=forged), 403, "link.invalid")


async def test_without_keys_only_this_machine_is_served(app: FastAPI) -> None:
    async with reached(app, "192.0.2.7") as stranger:
        told = problem(await stranger.get("/api/videos"), 403, "access.not_local")
        assert "moments keys create" in told["detail"]
        assert (await stranger.get("/livez")).status_code == 200
    for header in ({"X-Forwarded-For": "192.0.2.7"}, {"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        async with reached(app, **header) as misled:
            told = problem(await misled.post("/api/runs/nobody/cancel"), 403, "access.not_local")
            assert ("MOMENTS_API__CORS_ORIGINS" in told["detail"]) is ("Origin" in header)
    async with reached(app, Host="127.0.0.1:7005", Origin="http://127.0.0.1:7005") as neighbour:
        problem(await neighbour.post("/api/runs/nobody/cancel"), 404, "object.not_found")


async def test_with_a_key_anybody_from_anywhere_is_served(app: FastAPI, made: MakeKey) -> None:
    headers = {**bearer(await made(Scope.READ)), "Host": "moments.example", "X-Forwarded-For": "192.0.2.7"}
    async with reached(app, "198.51.100.1", **headers) as client:
        assert (await client.get("/api/videos")).status_code == 200


async def test_only_the_hash_of_a_key_is_kept_and_no_log_has_it(
    app: FastAPI, container: Container, made: MakeKey, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/api/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    caplog.set_level(logging.DEBUG)
    key = await made(Scope.WRITE)
    with structlog.testing.capture_logs() as logged:
        async with reached(app, **bearer(key)) as client:
            for path in ("/api/videos", "/api/broken", "/api/admin/models"):
                answer = await client.get(path)
                assert key.text not in answer.text + str(answer.headers)
    (row,) = await list_keys(container.environment.database)
    assert (row.key_hash, row.scopes) == (key.digest, ["write"])
    assert row.last_used_at is not None
    assert any(entry["event"] == "request.failed" for entry in logged)
    secret = key.text.rsplit("_", 1)[1]
    async with container.environment.database.read() as session:
        whole = str((await session.execute(text("SELECT * FROM api_keys"))).all())
    assert secret not in whole + str(logged) + caplog.text


class Cable:
    """A TCP port that leads to the session's PostgreSQL until it is cut."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        self._socket = f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"
        self._user, self._name = parts.username, parts.path
        self._pieces: set[asyncio.Task[None]] = set()

    async def lay(self) -> SecretStr:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return SecretStr(f"postgresql://{self._user}@127.0.0.1:{port}{self._name}?ssl=disable")

    async def cut(self) -> None:
        self._server.close()
        for piece in self._pieces:
            piece.cancel()
        await asyncio.gather(*self._pieces, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(self._socket)
        for source, target in ((reader, inner_writer), (inner_reader, writer)):
            piece = asyncio.create_task(self._carry(source, target))
            self._pieces.add(piece)
            piece.add_done_callback(self._pieces.discard)

    @staticmethod
    async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                target.write(data)
        finally:
            target.close()


async def test_keys_that_are_known_hold_while_postgresql_is_away(
    embedded: Services, container: Container, made: MakeKey
) -> None:
    key, cable = await made(Scope.READ), Cable(embedded.database_url)
    database = Database.connect(await cable.lay())
    key_store, stranger, brief = ApiKeyStore(database), ApiKeyStore(database), ApiKeyStore(database, outage_seconds=0)
    caller_of = await key_store.caller_of(key.text)
    assert caller_of is not None
    assert await brief.caller_of(key.text) == caller_of
    await cable.cut()
    await asyncio.sleep(0.25)
    assert await key_store.caller_of(key.text) == caller_of
    assert await key_store.caller_of(Key.make().text) is None
    with pytest.raises(DatabaseUnavailable):
        await stranger.caller_of(key.text)
    with pytest.raises(DatabaseUnavailable):
        await brief.caller_of(key.text)
    assert await key_store.caller_of(key.text) == caller_of
    await database.close()
