"""Where an embedded server's files lie, and who may reach them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from moments_ray.embedded.account import Account, can_run, may, open_path
from moments_ray.embedded.server import ServerFiles, wheel_directory
from moments_ray.embedded.supervisor import server_named
from moments_ray.errors import EmbeddedServerFailed

SUN_PATH_BYTES = 103  # what an address holds besides its terminator, on macOS; 107 on Linux


@pytest.mark.parametrize(
    "home", ["/h", "/home/somebody/.moments", "/" + "long/" * 30, "/with space", "/a,b", "/ü", "/a:b"]
)
@pytest.mark.parametrize(("server", "socket"), [("postgres", ".s.PGSQL.5432"), ("redis", "redis.sock")])
def test_socket_addresses_are_short_and_need_no_quoting(home: str, server: str, socket: str) -> None:
    sockets = ServerFiles(Path(home), server).sockets
    assert len(os.fsencode(sockets / socket)) <= SUN_PATH_BYTES
    assert set(str(sockets)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_.-")
    assert ServerFiles(Path(home), server).sockets == sockets


def test_homes_and_servers_have_sockets_of_their_own() -> None:
    long = Path("/" + "long/" * 30)
    directories = {ServerFiles(home, name).sockets for home in (long, long / "b") for name in ("postgres", "redis")}
    assert len(directories) == 4


def test_urls_name_the_socket_and_nothing_of_the_network() -> None:
    assert server_named("redis", Path("/h")).url == "unix:///h/run/redis/redis.sock"
    assert server_named("postgres", Path("/h")).url == (
        "postgresql://moments@/vision_ai?host=/h/run/postgres&port=5432"
    )


def test_a_socket_directory_that_somebody_put_there_is_refused(tmp_path: Path) -> None:
    files = ServerFiles(tmp_path, "redis")
    files.make()
    (tmp_path / "elsewhere").mkdir()
    files.sockets.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EmbeddedServerFailed, match="remove it"):
        files.make_sockets(None)


def test_a_long_log_is_put_aside_and_its_tail_is_short(tmp_path: Path) -> None:
    files = ServerFiles(tmp_path, "redis")
    files.make()
    files.log.write_text("old\n" * 1000 + "the end\n")
    assert files.log_tail().endswith("the end")
    assert len(files.log_tail()) <= 2000
    files.start_new_log(100)
    assert files.log_tail() == ""
    assert files.log.stat().st_mode & 0o777 == 0o600
    files.log.write_text("begin\nnew")
    assert files.log_tail(since=6) == "new"


def test_a_wheel_that_is_not_installed_is_named_with_its_cure() -> None:
    with pytest.raises(EmbeddedServerFailed, match=r"moments-ray\[embedded\].*REDIS_URL"):
        wheel_directory("no_such_wheel", "REDIS_URL")


def test_permissions_are_those_of_the_owner_the_group_or_the_others(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    file.chmod(0o751)
    found = file.stat()
    owner, group, other = (
        Account(found.st_uid, 1),
        Account(found.st_uid + 1, found.st_gid),
        Account(found.st_uid + 1, found.st_gid + 1),
    )
    assert [
        may(owner, file, 7),
        may(group, file, 7),
        may(group, file, 5),
        may(other, file, 5),
        may(other, file, 1),
    ] == [*(True, False, True, False, True)]
    assert not can_run(other, file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_an_ordinary_users_closed_directory_is_not_opened(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    os.chown(closed, 4321, 4321)
    with pytest.raises(EmbeddedServerFailed, match="run as its owner"):
        open_path(Account(65534, 65534), closed)
    assert closed.stat().st_mode & 0o777 == 0o700
