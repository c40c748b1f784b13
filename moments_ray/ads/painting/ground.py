"""The grounds that an ad's scenes stand on, by style: gradients, textures and shapes, drawn with numpy and Pillow."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from moments_ray.ads.painting.lettering import rgb

Plane = np.ndarray[Any, np.dtype[np.float32]]


def ground(style: str, scene: int, size: tuple[int, int], palette: tuple[str, ...], seed: int) -> Image.Image:
    """Return a scene's ground in RGB; equal seeds draw equal grounds."""
    chance = np.random.default_rng(seed * 10 + scene)
    draw = {"luxury": _luxury, "energetic": _energetic, "minimal": _minimal, "bold": _bold}[style]
    return draw(scene, size, palette, chance)


def _luxury(scene: int, size: tuple[int, int], palette: tuple[str, ...], chance: np.random.Generator) -> Image.Image:
    across, down = _grid(size)
    dark, gold, second = (np.array(rgb(palette[index]), np.float32) for index in (0, 1, 3))
    shade = 0.75 * (1 - down) ** 2 if scene != 3 else 0.3 + 0.6 * np.exp(-(((down - 0.35) / 0.28) ** 2))
    picture = dark + (second - dark) * shade[..., None]
    middle = (0.5, 0.42) if scene != 2 else (0.68, 0.4)
    aspect = size[1] / size[0]
    glow = np.exp(-(((across - middle[0]) ** 2 + ((down - middle[1]) * aspect) ** 2) / (0.16 if scene == 3 else 0.1)))
    picture += gold * (0.42 * glow)[..., None]
    if scene in {1, 2}:
        veins = np.abs(np.sin(9 * across + 5 * down + 2.6 * _clouds(size, chance, 5)))
        picture += gold * (0.22 * (1 - veins) ** 14)[..., None]
    if scene == 4:
        folds = np.sin(14 * across + 2.2 * np.sin(3 * down) + 1.5 * _clouds(size, chance, 3))
        picture *= (1 + 0.22 * folds)[..., None]
    picture += chance.normal(0, 1.6, (*picture.shape[:2], 1)).astype(np.float32)
    return _picture(picture)


def _energetic(scene: int, size: tuple[int, int], palette: tuple[str, ...], chance: np.random.Generator) -> Image.Image:
    across, down = _grid(size)
    first, yellow, third = (np.array(rgb(palette[index]), np.float32) for index in (0, 1, 3))
    slope = np.clip(0.5 + (across - 0.5) * (0.8 if scene % 2 else -0.8) + (down - 0.5) * 0.9, 0, 1)
    picture = first + (third - first) * slope[..., None]
    if scene in {3, 4}:
        angle = np.arctan2((down - 0.42) * size[1], (across - 0.5) * size[0])
        rays = (np.sin(angle * 14) > 0).astype(np.float32)
        picture += (yellow - picture) * (0.5 * rays)[..., None]
    if scene == 2:
        panel = (across + 0.35 * down > 1.02).astype(np.float32)
        picture += (yellow - picture) * panel[..., None]
    image = _picture(picture)
    pen = ImageDraw.Draw(image)
    colours = [rgb(palette[1]), rgb(palette[2]), rgb(palette[0]), (0, 194, 255)]
    for _ in range(90 if scene == 1 else 26):
        x, y = chance.random(2) * size
        half = float(chance.uniform(0.006, 0.02)) * size[0]
        turn = float(chance.uniform(0, np.pi))
        corners = [
            (x + half * k * np.cos(turn + a), y + half * np.sin(turn + a))
            for a, k in ((0, 2), (1.6, 2), (3.1, 2), (4.7, 2))
        ]
        pen.polygon(corners, fill=colours[int(chance.integers(len(colours)))])
    return image


def _minimal(scene: int, size: tuple[int, int], palette: tuple[str, ...], _: np.random.Generator) -> Image.Image:
    across, down = _grid(size)
    light, accent, second = (np.array(rgb(palette[index]), np.float32) for index in (0, 1, 3))
    soft = 1 / (1 + np.exp(-(down - 0.66) * (60 if scene != 3 else 4)))
    picture = light + (second - light) * (0.8 * soft)[..., None]
    picture -= 10 * ((across - 0.5) ** 2 + (down - 0.5) ** 2)[..., None]
    image = _picture(picture)
    if scene == 2:
        mask = Image.new("L", size, 0)
        side = int(min(size) * 0.62)
        left, top = (size[0] - side) // 2, int(size[1] * 0.42) - side // 2
        ImageDraw.Draw(mask).ellipse((left, top, left + side, top + side), fill=70)
        image.paste(Image.new("RGB", size, rgb(palette[1])), mask=mask)
    if scene == 3:
        pen = ImageDraw.Draw(image)
        red, green, blue = (int(0.75 * value + 0.25 * tint) for value, tint in zip(light, accent, strict=True))
        for x, y, wide, high in ((0.12, 0.2, 0.2, 0.11), (0.7, 0.5, 0.17, 0.1)):
            box = (x * size[0], y * size[1], (x + wide) * size[0], (y + high) * size[1])
            pen.rounded_rectangle(box, 18, fill=(red, green, blue))
    return image


def _bold(scene: int, size: tuple[int, int], palette: tuple[str, ...], chance: np.random.Generator) -> Image.Image:
    across, down = _grid(size)
    black, red, second = (np.array(rgb(palette[index]), np.float32) for index in (0, 1, 3))
    picture = black + (second - black) * np.clip(1.2 - np.hypot(across - 0.5, down - 0.4) * 1.8, 0, 1)[..., None]
    if scene == 2:
        wedge = (down > 1.1 - 0.5 * across).astype(np.float32)
        picture += (red - picture) * wedge[..., None]
    if scene == 3:
        light = np.exp(-(((across - 0.5) / (0.12 + 0.3 * down)) ** 2)) * np.clip(1.1 - down, 0, 1)
        smoke = 0.6 + 0.4 * _clouds(size, chance, 5)
        picture += 150 * (light * smoke)[..., None]
    if scene == 1:
        edge = np.exp(-(((across - 0.16 - 0.2 * (1 - down)) / 0.03) ** 2))
        picture += red * (0.9 * edge)[..., None]
    if scene == 4:
        block = (down > 0.49).astype(np.float32)
        picture += (red - picture) * block[..., None]
    return _picture(picture)


def _grid(size: tuple[int, int]) -> tuple[Plane, Plane]:
    across = np.linspace(0, 1, size[0], dtype=np.float32)[None, :]
    down = np.linspace(0, 1, size[1], dtype=np.float32)[:, None]
    return np.broadcast_to(across, (size[1], size[0])), np.broadcast_to(down, (size[1], size[0]))


def _clouds(size: tuple[int, int], chance: np.random.Generator, octaves: int) -> Plane:
    """Return soft noise around 0, of about -1 to 1."""
    total = np.zeros((size[1], size[0]), np.float32)
    for octave in range(octaves):
        cells = 3 * 2**octave
        coarse = chance.uniform(-1, 1, (cells, cells)).astype(np.float32)
        layer = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
        total += np.asarray(layer) / 2**octave
    return total / 1.6


def _picture(values: np.ndarray[Any, np.dtype[Any]]) -> Image.Image:
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8), "RGB")


def blurred(image: Image.Image, radius: float) -> Image.Image:
    """Return a picture out of focus; drawn small, which at such radii nobody sees."""
    small = image.resize((max(1, image.width // 4), max(1, image.height // 4)), Image.Resampling.BOX)
    return small.filter(ImageFilter.GaussianBlur(radius / 4)).resize(image.size, Image.Resampling.BILINEAR)
