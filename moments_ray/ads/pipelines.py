"""A product in, an ad out; the shorter ones stop after a stage, and a later run of the same ad goes on from there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moments_ray.ads.live import AdWords
from moments_ray.ads.options import StageName
from moments_ray.ads.requests import FOLDER, prepare_ad
from moments_ray.ads.stages.films import VIDEO_GEN
from moments_ray.ads.stages.product import prepare_product
from moments_ray.ads.stages.rendering import COMPOSITING, SCENE_RENDERING
from moments_ray.ads.stages.script import write_scripts
from moments_ray.ads.stages.voices import VOICE_GEN
from moments_ray.ads.values import AdRequest, AdResult, Films, SceneFilms, Scripts, Voices
from moments_ray.engine import Pipeline


def _ad(request: AdRequest) -> str:
    return request.ad


_ABOUT_AN_AD: dict[str, Any] = {
    "takes": AdRequest,
    "exclusive": _ad,
    "subject": _ad,
    "folder": FOLDER,
    "prepare": prepare_ad,
    "live_words": AdWords(),
}


def film_result(request: AdRequest, scripts: Scripts, voices: Voices, scenes: SceneFilms, films: Films) -> AdResult:
    """Return the films, and who made what."""
    first = films.items[0]
    made = {"script_gen": scripts.items[0].model, "voice_gen": _backends(voices), "video_gen": _backends(scenes)}
    return AdResult(
        ad=request.ad,
        video=first.name,
        poster=first.poster,
        films=tuple(film.name for film in films.items),
        posters=tuple(film.poster for film in films.items),
        seconds=first.seconds,
        backends=made,
        warnings=_once(warning for film in films.items for warning in film.warnings),
    )


def script_result(request: AdRequest, scripts: Scripts) -> AdResult:
    """Return who wrote the script, and what was said of that."""
    warnings = _once(warning for script in scripts.items for warning in script.warnings)
    return AdResult(ad=request.ad, backends={"script_gen": scripts.items[0].model}, warnings=warnings)


def voice_result(request: AdRequest, scripts: Scripts, voices: Voices) -> AdResult:
    """Return who wrote and who speaks."""
    return _with("voice_gen", voices, script_result(request, scripts))


def scene_result(request: AdRequest, scripts: Scripts, voices: Voices, scenes: SceneFilms) -> AdResult:
    """Return who wrote, speaks and filmed."""
    return _with("video_gen", scenes, voice_result(request, scripts, voices))


def _with(stage: StageName, made: Voices | SceneFilms, result: AdResult) -> AdResult:
    said = (one.warning for one in made.items if one.warning is not None)
    backends = {**result.backends, stage: _backends(made)}
    return result.model_copy(update={"backends": backends, "warnings": _once([*result.warnings, *said])})


def _once(warnings: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(warnings))


def _backends(made: Voices | SceneFilms) -> str:
    return ", ".join(sorted({one.backend for one in made.items}))


ADS = Pipeline(
    "ads.generate",
    prepare_product,
    write_scripts,
    VOICE_GEN,
    VIDEO_GEN,
    SCENE_RENDERING,
    COMPOSITING,
    gives=film_result,
    **_ABOUT_AN_AD,
)
SCRIPT = Pipeline("ads.script", prepare_product, write_scripts, gives=script_result, **_ABOUT_AN_AD)
VOICES = Pipeline("ads.voices", prepare_product, write_scripts, VOICE_GEN, gives=voice_result, **_ABOUT_AN_AD)
SCENES = Pipeline(
    "ads.scenes", prepare_product, write_scripts, VOICE_GEN, VIDEO_GEN, gives=scene_result, **_ABOUT_AN_AD
)
PIPELINES: dict[StageName, Pipeline] = {
    "script_gen": SCRIPT,
    "voice_gen": VOICES,
    "video_gen": SCENES,
    "compositing": ADS,
}
"""By the stage after which they stop."""
