"""A process killed between any two commits of a paid call: its provider sees one call, and the receipts one charge."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import ray
from PIL import Image
from pydantic import SecretStr

from moments_ray import runtime
from moments_ray.ads.money import charged
from moments_ray.ads.options import AdOptions, StageName
from moments_ray.ads.queries.costs import AdCosts
from moments_ray.ads.requests import Uploads
from moments_ray.ads.service import AdService
from moments_ray.engine.environment import Environment
from moments_ray.models.gateway import Gateway
from moments_ray.settings import AdSettings, ModelSettings, Price, ProviderSettings
from moments_ray.states import RunStatus
from moments_ray.testing.media import make_video
from moments_ray.testing.model_server import ModelServer, model_server
from moments_ray.testing.provider_server import KEYS, Providers
from tests.ray.conftest import Engine
from tests.ray.faulty import PAYMENT_POINTS, Faulty

pytestmark = pytest.mark.timeout(300)

_EMBEDDED: dict[str, Any] = {"writer": "embedded", "speaker": "embedded", "filmer": "embedded", "painter": "embedded"}
_WORDS = {
    "hook": "Listen closely.",
    "cta": "Shop Now.",
    "voiceovers": ["This is it.", "Every detail has its reason.", "Made for quiet evenings.", "Shop Now."],
    "visual_prompts": ["on marble", "a close view", "a quiet room", "centred"],
}
_PRICES = {
    "replicate_video": Price(usd=0.5, per="video", entered="2026-11-30"),
    "replicate_image": Price(usd=0.25, per="image", entered="2026-11-30"),
    "openai_image": Price(usd=0.25, per="image", entered="2026-11-30"),
    "elevenlabs": Price(usd=0.001, per="character", entered="2026-11-30"),
}


@dataclass(frozen=True)
class Paid:
    """What a model does for an ad: where it is asked, and how many calls that is."""

    makers: dict[str, Any]
    stop_after: StageName
    path: str
    calls: int


_FILMS = Paid({"filmer": "replicate_video"}, "video_gen", "/v1/models/minimax/video-01/predictions", 3)
_STILL = Paid({"painter": "replicate_image"}, "video_gen", "/v1/models/black-forest-labs/flux-1.1-pro/predictions", 1)
_PICTURE = Paid({"painter": "openai_image"}, "video_gen", "/v1/images/generations", 1)
_VOICES = Paid({"speaker": "elevenlabs"}, "voice_gen", "/v1/text-to-speech/21m00Tcm4TlvDq8ikWAM/with-timestamps", 4)
_SCRIPT = Paid({"writer": "anthropic"}, "script_gen", "/v1/messages", 1)
_EVERY_TIME = {"films-payment.answered", "voices-payment.made"}


def sweep() -> Iterator[Any]:
    """Every kind of paid call with every point that it passes; what is not tried every time is slow."""
    at_once = ["payment.asked", "payment.made", "payment.done"]
    stage = ["stage.made", "stage.committed"]
    for name, paid, points in (
        ("films", _FILMS, [*PAYMENT_POINTS, "item.made", "item.committed"]),
        ("still", _STILL, PAYMENT_POINTS),
        ("picture", _PICTURE, at_once),
        ("voices", _VOICES, [*at_once, "item.made", "item.committed"]),
        ("script", _SCRIPT, ["payment.asked", "payment.done", *stage]),
    ):
        for point in points:
            marks = [] if f"{name}-{point}" in _EVERY_TIME else [pytest.mark.slow]
            yield pytest.param(paid, point, id=f"{name}-{point}", marks=marks)


class Studio:
    """Workers that may die, and an ad's providers on loopback."""

    def __init__(self, faulty: Faulty, server: ModelServer) -> None:
        self.faulty, self.server = faulty, server
        keys = {name: ProviderSettings(api_key=SecretStr(key), base_url=server.url) for name, key in KEYS.items()}
        self.own = {
            "models": ModelSettings(first_delay_seconds=0.01, providers=keys),
            "ads": AdSettings(prices=_PRICES, max_cost_usd=10),
        }

    def calls(self, path: str) -> int:
        """Return how often something was asked for."""
        return sum(one.method == "POST" and one.path == path for one in self.server.received)

    async def ad(self, environment: Environment, paid: Paid, **more: Any) -> Any:
        """Start an ad of which one part is paid for."""
        service = AdService(environment, self.faulty.engine.run_service, environment.service(Gateway).registry)
        options = AdOptions(
            product_name="Headphones",
            style="minimal",
            cta_text="Shop Now",
            aspect_ratio="1:1",
            stop_after=paid.stop_after,
            voice=None if "speaker" in paid.makers else "none",
            **{**_EMBEDDED, **paid.makers, **more},
        )
        return await service.create(options, Uploads(), None)


@pytest.fixture
async def studio(engine: Engine, tmp_path: Path) -> AsyncIterator[Studio]:
    picture = io.BytesIO()
    Image.new("RGB", (128, 128), "purple").save(picture, "PNG")
    film = make_video(tmp_path / "film.mp4", seconds=2)
    providers = Providers(lambda _: _WORDS, film=film.read_bytes(), picture=picture.getvalue(), polls=1)
    faulty = Faulty(engine)
    with model_server(providers) as server:
        providers.url = server.url
        yield Studio(faulty, server)
        for actor in faulty.actors:
            ray.kill(actor)


@pytest.mark.parametrize(("paid", "point"), list(sweep()))
async def test_a_killed_process_pays_for_nothing_twice(studio: Studio, engine: Engine, paid: Paid, point: str) -> None:
    await studio.faulty.arm(f"{point}:kill", **studio.own)
    environment = runtime.connect(studio.faulty.settings)
    try:
        started = await studio.ad(environment, paid)
        run = await engine.ended(started.run.identifier)
        assert run.error is None, run.error
        assert run.status == RunStatus.COMPLETED
        assert studio.faulty.struck
        assert studio.calls(paid.path) == paid.calls
        async with environment.database.read() as session:
            receipts = (await AdCosts(session).receipts([started.ad.identifier]))[started.ad.identifier]
    finally:
        await environment.close()
    # What the killed process had noted and perhaps not asked stays on its receipt as asked: nobody can know.
    assert [one.state for one in receipts if one.state != "asked"] == ["done"] * paid.calls
    assert charged(receipts) > 0


async def test_over_its_cap_an_ad_fails_and_nothing_is_asked(studio: Studio, engine: Engine) -> None:
    await studio.faulty.arm("payment.asked:kill", **studio.own)
    environment = runtime.connect(studio.faulty.settings)
    try:
        started = await studio.ad(environment, _FILMS, max_cost_usd=0.01)
        run = await engine.ended(started.run.identifier)
    finally:
        await environment.close()
    assert run.error is not None
    assert (run.status, run.error["code"], run.error["retryable"]) == (RunStatus.FAILED, "cost.cap", False)
    assert studio.server.received == []
    assert not studio.faulty.struck
