"""Painted scenes and beds of music: by style, by seed, with the words that belong in them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from moments_ray.ads.painting.camera import pose
from moments_ray.ads.painting.lettering import contrast, drawable, ink_on, rgb
from moments_ray.ads.painting.moving import frames
from moments_ray.ads.painting.name import name_lettering
from moments_ray.ads.painting.painting import Painting
from moments_ray.ads.painting.scene import moving_size, paint, still
from moments_ray.ads.script.styles import list_styles, template
from moments_ray.media.probe import probe
from moments_ray.media.render import plan
from moments_ray.media.render.music import RATE, bed
from moments_ray.settings import MediaSettings
from moments_ray.testing.media import run_ffmpeg

STYLES = list_styles()


def painting(style: str, scene: int, **more: Any) -> Painting:
    own = template(style)
    values: dict[str, Any] = {
        "path": Path("unused"),
        "style": style,
        "font": own.font,
        "scene": scene,
        "width": 270,
        "height": 480,
        "frames": 12,
        "static": own.scenes[scene - 1].static_image,
        "camera": own.scenes[scene - 1].camera,
        "bpm": own.music.bpm,
        "palette": own.palette,
        "product_name": "Premium Headphones",
        "words": "Shop Now",
    }
    return Painting(**{**values, **more})


def histogram(image: Image.Image) -> np.ndarray[Any, np.dtype[np.float64]]:
    counted, _ = np.histogramdd(np.asarray(image).reshape(-1, 3), bins=(4, 4, 4), range=[(0, 256)] * 3)
    shares: np.ndarray[Any, np.dtype[np.float64]] = counted.ravel() / counted.sum()
    return shares


def test_styles_look_different() -> None:
    seen = [histogram(still(painting(style, 4))) for style in STYLES]
    for index, one in enumerate(seen):
        assert all(np.abs(one - other).sum() > 0.5 for other in seen[index + 1 :])


@pytest.mark.parametrize("style", STYLES)
def test_what_to_do_stands_in_the_last_scene(style: str) -> None:
    with_words, without = still(painting(style, 4)), still(painting(style, 4, words=" "))
    changed = np.abs(np.asarray(with_words, int) - np.asarray(without, int)).sum(axis=2) > 60
    rows = np.flatnonzero(changed.any(axis=1)) / with_words.height
    assert changed.sum() > 300
    assert 0.55 < rows.min() < rows.max() < 0.8


@pytest.mark.parametrize("scene", [1, 2, 3, 4])
@pytest.mark.parametrize("style", STYLES)
def test_the_product_s_picture_is_in_every_scene(style: str, scene: int, tmp_path: Path) -> None:
    Image.new("RGBA", (200, 200), (0, 255, 1, 255)).save(tmp_path / "product.png")
    asked = painting(style, scene, picture=tmp_path / "product.png", cut_out=True)
    image = still(asked) if scene == 4 else list(frames(asked))[-1].to_ndarray(format="rgb24")
    green = np.abs(np.asarray(image, int) - (0, 255, 1)).sum(axis=2) < 12
    assert green.mean() > 0.04


@pytest.mark.parametrize("accent", ["#40e0d0", "#c8a24b", "#101030", "#ffffff", "#ff3b1d"])
@pytest.mark.parametrize("style", STYLES)
def test_what_to_do_can_be_read_on_any_colour_of_a_brand(style: str, accent: str) -> None:
    ground = rgb(accent)
    ink = ink_on(ground, rgb(template(style).palette[2]))
    assert contrast(ground, ink) >= 3


def test_a_name_of_another_script_is_set_as_a_title_too() -> None:
    drawn = [name_lettering(painting("bold", scene, product_name="सुनो"), (300, 300)) for scene in (1, 2)]
    assert all(layer.getchannel("A").getbbox() is not None for layer in drawn)
    assert drawn[0].tobytes() != drawn[1].tobytes()


def test_equal_seeds_paint_equal_pictures_and_others_do_not() -> None:
    one, same, other = (still(painting("energetic", 4, seed=seed)) for seed in (1, 1, 2))
    assert one.tobytes() == same.tobytes() != other.tobytes()


@pytest.mark.parametrize("style", STYLES)
def test_the_camera_moves_without_a_jump_once_the_scene_has_begun(style: str) -> None:
    own = template(style)
    for scene in own.scenes[:3]:
        if scene.camera in {"turn", "whip_in"}:
            continue
        poses = [pose(scene.camera, number / plan.RATE, scene.duration, own.music.bpm) for number in range(210)]
        assert len(set(poses)) > 100
        assert all(abs(a.product_scale - b.product_scale) < 0.05 for a, b in pairwise(poses))


async def test_a_moving_scene_is_a_film_of_its_frames(tmp_path: Path) -> None:
    asked = painting("bold", 1, path=tmp_path / "scene.mp4")
    paint(asked.model_dump(mode="json"), lambda _: None)
    info = await probe(tmp_path / "scene.mp4", MediaSettings())
    assert info.duration == pytest.approx(12 / plan.RATE, abs=0.02)
    assert (info.width, info.height) == moving_size(270, 480)


async def test_a_moving_scene_has_the_colours_it_was_drawn_in(tmp_path: Path) -> None:
    asked = painting("energetic", 1, path=tmp_path / "scene.mp4", palette=("#0a8c82",) * 4, product_name=" ")
    paint(asked.model_dump(mode="json"), lambda _: None)
    run_ffmpeg(["-i", asked.path, "-frames:v", "1", tmp_path / "first.png"])
    with Image.open(tmp_path / "first.png") as first:
        seen = np.median(np.asarray(first.convert("RGB")).reshape(-1, 3), axis=0)
    assert np.abs(seen - rgb("#0a8c82")).max() <= 4


def test_what_no_face_can_draw_is_left_out() -> None:
    text, _ = drawable("Kaffee \U0001f469\u200d\U0001f680 \ue000", "Anton")
    assert "Kaffee" in text
    assert "\ue000" not in text


def test_another_script_is_drawn_by_a_face_that_has_it() -> None:
    text, face = drawable("सुनो", "Anton")
    assert text == "सुनो"
    assert face.family != "Anton"


@pytest.mark.parametrize("style", STYLES)
def test_music_is_deterministic_and_never_too_loud(style: str) -> None:
    music = template(style).music
    sound = bed(music, seconds=6, seed=3)
    assert sound.size == 6 * RATE
    assert np.array_equal(sound, bed(music, seconds=6, seed=3))
    assert 0.3 < np.abs(sound).max() <= 0.5
    assert abs(sound[0]) < 0.01 > abs(sound[-1])


@pytest.mark.parametrize("style", ["energetic", "bold"])
def test_music_keeps_its_style_s_time(style: str) -> None:
    music = template(style).music
    sound = bed(music, seconds=16, seed=1)
    hop = 480
    energy = np.sqrt((sound[: sound.size // hop * hop].reshape(-1, hop) ** 2).mean(axis=1))
    onsets = np.maximum(np.diff(energy), 0)
    strength = {bpm: _at_tempo(onsets, bpm, RATE / hop) for bpm in (72, 80, 90, 100, 112, 128, 140)}
    assert max(strength, key=lambda bpm: strength[bpm]) == music.bpm


def _at_tempo(onsets: np.ndarray[Any, np.dtype[np.float64]], bpm: float, rate: float) -> float:
    """Return how much of what begins does so on the beat."""
    beats = (np.arange(0, onsets.size / rate, 60 / bpm) * rate).round().astype(int)
    near = np.concatenate([beats - 1, beats])
    return float(onsets[near[(near >= 0) & (near < onsets.size)]].mean())
