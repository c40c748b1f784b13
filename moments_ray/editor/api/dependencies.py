"""What the routes of the editor ask for by type."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Depends, Path, Query

from moments_ray.database.tables import Run
from moments_ray.editor.service import EditorService
from moments_ray.engine.queries.runs import Runs
from moments_ray.http.container import Container
from moments_ray.http.dependencies import Dependencies
from moments_ray.library.api.starting import Library
from moments_ray.states import RunStatus

_POLL_SECONDS = 0.2


async def _editor(library: Library, dependencies: Dependencies) -> EditorService:
    return EditorService(library, dependencies.environment.settings, dependencies.environment.store)


Editor = Annotated[EditorService, Depends(_editor)]
Reference = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$", description="its number, or its identifier", examples=["1"])
]
Wait = Annotated[float, Query(ge=0, le=600, description="seconds to wait for the end of the work")]


async def ended(container: Container, run: Run, seconds: float) -> Run:
    """Return a run once it ended, or as it stands after so many seconds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not RunStatus(run.status).finished and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(_POLL_SECONDS)
        async with container.environment.database.read() as session:
            run = await Runs(session).get(run.identifier)
    return run
