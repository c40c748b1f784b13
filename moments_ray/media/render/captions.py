"""Writes captions as an ASS file that ffmpeg draws into a piece: words light up on the frame of their time.

No word of a user is ever interpreted: what ASS would read as a command is escaped by one function. Scripts that a face
lacks are drawn by one that has them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pysubs2

from moments_ray.media.render.fonts import ANTON, ARCHIVO_BLACK, POPPINS, POPPINS_BOLD, Face, runs_of
from moments_ray.media.render.lines import broken, count, fits_words
from moments_ray.media.render.plan import RATE, Caption, CaptionPosition, CaptionStyle, Form, Piece, Word

# What a backslash is followed by, so that it begins no command: a joiner of words, which is not drawn.
_AFTER_A_BACKSLASH = "\u2060"
_ASS_ALIGNMENT: dict[CaptionPosition, int] = {"bottom": 2, "center": 5, "top": 8}
# Above the lower edge: phones lay their own buttons over the lowest sixth of an upright picture.
_EDGE_UPRIGHT, _EDGE_WIDE, _SIDES = 0.18, 0.06, 0.06
# A box around all of a caption, as wide as its shadow: libass's own; ASS has only one around each run of a line.
_ONE_BOX = 4
_WATERMARK_SIZE, _WATERMARK_EDGE = 0.028, 0.03
_AS_IT_IS = 100  # percent


@dataclass(frozen=True, slots=True)
class Look:
    """How a style draws: sizes are shares of the shorter side of the picture, colours are red, green, blue.

    ``lit`` is the colour of the word that is being said, ``grows`` by how much it grows (percent); ``fills`` keeps what
    was said in that colour.
    """

    face: Face
    size: float
    colour: tuple[int, int, int] = (255, 255, 255)
    lit: tuple[int, int, int] | None = None
    grows: int = 100
    fills: bool = False
    outline: float = 0.0
    shadow: float = 0.0
    box: bool = False
    position: CaptionPosition | None = None


LOOKS: dict[CaptionStyle, Look] = {
    "pop": Look(POPPINS_BOLD, 0.12, lit=(255, 221, 51), grows=112, outline=0.006, shadow=0.003),
    "karaoke": Look(ARCHIVO_BLACK, 0.1, lit=(64, 224, 255), fills=True, outline=0.005),
    "box": Look(POPPINS_BOLD, 0.085, lit=(255, 221, 51), shadow=0.012, box=True),
    "classic": Look(POPPINS, 0.078, outline=0.003, shadow=0.002),
    "minimal": Look(POPPINS, 0.062, outline=0.0015),
    "bold_center": Look(ANTON, 0.16, lit=(255, 80, 80), outline=0.006, position="center"),
}


def plain(text: str) -> str:
    """Return a text as it will be drawn: composed, without control characters; line ends stay."""
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    return "".join(each for each in composed if each == "\n" or unicodedata.category(each) != "Cc")


def is_blank(text: str) -> bool:
    """Tell whether nothing of a text can be seen: spaces, line ends, characters that only join or steer others."""
    return all(each.isspace() or unicodedata.category(each) in {"Cf", "Mn", "Me"} for each in plain(text))


def escape(text: str) -> str:
    """Return text that ASS draws as it stands: braces, backslashes and line ends mean nothing else."""
    escaped = text.replace("\\", "\\" + _AFTER_A_BACKSLASH).replace("{", "\\{").replace("}", "\\}")
    return escaped.replace("\n", "\\N")


def captions_file(piece: Piece, form: Form) -> tuple[str, frozenset[Face]] | None:
    """Return the ASS file of a piece's captions and watermark with the faces it needs, None if nothing is drawn.

    Raises:
        GlyphMissing: no face here has one of the characters.
    """
    shorter = min(form.width, form.height)
    file = pysubs2.SSAFile()
    file.info |= {
        "PlayResX": str(form.width),
        "PlayResY": str(form.height),
        "WrapStyle": "0",
        "ScaledBorderAndShadow": "yes",
    }
    faces: set[Face] = set()
    for caption in piece.captions:
        look = LOOKS[caption.style]
        name = f"{caption.style}-{caption.position}"
        file.styles[name] = _style(look, look.position or caption.position, form)
        faces.add(look.face)  # libass asks for the style's own, though no character be drawn by it
        for first, end, text in _events(caption, look, piece.frames, faces, _room(look, form)):
            file.append(pysubs2.SSAEvent(_before(first), _before(end), text, style=name))
    if piece.watermark:
        file.styles["watermark"] = _watermark_style(shorter)
        text = _drawn(_runs(plain(piece.watermark), POPPINS_BOLD, faces))
        file.append(pysubs2.SSAEvent(0, _before(piece.frames), text, style="watermark"))
    if not file.events:
        return None
    return str(file.to_string("ass")), frozenset(faces)


def check_text(caption: Caption) -> None:
    """Refuse a caption that cannot be drawn; raises as ``captions_file``."""
    runs_of(plain(caption.text), LOOKS[caption.style].face)


def height_of(caption: Caption, form: Form) -> float:
    """Return which share of the picture's height the lines of a caption take; raises as ``captions_file``."""
    look = LOOKS[caption.style]
    lines = count(plain(caption.text).strip(), look.face, _room(look, form))
    return lines * look.size * min(form.width, form.height) / form.height


