"""What runs of ads are asked for, made of what somebody asked of an ad: files stored, makers chosen, a row written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from moments_ray.ads.money import Unit, cost
from moments_ray.ads.options import AdOptions
from moments_ray.ads.queries.ads import Ads
from moments_ray.ads.roles import FILMER, PAINTER, SCRIPT_WRITER, SPEAKER
from moments_ray.ads.speaking import require_voice
from moments_ray.ads.uploads import fetch_picture, store_music, store_picture, store_scene
from moments_ray.ads.values import EMBEDDED, SILENT, AdRequest, Brand, Brief, Look, Makers, OwnMedia
from moments_ray.engine.environment import Environment
from moments_ray.errors import InvalidRequest
from moments_ray.ids import new_identifier
from moments_ray.models.registry import ModelRegistry
from moments_ray.models.roles import Role

FOLDER = "ads/{subject}"
"""Where the objects of an ad are."""


@dataclass(frozen=True)
class Uploads:
    """Files that came with a request: the product's picture, the brand's logo, music, and pictures of scenes."""

    product: Path | None = None
    logo: Path | None = None
    music: Path | None = None
    scenes: Mapping[int, Path] = field(default_factory=dict)


class AdRequests:
    """Makes the requests of ads."""

    def __init__(self, environment: Environment, registry: ModelRegistry) -> None:
        self._environment = environment
        self._settings = environment.settings
        self.registry = registry

    async def of_new(self, identifier: str, options: AdOptions, uploads: Uploads) -> AdRequest:
        """Return the request of an ad, whose row is written unless it is there.

        Raises:
            InvalidRequest: the options contradict each other.
            PictureUnusable: a picture is none.
            MusicUnusable: the music is none.
            UnknownModel: nobody of this key can do it.
            PriceUnknown: nobody has said what a model costs.
        """
        request = await self.request_of(identifier, options, uploads)
        budget = self.budget_of(options)
        async with self._environment.database.begin() as session:
            if await Ads(session).find(identifier) is None:
                await Ads(session).create(**_columns(request), budget_usd=budget, stop_after=options.stop_after)
        return request

    async def request_of(self, identifier: str, options: AdOptions, uploads: Uploads) -> AdRequest:
        """Return what a run of these options is asked for; files are stored. Raises as ``of_new``."""
        makers = await self.makers_of(options)
        self._require_prices(makers)
        if makers.writer == EMBEDDED and not options.language.startswith("en"):
            raise InvalidRequest("Without a model scripts are written in English: choose language en, or a writer.")
        if makers.speaker == EMBEDDED:
            require_voice(options.language, makers.voice)
        folder = FOLDER.format(subject=identifier)
        image = await self._product_picture(options, uploads, folder)
        logo = music = None
        if uploads.logo is not None:
            logo = await store_picture(self._environment, uploads.logo, f"{folder}/logo")
        if uploads.music is not None:
            music = await store_music(self._environment, uploads.music, f"{folder}/music")
        brief = Brief(
            product_name=options.product_name,
            style=options.style,
            cta_text=options.cta_text,
            description=options.description,
            language=options.language,
            image=image,
            brand=Brand(color=options.brand_color, font=options.brand_font, logo=logo),
            variants=options.variants,
            seed=options.seed,
        )
        look = Look(
            aspect_ratio=options.aspect_ratio,
            captions=options.captions,
            music=options.music,
            own_music=music,
            draft=options.draft,
        )
        return AdRequest(
            ad=identifier,
            brief=brief,
            makers=makers,
            look=look,
            media=await self._own_media(uploads, folder),
            force=options.force,
            metadata=options.metadata,
        )

    async def _product_picture(self, options: AdOptions, uploads: Uploads, folder: str) -> str | None:
        if options.product_image_url is not None and uploads.product is not None:
            raise InvalidRequest("Give a picture of the product or its URL, not both.")
        if options.product_image_url is not None:
            return await fetch_picture(self._environment, options.product_image_url, folder)
        if uploads.product is not None:
            return await store_picture(self._environment, uploads.product, f"{folder}/given")
        return None

    async def _own_media(self, uploads: Uploads, folder: str) -> OwnMedia:
        one, two, three, four = [
            await store_scene(self._environment, uploads.scenes[number], f"{folder}/own-{number}")
            if number in uploads.scenes
            else None
            for number in range(1, 5)
        ]
        return OwnMedia(scenes=(one, two, three, four))

    async def makers_of(self, options: AdOptions) -> Makers:
        """Return who makes what: whom the options name, else the first model that is configured, else nobody.

        Raises:
            UnknownModel: nobody of this key can do it.
            ModelNotConfigured: nobody has said where it is.
        """
        free = self.budget_of(options) == 0
        silent = options.voice == "none"
        return Makers(
            writer=await self._maker(options.writer, SCRIPT_WRITER, free=free),
            speaker=SILENT if silent else await self._maker(options.speaker, SPEAKER, free=free),
            filmer=await self._maker(options.filmer, FILMER, free=free),
            painter=await self._maker(options.painter, PAINTER, free=free),
            voice=None if silent else options.voice or self._settings.ads.voice,
            fallback=options.fallback is not None,
        )

    def budget_of(self, options: AdOptions) -> Decimal:
        """Return what an ad may cost, in US dollars."""
        asked = options.max_cost_usd
        return Decimal(str(self._settings.ads.max_cost_usd if asked is None else asked))

    async def _maker(self, key: str | None, role: Role, *, free: bool) -> str:
        if key == EMBEDDED:
            return EMBEDDED
        if key is not None:
            return (await self.registry.resolve(key, role)).key
        if free:
            return EMBEDDED
        entries = await self.registry.entries()
        return next((name for name in role.preferred if name in entries and entries[name].configured), EMBEDDED)

    def _require_prices(self, makers: Makers) -> None:
        """Refuse a model of which nobody knows what it costs: no cap could hold it."""
        prices = self._settings.ads.prices
        units: tuple[tuple[str, Unit], ...] = (
            (makers.speaker, "character"),
            (makers.filmer, "video"),
            (makers.painter, "image"),
        )
        for model, unit in units:
            if model not in {EMBEDDED, SILENT}:
                cost(model, unit, 1, prices)


async def prepare_ad(environment: Environment, body: Mapping[str, JsonValue]) -> AdRequest:
    """Return the request of a run that somebody starts by its pipeline's name.

    ``{"ad": …}`` names an ad that is there, whose request is taken as it stands; anything else is the options of a new
    one. Raises as ``AdRequests.of_new``, and NotFound where there is no such ad.
    """
    if "ad" in body:
        async with environment.database.read() as session:
            row = await Ads(session).get(str(body["ad"]))
        request = AdRequest.model_validate(row.request)
        return request.model_copy(update={"force": bool(body.get("force"))})
    options = AdOptions.model_validate(body)
    registry = ModelRegistry(environment.database, environment.redis, environment.settings)
    return await AdRequests(environment, registry).of_new(new_identifier(), options, Uploads())


def _columns(request: AdRequest) -> Mapping[str, Any]:
    brief = request.brief
    config: dict[str, JsonValue] = request.model_dump(mode="json")
    return {
        "identifier": request.ad,
        "product_name": brief.product_name,
        "style": brief.style,
        "cta_text": brief.cta_text,
        "product_image_name": brief.image,
        "request": config,
    }
