"""Ads on real parts, without a model: what comes out, what a second run takes over, what is heard and seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from moments_ray.ads.options import AdOptions, RegenerateScene
from moments_ray.ads.pipelines import PIPELINES
from moments_ray.ads.queries.ads import Ads
from moments_ray.ads.requests import Uploads
from moments_ray.ads.service import AdService
from moments_ray.ads.status import job_status, stage_states
from moments_ray.ads.timing import LEAD_FRAMES
from moments_ray.ads.values import AdRequest, AdResult, Films, SceneFilms, Scripts, Voices
from moments_ray.database.tables import Run
from moments_ray.media.probe import probe
from moments_ray.media.render.plan import RATE
from moments_ray.models.gateway import Gateway
from moments_ray.states import RunStatus
from tests.ray.conftest import Engine

pytestmark = pytest.mark.timeout(600)  # a film of half a minute is encoded twice

HEADPHONES = AdOptions(
    product_name="Premium Headphones",
    style="luxury",
    cta_text="Shop Now",
    description="The battery lasts 40 hours. It folds flat.",
    aspect_ratio="1:1",
    draft=True,
)


@pytest.fixture
def service(engine: Engine, worker: object) -> AdService:
    """The service of ads, with a worker."""
    return AdService(engine.environment, engine.run_service, engine.environment.service(Gateway).registry)


async def outputs(engine: Engine, run: Run) -> tuple[Scripts, Voices, SceneFilms, Films]:
    stages = await engine.stages(run)
    return (
        Scripts.model_validate(stages["SCRIPT_GEN"].output),
        Voices.model_validate(stages["VOICE_GEN"].output),
        SceneFilms.model_validate(stages["VIDEO_GEN"].output),
        Films.model_validate(stages["COMPOSITING"].output),
    )


async def fetched(engine: Engine, name: str, path: Path) -> Path:
    await engine.environment.store.get_file(name, path)
    return path


def loudness(path: Path, start: float, end: float) -> float:
    """Return the level of a film's sound between two times, in decibels under full scale."""
    samples: list[np.ndarray[Any, np.dtype[np.float32]]] = []
    with av.open(path) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
        for frame in container.decode(audio=0):
            samples += [np.asarray(part.to_ndarray().ravel(), np.float32) for part in resampler.resample(frame)]
    sound = np.concatenate(samples)[round(start * 16_000) : round(end * 16_000)]
    return float(20 * np.log10(np.sqrt(np.mean(sound**2)) + 1e-9))


def brightness(path: Path, at: int) -> float:
    """Return how bright a picture of a film is, 0 to 255."""
    with av.open(path) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number == at:
                return float(frame.to_ndarray(format="gray").mean())
    raise AssertionError(f"there is no picture {at}")


CHANNELS = ("job_status_updates", "job_progress_updates")


async def told(pubsub: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the messages of both channels so far, in order."""
    messages: dict[str, list[dict[str, Any]]] = {channel: [] for channel in CHANNELS}
    while (message := await pubsub.get_message(timeout=0.5)) is not None:
        if message["type"] == "message":
            messages[message["channel"].decode()].append(json.loads(message["data"]))
    return messages


async def test_an_ad_without_a_model_is_whole_and_a_second_run_makes_only_what_is_asked(
    engine: Engine, service: AdService, tmp_path: Path
) -> None:
    pubsub = engine.redis.pubsub()
    await pubsub.subscribe(*CHANNELS)
    started = await service.create(HEADPHONES.model_copy(update={"music": "none"}), Uploads(), None)
    run = await engine.ended(started.run.identifier, timeout=400)
    statuses, progress = (await told(pubsub)).values()
    await pubsub.aclose()  # type: ignore[no-untyped-call]
    assert {message["job_id"] for message in statuses + progress} == {started.ad.identifier}
    assert statuses[-1]["status"] == "completed"
    filming = [message["progress"] for message in progress if message.get("stage") == "video_gen"]
    assert filming == sorted(filming)
    assert filming
    assert (run.status, run.error) == (RunStatus.COMPLETED, None)
    await engine.left_nothing(run)
    scripts, voices, scenes, films = await outputs(engine, run)
    result = AdResult.model_validate(run.result)
    assert result.backends == {"script_gen": "grammar", "voice_gen": "embedded", "video_gen": "embedded"}
    async with engine.environment.database.read() as session:
        stages = (await Ads(session).newest_stages([started.ad.identifier]))[started.ad.identifier]
    assert [(one.status, one.progress) for one in stage_states(stages, {}, finished=True)] == [("completed", 100)] * 4
    assert job_status(RunStatus(run.status)) == "completed"

    film = await fetched(engine, films.items[0].name, tmp_path / "film.mp4")
    info = await probe(film, engine.settings.media)
    assert 28 <= info.duration <= 32
    assert (info.width, info.height, info.fps) == (1080, 1080, 30)
    assert brightness(film, 0) == pytest.approx(brightness(film, 30), rel=0.2)  # players show it before they play
    said = " ".join(word.text for spoken in voices.items for word in spoken.words)
    assert "The battery lasts 40 hours." in said
    assert "Shop Now." in " ".join(word.text for word in voices.items[3].words)
    start = 0.0
    for spoken, scene in zip(voices.items, [item.spec for item in await engine.items(run, "VIDEO_GEN")], strict=True):
        begins = start + LEAD_FRAMES / RATE
        start += scene["frames"] / RATE
        assert loudness(film, begins, begins + spoken.seconds) > -30  # it is heard
        assert loudness(film, start - 0.2, start) < -40  # and over before its scene is

    again = await service.regenerate(started.ad.identifier, 2, RegenerateScene())
    second = await engine.ended(again.run.identifier, timeout=400)
    assert (second.status, second.error) == (RunStatus.COMPLETED, None)
    scripts_2, voices_2, scenes_2, films_2 = await outputs(engine, second)
    assert (scripts_2, voices_2) == (scripts, voices)
    changed = [one.key for one, other in zip(scenes.items, scenes_2.items, strict=True) if one != other]
    assert changed == ["v1-s2"]
    assert films_2.items[0].name != films.items[0].name


async def test_a_script_is_written_edited_and_then_spoken(engine: Engine, service: AdService) -> None:
    started = await service.create(HEADPHONES.model_copy(update={"stop_after": "script_gen"}), Uploads(), None)
    run = await engine.ended(started.run.identifier, timeout=120)
    assert (run.status, run.pipeline) == (RunStatus.COMPLETED, "ads.script")
    written = Scripts.model_validate((await engine.stages(run))["SCRIPT_GEN"].output).items[0]
    scenes = list(written.scenes)
    scenes[1] = scenes[1].model_copy(update={"voiceover_text": "It folds flat, and it keeps quiet."})
    edited = written.model_copy(update={"scenes": tuple(scenes)})
    ad = await service.edit_scripts(started.ad.identifier, Scripts(items=(edited,)))
    request = AdRequest.model_validate(ad.request)
    second = await engine.ended((await engine.submit(PIPELINES["voice_gen"], request)).identifier, timeout=400)
    assert (second.status, second.error) == (RunStatus.COMPLETED, None)
    voices = Voices.model_validate((await engine.stages(second))["VOICE_GEN"].output)
    assert [word.text for word in voices.items[1].words] == ["It", "folds", "flat,", "and", "it", "keeps", "quiet."]
