"""Voices and pictures by models: paid for once, waited for by whoever follows a worker that died."""

from __future__ import annotations

import asyncio
import hashlib
import wave
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from moments_ray.ads.money import Receipt, Unit, cost
from moments_ray.ads.paying import Payments
from moments_ray.ads.roles import FILMER, PAINTER, SPEAKER
from moments_ray.ads.script.rules import BREATH_SECONDS, speakable, spoken_seconds
from moments_ray.ads.timing import FASTEST, MODEL_RATE
from moments_ray.ads.values import Line, Shot, SpokenWord
from moments_ray.ads.word_times import heard, spread
from moments_ray.engine import Context
from moments_ray.engine.queries.runs import Runs
from moments_ray.errors import ModelBadResponse, ModelError
from moments_ray.media.render.mix import plain_sound
from moments_ray.media.render.plan import RATE
from moments_ray.models.entry import ModelEntry
from moments_ray.models.gateway import Gateway
from moments_ray.models.making import (
    FilmOrder,
    Job,
    JobCancellation,
    JobResult,
    MadeObject,
    Order,
    PictureOrder,
    SeedSearch,
    SpeechOrder,
)
from moments_ray.models.roles import Method, Role

T = TypeVar("T")

_LONGEST_FILM = 10.0  # seconds that a model is asked for; the rest of a scene is its last picture
_SEEDS = 2**31


async def speak(ctx: Context, line: Line, path: Path) -> tuple[float, tuple[SpokenWord, ...], Decimal]:
    """Have a model say a line into a WAV file; return its seconds, its words and what it cost.

    Raises:
        CostCapReached: it would cost more than the ad may.
        ModelError: the model did not speak, or not as it should.
    """
    gateway = ctx.service(Gateway)
    entry = await gateway.registry.resolve(line.speaker, SPEAKER)
    payments = Payments(ctx, line.key)
    usd = cost(line.speaker, "character", len(line.text), ctx.settings.ads.prices)
    needed = spoken_seconds(line.text, MODEL_RATE) / (line.seconds - BREATH_SECONDS)
    speed = min(FASTEST, max(1.0, line.rate / MODEL_RATE, needed))
    order = SpeechOrder(text=speakable(line.text), voice=line.voice, speed=speed, target=ctx.staged(f"said-{line.key}"))
    made = await _made_once(
        ctx,
        payments,
        order.target,
        lambda: payments.asking(line.speaker, "character", len(line.text), usd),
        lambda: gateway.make(SPEAKER, entry, "speak", order, ctx.seconds_left()),
    )
    raw = ctx.scratch / f"{line.key}-raw"
    await ctx.store.get_file(made.name, raw)
    await plain_sound(
        raw, path, settings=ctx.settings.media, timeout=ctx.seconds_left(), channels=1, ends_with_sound=True
    )
    seconds = _seconds_of(path)
    if made.words:
        said = tuple(SpokenWord(text=one.text, start=one.start, end=min(one.end, seconds)) for one in made.words)
    else:
        said = await heard(ctx, line, path) or spread(line.text, seconds)
    return seconds, said, usd


async def film(ctx: Context, shot: Shot) -> tuple[str, Decimal]:
    """Have a model film a scene; return the film's object and what it cost. Raises as ``speak``."""
    order = FilmOrder(
        prompt=shot.prompt,
        negative_prompt=shot.negative_prompt,
        seconds=min(_LONGEST_FILM, shot.frames / RATE),
        aspect_ratio=_shape(shot),
        picture=shot.picture,
        seed=seed_of(ctx, shot),
    )
    return await _job(ctx, shot, FILMER, "video", order)


async def paint(ctx: Context, shot: Shot) -> tuple[str, Decimal]:
    """Have a model paint the ground of a still; return its object and what it cost. Raises as ``speak``."""
    gateway = ctx.service(Gateway)
    entry = await gateway.registry.resolve(shot.maker, PAINTER)
    payments = Payments(ctx, shot.key)
    order = PictureOrder(
        prompt=f"{shot.prompt} Avoid: {shot.negative_prompt}.",
        width=shot.width,
        height=shot.height,
        seed=seed_of(ctx, shot),
        target=f"{ctx.folder}/made-{shot.key}-{seed_of(ctx, shot)}",
        token=f"{ctx.run}-{shot.key}-{shot.take}",
    )
    if entry.provider == "replicate":
        return await _job(ctx, shot, PAINTER, "image", order)
    usd = cost(shot.maker, "image", 1, ctx.settings.ads.prices)
    made = await _made_once(
        ctx,
        payments,
        order.target,
        lambda: payments.asking(shot.maker, "image", 1, usd),
        lambda: gateway.make(PAINTER, entry, "paint", order, ctx.seconds_left()),
    )
    return made.name, usd


