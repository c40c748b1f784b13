"""Pipelines that are started in every way a pipeline can be: exclusive, shared, over a video, without metadata."""

from __future__ import annotations

from typing import Any

from pydantic import Field, JsonValue

from moments_ray.engine import Context, Pipeline, Value, stage

# What the identity of the stage below says, as a registry of models would.
ASKED_MODELS = ["small"]


class Order(Value):
    """What is asked for; ``subject`` is what it is about."""

    subject: str
    amount: int = Field(1, ge=1)
    force: bool = False
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


class Bare(Value):
    """A request that keeps nothing of its caller's."""

    subject: str


class VideoOrder(Value):
    """A request that works on a video, which many may do at once."""

    video: str


class Made(Value):
    amount: int


async def asked_models(environment: Any) -> JsonValue:
    return list(ASKED_MODELS)


@stage("DOOR_MAKE", identity=asked_models)
async def make(ctx: Context, order: Order) -> Made:
    return Made(amount=order.amount)


@stage("DOOR_MAKE_BARE")
async def make_bare(ctx: Context, bare: Bare) -> Made:
    return Made(amount=1)


@stage("DOOR_MAKE_OF_VIDEO")
async def make_of_video(ctx: Context, order: VideoOrder) -> Made:
    return Made(amount=1)


EXCLUSIVE = Pipeline("door.exclusive", make, takes=Order, gives=Made, exclusive=lambda order: order.subject)
SHARED = Pipeline("door.shared", make, takes=Order, subject=lambda order: order.subject)
BARE = Pipeline("door.bare", make_bare, takes=Bare, exclusive=lambda bare: bare.subject)
OF_VIDEO = Pipeline("door.of_video", make_of_video, takes=VideoOrder, video=lambda order: order.video)