def _events(caption: Caption, look: Look, frames: int, faces: set[Face], room: float) -> Iterator[tuple[int, int, str]]:
    """Yield first frame, frame after the last, and text: one event, or one for every word that lights up.

    ``room`` is the width of a line, in heights of one.
    """
    first, end = max(0, round(caption.start * RATE)), min(frames, round(caption.end * RATE))
    text = plain(caption.text).strip()
    if end <= first or not text:
        return
    text = _lined(text, caption, look, room)
    places = _places(text, caption.words) if look.lit else None
    if not places:
        yield first, end, _drawn(_runs(text, look.face, faces))
        return
    turns = [max(first, min(end, round(word.start * RATE))) for word in caption.words]
    if turns[0] > first:
        yield first, turns[0], _drawn(_runs(text, look.face, faces))
    for number, (begin, after) in enumerate(zip(turns, [*turns[1:], end], strict=True)):
        if after > begin:
            start = places[0][0] if look.fills else places[number][0]
            yield begin, after, _lit(text, (start, places[number][1]), look, faces)


def _lined(text: str, caption: Caption, look: Look, room: float) -> str:
    """Put line ends into a text where libass would set none, or others as the words grow in turn."""
    if look.grows != _AS_IT_IS and _places(text, caption.words):
        return broken(text, look.face, room, look.grows / _AS_IT_IS - 1)
    return text if fits_words(text, look.face, room) else broken(text, look.face, room)


def _places(text: str, words: Sequence[Word]) -> list[tuple[int, int]]:
    """Return where each word stands in the text, though lines end in it; nothing if one is not found in its turn."""
    places, at = [], 0
    for word in words:
        said = plain(word.text).strip()
        found = _across_lines(said).search(text, at) if said else None
        if found is None:
            return []
        at = found.end()
        places.append(found.span())
    return places


def _across_lines(said: str) -> re.Pattern[str]:
    """Return what finds a word wherever lines were ended in it."""
    return re.compile("\n?".join("[ \n]" if each == " " else re.escape(each) for each in said))


def _lit(text: str, place: tuple[int, int], look: Look, faces: set[Face]) -> str:
    """Draw a text with the part between two positions lit."""
    before, word, after = text[: place[0]], text[place[0] : place[1]], text[place[1] :]
    assert look.lit is not None  # noqa: S101 - asked for by styles that light up
    on = f"{{\\1c{_colour(look.lit)}\\fscx{look.grows}\\fscy{look.grows}}}"
    off = f"{{\\1c{_colour(look.colour)}\\fscx100\\fscy100}}"
    drawn = [_drawn(_runs(part, look.face, faces)) for part in (before, word, after)]
    return f"{drawn[0]}{on}{drawn[1]}{off}{drawn[2]}"


def _runs(text: str, face: Face, faces: set[Face]) -> list[tuple[Face, str]]:
    runs = runs_of(text, face)
    faces.update(face for face, _ in runs)
    return runs


def _drawn(runs: Sequence[tuple[Face, str]]) -> str:
    return "".join(f"{{\\fn{face.family}\\b{int(face.bold)}}}{escape(text)}" for face, text in runs)


def _room(look: Look, form: Form) -> float:
    """Return the width of a line, in heights of one."""
    return form.width * (1 - 2 * _SIDES) / (min(form.width, form.height) * look.size)


def _before(frame: int) -> int:
    """Return a time (ms) half a frame before a frame: whole hundredths of a second never touch the next frame."""
    return max(0, round((frame - 0.5) * 100 / RATE) * 10)


def _style(look: Look, position: CaptionPosition, form: Form) -> pysubs2.SSAStyle:
    shorter = min(form.width, form.height)
    sides = round(form.width * _SIDES)
    return pysubs2.SSAStyle(
        fontname=look.face.family,
        fontsize=round(shorter * look.size),
        bold=look.face.bold,
        primarycolor=pysubs2.Color(*look.colour),
        outlinecolor=pysubs2.Color(0, 0, 0, 0),
        backcolor=pysubs2.Color(0, 0, 0, 96),
        borderstyle=_ONE_BOX if look.box else 1,
        outline=shorter * look.outline,
        shadow=shorter * look.shadow,
        alignment=pysubs2.Alignment(_ASS_ALIGNMENT[position]),
        marginl=sides,
        marginr=sides,
        marginv=round(form.height * (_EDGE_UPRIGHT if form.height > form.width else _EDGE_WIDE)),
        encoding=-1,  # the direction of a line is that of its first letter
    )


def _watermark_style(shorter: int) -> pysubs2.SSAStyle:
    edge = round(shorter * _WATERMARK_EDGE)
    return pysubs2.SSAStyle(
        fontname=POPPINS_BOLD.family,
        fontsize=round(shorter * _WATERMARK_SIZE),
        bold=True,
        primarycolor=pysubs2.Color(255, 255, 255, 80),
        outlinecolor=pysubs2.Color(0, 0, 0, 128),
        outline=shorter * 0.0015,
        shadow=0,
        alignment=pysubs2.Alignment.TOP_RIGHT,
        marginl=edge,
        marginr=edge,
        marginv=edge,
    )


def _colour(colour: tuple[int, int, int]) -> str:
    red, green, blue = colour
    return f"&H{blue:02X}{green:02X}{red:02X}&"
