"""What words ask for is understood whole or refused; a film of words has scenes that add up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from moments_ray.editor.errors import PictureNotRead
from moments_ray.editor.making import painting
from moments_ray.editor.making.storyboard import captions_of, pieces_of, scenes_of
from moments_ray.editor.making.words import OPERATIONS, understand
from moments_ray.errors import ModelNotConfigured
from moments_ray.media.render.fonts import POPPINS_BOLD


@pytest.mark.parametrize(
    ("prompt", "operations"),
    [
        ("Make it black and white", ("grayscale",)),
        ("please blur the background a bit and add a vignette", ("blur", "vignette")),
        ("Crop to a square, then rotate it to the left", ("square", "rotate_left")),
        ("Turn it upside down", ("flip",)),
        ("more contrast and brighter", ("contrast", "brighten")),
        ("Sepia, with a white border", ("sepia", "border")),
    ],
)
def test_operations_are_found_by_what_people_say(prompt: str, operations: tuple[str, ...]) -> None:
    assert set(understand(prompt, of_picture=True).operations) == set(operations)


@pytest.mark.parametrize("prompt", ["make it a cat", "a dark forest with a dragon", "remove the person", "", "please"])
def test_words_that_are_not_known_are_named_with_the_cure(prompt: str) -> None:
    with pytest.raises(ModelNotConfigured, match="OPENAI_API_KEY"):
        understand(prompt, of_picture=True)


def test_without_a_picture_colours_and_text_are_drawn() -> None:
    asked = understand("A gradient from navy to teal with the text “Big news”", of_picture=False)
    assert (asked.colours, asked.text, asked.operations) == (("navy", "teal"), "Big news", ())
    with pytest.raises(ModelNotConfigured, match="'cat'"):
        understand("a red cat", of_picture=False)


def job(path: Path, **fields: object) -> painting.PictureJob:
    empty: dict[str, Any] = {
        "size": None,
        "seed": 0,
        "picture": None,
        "mask": None,
        "operations": [],
        "colours": [],
        "text": "",
    }
    return {"path": str(path), "font": str(POPPINS_BOLD.path), **empty, **fields}  # type: ignore[typeddict-item]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Noise in colours, not square."""
    noise = np.random.default_rng(1).integers(0, 255, (80, 120, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.mark.parametrize("name", [name for name, _ in OPERATIONS])
def test_every_operation_changes_a_picture_and_keeps_it_one(tmp_path: Path, photo: Path, name: str) -> None:
    painting.picture(job(tmp_path / "made.png", picture=str(photo), operations=[name]), lambda _: None)
    with Image.open(tmp_path / "made.png") as made, Image.open(photo) as before:
        assert made.mode == "RGB"
        assert made.size != before.size or made.tobytes() != before.tobytes()


def test_outside_of_a_mask_nothing_is_changed(tmp_path: Path, photo: Path) -> None:
    mask = Image.new("L", (120, 80))
    mask.paste(255, (60, 0, 120, 80))
    mask.save(tmp_path / "mask.png")
    asked = job(tmp_path / "made.png", picture=str(photo), mask=str(tmp_path / "mask.png"), operations=["invert"])
    assert painting.picture(asked, lambda _: None) == ["invert"]
    made, before = (np.asarray(Image.open(path)) for path in (tmp_path / "made.png", photo))
    assert (made[:, :60] == before[:, :60]).all()
    assert (made[:, 60:] == 255 - before[:, 60:]).all()


def test_a_gradient_goes_from_colour_to_colour(tmp_path: Path) -> None:
    painting.picture(job(tmp_path / "made.png", size=(64, 128), colours=["red", "blue"], text="Hi"), lambda _: None)
    made = Image.open(tmp_path / "made.png")
    assert (made.size, made.getpixel((0, 0)), made.getpixel((0, 127))) == ((64, 128), (255, 0, 0), (0, 0, 255))
    assert (255, 255, 255) in {colour for _, colour in made.getcolors(100_000) or ()}


@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n broken", b"GIF89a"])
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "given").write_bytes(content)
    with pytest.raises(PictureNotRead):
        painting.check(str(tmp_path / "given"), lambda _: None)


@pytest.mark.parametrize("seconds", [1.0, 5.0, 30.0])
@pytest.mark.parametrize("prompt", ["Bread.", "Bread rises. It rests! Why? Because of yeast, and of time " * 9, "…"])
def test_scenes_add_up_to_the_film(prompt: str, seconds: float) -> None:
    pieces = pieces_of(scenes_of(prompt, seconds))
    assert sum(piece.frames for piece in pieces) == round(seconds * 30)
    assert all(piece.frames >= 30 for piece in pieces)


def test_words_of_a_scene_come_in_turn_and_in_time() -> None:
    (scene,) = scenes_of("Bread rises because yeast makes gas", 6.0)
    captions = captions_of(scene)
    assert [caption.text for caption in captions] == ["Bread rises because", "yeast makes gas"]
    assert captions[0].start == 0.0
    assert captions[-1].end == pytest.approx(6.0)
    assert captions[0].end == captions[1].start
