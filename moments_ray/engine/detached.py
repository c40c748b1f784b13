"""A stage outside of any claim, in a test or a replay: what it gives, notes and records is kept by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from moments_ray.engine.context import Context
from moments_ray.engine.environment import Environment, RunRef
from moments_ray.engine.resources import Resources
from moments_ray.states import StageStatus


class NoStatus:
    """Shows status to nobody."""

    async def stages(self, ref: RunRef, changes: Sequence[tuple[str, StageStatus]]) -> None:
        """Show nothing."""

    async def progress(self, ref: RunRef, stage: str, fraction: float) -> None:
        """Show nothing."""


def detached_context(
    environment: Environment,
    ref: RunRef,
    stage: str,
    directory: Path,
    *,
    resources: Resources,
    timeout: float,
    notes: Mapping[str, JsonValue] | None = None,
) -> Context:
    """Return the context of a try with its scratch in ``directory`` and ``timeout`` seconds from now.

    Call it in the running event loop. What is recorded is there by ``take_writes()``, what is noted in ``notes``.
    """

    async def keep_note(key: str, value: JsonValue) -> None:
        """Keep nothing beyond the context's own notes."""

    return Context(
        ref=ref,
        stage=stage,
        scratch_path=directory / "scratch",
        deadline=asyncio.get_running_loop().time() + timeout,
        resources=resources,
        environment=environment,
        keep_note=keep_note,
        notes=dict(notes or {}),
    )
