"""A product's name as large letters, for ads without a picture of it: a title as each style has it, or an initial."""

from __future__ import annotations

from PIL import Image, ImageDraw

from moments_ray.ads.painting.lettering import draw_text, drawable, rgb
from moments_ray.ads.painting.painting import Painting

_FEATURE = 2  # the scene that shows one detail: of a name, its first letter


def name_lettering(painting: Painting, room: tuple[int, int]) -> Image.Image:
    """Return a name as RGBA of at most ``room`` (pixels across and down), on nothing."""
    width, height = room[0], min(room[1], int(room[0] * 1.1))
    layer = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    loud = painting.style in {"bold", "energetic"}
    name = painting.product_name.upper() if loud else painting.product_name
    box = (0, int(height * 0.1), width, int(height * 0.9))
    edge = rgb(painting.palette[3]) if painting.style == "energetic" else None  # its grounds have all colours
    initial = drawable(name, painting.font)[0][:1]
    if painting.scene == _FEATURE and initial:
        colour = rgb(painting.palette[2 if loud else 1])
        upper = (0, 0, width, int(height * 0.74))
        draw_text(layer, initial, upper, font=painting.font, colour=colour, largest=int(width * 0.74), edge=edge)
        box = (0, int(height * 0.76), width, height)
    ink = rgb(painting.palette[1 if painting.style == "luxury" and painting.scene != _FEATURE else 2])
    drawn = draw_text(layer, name, box, font=painting.font, colour=ink, largest=int(width * 0.3), edge=edge)
    if drawn is not None and painting.scene != _FEATURE:
        _ornament(layer, drawn, painting)
    return layer


def _ornament(layer: Image.Image, drawn: tuple[int, int, int, int], painting: Painting) -> None:
    """Draw what each style sets beside a name."""
    pen, accent = ImageDraw.Draw(layer), (*rgb(painting.palette[1]), 255)
    width, line = layer.width, max(2, layer.width // 200)
    above, below = max(0, drawn[1] - width // 18), min(layer.height - 1, drawn[3] + width // 18)
    if painting.style == "luxury":
        for y in (above, below):
            pen.line((width * 0.3, y, width * 0.7, y), fill=accent, width=line)
    elif painting.style == "minimal":
        pen.rounded_rectangle((width * 0.44, below - line, width * 0.56, below + line), line, fill=accent)
    elif painting.style == "bold":
        pen.rectangle((drawn[0], below - 2 * line, drawn[2], below + 2 * line), fill=accent)
    else:
        for step in range(3):
            left = width * (0.38 + 0.09 * step)
            pen.ellipse((left, below - 2 * line, left + 6 * line, below + 4 * line), fill=accent)