async def _made_once(
    ctx: Context,
    payments: Payments,
    target: str,
    asking: Callable[[], Awaitable[Receipt]],
    call: Callable[[], Awaitable[MadeObject]],
) -> MadeObject:
    """Return what an earlier try paid for and stored, or have it made."""
    known = payments.standing() or payments.unanswered()
    if known is not None and await ctx.store.exists(target):
        if known.state != "done":
            await payments.done(known)
        return MadeObject(name=target, content_type=(await ctx.store.stat(target)).content_type)
    return await _paid(payments, await asking(), call)


def seed_of(ctx: Context, shot: Shot) -> int:
    """Return the seed by which a scene's job is found again at its provider: no other one has it."""
    told = f"{ctx.ref.subject}:{shot.key}:{shot.take}:{shot.seed}:{shot.prompt}"
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:8], "big") % _SEEDS


async def _job(
    ctx: Context, shot: Shot, role: Role, unit: Unit, order: FilmOrder | PictureOrder
) -> tuple[str, Decimal]:
    """Begin a job, or go on with the one that an earlier try began, and return its result's object and its cost."""
    gateway = ctx.service(Gateway)
    entry = await gateway.registry.resolve(shot.maker, role)
    jobs = _Jobs(ctx, gateway, role, entry, Payments(ctx, shot.key))
    receipt = await jobs.begun(unit, order)
    target = f"{ctx.folder}/made-{shot.key}-{order.seed}"
    return await jobs.result(receipt, target), Decimal(str(receipt.usd))


class _Jobs:
    """The jobs of one item at a provider."""

    def __init__(self, ctx: Context, gateway: Gateway, role: Role, entry: ModelEntry, payments: Payments) -> None:
        self._ctx = ctx
        self._gateway = gateway
        self._role = role
        self._entry = entry
        self._payments = payments

    async def begun(self, unit: Unit, order: FilmOrder | PictureOrder) -> Receipt:
        """Return the receipt of a job that is under way, begun now unless an earlier try did."""
        standing = self._payments.standing()
        if standing is not None:
            return standing
        lost = self._payments.unanswered()
        if lost is not None:
            found: Job | None = await self._make("find", SeedSearch(seed=order.seed))
            if found is not None:
                return await self._payments.begun(lost, found.id)
            receipt = lost
        else:
            usd = cost(self._entry.key, unit, 1, self._ctx.settings.ads.prices)
            receipt = await self._payments.asking(self._entry.key, unit, 1, usd)
        job: Job = await _paid(self._payments, receipt, lambda: self._make("begin", order), ends=False)
        return await self._payments.begun(receipt, job.id)

    async def result(self, receipt: Receipt, target: str) -> str:
        """Wait for a job and return its result's object; one that an earlier try fetched is there."""
        if receipt.state == "done" and await self._ctx.store.exists(target):
            return target
        assert receipt.job is not None  # noqa: S101 - it was begun
        try:
            job: Job = await self._make("finish", JobResult(id=receipt.job, target=target))
        except asyncio.CancelledError:
            async with self._ctx.read() as session:
                is_unwanted = await Runs(session).is_to_be_cancelled(self._ctx.run)
            if is_unwanted:  # else its worker stops or is lost, and another one waits for the same job
                await self._make("cancel", JobCancellation(id=receipt.job))
            raise
        if job.status != "succeeded":
            await self._payments.failed(receipt)
            reason = f": {job.reason}" if job.reason else ""
            raise ModelBadResponse(f"{self._entry.key} could not do it{reason}")
        if receipt.state != "done":
            await self._payments.done(receipt)
        return target

    async def _make(self, method: Method, order: Order) -> Any:
        return await self._gateway.make(self._role, self._entry, method, order, self._ctx.seconds_left())


async def _paid(payments: Payments, receipt: Receipt, call: Callable[[], Awaitable[T]], *, ends: bool = True) -> T:
    """Make a paid call, and note what is known of it afterwards; what may be under way stays asked."""
    try:
        made = await call()
    except ModelError as error:
        if not error.detail.get("done", error.retryable):
            await payments.failed(receipt)
        raise
    if ends:
        await payments.done(receipt)
    return made


def _seconds_of(path: Path) -> float:
    with wave.open(str(path), "rb") as sound:
        return sound.getnframes() / sound.getframerate()


def _shape(shot: Shot) -> str:
    return "1:1" if shot.width == shot.height else "16:9" if shot.width > shot.height else "9:16"
