"""How scenes follow each other, and a film that is seen and heard: captions in step with what is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, NamedTuple

import av
import numpy as np
import pytest

from moments_ray.ads.script import grammar
from moments_ray.ads.script.styles import StyleName, list_styles, template
from moments_ray.ads.stages.rendering import compose, plan_cuts, plan_scenes, render_scene
from moments_ray.ads.stages.script import by_grammar
from moments_ray.ads.stages.voices import plan_lines, speak_line
from moments_ray.ads.timing import LEAD_FRAMES
from moments_ray.ads.values import (
    OWN,
    AdRequest,
    Brief,
    Cut,
    Look,
    Makers,
    RenderedScenes,
    SceneFilm,
    SceneFilms,
    Scripts,
    Spoken,
    Voices,
    scene_key,
)
from moments_ray.engine import Context
from moments_ray.media.process import ffmpeg_executable, run_tool
from moments_ray.media.render.plan import RATE
from moments_ray.settings import MediaSettings
from moments_ray.speech import piper
from moments_ray.speech.alignment import word_times
from moments_ray.speech.whisper import Whisper
from moments_ray.testing.media import run_ffmpeg
from moments_ray.testing.stages import stage_context

KEYS = [scene_key(1, scene) for scene in (1, 2, 3, 4)]
SILENT = Voices(items=tuple(Spoken(key=key, name=None, seconds=0.0, words=(), backend="none") for key in KEYS))
RED, BLUE = (255, 0, 0), (0, 0, 255)


def scripts(style: str) -> Scripts:
    script = grammar.write(template(style), product_name="Lamp", cta_text="Shop Now", description="", seed=1)
    return Scripts(items=(script,))


def scene_films(**own: SceneFilm) -> SceneFilms:
    painted = (SceneFilm(key=key, name=key, still=key == KEYS[-1], backend="embedded") for key in KEYS)
    return SceneFilms(items=tuple(own.get(film.key.partition("-")[2], film) for film in painted))


async def stored(ctx: Context, directory: Path, name: str, colour: str, seconds: float) -> None:
    """Store a film of one colour, or a still where it has no length."""
    path = directory / (f"{name}.mp4" if seconds else f"{name}.png")
    picture = f"color={colour}:size=90x90:rate=30"
    run_ffmpeg(["-f", "lavfi", "-i", picture, *(("-t", str(seconds)) if seconds else ("-frames:v", "1")), str(path)])
    await ctx.store.put_file(name, path, content_type="video/mp4" if seconds else "image/png")


def columns(path: Path, number: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the mean colours of a picture's columns."""
    with av.open(path) as container:
        for at, frame in enumerate(container.decode(video=0)):
            if at == number:
                shown = frame.to_ndarray(format="rgb24").mean(axis=0)
                return np.asarray(shown, dtype=np.float64)
    raise AssertionError(f"there is no picture {number}")


