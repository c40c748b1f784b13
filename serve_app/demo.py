"""The demo's talk, made and handed in by the server: what a newcomer without a video can ask for."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import APIRouter, Response

from moments_ray.demo.talk import make_talk
from moments_ray.http.dependencies import Dependencies
from moments_ray.http.problems import problems
from moments_ray.library.api.schemas import VideoStarted
from moments_ray.library.api.starting import STARTS, started
from moments_ray.library.upload import receive, store_upload
from moments_ray.moments.api.dependencies import Starting
from moments_ray.moments.options import RunOptions
from moments_ray.storage.object_store import CHUNK_BYTES

# Not in the OpenAPI document: it is for looking around, and takes half a minute of a processor.
router = APIRouter(prefix="/api/demo", tags=["videos"], include_in_schema=False)
_making = asyncio.Lock()


@router.post("", response_model=VideoStarted, responses={**STARTS, **problems(503)})
async def make_demo_talk(dependencies: Dependencies, starting: Starting, response: Response) -> VideoStarted:
    """Make the talk, once a version, and find its moments; one that is here already is answered with 200.

    Raises:
        MediaToolMissing: the extra `demo` is not installed.
    """
    environment = dependencies.environment
    async with _making:
        talk = await make_talk(environment.settings.home / "demo", environment.settings)
        with tempfile.TemporaryDirectory(prefix="moments-demo-") as scratch:  # what is handed in may be moved away
            limit = environment.settings.download.max_bytes
            received = await receive(_pieces(talk.path), Path(scratch) / "talk.mp4", limit)
            found = await store_upload(received, environment, talk.title)
    outcome = await starting.add(found, RunOptions(), title=talk.title, process=True, key=None)
    return started(outcome, response)


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    content = await asyncio.to_thread(path.read_bytes)
    for at in range(0, len(content), CHUNK_BYTES):
        yield content[at : at + CHUNK_BYTES]
