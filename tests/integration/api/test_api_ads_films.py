"""Scenes that models film and paint, and what becomes of a prediction when anything fails."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import JsonValue

from moments_ray.ads.money import Receipt, charged
from moments_ray.ads.stages.films import film_shot
from moments_ray.ads.values import AdRequest, Shot
from moments_ray.engine.context import Context
from moments_ray.engine.queries.runs import Runs
from moments_ray.errors import (
    ModelBadResponse,
)
from moments_ray.testing.media import make_video
from tests.integration.api.studio import Studio


async def films(studio: Studio, **options: Any) -> tuple[AdRequest, list[Shot]]:
    request = await studio.ad(writer="embedded", speaker="embedded", max_cost_usd=10, **options)
    return request, await studio.shots(request, await studio.scripts(request))


async def test_a_scene_is_filmed_by_a_model(studio: Studio) -> None:
    request, shots = await films(studio)
    film = await film_shot(studio.context(request, "VIDEO_GEN"), shots[0], request)
    assert (film.backend, film.usd, film.still) == ("replicate_video", 0.5, False)
    assert await studio.environment.store.exists(film.name)


@pytest.mark.parametrize("painter", ["openai_image", "replicate_image"])
async def test_the_last_scene_is_painted_by_a_model_and_still_says_what_to_do(studio: Studio, painter: str) -> None:
    request, shots = await films(studio, painter=painter)
    still = await film_shot(studio.context(request, "VIDEO_GEN"), shots[3], request)
    assert (still.backend, still.still) == (painter, True)
    path = Path(studio.context(request, "LOOK").scratch.parent) / "still.png"
    await studio.environment.store.get_file(still.name, path)
    with Image.open(path) as image:
        assert image.getpixel((20, 1900)) == (128, 0, 128)
        assert len(image.getcolors(1 << 22) or []) > 10  # words over it


class WorkerDied(BaseException):
    """The worker's process is gone."""


@pytest.mark.parametrize("after", [True, False], ids=["after the note", "before the note"])
@pytest.mark.parametrize("note", [1, 2, 3])
async def test_a_worker_that_dies_between_two_notes_pays_for_one_prediction(
    studio: Studio, note: int, after: bool
) -> None:
    request, shots = await films(studio)
    kept: dict[str, JsonValue] = {}
    dying = studio.context(request, "VIDEO_GEN")
    written = 0

    async def die(key: str, value: JsonValue) -> None:
        nonlocal written
        written += 1
        if after or written < note:
            kept[key] = value
        if written == note:
            raise WorkerDied

    dying.keep_note = die
    with pytest.raises(WorkerDied):
        await film_shot(dying, shots[0], request)
    following = studio.context(request, "VIDEO_GEN", dict(kept))
    film = await film_shot(following, shots[0], request)
    assert film.backend == "replicate_video"
    assert len(studio.providers.predictions) == 1
    receipts = [Receipt.model_validate(value) for value in following.notes.values()]
    assert float(charged(receipts)) == 0.5


async def test_a_prediction_that_failed_is_told_with_its_reason_and_not_charged(studio: Studio) -> None:
    studio.providers.fails = "NSFW content detected"
    request, shots = await films(studio)
    context = studio.context(request, "VIDEO_GEN")
    with pytest.raises(ModelBadResponse, match="NSFW"):
        await film_shot(context, shots[0], request)
    assert {Receipt.model_validate(value).state for value in context.notes.values()} == {"failed"}


@pytest.mark.parametrize("seconds", [None, 0.5], ids=["no film", "half a second"])
async def test_a_film_that_cannot_be_used_is_painted_instead_and_said(
    studio: Studio, seconds: float | None, tmp_path: Path
) -> None:
    film = b"no film" if seconds is None else make_video(tmp_path / "short.mp4", seconds=seconds).read_bytes()
    studio.providers.film = film
    request, shots = await films(studio)
    small = shots[0].model_copy(update={"width": 108, "height": 192, "frames": 6})
    made = await film_shot(studio.context(request, "VIDEO_GEN"), small, request)
    assert (made.backend, made.usd) == ("embedded", 0.5)
    assert made.warning is not None
    assert len(studio.providers.predictions) == 1  # another one would be paid for, too


async def test_an_empty_film_is_an_error_of_the_model(studio: Studio) -> None:
    studio.providers.film = b""
    request, shots = await films(studio)
    with pytest.raises(ModelBadResponse):
        await film_shot(studio.context(request, "VIDEO_GEN"), shots[0], request)


async def break_off(studio: Studio, context: Context, shot: Shot, request: AdRequest) -> None:
    """End the filming of a scene while its provider works."""
    filming = asyncio.create_task(film_shot(context, shot, request))
    while not any(one.method == "GET" for one in studio.server.received):  # it is waited for
        await asyncio.sleep(0.02)
    filming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await filming


async def test_a_scene_of_an_ad_that_is_cancelled_is_cancelled_at_its_provider_and_stays_charged(
    studio: Studio,
) -> None:
    studio.providers.polls = 10_000
    request, shots = await films(studio)
    context = studio.context(request, "VIDEO_GEN", run=studio.run)
    async with studio.environment.database.begin() as session:
        await Runs(session).request_cancel(studio.run)
    await break_off(studio, context, shots[0], request)
    assert studio.providers.cancelled == [studio.providers.predictions[0]["id"]]
    assert float(charged(Receipt.model_validate(value) for value in context.notes.values())) == 0.5


async def test_a_scene_whose_worker_stops_goes_on_at_its_provider_and_is_waited_for_by_the_next(studio: Studio) -> None:
    studio.providers.polls = 10_000
    request, shots = await films(studio)
    context = studio.context(request, "VIDEO_GEN", run=studio.run)
    await break_off(studio, context, shots[0], request)
    assert studio.providers.cancelled == []
    studio.providers.polls = 1
    following = studio.context(request, "VIDEO_GEN", dict(context.notes), run=studio.run)
    film = await film_shot(following, shots[0], request)
    assert film.backend == "replicate_video"
    assert len(studio.providers.predictions) == 1
    assert float(charged(Receipt.model_validate(value) for value in following.notes.values())) == 0.5


async def test_a_result_at_another_s_address_is_not_fetched(studio: Studio) -> None:
    studio.providers.url = "http://169.254.169.254"
    request, shots = await films(studio)
    with pytest.raises(ModelBadResponse, match="another's"):
        await film_shot(studio.context(request, "VIDEO_GEN"), shots[0], request)
