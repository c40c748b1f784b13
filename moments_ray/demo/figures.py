"""The drawings on the talk's slides, one a topic, in nothing but lines, shapes and a few words."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from PIL import Image, ImageColor, ImageDraw, ImageFont

INK = "#22262f"
GREY = "#8b909c"
CARD = "#ffffff"
SIZE = (520, 460)  # width and height in slide pixels
_SCALE = 2  # drawn larger and reduced, because Pillow's shapes have hard edges

Point = tuple[float, float]


def tint(colour: str, strength: float) -> str:
    """Mix a ``#rrggbb`` colour into white; strength 1.0 is the colour itself."""
    red, green, blue = (round(255 + (part - 255) * strength) for part in ImageColor.getrgb(colour)[:3])
    return f"#{red:02x}{green:02x}{blue:02x}"


class Pen:
    """Draws on a card in slide pixels from its upper left corner."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._image = Image.new("RGB", (size[0] * _SCALE, size[1] * _SCALE), CARD)
        self._draw = ImageDraw.Draw(self._image)
        self._size = size

    def line(self, points: Sequence[Point], colour: str, width: float = 3) -> None:
        """Draw an open line through points."""
        self._draw.line(_scaled(points), fill=colour, width=round(width * _SCALE), joint="curve")

    def polygon(self, points: Sequence[Point], colour: str) -> None:
        """Fill the area between points."""
        self._draw.polygon(_scaled(points), fill=colour)

    def box(self, corner: Point, size: Point, colour: str, *, outline: str | None = None, radius: float = 0) -> None:
        """Fill a rectangle given by its upper left corner and its size."""
        ends = _scaled([corner, (corner[0] + size[0], corner[1] + size[1])])
        self._draw.rounded_rectangle(ends, radius * _SCALE, fill=colour, outline=outline, width=2 * _SCALE)

    def disc(self, centre: Point, radius: float, colour: str, *, outline: str | None = None) -> None:
        """Fill a circle."""
        ends = _scaled([(centre[0] - radius, centre[1] - radius), (centre[0] + radius, centre[1] + radius)])
        self._draw.ellipse(ends, fill=colour, outline=outline, width=3 * _SCALE)

    def arrow(self, start: Point, end: Point, colour: str, width: float = 4) -> None:
        """Draw a line that ends in a filled head."""
        angle = math.atan2(end[1] - start[1], end[0] - start[0])
        neck = (end[0] - 14 * math.cos(angle), end[1] - 14 * math.sin(angle))
        self.line([start, neck], colour, width)
        sides = [
            (neck[0] + 8 * math.cos(angle + turn), neck[1] + 8 * math.sin(angle + turn))
            for turn in (math.pi / 2, -math.pi / 2)
        ]
        self.polygon([end, *sides], colour)

    def text(self, at: Point, words: str, colour: str = INK, height: int = 22, anchor: str = "mm") -> None:
        """Write one line; ``anchor`` is Pillow's two letters for what of it stands at the point."""
        font = ImageFont.load_default(height * _SCALE)
        self._draw.text(_scaled([at])[0], words, fill=colour, font=font, anchor=anchor)

    def finish(self) -> Image.Image:
        """Return the card at its true size."""
        return self._image.resize(self._size, Image.Resampling.LANCZOS)


def _scaled(points: Sequence[Point]) -> list[Point]:
    return [(x * _SCALE, y * _SCALE) for x, y in points]


def _bridge(pen: Pen, accent: str) -> None:
    towers, top, road = (110.0, 410.0), 90.0, 290.0
    xs = [20 + step * 4.0 for step in range(121)]
    upper = [(x, road - 8 + 34 * math.sin((x - 110) / 300 * 2 * math.pi)) for x in xs]
    lower = [(x, road + 8 - 34 * math.sin((x - 110) / 300 * 2 * math.pi)) for x in xs]
    pen.box((0, 388), (520, 72), tint(accent, 0.18))
    for x in towers:
        pen.box((x - 8, top), (16, 300), INK)
    cable = [(x, top + 158 * (1 - ((x - 260) / 150) ** 2)) for x in xs if towers[0] <= x <= towers[1]]
    pen.line([(14, road - 6), (towers[0], top), *cable, (towers[1], top), (506, road - 6)], GREY, 4)
    for x, y in cable[4::6]:
        pen.line([(x, y), (x, road + 8 - abs(34 * math.sin((x - 110) / 300 * 2 * math.pi)))], GREY, 1.5)
    pen.polygon(upper + lower[::-1], tint(accent, 0.55))
    pen.line(upper, accent, 5)
    pen.line(lower, accent, 5)
    for y in (24, 42):
        pen.arrow((30, y), (110, y), GREY, 3)
    pen.text((124, 33), "wind, 65 km/h", GREY, 20, "lm")
    pen.text((260, 424), "the deck, twisting", INK)


def _bread(pen: Pen, accent: str) -> None:
    crust = [(math.cos(turn * math.pi / 60), math.sin(turn * math.pi / 60)) for turn in range(61)]
    outer = [(260 + 200 * x, 250 - 150 * y) for x, y in crust]
    inner = [(260 + 184 * x, 250 - 134 * y) for x, y in crust]
    pen.polygon([*outer, (70, 360), (450, 360)], accent)
    pen.polygon([*inner, (86, 344), (434, 344)], tint(accent, 0.22))
    dice = random.Random(7)  # noqa: S311 - bubbles, not secrets
    bubbles: list[tuple[float, float, float]] = []
    for _ in range(4000):
        x, y, radius = dice.uniform(90, 430), dice.uniform(120, 340), dice.choice((5, 7, 9, 13, 18))
        rise = 250 - 134 * math.sqrt(max(0.0, 1 - ((x - 260) / 184) ** 2))
        apart = all(math.dist((x, y), other[:2]) > radius + other[2] + 4 for other in bubbles)
        if apart and y - radius > rise + 12 and y + radius < 336 and x - radius > 96 and x + radius < 424:
            bubbles.append((x, y, radius))
            pen.disc((x, y), radius, tint(accent, 0.45))
    pen.text((260, 408), "gas, caught in walls of gluten")


