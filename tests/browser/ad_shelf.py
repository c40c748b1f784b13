"""Ads as a worker would have written them: scripts by grammar, scenes painted small, films of a second."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func

from moments_ray.ads.options import AdOptions
from moments_ray.ads.painting.painting import Painting
from moments_ray.ads.painting.scene import paint
from moments_ray.ads.pipelines import ADS
from moments_ray.ads.queries.ads import Ads
from moments_ray.ads.requests import Uploads
from moments_ray.ads.script.styles import template
from moments_ray.ads.script.words import Script
from moments_ray.ads.service import AdService
from moments_ray.ads.stages.script import by_grammar
from moments_ray.ads.values import (
    AdRequest,
    AdResult,
    Film,
    Films,
    Product,
    RenderedScenes,
    SceneFilm,
    SceneFilms,
    Scripts,
    Spoken,
    Voices,
)
from moments_ray.database.session import WriteSession
from moments_ray.database.tables import Run
from moments_ray.engine.queries.claims import Claims, claim_of
from moments_ray.engine.queries.journal import Journal
from moments_ray.errors import ModelRefused
from moments_ray.http.container import Container
from moments_ray.models.registry import ModelRegistry
from moments_ray.states import RunStatus
from tests.browser.shelf import fail_stage

_SIZE = (270, 480)
_FRAMES = 45


class AdShelf:
    """Writes ads into a container's database and store."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._database = container.environment.database
        self._store = container.environment.store

    async def ask(self, **options: Any) -> str:
        """Ask for an ad, and return its identifier; its run waits."""
        environment = self._container.environment
        registry = ModelRegistry(environment.database, self._container.redis, environment.settings)
        service = AdService(environment, self._container.run_service, registry)
        return (await service.create(AdOptions.model_validate(options), Uploads(), None)).ad.identifier

    async def write(self, ad: str) -> None:
        """Have its newest run come through its script and no further."""
        run, request = await self._run(ad)
        written = self._scripts(request)
        await self._end(run, {"PRODUCT": self._product(request), "SCRIPT_GEN": written}, AdResult(ad=ad))

    async def make(self, ad: str, *, usd: float = 0.0) -> None:
        """Have its newest run come through to its films."""
        run, request = await self._run(ad)
        scripts = self._scripts(request)
        scenes = await self._scenes(ad, request, scripts)
        variants = range(1, request.brief.variants + 1)
        films = [
            await self._film(ad, number, next(s for s in scenes if s.key == f"v{number}-s1")) for number in variants
        ]
        spoken = [Spoken(key=one.key, name=None, seconds=4.2, words=(), backend="embedded", usd=usd) for one in scenes]
        outputs: dict[str, BaseModel] = {
            "PRODUCT": self._product(request),
            "SCRIPT_GEN": scripts,
            "VOICE_GEN": Voices(items=tuple(spoken)),
            "VIDEO_GEN": SceneFilms(items=tuple(scenes)),
            "SCENE_RENDERING": RenderedScenes(items=()),
            "COMPOSITING": Films(items=tuple(films)),
        }
        names = tuple(film.name for film in films)
        posters = tuple(scene.name for scene in scenes if scene.still)
        await self._end(run, outputs, AdResult(ad=ad, video=names[0], poster=posters[0], films=names, posters=posters))

    async def work(self, ad: str) -> None:
        """Have its newest run come to where its voice is made."""
        run, request = await self._run(ad)
        async with self._database.begin() as session:
            journal = await self._journal(session, run)
            outputs = {"PRODUCT": self._product(request), "SCRIPT_GEN": self._scripts(request)}
            await self._complete(journal, outputs)
            await journal.start("VOICE_GEN", ADS.stage_names.index("VOICE_GEN"), node="node-1")

    async def fail(self, ad: str) -> None:
        """Have its newest run fail where a model is paid for pictures."""
        run, request = await self._run(ad)
        async with self._database.begin() as session:
            journal = await self._journal(session, run)
            done = {
                "PRODUCT": self._product(request),
                "SCRIPT_GEN": self._scripts(request),
                "VOICE_GEN": Voices(items=()),
            }
            await self._complete(journal, done)
            await fail_stage(journal, ADS.stage_names, "VIDEO_GEN", ModelRefused("The model refused the prompt."))

    async def _run(self, ad: str) -> tuple[Run, AdRequest]:
        async with self._database.read() as session:
            row = await Ads(session).get(ad)
            run = (await Ads(session).newest_runs([row]))[ad]
        return run, AdRequest.model_validate(run.config)

    def _scripts(self, request: AdRequest) -> Scripts:
        brief = request.brief
        own: tuple[Script, ...] = brief.scripts
        return Scripts(items=own or tuple(by_grammar(brief, number, "embedded") for number in range(brief.variants)))

    def _product(self, request: AdRequest) -> Product:
        return Product(palette=template(request.brief.style).palette)

    async def _scenes(self, ad: str, request: AdRequest, scripts: Scripts) -> list[SceneFilm]:
        made = []
        for variant, script in enumerate(scripts.items, 1):
            for scene in script.scenes:
                key = f"v{variant}-s{scene.scene_number}"
                kind = "png" if scene.static_image else "mp4"
                data = await asyncio.to_thread(_painted, request, scene.scene_number, kind, variant)
                name = f"ads/{ad}/scene-{key}.{kind}"
                await self._store.put_bytes(name, data, content_type="image/png" if kind == "png" else "video/mp4")
                made.append(SceneFilm(key=key, name=name, still=scene.static_image, backend="embedded"))
        return made

    async def _film(self, ad: str, number: int, scene: SceneFilm) -> Film:
        name = f"ads/{ad}/final-v{number}.mp4"
        stored = await self._store.stat(scene.name)
        data = await self._store.read_range(scene.name, 0, stored.bytes)
        await self._store.put_bytes(name, data, content_type="video/mp4")
        width, height = _SIZE
        return Film(
            key=f"v{number}", name=name, poster=name, seconds=30, frames=900, width=width, height=height,
            caption_style="pop",
        )  # fmt: skip

    async def _end(self, run: Run, outputs: Mapping[str, BaseModel], result: AdResult) -> None:
        async with self._database.begin() as session:
            journal = await self._journal(session, run)
            await self._complete(journal, outputs)
            values = {"completed_at": func.now(), "result": result.model_dump(mode="json")}
            await journal.event("run.completed", {}, status=RunStatus.COMPLETED, **values)

    async def _journal(self, session: WriteSession, run: Run) -> Journal:
        claimed = await Claims(session).claim(run.identifier, "worker-1", 600.0)
        assert claimed is not None
        return Journal(session, claim_of(claimed))

    async def _complete(self, journal: Journal, outputs: Mapping[str, BaseModel]) -> None:
        for name, output in outputs.items():
            ordinal = ADS.stage_names.index(name)
            progress = (ordinal + 1) / len(ADS.stage_names)
            await journal.start(name, ordinal, node="node-1")
            await journal.complete(name, output.model_dump(mode="json"), fingerprint=None, progress=progress)


def _painted(request: AdRequest, scene: int, kind: str, seed: int) -> bytes:
    own = template(request.brief.style)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"scene.{kind}"
        painting = Painting(
            path=path,
            style=own.style,
            font=own.font,
            scene=scene,
            width=_SIZE[0],
            height=_SIZE[1],
            frames=_FRAMES,
            static=kind == "png",
            camera=own.scenes[scene - 1].camera,
            bpm=own.music.bpm,
            palette=own.palette,
            product_name=request.brief.product_name,
            words=request.brief.cta_text,
            seed=seed,
        )
        paint(painting.model_dump(mode="json"), lambda _: None)
        return path.read_bytes()
