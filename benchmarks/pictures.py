"""Draws the pictures of docs/editor.md and docs/ads.md, as a render makes them.

    python -m benchmarks.pictures

Writes docs/editor-captions.png and docs/editor-effects.png, a frame of each caption style and of each effect, and
docs/ads-styles.png, a frame of the first and the last scene of each style of ads.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import av
from PIL import Image, ImageDraw, ImageFont

from moments_ray.ads.painting.painting import Painting
from moments_ray.ads.painting.scene import paint
from moments_ray.ads.script.styles import StyleName, template
from moments_ray.media.probe import probe
from moments_ray.media.process import ffmpeg_executable, run_tool
from moments_ray.media.render.effects import EFFECTS, Effect
from moments_ray.media.render.fonts import POPPINS
from moments_ray.media.render.piece import render_frame
from moments_ray.media.render.plan import Caption, CaptionStyle, Form, Picture, Piece, Word
from moments_ray.media.source import FFMPEG_GLOBAL_ARGUMENTS
from moments_ray.settings import MediaSettings

SETTINGS = MediaSettings()
DOCS = Path(__file__).parent.parent / "docs"
UPRIGHT, SQUARE = Form(width=270, height=480, quality="draft"), Form(width=360, height=360, quality="draft")
AD, AD_SHOWN = Form(width=720, height=1280), (196, 348)
LABEL = 20
STYLES = get_args(CaptionStyle)
FRAMES = 60
# When an effect is seen best, in frames: a flash at its start, a fade where it is half done.
SEEN = {"flash": 2, "fade_in": 6, "fade_out": 54, "glitch": 16, "punch_in": 1, "zoom": 59, "zoom_out": 0, "shake": 3}
_COLOURS = 128
_SCENES = {
    "effects.mp4": "testsrc2=size=640x360:rate=30:duration=4",
    "captions.mp4": "gradients=size=640x360:rate=30:duration=4:c0=0x203050:c1=0x203050",
}


async def main() -> None:
    """Draw the sheets."""
    with tempfile.TemporaryDirectory(prefix="moments-pictures-") as name:
        directory = Path(name)
        for file, scene in _SCENES.items():
            words = ["-f", "lavfi", "-i", scene, "-c:v", "libx264", "-qp", "8", "-pix_fmt", "yuv420p"]
            argv = [ffmpeg_executable(), *FFMPEG_GLOBAL_ARGUMENTS, *words, str(directory / file)]
            await run_tool(argv, timeout=60, settings=SETTINGS)
        styles = [await shown(captioned(style), 24, directory / "captions.mp4", SQUARE) for style in STYLES]
        effects = [
            await shown(changed(effect), SEEN.get(effect, 30), directory / "effects.mp4", UPRIGHT) for effect in EFFECTS
        ]
        sheet(styles, STYLES, 3).save(DOCS / "editor-captions.png", optimize=True)
        sheet(effects, EFFECTS, 8).save(DOCS / "editor-effects.png", optimize=True)
        scenes = [(style, scene) for style in get_args(StyleName) for scene in (1, 4)]
        painted = [await asyncio.to_thread(scene_of_ad, style, scene, directory) for style, scene in scenes]
        names = [f"{style}, scene {scene}" for style, scene in scenes]
        sheet(painted, names, len(scenes), grain=True).save(DOCS / "ads-styles.png", optimize=True)


def scene_of_ad(style: StyleName, number: int, directory: Path) -> Image.Image:
    """Return a frame of a scene of an ad that nobody gave a picture for."""
    own = template(style)
    scene = own.scenes[number - 1]
    path = directory / f"{style}-{number}.{'png' if scene.static_image else 'mp4'}"
    painting = Painting(
        path=path,
        style=style,
        font=own.font,
        scene=number,
        width=AD.width,
        height=AD.height,
        frames=FRAMES,
        static=scene.static_image,
        camera=scene.camera,
        bpm=own.music.bpm,
        palette=own.palette,
        product_name="Premium Headphones",
        words="Shop Now",
    )
    paint(painting.model_dump(mode="json"), lambda _: None)
    if scene.static_image:
        with Image.open(path) as picture:
            return picture.convert("RGB").resize(AD_SHOWN, Image.Resampling.LANCZOS)
    with av.open(path) as film:
        *_, last = film.decode(video=0)
        return Image.fromarray(last.to_ndarray(format="rgb24")).resize(AD_SHOWN, Image.Resampling.LANCZOS)


def captioned(style: CaptionStyle) -> Piece:
    """Return a piece with a caption whose second word is being said."""
    words = tuple(Word(text=text, start=at, end=at + 0.6) for text, at in (("Words", 0), ("light", 0.6), ("up", 1.2)))
    caption = Caption(text="Words light up", start=0, end=2, words=words, style=style)
    return Piece(name=f"style-{style.replace('_', '-')}", picture=Picture(), frames=FRAMES, captions=(caption,))


def changed(effect: str) -> Piece:
    """Return a piece with one effect."""
    chosen = (Effect.model_validate({"name": effect}),)
    return Piece(name=f"effect-{effect.replace('_', '-')}", picture=Picture(), frames=FRAMES, effects=chosen)


async def shown(piece: Piece, frame: int, source: Path, form: Form) -> Image.Image:
    """Return one frame of a piece, at half its size or less."""
    info = await probe(source, SETTINGS)
    path = await render_frame(
        piece, frame, source, info, form=form, directory=source.parent, settings=SETTINGS, timeout=120
    )
    with Image.open(path) as picture:
        return picture.reduce(2) if form == UPRIGHT else picture.copy()


def sheet(pictures: Sequence[Image.Image], names: Sequence[str], across: int, *, grain: bool = False) -> Image.Image:
    """Return pictures side by side, each over its name, in few colours; ``grain`` hides their steps in soft light."""
    down = -(-len(pictures) // across)
    cell, gap = pictures[0].size, 6
    whole = Image.new("RGB", (across * (cell[0] + gap) - gap, down * (cell[1] + LABEL)), "white")
    pen, font = ImageDraw.Draw(whole), ImageFont.truetype(str(POPPINS.path), 13)
    for number, (picture, name) in enumerate(zip(pictures, names, strict=True)):
        left, top = number % across * (cell[0] + gap), number // across * (cell[1] + LABEL)
        whole.paste(picture, (left, top))
        pen.text((left, top + cell[1]), name, "black", font)
    if grain:
        return whole.quantize(2 * _COLOURS)
    return whole.quantize(_COLOURS, dither=Image.Dither.NONE)


if __name__ == "__main__":
    asyncio.run(main())
