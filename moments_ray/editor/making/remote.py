"""Films and pictures by models: noted before they are waited for, so that no other worker begins them once more."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

from moments_ray.editor.roles import IMAGE_MAKER, VIDEO_MAKER
from moments_ray.editor.values import MakeImageRequest, MakeVideoRequest
from moments_ray.engine import Context
from moments_ray.errors import ModelBadResponse
from moments_ray.media.process import run_python
from moments_ray.models.entry import ModelEntry
from moments_ray.models.gateway import Gateway
from moments_ray.models.making import FilmOrder, Job, JobCancellation, JobResult, Order, PictureOrder, SeedSearch
from moments_ray.models.roles import Method, Role

PREPARE = "moments_ray.editor.making.painting:prepared"
_ASKED, _JOB = "asked", "job"  # notes: that a call was about to be made, and the number that its provider gave
_LONGEST_FILM = 10.0  # seconds that a model is asked for
_SEEDS = 2**31
_SHAPE = (1080, 1920)


async def film(ctx: Context, request: MakeVideoRequest) -> str:
    """Have a model make a film; return its object.

    Raises:
        ModelError: the model did not make it, or not as it should.
    """
    wide = request.width > request.height
    order = FilmOrder(
        prompt=request.prompt,
        seconds=min(_LONGEST_FILM, request.seconds),
        aspect_ratio="1:1" if request.width == request.height else "16:9" if wide else "9:16",
        picture=request.image,
        seed=_seed(request.made, request.seed),
    )
    return await _job(ctx, VIDEO_MAKER, request.backend, order)


async def picture(ctx: Context, request: MakeImageRequest) -> str:
    """Have a model paint a picture, or change one; return its object. Raises as ``film``."""
    seed = _seed(request.made, request.seed)
    given = (None, None) if request.image is None else await _given(ctx, request.image, request.mask)
    order = PictureOrder(
        prompt=request.prompt,
        width=request.width or _SHAPE[0],
        height=request.height or _SHAPE[1],
        seed=seed,
        picture=given[0],
        mask=given[1],
        target=_target(ctx, seed),
        token=f"{request.made}-{seed}",
    )
    gateway = ctx.service(Gateway)
    entry = await gateway.registry.resolve(request.backend, IMAGE_MAKER)
    if entry.provider == "replicate":
        return await _job(ctx, IMAGE_MAKER, request.backend, order)
    if not await ctx.store.exists(order.target):  # else an earlier try paid for it
        await gateway.make(IMAGE_MAKER, entry, "paint", order, ctx.seconds_left())
    return order.target


async def _given(ctx: Context, image: str, mask: str | None) -> tuple[str, str | None]:
    """Return the objects of a picture and its mask as providers take them."""
    files = {"picture": image, "mask": mask}
    local: dict[str, str | None] = {}
    for name, stored in files.items():
        local |= {name: await local_file(ctx, name, stored), f"{name}_path": str(ctx.scratch / f"{name}.png")}
    await run_python(PREPARE, local, timeout=ctx.seconds_left(), settings=ctx.settings.media)
    objects = [
        await ctx.store.put_file(ctx.staged(f"{name}.png"), Path(str(local[f"{name}_path"])), content_type="image/png")
        for name, stored in files.items()
        if stored is not None
    ]
    return objects[0].name, objects[1].name if mask is not None else None


async def local_file(ctx: Context, name: str, stored: str | None) -> str | None:
    """Have an object as a file in scratch; None for none."""
    if stored is None:
        return None
    path = ctx.scratch / name
    await ctx.store.get_file(stored, path)
    return str(path)


async def _job(ctx: Context, role: Role, key: str, order: FilmOrder | PictureOrder) -> str:
    """Begin a job, or go on with the one that an earlier try began, and return its result's object."""
    gateway = ctx.service(Gateway)
    entry = await gateway.registry.resolve(key, role)
    calls = _Calls(ctx, gateway, role, entry)
    job = await calls.begun(order)
    target = _target(ctx, order.seed)
    if await ctx.store.exists(target):
        return target
    try:
        ended: Job = await calls.make("finish", JobResult(id=job, target=target))
    except asyncio.CancelledError:
        await calls.make("cancel", JobCancellation(id=job))  # the provider need not go on
        raise
    if ended.status != "succeeded":
        reason = f": {ended.reason}" if ended.reason else ""
        raise ModelBadResponse(f"{key} could not do it{reason}")
    return target


class _Calls:
    """Calls of one model by one try."""

    def __init__(self, ctx: Context, gateway: Gateway, role: Role, entry: ModelEntry) -> None:
        self._ctx = ctx
        self._gateway = gateway
        self._role = role
        self._entry = entry

    async def begun(self, order: FilmOrder | PictureOrder) -> str:
        """Return the number of the job: noted, else found by its seed, else begun now."""
        noted = self._ctx.notes.get(_JOB)
        if isinstance(noted, str):
            return noted
        job: Job | None = None
        if _ASKED in self._ctx.notes:
            job = await self.make("find", SeedSearch(seed=order.seed))
        else:
            await self._ctx.note(_ASKED, value=True)
        if job is None:
            job = await self.make("begin", order)
        assert job is not None  # noqa: S101 - what was begun has a number
        await self._ctx.note(_JOB, job.id)
        return job.id

    async def make(self, method: Method, order: Order) -> Any:
        """Call the model."""
        return await self._gateway.make(self._role, self._entry, method, order, self._ctx.seconds_left())


def _seed(made: str, seed: int) -> int:
    """Return the number by which a job is found again at its provider: no other one has it."""
    return int.from_bytes(hashlib.sha256(f"{made}:{seed}".encode()).digest()[:8], "big") % _SEEDS


def _target(ctx: Context, seed: int) -> str:
    return f"{ctx.folder}/made-{seed}"
