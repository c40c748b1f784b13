"""What DATABASE_URL may be, and what is said where nobody answers it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from moments_ray.database import schema
from moments_ray.database.session import Database, async_url
from moments_ray.errors import DatabaseUnavailable, InvalidRequest


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+asyncpg"])
def test_any_drivers_url_serves(scheme: str) -> None:
    assert async_url(SecretStr(f"{scheme}://me:secret@host/db")) == "postgresql+asyncpg://me:secret@host/db"


def test_the_ssl_mode_of_other_drivers_is_understood() -> None:
    assert async_url(SecretStr("postgresql://host/db?sslmode=require")) == "postgresql+asyncpg://host/db?ssl=require"


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://me:secret@host/db", "postgresql://me:secret@host:port/db"])
def test_another_url_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(InvalidRequest, match="DATABASE_URL") as refused:
        async_url(SecretStr(url))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "place",
    ["127.0.0.1:1/db", "no-such-host.invalid/db", "/db?host=/no/such/directory", "/db?host=/dev/null"],
    ids=["no listener", "no host", "no socket", "a file in place of a directory"],
)
async def test_a_server_that_is_not_there_is_unavailable_to_readers_and_migrators(place: str) -> None:
    database = Database.connect(SecretStr(f"postgresql://me:secret@{place}"))
    with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
        await database.ping()
    with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
        await schema.upgrade(database)
    await database.close()


async def test_a_file_that_its_user_does_not_find_is_no_matter_of_the_database(tmp_path: Path) -> None:
    database = Database.connect(SecretStr("postgresql://127.0.0.1:1/db"))
    with pytest.raises(FileNotFoundError):
        async with database.read():
            (tmp_path / "missing").read_bytes()
    await database.close()
