"""Pictures of products as strangers send them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from moments_ray.ads.errors import PictureUnusable
from moments_ray.ads.painting import product_picture
from moments_ray.ads.painting.product_picture import Preparation, PreparedPicture, prepare, read_picture
from moments_ray.ads.stages.product import palette_of

RED = (200, 30, 40)


def mug(size: tuple[int, int] = (300, 200), ground: Any = "white") -> Image.Image:
    image = Image.new("RGB", size, ground)
    ImageDraw.Draw(image).ellipse((100, 50, 200, 150), fill=RED)
    return image


def prepared(tmp_path: Path, image: Image.Image, form: str, **saving: Any) -> PreparedPicture:
    path = tmp_path / "given"
    image.save(path, form, **saving)
    asked = Preparation(source=path, picture=tmp_path / "product.png", vision=tmp_path / "product.jpg")
    return PreparedPicture.model_validate(prepare(asked.model_dump(mode="json"), lambda _: None))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_product_before_a_plain_ground_is_cut_out(tmp_path: Path, form: str) -> None:
    assert prepared(tmp_path, mug(), form).cut_out
    with Image.open(tmp_path / "product.png") as cut:
        assert cut.mode == "RGBA"
        alpha = np.asarray(cut.getchannel("A"))
        assert cut.size[0] == pytest.approx(101, abs=6)  # nothing but the mug
        assert alpha[alpha.shape[0] // 2, alpha.shape[1] // 2] == 255
        assert alpha[0, 0] < 40


def test_a_product_in_a_room_stays_in_it(tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (200, 300, 3), dtype=np.uint8))
    assert not prepared(tmp_path, noise, "PNG").cut_out
    with Image.open(tmp_path / "product.png") as whole:
        assert whole.size == (300, 200)


def test_the_colours_are_the_product_s_and_not_its_ground_s(tmp_path: Path) -> None:
    found = prepared(tmp_path, mug(), "PNG").colours[0]
    assert np.abs(np.array([int(found[at : at + 2], 16) for at in (1, 3, 5)]) - RED).max() < 12


def test_a_photograph_that_was_taken_sideways_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    mug().save(tmp_path / "turned", "JPEG", exif=exif)
    assert read_picture(tmp_path / "turned").size == (200, 300)


def test_of_an_animation_the_first_frame_counts(tmp_path: Path) -> None:
    frames = [mug(), Image.new("RGB", (300, 200), "blue")]
    frames[0].save(tmp_path / "moving", "GIF", save_all=True, append_images=frames[1:])
    assert read_picture(tmp_path / "moving").convert("RGB").getpixel((150, 100)) == pytest.approx(RED, abs=6)


def test_a_picture_for_print_becomes_one_for_screens(tmp_path: Path) -> None:
    mug().convert("CMYK").save(tmp_path / "print", "JPEG")
    assert read_picture(tmp_path / "print").mode == "RGBA"


def test_sixteen_bits_a_pixel_become_eight(tmp_path: Path) -> None:
    deep = np.tile(np.linspace(0, 65535, 100).astype(np.uint16), (40, 1))
    Image.fromarray(deep).save(tmp_path / "deep", "PNG")
    found = np.asarray(read_picture(tmp_path / "deep"))[0, :, 0]
    assert (found[0], found[-1]) == (0, 255)
    assert 120 < found[50] < 136


def test_transparency_is_kept(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    clear.paste((*RED, 255), (20, 20, 80, 80))
    assert prepared(tmp_path, clear, "PNG").cut_out


def content(form: str, **saving: Any) -> bytes:
    data = io.BytesIO()
    mug().save(data, form, **saving)
    return data.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        content("TIFF"),
        content("BMP"),
        content("JPEG")[:900],
        content("PNG")[:200],
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
    ],
    ids=["empty", "svg", "tiff", "bmp", "cut jpeg", "cut png", "no png"],
)
def test_what_is_no_whole_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "given"
    path.write_bytes(data)
    with pytest.raises(PictureUnusable):
        read_picture(path)


def test_a_picture_of_more_pixels_than_may_be_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    Image.new("1", (7000, 6000)).save(tmp_path / "large", "PNG")
    with pytest.raises(PictureUnusable, match="40 million"):
        read_picture(tmp_path / "large")


def test_a_picture_of_more_bytes_than_may_be_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product_picture, "LARGEST_BYTES", 100)
    mug().save(tmp_path / "large", "PNG")
    with pytest.raises(PictureUnusable, match="MiB"):
        read_picture(tmp_path / "large")


def test_the_accent_follows_the_picture_and_the_brand_before_it() -> None:
    own = ("#14110f", "#c8a24b", "#f4ecdc", "#3a2c1e")
    assert palette_of(own, (), None) == own
    assert palette_of(own, ("#808080", "#c81e28"), None)[1] not in {own[1], "#808080"}
    assert palette_of(own, ("#c81e28",), "#00a0ff")[1] == "#1aa9ff"
    assert palette_of(own, ("#808080",), None) == own  # grey says nothing
