"""Ads by models: providers as real servers on loopback that speak the documented wires, with their failures."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import structlog
from pydantic import JsonValue

from moments_ray.ads.errors import CostCapReached
from moments_ray.ads.money import Receipt
from moments_ray.ads.queries.ads import Ads
from moments_ray.ads.stages.voices import plan_lines, speak_line
from moments_ray.ads.values import AdRequest, Line
from moments_ray.ads.word_times import spread
from moments_ray.database.tables import AdRow
from moments_ray.errors import (
    ModelBadResponse,
    ModelDenied,
    ModelOutputInvalid,
    ModelQuotaExceeded,
    ModelRefused,
    ModelUnavailable,
)
from moments_ray.http.container import Container
from moments_ray.testing.model_server import Reply, json_reply
from moments_ray.testing.provider_server import KEYS, Providers
from tests.integration.api.studio import FREE, NAME, WORDS, Studio


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
    with pytest.raises(ModelDenied, match="ANTHROPIC_API_KEY"):
        await studio.scripts(await studio.ad(**FREE))
    script = (await studio.scripts(await studio.ad(fallback="embedded", **FREE))).items[0]
    assert script.backend == "embedded"
    assert script.warnings


async def test_no_key_is_in_what_is_kept_logged_or_shown(studio: Studio, api: httpx.AsyncClient) -> None:
    request = await studio.ad()
    notes: dict[str, JsonValue] = {}
    studio.providers.faults = [json_reply({"error": {"message": "busy"}}, 529)]
    with structlog.testing.capture_logs() as logs:
        await studio.scripts(request, notes)
    ad = await api.get(f"/api/ads/jobs/{request.ad}")
    run = await api.get(f"/api/runs/{ad.json()['run_id']}")
    assert (ad.status_code, run.status_code, len(logs) > 0) == (200, 200, True)
    kept = json.dumps(notes) + request.model_dump_json() + repr(studio.settings.models)
    shown = ad.text + run.text + json.dumps(logs, default=str)
    assert not [key for key in KEYS.values() if key in kept + shown]


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
    words = spread("one three", 3.0)
    assert (words[0].start, words[-1].end) == (0.0, 3.0)
    assert words[0].end == words[1].start == pytest.approx(1.2)
