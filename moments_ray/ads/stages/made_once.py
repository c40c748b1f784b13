"""How a line or a picture comes to be: what stands, else by a model, else, where that was asked, without one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import TypeVar

from pydantic import BaseModel

from moments_ray.ads.queries.items import StandingItems
from moments_ray.ads.values import AdRequest
from moments_ray.engine import Context, Item
from moments_ray.errors import ModelDenied, ModelQuotaExceeded

T = TypeVar("T", bound=BaseModel)
S = TypeVar("S")
I = TypeVar("I", bound=Item)  # noqa: E741 - an item


async def standing(ctx: Context, item: Item, request: AdRequest, gives: type[T]) -> T | None:
    """Return what an earlier run of the ad made of just this item, None where nothing stands or all is made again."""
    if request.force:
        return None
    async with ctx.read() as session:
        return await StandingItems(session, request.ad).output(ctx.stage, item, gives)


async def by_model(request: AdRequest, model: Callable[[], Awaitable[S]], without: Callable[[str], Awaitable[S]]) -> S:
    """Return what a model makes; one that refuses is done without where that was asked, with its words as a warning.

    Raises:
        ModelError: the model did not do it, or refused and nothing may take its place.
    """
    try:
        return await model()
    except (ModelDenied, ModelQuotaExceeded) as error:
        if not request.makers.fallback:
            raise
        return await without(error.message)


async def cost_of_new(
    ctx: Context, items: Sequence[I], gives: type[BaseModel], price: Callable[[I], Decimal]
) -> Decimal:
    """Return what those items cost that no earlier run of the ad has made."""
    async with ctx.read() as session:
        made = StandingItems(session, ctx.ref.subject)
        new = [item for item in items if await made.output(ctx.stage, item, gives) is None]
    return sum((price(item) for item in new), Decimal())