def is_of(colour: tuple[int, int, int], column: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    return bool(np.abs(column - colour).max() < 20)


@pytest.mark.parametrize("style", list_styles())
async def test_a_scene_is_still_seen_while_the_next_one_wipes_it_away(style: str, tmp_path: Path) -> None:
    films = scene_films()
    planned = await plan_scenes(stage_context(tmp_path), scripts(style), SILENT, films)
    assert [(scene.key, scene.film) for scene in planned] == list(zip(KEYS, films.items, strict=True))
    wiped = [scene.before.key for scene in planned if scene.before is not None]
    assert wiped == (["v1-s1", "v1-s3"] if style == "bold" else [])


@pytest.mark.parametrize(
    ("seconds", "backend"),
    [(7.0, "embedded"), (2.0, "replicate_video"), (9.0, "replicate_video"), (0.0, OWN)],
    ids=["as long as its scene", "a shorter film", "a longer film", "a picture of one's own"],
)
async def test_a_wipe_begins_with_the_last_picture_of_the_scene_before(
    seconds: float, backend: str, tmp_path: Path
) -> None:
    ctx = stage_context(tmp_path)
    before = SceneFilm(key=KEYS[0], name="before", still=not seconds, backend=backend)
    await stored(ctx, tmp_path, "before", "red", seconds)
    await stored(ctx, tmp_path, KEYS[1], "blue", 8)
    written, look = scripts("bold"), Look(aspect_ratio="1:1", captions=False, draft=True)
    scene = (await plan_scenes(ctx, written, SILENT, scene_films(s1=before)))[1]
    rendered = await render_scene(ctx, scene, look, written, SILENT)
    film = tmp_path / "rendered.mp4"
    await ctx.store.get_file(rendered.video, film)
    with av.open(film) as container:
        assert container.streams.video[0].frames == scene.frames == 8 * 30
    assert all(is_of(RED, column) for column in columns(film, 0))
    middle = columns(film, 6)
    assert is_of(RED, middle[10])
    assert is_of(BLUE, middle[-10])
    assert all(is_of(BLUE, column) for column in columns(film, 12))


async def test_every_variant_is_a_film_of_its_own(tmp_path: Path) -> None:
    ctx = stage_context(tmp_path, timeout=300)
    brief = Brief(product_name="Lamp", style="minimal", cta_text="Shop Now", variants=3)
    look = Look(aspect_ratio="1:1", music="none", captions=False, draft=True)
    written = Scripts(items=tuple(by_grammar(brief, seed, "embedded") for seed in range(3)))
    keys = [scene_key(variant, scene) for variant in (1, 2, 3) for scene in (1, 2, 3, 4)]
    silent = Voices(items=tuple(Spoken(key=key, name=None, seconds=0.0, words=(), backend="none") for key in keys))
    films = SceneFilms(items=tuple(SceneFilm(key=key, name=key, still=False, backend="embedded") for key in keys))
    first = [scene for scene in await plan_scenes(ctx, written, silent, films) if scene.scene == 1]
    for scene, colour in zip(first, ("red", "lime", "blue"), strict=True):
        await stored(ctx, tmp_path, scene.key, colour, 7)
    scenes = RenderedScenes(items=tuple([await render_scene(ctx, each, look, written, silent) for each in first]))
    cuts = await plan_cuts(ctx, written, scenes)
    made = [await compose(ctx, cut, brief, look, written, silent, films, scenes) for cut in cuts]
    assert [film.key for film in made] == ["v1", "v2", "v3"]
    for film, seen in zip(made, (RED, (0, 255, 0), BLUE), strict=True):
        await ctx.store.get_file(film.name, tmp_path / "film.mp4")
        assert is_of(seen, columns(tmp_path / "film.mp4", 0)[45])


def turns(path: Path) -> list[float]:
    """Return when another word of a film before a plain ground is lit, in seconds."""
    found, before = [], np.zeros(1)
    with av.open(path) as container:
        for number, frame in enumerate(container.decode(video=0)):
            red, green, blue = np.moveaxis(frame.to_ndarray(format="rgb24").astype(int), 2, 0)
            lit = (red > 200) & (green > 170) & (blue < 120)
            if lit.any() and (before.shape != lit.shape or (lit != before).sum() > 400):
                found.append(number / RATE)
            before = lit
    return found


def require_voice(voice: str) -> None:
    """Skip a test of a voice that is not installed."""
    if voice == piper.NAME and not piper.installed():
        pytest.skip("the extra `voice` is not installed")


async def spoken_film(
    directory: Path,
    brief: Brief,
    voice: str,
    *,
    scenes: int,
    captions: bool = False,
    music: Literal["style", "none"] = "none",
) -> tuple[Path, Voices]:
    """Make a film of so many plain scenes in which everything is said."""
    ctx = stage_context(directory, timeout=300)
    makers = Makers(voice=voice)
    look = Look(aspect_ratio="1:1", music=music, captions=captions, draft=True)
    request = AdRequest(ad="ad", brief=brief, makers=makers, look=look, force=True)
    written = Scripts(items=(by_grammar(brief, 0, "embedded"),))
    lines = await plan_lines(ctx, brief, makers, request.takes, written)
    voices = Voices(items=tuple([await speak_line(ctx, line, request) for line in lines]))
    films = scene_films()
    for scene in films.items[:scenes]:
        await stored(ctx, directory, scene.name, "gray", 0 if scene.still else 8)
    planned = (await plan_scenes(ctx, written, voices, films))[:scenes]
    rendered = RenderedScenes(items=tuple([await render_scene(ctx, each, look, written, voices) for each in planned]))
    film = await compose(ctx, Cut(key="v1", variant=1), brief, look, written, voices, films, rendered)
    await ctx.store.get_file(film.name, directory / "film.mp4")
    return directory / "film.mp4", voices


def sound_of(film: Path) -> Path:
    """Write what is heard in a film as recognisers take it."""
    sound = film.with_suffix(".wav")
    run_ffmpeg(["-i", str(film), "-ac", "1", "-ar", "16000", str(sound)])
    return sound


@pytest.mark.parametrize("voice", ["en", "joe"])
async def test_captions_follow_the_words_that_are_heard_in_the_film(voice: str, tmp_path: Path) -> None:
    pytest.importorskip("pocketsphinx", reason="PocketSphinx has no wheel for this Python")
    require_voice(voice)
    brief = Brief(product_name="Premium Headphones", style="bold", cta_text="Shop Now", description="It folds flat.")
    film, voices = await spoken_film(tmp_path, brief, voice, scenes=2, captions=True)
    words = [word.text for spoken in voices.items[:2] for word in spoken.words]
    heard = await word_times(words, sound_of(film), stage_context(tmp_path).settings, 60)
    assert heard is not None
    late = {
        f"{word} at {at.start:.2f}": round(lit - at.start, 2)
        for word, at, lit in zip(words, heard, turns(film), strict=True)
        if abs(lit - at.start) > 0.15
    }
    assert late == {}


@pytest.mark.parametrize("style", list_styles())
async def test_music_is_heard_where_nobody_speaks_and_the_whole_is_no_louder_than_it_may(
    style: StyleName, tmp_path: Path
) -> None:
    brief = Brief(product_name="Premium Headphones", style=style, cta_text="Shop Now")
    film, voices = await spoken_film(tmp_path, brief, "en", scenes=2, music="style")
    lasts, ends = template(style).scenes[0].duration, LEAD_FRAMES / RATE + voices.items[0].seconds
    said = await loudness(film, LEAD_FRAMES / RATE, ends)
    alone = await loudness(film, ends + 0.5, lasts)
    assert 8 < said.mean - alone.mean < 18
    assert (await loudness(film, 0, 99)).peak <= -1


class Loudness(NamedTuple):
    """Decibels under full scale: the mean level, and the true peak."""

    mean: float
    peak: float


async def loudness(film: Path, start: float, end: float) -> Loudness:
    """Return how loud a part of a film is (seconds)."""
    graph = f"atrim={start}:{end},volumedetect,ebur128=peak=true:framelog=quiet"
    command = [ffmpeg_executable(), "-hide_banner", "-nostats", "-i", str(film), "-vn", "-af", graph, "-f", "null", "-"]
    said = (await run_tool(command, timeout=60, settings=MediaSettings())).stderr_tail
    mean, peak = (re.findall(pattern, said)[-1] for pattern in (r"mean_volume: (\S+) dB", r"Peak:\s+(\S+) dBFS"))
    return Loudness(float(mean), float(peak))


LONG = (
    "The battery lasts forty hours. The cushions are made of memory foam, and they fold flat into their case. "
    "A dial of brushed steel sets how loud it is. It listens to the room, and takes away the noise of the street. "
    "Every part can be bought again, and the cable can be replaced without tools. "
) * 5


@pytest.mark.parametrize("voice", ["en", "joe"])
@pytest.mark.parametrize("style", list_styles())
async def test_the_last_word_of_every_scene_is_heard_however_much_there_was_to_say(
    style: StyleName, voice: str, tmp_path: Path
) -> None:
    require_voice(voice)
    brief = Brief(product_name="Premium Headphones", style=style, cta_text="Shop Now", description=LONG)
    film, voices = await spoken_film(tmp_path, brief, voice, scenes=4)
    ear, settings = Whisper(threads=2), stage_context(tmp_path).settings
    await ear.prepare(settings)
    heard = bare((await ear.transcribe(sound_of(film), settings, 150)).text)
    for spoken in voices.items:
        last = bare(" ".join(word.text for word in spoken.words[-2:]))[-1]
        assert last in heard, f"scene {spoken.key}: {last!r} is not in {heard}"
        heard = heard[heard.index(last) + 1 :]


def bare(text: str) -> list[str]:
    """Return a text's words without signs, in small letters."""
    return "".join(char if char.isalpha() else " " for char in text.lower()).split()
