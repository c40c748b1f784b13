"""What an ad brings with it, and its other doors: music, faces, scenes, the engine's route, the old queue, a socket."""

from __future__ import annotations

import asyncio
import io
import json
import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from PIL import Image
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from moments_ray.ads.legacy_queue import QUEUE, take_legacy_queue
from moments_ray.ads.stages.films import film_shot, plan_shots
from moments_ray.ads.values import OWN, AdRequest, Product, Scripts, Spoken, Voices
from moments_ray.engine.context import Context
from moments_ray.engine.detached import detached_context
from moments_ray.engine.environment import Environment, RunRef
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.resources import Resources
from moments_ray.http.container import Container
from moments_ray.ids import RunId, new_identifier
from moments_ray.models.gateway import Gateway
from moments_ray.models.registry import ModelRegistry
from moments_ray.settings import AdSettings, ModelSettings, Price
from moments_ray.states import RunStatus
from moments_ray.testing.media import make_video
from moments_ray.testing.provider_server import tone
from tests.integration.api.ad_orders import HEADPHONES, end, make, scripts
from tests.integration.api.conftest import Library, problem

LAST = {"PRODUCT": {"palette": ["#000000"] * 4}, "SCRIPT_GEN": scripts()}


def picture(size: tuple[int, int] = (320, 200)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, "teal").save(data, "PNG")
    return data.getvalue()


async def request_of(container: Container, ad: dict[str, Any]) -> AdRequest:
    async with container.environment.database.read() as session:
        return AdRequest.model_validate((await Runs(session).get(ad["run_id"])).config)


async def test_music_of_ones_own_is_kept_as_wav_and_no_longer_than_a_film(
    api: httpx.AsyncClient, container: Container, tmp_path: Path
) -> None:
    answer = await api.post("/api/ads/jobs", data=HEADPHONES, files={"music_file": ("bed.wav", tone(75, rate=8000))})
    assert answer.status_code == 202, answer.text
    look = (await request_of(container, answer.json())).look
    assert look.own_music is not None
    await container.environment.store.get_file(look.own_music, tmp_path / "bed.wav")
    with wave.open(str(tmp_path / "bed.wav")) as bed:
        assert (bed.getframerate(), bed.getnchannels(), bed.getnframes() / bed.getframerate()) == (48_000, 2, 60)


@pytest.mark.parametrize("data", [b"no sound", b"", tone(0.2)], ids=["words", "empty", "too short"])
async def test_music_that_is_none_is_refused(api: httpx.AsyncClient, data: bytes) -> None:
    answer = await api.post("/api/ads/jobs", data=HEADPHONES, files={"music_file": ("bed.mp3", data)})
    problem(answer, 422, "ads.music")
    assert (await api.get("/api/ads/jobs")).json()["total"] == 0


async def test_music_that_is_a_list_of_this_machine_s_files_is_refused(api: httpx.AsyncClient, tmp_path: Path) -> None:
    (tmp_path / "other.wav").write_bytes(tone(3))
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{tmp_path / 'other.wav'}\n#EXT-X-ENDLIST\n"
    answer = await api.post("/api/ads/jobs", data=HEADPHONES, files={"music_file": ("bed.m3u8", playlist)})
    problem(answer, 422, "ads.music")


async def test_a_face_takes_the_place_of_the_style_s(api: httpx.AsyncClient, container: Container) -> None:
    assert (await request_of(container, await make(api, brand_font="Anton"))).brief.brand.font == "Anton"
    refused = await api.post("/api/ads/jobs", json={**HEADPHONES, "brand_font": "/etc/passwd"})
    assert refused.status_code == 422
    assert "Poppins" in refused.text


