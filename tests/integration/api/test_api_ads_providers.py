"""Ads by models: providers as real servers on loopback that speak the documented wires, with their failures."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import JsonValue, SecretStr

from moments_ray.ads import remote
from moments_ray.ads.errors import CostCapReached
from moments_ray.ads.money import Receipt, charged
from moments_ray.ads.options import AdOptions
from moments_ray.ads.queries.ads import Ads
from moments_ray.ads.requests import Uploads
from moments_ray.ads.service import AdService
from moments_ray.ads.stages.films import film_shot, plan_shots
from moments_ray.ads.stages.product import prepare_product
from moments_ray.ads.stages.script import write_scripts
from moments_ray.ads.stages.voices import plan_lines, speak_line
from moments_ray.ads.values import AdRequest, Line, Product, Scripts, Shot, Spoken, Voices
from moments_ray.database.tables import AdRow
from moments_ray.engine.context import Context
from moments_ray.engine.detached import detached_context
from moments_ray.engine.environment import RunRef
from moments_ray.engine.resources import Resources
from moments_ray.errors import (
    ModelBadResponse,
    ModelDenied,
    ModelOutputInvalid,
    ModelQuotaExceeded,
    ModelRefused,
    ModelUnavailable,
)
from moments_ray.http.container import Container
from moments_ray.ids import RunId, new_identifier
from moments_ray.models.gateway import Gateway
from moments_ray.models.registry import ModelRegistry
from moments_ray.settings import ModelSettings, ProviderSettings
from moments_ray.testing.media import make_video
from moments_ray.testing.model_server import ModelServer, ReceivedRequest, Reply, json_reply, model_server
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
        return AdRequest.model_validate(started.run.config)

    def context(self, request: AdRequest, stage: str, notes: dict[str, JsonValue] | None = None) -> Context:
        run = RunId(new_identifier())
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


@pytest.fixture
async def studio(container: Container, tmp_path: Path) -> AsyncIterator[Studio]:
    film = make_video(tmp_path / "film.mp4", seconds=2)
    picture = io.BytesIO()
    Image.new("RGB", (128, 192), "purple").save(picture, "PNG")
    providers = Providers(say, film=film.read_bytes(), picture=picture.getvalue())
    with model_server(providers) as server:
        providers.url = server.url
        studio = Studio(container, server, providers, tmp_path)
        yield studio
        await studio.gateway.close()


FREE: dict[str, Any] = {"speaker": "embedded", "filmer": "embedded", "painter": "embedded"}


async def test_with_keys_models_make_what_without_them_is_embedded(studio: Studio) -> None:
    makers = (await studio.ad()).makers
    assert (makers.writer, makers.speaker) == ("anthropic", "elevenlabs")
    assert (makers.filmer, makers.painter) == ("replicate_video", "openai_image")
    assert set((await studio.ad(max_cost_usd=0)).makers.model_dump().values()) == {"embedded", None, False}


async def test_a_picture_is_looked_at_once_and_the_script_written_once(studio: Studio) -> None:
    script = (await studio.scripts(await studio.ad(picture=True, **FREE))).items[0]
    first, second = Providers.asked(studio.server.received, "/v1/messages")
    assert first["messages"][0]["content"][1]["source"]["media_type"] == "image/jpeg"
    assert second["tool_choice"] == {"type": "tool", "name": "answer"}
    assert script.product_analysis is not None
    assert script.product_analysis.features == ("soft pads",)
    assert (script.hook, script.model) == ("Listen closely.", "claude-3-5-sonnet-20241022")
    assert script.usage.calls == 2
    assert script.usage.usd == pytest.approx(2 * (1000 * 3 + 200 * 15) / 1e6)


async def test_without_a_picture_there_is_one_call_and_variants_share_the_analysis(studio: Studio) -> None:
    await studio.scripts(await studio.ad(**FREE))
    assert studio.posted("/v1/messages") == 1
    scripts = await studio.scripts(await studio.ad(picture=True, variants=3, **FREE))
    assert len(scripts.items) == 3
    assert studio.posted("/v1/messages") == 1 + 1 + 3


async def test_a_busy_provider_is_asked_again_and_its_answer_taken_once(studio: Studio) -> None:
    busy = [json_reply({"error": {"message": "overloaded"}}, 529), json_reply({}, 429, retry_after="0")]
    studio.providers.faults = busy
    await studio.scripts(await studio.ad(**FREE))
    assert studio.posted("/v1/messages") == 3


async def test_a_claim_that_the_seller_did_not_make_is_asked_about_and_then_replaced(studio: Studio) -> None:
    voiceovers = ["Now 50 % off.", *WORDS["voiceovers"][1:]]
    studio.providers.say = lambda _: {**WORDS, "voiceovers": voiceovers}
    script = (await studio.scripts(await studio.ad(**FREE))).items[0]
    asked = Providers.asked(studio.server.received, "/v1/messages")
    assert len(asked) == 2
    assert "number that the seller did not give" in json.dumps(asked[1]["messages"][-1])
    assert "50" not in script.scenes[0].voiceover_text
    assert NAME in script.scenes[0].voiceover_text
    assert script.scenes[1].voiceover_text == voiceovers[1]
    assert script.warnings


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (json_reply({"error": {"message": "no"}}, 401), ModelDenied),
        (json_reply({"error": {"message": "Your credit balance is too low"}}, 400), ModelQuotaExceeded),
        (json_reply({"error": {"message": "bad"}}, 400), ModelBadResponse),
        (Reply(body=b"<html>", content_type="text/html"), ModelBadResponse),
        (
            json_reply({"content": [], "stop_reason": "refusal", "usage": {"input_tokens": 1, "output_tokens": 1}}),
            ModelRefused,
        ),
    ],
    ids=["denied", "no credit", "bad request", "html", "refusal"],
)
async def test_how_a_writer_fails_is_told(studio: Studio, reply: Reply, error: type[Exception]) -> None:
    studio.providers.faults = [reply] * 4
    with pytest.raises(error):
        await studio.scripts(await studio.ad(**FREE))


async def test_a_server_that_keeps_failing_is_unavailable(studio: Studio) -> None:
    studio.providers.faults = [json_reply({}, 500)] * 9
    with pytest.raises(ModelUnavailable):
        await studio.scripts(await studio.ad(**FREE))
    assert studio.posted("/v1/messages") == 3


async def test_an_answer_of_another_form_is_asked_about_once(studio: Studio) -> None:
    studio.providers.say = lambda _: {"words": "none"}
    with pytest.raises(ModelOutputInvalid):
        await studio.scripts(await studio.ad(**FREE))
    assert studio.posted("/v1/messages") == 2


async def test_a_refused_key_never_falls_back_unless_that_was_asked(studio: Studio) -> None:
    studio.providers.faults = [json_reply({}, 401)] * 9
    with pytest.raises(ModelDenied):
        await studio.scripts(await studio.ad(**FREE))
    script = (await studio.scripts(await studio.ad(fallback="embedded", **FREE))).items[0]
    assert script.backend == "embedded"
    assert script.warnings


async def test_no_key_is_in_what_is_kept_or_shown(studio: Studio) -> None:
    request = await studio.ad()
    notes: dict[str, JsonValue] = {}
    await studio.scripts(request, notes)
    kept = json.dumps(notes) + request.model_dump_json() + repr(studio.settings.models)
    assert not [key for key in KEYS.values() if key in kept]


def line(request: AdRequest, **change: Any) -> Line:
    values: dict[str, Any] = {
        "key": "v1-s1", "variant": 1, "scene": 1, "text": "This is it.", "seconds": 7.0, "rate": 150, "pitch": 40,
        "language": "en", "speaker": request.makers.speaker, "voice": None,
    }  # fmt: skip
    return Line.model_validate({**values, **change})


@pytest.mark.parametrize("speaker", ["elevenlabs", "openai_speech"])
async def test_a_line_is_spoken_by_a_model_and_charged_once(studio: Studio, speaker: str) -> None:
    request = await studio.ad(speaker=speaker)
    context = studio.context(request, "VOICE_GEN")
    spoken = await speak_line(context, line(request), request)
    assert spoken.backend == speaker
    assert [word.text for word in spoken.words] == ["This", "is", "it."]
    assert spoken.seconds == pytest.approx(2.5 if speaker == "openai_speech" else 11 * 0.06, abs=0.1)
    (receipt,) = context.notes.values()
    assert Receipt.model_validate(receipt).state == "done"
    assert spoken.usd > 0


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


@pytest.mark.parametrize("film", [b"no film", b""], ids=["no film", "empty"])
async def test_a_film_that_cannot_be_used_is_painted_instead_and_said(studio: Studio, film: bytes) -> None:
    studio.providers.film = film
    request, shots = await films(studio)
    small = shots[0].model_copy(update={"width": 108, "height": 192, "frames": 6})
    if not film:
        with pytest.raises(ModelBadResponse):
            await film_shot(studio.context(request, "VIDEO_GEN"), small, request)
        return
    made = await film_shot(studio.context(request, "VIDEO_GEN"), small, request)
    assert (made.backend, made.usd) == ("embedded", 0.5)
    assert made.warning is not None


async def test_a_result_at_another_s_address_is_not_fetched(studio: Studio) -> None:
    studio.providers.url = "http://169.254.169.254"
    request, shots = await films(studio)
    with pytest.raises(ModelBadResponse, match="another's"):
        await film_shot(studio.context(request, "VIDEO_GEN"), shots[0], request)


async def test_nothing_is_asked_that_would_cost_more_than_the_ad_may(studio: Studio) -> None:
    request = await studio.ad(writer="embedded", speaker="embedded", max_cost_usd=0.01)
    scripts = await studio.scripts(request)
    with pytest.raises(CostCapReached, match="max_cost_usd"):
        await studio.shots(request, scripts)
    lines = await plan_lines(
        studio.context(request, "VOICE_GEN"), request.brief, request.makers, request.takes, scripts
    )
    assert len(lines) == 4
    writer = await studio.ad(max_cost_usd=0.001, **FREE)
    with pytest.raises(CostCapReached):
        await studio.scripts(writer)
    assert studio.server.received == []


async def test_a_cap_can_be_raised(studio: Studio, container: Container) -> None:
    request = await studio.ad(writer="embedded", speaker="embedded", max_cost_usd=0.01)
    async with container.environment.database.begin() as session:
        row: AdRow = await Ads(session).get(request.ad, lock=True)
        row.budget_usd = row.budget_usd + 9
    assert len(await studio.shots(request, await studio.scripts(request))) == 4


def test_words_without_times_are_spread_over_their_sound() -> None:
    words = remote.spread("one three", 3.0)
    assert (words[0].start, words[-1].end) == (0.0, 3.0)
    assert words[0].end == words[1].start == pytest.approx(1.2)
