"""A database of its own for every test."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import make_url

from moments_ray.database.session import Database


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """An empty database on the session's server, gone after the test."""
    server = Database.connect(SecretStr(postgres_url))
    name = f"test_{uuid.uuid4().hex[:12]}"
    async with server.engine.connect() as connection:
        outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await outside.execute(text(f"CREATE DATABASE {name}"))
        url = make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
        database = Database.connect(SecretStr(url))
        yield database
        await database.close()
        await outside.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await server.close()