async def test_scenes_of_ones_own_take_the_place_of_painted_ones_and_no_model_is_asked_for_them(
    api: httpx.AsyncClient, container: Container, tmp_path: Path
) -> None:
    film = make_video(tmp_path / "own.mp4", seconds=1).read_bytes()
    answer = await api.post(
        "/api/ads/jobs", data=HEADPHONES, files={"scene_1": ("a.mp4", film), "scene_4": ("b.png", picture())}
    )
    assert answer.status_code == 202, answer.text
    request = await request_of(container, answer.json())
    assert [own and own.still for own in request.media.scenes] == [False, None, None, True]
    paid = request.model_copy(update={"makers": request.makers.model_copy(update={"filmer": "replicate_video"})})
    prices = {"replicate_video": Price(usd=0.1, per="video", entered="2026-11-30")}
    settings = container.environment.settings.model_copy(update={"ads": AdSettings(prices=prices)})
    context = _context(replace(container.environment, settings=settings), request, tmp_path)
    silent = Voices(items=tuple(_silent(n) for n in range(1, 5)))
    product = Product(palette=("#000000", "#ffffff", "#ffffff", "#222222"))
    written = Scripts.model_validate(scripts())
    planned = await plan_shots(
        context, paid.brief, paid.look, paid.makers, paid.takes, product, written, silent, paid.media
    )
    assert [shot.maker for shot in planned] == ["embedded", "replicate_video", "replicate_video", "embedded"]
    made = [await film_shot(context, shot, request) for shot in (planned[0], planned[3])]
    assert [(one.backend, one.still) for one in made] == [(OWN, False), (OWN, True)]
    assert await container.environment.store.exists(made[0].name)


def _silent(number: int) -> Spoken:
    return Spoken(key=f"v1-s{number}", name=None, seconds=3, words=(), backend="none")


def _context(environment: Environment, request: AdRequest, directory: Path) -> Context:
    ref = RunRef(RunId(new_identifier()), request.ad, request.ad, 1, f"ads/{request.ad}", ())
    return detached_context(environment, ref, "VIDEO_GEN", directory / "scratch", resources=Resources(), timeout=60)


async def test_a_scene_that_is_neither_a_picture_nor_a_film_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/ads/jobs", data=HEADPHONES, files={"scene_2": ("a.svg", b"<svg/>")})
    problem(answer, 422, "ads.picture")


async def test_the_engine_s_own_route_makes_an_ad_with_its_row(
    api: httpx.AsyncClient, container: Container, library: Library
) -> None:
    started = await api.post("/api/runs", json={"pipeline": "ads.generate", "request": HEADPHONES})
    assert started.status_code == 202, started.text
    (ad,) = (await api.get("/api/ads/jobs?status=pending")).json()["items"]
    assert (ad["product_name"], ad["run_id"]) == ("Premium Headphones", started.json()["identifier"])
    await end(container, library, ad, RunStatus.COMPLETED, **LAST)
    again = await api.post("/api/runs", json={"pipeline": "ads.voices", "request": {"ad": ad["id"]}, "force": True})
    assert again.status_code == 202, again.text
    assert (await api.get(f"/api/ads/jobs/{ad['id']}")).json()["run_id"] == again.json()["identifier"]


@pytest.mark.parametrize(
    ("request_body", "status"),
    [({"style": "luxury"}, 422), ({"ad": "nobody"}, 404), ({**HEADPHONES, "style": "modern"}, 422)],
    ids=["half", "unknown", "modern"],
)
async def test_the_engine_s_own_route_refuses_what_the_ads_own_refuses(
    api: httpx.AsyncClient, request_body: dict[str, Any], status: int
) -> None:
    answer = await api.post("/api/runs", json={"pipeline": "ads.generate", "request": request_body})
    assert answer.status_code == status, answer.text
    assert (await api.get("/api/ads/jobs")).json()["total"] == 0


async def test_a_model_that_nobody_priced_is_unknown_in_an_estimate_and_refused_in_an_order(
    api: httpx.AsyncClient,
) -> None:
    fields = {"kind": "tts", "provider": "openai", "model": "m", "base_url": "http://127.0.0.1:9"}
    assert (await api.put("/api/admin/models/mine", json=fields)).status_code in {200, 201}
    said = (await api.post("/api/ads/estimate", json={**HEADPHONES, "speaker": "mine"})).json()
    assert (said["total_usd"], said["within_limit"]) == (None, False)
    assert [(line["model"], line["usd"]) for line in said["lines"]] == [("mine", None)]
    problem(await api.post("/api/ads/jobs", json={**HEADPHONES, "speaker": "mine"}), 422, "cost.price_unknown")


