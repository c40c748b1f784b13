"""Models behind a real SSH server: kept tunnels that are lost, frozen, refused, and opened again."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from moments_ray.errors import TunnelDenied, TunnelHostKey, TunnelUnavailable
from moments_ray.models import chat
from moments_ray.models.conversation import Question, Turn
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.entry import ModelEntry
from moments_ray.models.tunnel import Tunnels
from moments_ray.settings import ModelSettings
from moments_ray.testing.model_server import ModelServer, ReceivedRequest, Reply, completion, model_server
from moments_ray.testing.ssh_server import SshServer, ssh_server

QUESTION = Question(turns=(Turn.of("user", "?"),))


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[SshServer]:
    with ssh_server(tmp_path) as server:
        yield server


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server(lambda _: completion("yes")) as server:
        yield server


def settings_for(ssh: SshServer, **changed: Any) -> ModelSettings:
    return ModelSettings(
        **{
            "ssh_key_path": ssh.key,
            "known_hosts_path": ssh.known_hosts,
            "connect_timeout_seconds": 3.0,
            "keepalive_seconds": 0.3,
            "keepalive_count": 2,
            "first_delay_seconds": 0.4,
            **changed,
        }
    )


def behind(ssh: SshServer, server: ModelServer, key: str = "m", **fields: Any) -> ModelEntry:
    return ModelEntry.checked(
        {
            "key": key,
            "kind": "llm",
            "ssh_host": "127.0.0.1",
            "ssh_user": "moments",
            "ssh_port": ssh.port,
            "remote_host": "127.0.0.1",
            "remote_port": server.port,
            "timeout_s": 20.0,
            **fields,
        }
    )


class Reached:
    """Endpoints of one process, with their tunnels."""

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings
        self.tunnels = Tunnels(settings)
        self.endpoints: list[Endpoint] = []

    def endpoint(self, entry: ModelEntry) -> Endpoint:
        async def entrance() -> int | None:
            return await self.tunnels.port(entry)

        self.endpoints.append(Endpoint(entry, self.settings, entrance))
        return self.endpoints[-1]

    async def close(self) -> None:
        for endpoint in self.endpoints:
            await endpoint.close()
        await self.tunnels.close()


@pytest.fixture
async def reached(ssh: SshServer) -> AsyncIterator[Reached]:
    reached = Reached(settings_for(ssh))
    yield reached
    await reached.close()


async def answer(endpoint: Endpoint) -> str:
    return (await chat.complete(endpoint, QUESTION, 20.0)).text


async def connected_to(ssh: SshServer, reached: Reached) -> list[str]:
    return [state.state for state in reached.tunnels.states()]


async def test_models_behind_one_host_share_one_kept_connection(
    ssh: SshServer, server: ModelServer, reached: Reached
) -> None:
    with model_server(lambda _: completion("other")) as other:
        first, second = reached.endpoint(behind(ssh, server)), reached.endpoint(behind(ssh, other, "n"))
        assert await asyncio.gather(*(answer(each) for each in (first, first, second))) == ["yes", "yes", "other"]
        assert await connected_to(ssh, reached) == ["ready"]
        assert await reached.tunnels.port(first.entry) == await reached.tunnels.port(first.entry)
        assert await reached.tunnels.port(first.entry) != await reached.tunnels.port(second.entry)


async def test_the_local_port_is_the_configured_one_where_it_is_free(
    ssh: SshServer, server: ModelServer, reached: Reached
) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        free = socket.create_server(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        assert await reached.tunnels.port(behind(ssh, server, local_port=port)) == port
        with model_server(lambda _: completion("other")) as other:
            entry = behind(ssh, other, "n", local_port=taken.getsockname()[1])
            assert await reached.tunnels.port(entry) != taken.getsockname()[1]
            assert await answer(reached.endpoint(entry)) == "other"


async def test_a_tunnel_killed_in_the_middle_of_a_request_is_opened_again_and_the_request_repeated(
    ssh: SshServer, server: ModelServer, reached: Reached
) -> None:
    here, asked = asyncio.get_running_loop(), asyncio.Event()

    async def slow(_: ReceivedRequest) -> Reply:
        here.call_soon_threadsafe(asked.set)
        if len(server.received) == 1:
            await asyncio.sleep(20)
        return completion("after all")

    server.answer = slow
    waiting = asyncio.ensure_future(answer(reached.endpoint(behind(ssh, server))))
    await asked.wait()
    ssh.kill()
    ssh.start()
    assert await waiting == "after all"
    assert len(server.received) == 2
    assert await connected_to(ssh, reached) == ["ready"]


async def test_a_frozen_tunnel_is_noticed_by_missing_signs_of_life(
    ssh: SshServer, server: ModelServer, reached: Reached
) -> None:
    endpoint = reached.endpoint(behind(ssh, server))
    await answer(endpoint)
    ssh.freeze()
    waiting = asyncio.ensure_future(answer(endpoint))
    while await connected_to(ssh, reached) == ["ready"]:
        await asyncio.sleep(0.05)
    ssh.thaw()
    assert await waiting == "yes"


async def test_a_changed_host_key_is_a_hard_error_until_the_new_one_is_known(
    ssh: SshServer, server: ModelServer, reached: Reached
) -> None:
    endpoint = reached.endpoint(behind(ssh, server))
    await answer(endpoint)
    ssh.kill()
    ssh.change_host_key()
    ssh.start()
    with pytest.raises(TunnelHostKey, match="not the known one: compare"):
        await answer(endpoint)
    assert len(server.received) == 1
    assert await connected_to(ssh, reached) == ["down"]
    ssh.trust()
    assert await answer(endpoint) == "yes"


async def test_an_unknown_host_is_not_trusted_on_first_use(ssh: SshServer, server: ModelServer, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    for known_hosts in (empty, tmp_path / "missing"):
        empty.touch()
        reached = Reached(settings_for(ssh, known_hosts_path=known_hosts))
        with pytest.raises(TunnelHostKey, match="MOMENTS_MODELS__KNOWN_HOSTS_PATH"):
            await answer(reached.endpoint(behind(ssh, server)))
        await reached.close()


async def test_a_key_that_is_not_accepted_or_not_there_is_not_tried_again(
    ssh: SshServer, server: ModelServer, tmp_path: Path
) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(tmp_path / "stranger")
    (tmp_path / "garbage").write_text("no key")
    for name in ("stranger", "garbage", "missing"):
        reached = Reached(settings_for(ssh, ssh_key_path=tmp_path / name))
        with pytest.raises(TunnelDenied, match="MOMENTS_MODELS__SSH_KEY_PATH"):
            await answer(reached.endpoint(behind(ssh, server)))
        await reached.close()


async def test_a_host_that_is_not_there_is_unavailable(ssh: SshServer, server: ModelServer) -> None:
    ssh.kill()
    reached = Reached(settings_for(ssh, tries=1))
    with pytest.raises(TunnelUnavailable, match="cannot be reached"):
        await answer(reached.endpoint(behind(ssh, server)))
    assert (await connected_to(ssh, reached)) == ["down"]
    await reached.close()