def _map(pen: Pen, accent: str) -> None:
    truth = 92.0
    for x, heading, small in ((135.0, "on the map", 80.0), (385.0, "in truth", truth / math.sqrt(14))):
        pen.text((x, 44), heading, GREY)
        pen.disc((x, 166), truth if heading == "in truth" else 80.0, tint(accent, 0.75))
        pen.text((x, 166), "Africa", CARD, 24)
        pen.disc((x, 348), small, tint(accent, 0.3))
        pen.text((x, 348 if small > 50 else 392), "Greenland", INK, 22 if small > 50 else 20)
    pen.line([(260, 30), (260, 430)], tint(GREY, 0.4), 2)


def _ice(pen: Pen, accent: str) -> None:
    for cube in range(180):
        row, column = divmod(cube, 18)
        arrived = cube < 100
        pen.box(
            (42 + column * 24.5, 70 + row * 27.0),
            (20, 22),
            tint(accent, 0.75) if arrived else CARD,
            outline=None if arrived else tint(accent, 0.35),
            radius=4,
        )
    pen.text((42, 40), "one block = one ton", GREY, 20, "lm")
    pen.box((42, 372), (20, 22), tint(accent, 0.75), radius=4)
    pen.text((74, 383), "reached Calcutta: 100", INK, 22, "lm")
    pen.box((42, 410), (20, 22), CARD, outline=tint(accent, 0.35), radius=4)
    pen.text((74, 421), "melted on the way: 80", INK, 22, "lm")


def _bee(pen: Pen, accent: str) -> None:
    for row in range(9):
        for column in range(9):
            centre = (24 + column * 59 + (row % 2) * 29.5, 24 + row * 51)
            corners = [
                (centre[0] + 34 * math.sin(turn * math.pi / 3), centre[1] + 34 * math.cos(turn * math.pi / 3))
                for turn in range(7)
            ]
            pen.line(corners, tint(accent, 0.22), 2)
    lean = math.radians(40)
    start = (225.0, 318.0)
    end = (start[0] + 190 * math.sin(lean), start[1] - 190 * math.cos(lean))
    for side in (-1, 1):
        loop = []
        for step in range(41):
            along, out = (1 + math.cos(step * math.pi / 40)) / 2, math.sin(step * math.pi / 40) * 92 * side
            loop.append(
                (
                    start[0] + (end[0] - start[0]) * along + out * math.cos(lean),
                    start[1] + (end[1] - start[1]) * along + out * math.sin(lean),
                )
            )
        pen.line(loop, tint(accent, 0.5), 3)
    run = [
        (
            start[0] + (end[0] - start[0]) * step / 60 + 7 * math.sin(step * 1.1) * math.cos(lean),
            start[1] + (end[1] - start[1]) * step / 60 + 7 * math.sin(step * 1.1) * math.sin(lean),
        )
        for step in range(58)
    ]
    pen.line(run, accent, 5)
    pen.arrow(run[-1], (end[0] + 14 * math.sin(lean), end[1] - 14 * math.cos(lean)), accent, 5)
    pen.line([start, (start[0], 96)], INK, 2)
    pen.disc((start[0], 66), 24, "#f2b134")
    pen.text((start[0] - 34, 66), "sun", INK, 22, "rm")
    arc = [
        (start[0] + 130 * math.sin(lean * step / 20), start[1] - 130 * math.cos(lean * step / 20)) for step in range(21)
    ]
    pen.line(arc, INK, 2)
    pen.text((start[0] + 30, start[1] - 152), "40°", INK, 22)
    pen.box((98, 396), (324, 44), CARD, radius=10)
    pen.text((260, 418), "the run, shaking: 2 s = 2 km")


def _box(pen: Pen, accent: str) -> None:
    foot, highest = 390.0, 262.0
    for x, label, dollars in ((150.0, "by hand", 5.86), (370.0, "in boxes", 0.16)):
        height = highest * dollars / 5.86
        pen.box((x - 65, foot - height), (130, height), tint(accent, 0.8))
        if dollars > 1:
            for rib in range(1, 10):
                pen.line([(x - 65, foot - height * rib / 10), (x + 65, foot - height * rib / 10)], CARD, 2)
        pen.text((x, foot - height - 26), f"${dollars:.2f}", INK, 34)
        pen.text((x, foot + 30), label, GREY)
    pen.line([(60, foot), (460, foot)], INK, 3)
    pen.text((260, 36), "loading one ton of cargo, 1956", GREY, 20)


_FIGURES: dict[str, Callable[[Pen, str], None]] = {
    "bridge": _bridge,
    "bread": _bread,
    "map": _map,
    "ice": _ice,
    "bee": _bee,
    "box": _box,
}


def draw_figure(name: str, accent: str) -> Image.Image:
    """Return the card of a figure, `SIZE` pixels; ``accent`` is its colour as ``#rrggbb``."""
    pen = Pen(SIZE)
    _FIGURES[name](pen, accent)
    return pen.finish()