async def test_a_picture_that_will_come_is_looked_at_and_estimated(api: httpx.AsyncClient) -> None:
    fields = {"kind": "llm", "provider": "anthropic", "model": "m", "base_url": "http://127.0.0.1:9"}
    fields |= {"supports_images": True}  # type: ignore[dict-item]  # JSON
    assert (await api.put("/api/admin/models/mine", json=fields)).status_code in {200, 201}
    asked = {**HEADPHONES, "writer": "mine", "variants": 2}
    without, pictured = [
        (await api.post(f"/api/ads/estimate?picture={picture}", json=asked)).json()["lines"][0]["amount"]
        for picture in ("false", "true")
    ]
    assert pictured == without / 2 * 3


async def test_the_old_queue_is_taken_from_and_what_is_no_order_is_a_dead_letter(
    container: Container, api: httpx.AsyncClient
) -> None:
    settings = container.environment.settings.model_copy(update={"ads": AdSettings(legacy_queue=True)})
    registry = ModelRegistry(container.environment.database, container.redis, settings)
    gateway = Gateway(ModelSettings(), registry, container.environment.store, container.environment.cache)
    environment = replace(container.environment, settings=settings, services=(gateway,))
    entries = [json.dumps({"job_id": "old-1", **HEADPHONES, "extra": 1}), "{", json.dumps({"job_id": "old-2"})]
    await container.redis.rpush(QUEUE, *entries, entries[0])
    await take_legacy_queue(environment)
    assert await container.redis.llen(QUEUE) == 0
    (ad,) = (await api.get("/api/ads/jobs")).json()["items"]
    assert (ad["id"], ad["status"]) == ("old-1", "pending")
    letters: list[Any] = await container.redis.xrange("pipeline:dead") or []
    assert [fields[b"queue"] for _, fields in letters] == [QUEUE.encode()] * 2
    await gateway.close()


async def test_without_its_setting_the_old_queue_is_left_alone(container: Container) -> None:
    await container.redis.rpush(QUEUE, json.dumps({"job_id": "old-1", **HEADPHONES}))
    await take_legacy_queue(container.environment)
    assert await container.redis.llen(QUEUE) == 1


async def test_scenes_are_shown_with_who_made_them_and_where_their_pictures_are(
    api: httpx.AsyncClient, container: Container, library: Library
) -> None:
    ad = await make(api)
    name = f"ads/{ad['id']}/scene-v1-s1-0.mp4"
    await container.environment.store.put_bytes(name, b"film", content_type="video/mp4")
    film = {"key": "v1-s1", "name": name, "still": False, "backend": "embedded"}
    spoken: dict[str, Any] = {"key": "v1-s1", "name": None, "seconds": 3.5, "words": [], "backend": "elevenlabs"}
    outputs = {"VOICE_GEN": {"items": [spoken]}, "VIDEO_GEN": {"items": [film]}}
    await end(container, library, ad, RunStatus.COMPLETED, **LAST, **outputs)
    (scene,) = (await api.get(f"/api/ads/jobs/{ad['id']}")).json()["scenes"]
    assert (scene["backend"], scene["voice_backend"], scene["voice_seconds"]) == ("embedded", "elevenlabs", 3.5)
    assert (await api.get(scene["picture_url"])).status_code == 307
    problem(await api.get(f"/api/ads/jobs/{ad['id']}/scenes/2/picture"), 404, "object.not_found")


@pytest.fixture
async def address(app: FastAPI) -> AsyncIterator[str]:
    """Where the application takes sockets."""
    config = uvicorn.Config(app, port=0, log_config=None, ws="websockets-sansio", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


async def test_an_ad_is_followed_by_a_socket_to_its_end(
    address: str, api: httpx.AsyncClient, container: Container, library: Library
) -> None:
    ad = await make(api)
    async with asyncio.timeout(60), connect(f"ws://{address}/ws/ads/{ad['id']}") as socket:
        first = json.loads(await socket.recv())
        assert (first["type"], first["data"]["status"], first["data"]["job_id"]) == ("status", "pending", ad["id"])
        assert first["data"]["stages"][0] == {"stage_name": "script_gen", "status": "pending", "progress": 0}
        await end(container, library, ad, RunStatus.FAILED)
        told = [json.loads(each)["data"]["status"] async for each in socket]  # until it is closed
        assert told[-1] == "failed"


async def test_a_socket_about_an_ad_that_is_not_there_says_so(address: str) -> None:
    async with asyncio.timeout(60), connect(f"ws://{address}/ws/ads/nobody") as socket:
        assert json.loads(await socket.recv())["data"]["code"] == "object.not_found"
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert socket.close_code == 4404
