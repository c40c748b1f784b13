"""Providers of models on this machine, and ads that are made with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image
from pydantic import JsonValue, SecretStr

from moments_ray.ads.options import AdOptions
from moments_ray.ads.requests import Uploads
from moments_ray.ads.service import AdService
from moments_ray.ads.stages.films import plan_shots
from moments_ray.ads.stages.product import prepare_product
from moments_ray.ads.stages.script import write_scripts
from moments_ray.ads.values import AdRequest, Product, Scripts, Shot, Spoken, Voices
from moments_ray.engine.context import Context
from moments_ray.engine.detached import detached_context
from moments_ray.engine.environment import RunRef
from moments_ray.engine.resources import Resources
from moments_ray.http.container import Container
from moments_ray.ids import RunId, new_identifier
from moments_ray.models.gateway import Gateway
from moments_ray.models.registry import ModelRegistry
from moments_ray.settings import ModelSettings, ProviderSettings
from moments_ray.testing.model_server import ModelServer, ReceivedRequest
from moments_ray.testing.provider_server import KEYS, Providers

NAME = "Premium Headphones"

WORDS = {
    "hook": "Listen closely.",
    "cta": "Shop Now.",
    "voiceovers": [
        "This is Premium Headphones.",
        "Every detail has its reason.",
        "Made for quiet evenings.",
        "Shop Now.",
    ],
    "visual_prompts": ["on marble", "a close view", "a quiet room", "centred"],
}

SEEN = {"features": ["soft pads"], "benefits": ["quiet"], "usps": [], "colors": ["black"], "category": "audio"}


def say(request: ReceivedRequest) -> dict[str, Any]:
    return SEEN if "voiceovers" not in request.json["tools"][0]["input_schema"]["properties"] else WORDS


class Studio:
    """An ad's stages with providers behind them."""

    def __init__(self, container: Container, server: ModelServer, providers: Providers, tmp_path: Path) -> None:
        self.server, self.providers, self._tmp_path = server, providers, tmp_path
        self.run = RunId("")  # of the ad that was ordered last
        own = ModelSettings(
            first_delay_seconds=0.01,
            failures_until_open=50,
            providers={
                name: ProviderSettings(api_key=SecretStr(key), base_url=server.url) for name, key in KEYS.items()
            },
        )
        environment = container.environment
        self.settings = environment.settings.model_copy(update={"models": own})
        self.registry = ModelRegistry(environment.database, container.redis, self.settings)
        self.gateway = Gateway(own, self.registry, environment.store, environment.cache)
        self.environment = replace(environment, settings=self.settings, services=(self.gateway,))
        self.service = AdService(self.environment, container.run_service, self.registry)

    async def ad(self, *, picture: bool = False, **options: Any) -> AdRequest:
        asked = AdOptions(product_name=NAME, style="luxury", cta_text="Shop Now", **options)
        path = self._tmp_path / "given.png"
        Image.new("RGB", (64, 64), "teal").save(path)
        started = await self.service.create(asked, Uploads(product=path if picture else None), None)
        self.run = RunId(started.run.identifier)
        return AdRequest.model_validate(started.run.config)

    def context(
        self, request: AdRequest, stage: str, notes: dict[str, JsonValue] | None = None, run: RunId | None = None
    ) -> Context:
        run = run or RunId(new_identifier())
        ref = RunRef(run, request.ad, request.ad, 1, f"ads/{request.ad}", ())
        directory = self._tmp_path / f"{stage}-{new_identifier()}"
        return detached_context(
            self.environment, ref, stage, directory, resources=Resources(), timeout=60, notes=notes or {}
        )

    async def scripts(self, request: AdRequest, notes: dict[str, JsonValue] | None = None) -> Scripts:
        product = await prepare_product.run(self.context(request, "PRODUCT"), brief=request.brief)
        assert isinstance(product, Product)
        context = self.context(request, "SCRIPT_GEN", notes)
        found = await write_scripts.run(context, brief=request.brief, makers=request.makers, product=product)
        if notes is not None:
            notes.update(context.notes)
        assert isinstance(found, Scripts)
        return found

    async def shots(self, request: AdRequest, scripts: Scripts) -> list[Shot]:
        voices = Voices(
            items=tuple(Spoken(key=f"v1-s{n}", name=None, seconds=3, words=(), backend="none") for n in range(1, 5))
        )
        product = Product(palette=("#000000", "#ffffff", "#ffffff", "#222222"))
        context = self.context(request, "VIDEO_GEN")
        look, makers, takes = request.look, request.makers, request.takes
        return list(
            await plan_shots(context, request.brief, look, makers, takes, product, scripts, voices, request.media)
        )

    def posted(self, path: str) -> int:
        return sum(one.method == "POST" and one.path.endswith(path) for one in self.server.received)


FREE: dict[str, Any] = {"speaker": "embedded", "filmer": "embedded", "painter": "embedded"}
