"""Homes: one of a test, and one that was lived in."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from moments_ray.embedded.services import embedded_services
from tests.integration.embedded.homes import settings_of, stop, write


@pytest.fixture
async def home() -> AsyncIterator[Path]:
    """A home of one test; its servers are gone before it is removed."""
    with tempfile.TemporaryDirectory(prefix="moments-", dir="/tmp") as directory:
        yield Path(directory)
        await stop(Path(directory))


@pytest.fixture(scope="session")
def lived_in() -> Iterator[Path]:
    """A home whose servers ran, kept something, and stopped."""

    async def live(home: Path) -> None:
        async with embedded_services(settings_of(home)) as services:
            await write(services, "kept")
        await stop(home)

    with tempfile.TemporaryDirectory(prefix="moments-", dir="/tmp") as directory:
        asyncio.run(live(Path(directory)))
        yield Path(directory)


@pytest.fixture
async def used_home(lived_in: Path) -> AsyncIterator[Path]:
    """The home with something in it; its servers do not run, before the test or after."""
    yield lived_in
    await stop(lived_in)
