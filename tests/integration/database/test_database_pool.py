"""More at once than there are connections is an outage to be waited out, not a bug."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from moments_ray.database.session import Database
from moments_ray.errors import DatabaseUnavailable


async def test_whoever_finds_no_connection_free_is_told_to_come_again(postgres_url: str) -> None:
    database = Database.connect(SecretStr(postgres_url), pool_size=1)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(2):
            session = await stack.enter_async_context(database.read())
            await session.execute(text("SELECT 1"))
        with pytest.raises(DatabaseUnavailable) as told:
            await database.ping()
    assert told.value.retryable
    assert "in use" in told.value.message
    await database.close()


async def test_a_server_that_answers_nothing_counts_as_gone_and_its_connection_is_replaced(postgres_url: str) -> None:
    database = Database.connect(SecretStr(postgres_url), answer_seconds=0.5)
    async with database.read() as session:
        backend = await session.scalar(text("SELECT pg_backend_pid()"))
    os.kill(backend, signal.SIGSTOP)
    try:
        with pytest.raises(DatabaseUnavailable):
            await database.ping()
        await database.ping()
    finally:
        os.kill(backend, signal.SIGCONT)
    await database.close()
