"""The faces that captions are drawn with, from packages of free fonts, and which of them has which character.

libass takes no glyph from another one of our files than it was told: text is cut into runs, each drawn by a face that
has its characters. Faces of packages give the same picture on every machine; those of the system are not asked.
"""

from __future__ import annotations

import functools
import importlib.util
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fontTools.ttLib import TTFont

from moments_ray.errors import GlyphMissing


@dataclass(frozen=True, slots=True)
class Face:
    """A face: the family under which libass finds it, whether it is a bold one, and its file in a package."""

    family: str
    package: str
    file: str
    bold: bool = False

    @property
    def path(self) -> Path | None:
        """Where its file is, None where the package is not installed."""
        spec = importlib.util.find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            return None
        path = Path(spec.submodule_search_locations[0]) / self.file
        return path if path.is_file() else None


POPPINS = Face("Poppins", "fontpkg_poppins", "files/Poppins-Regular.ttf")
POPPINS_BOLD = Face("Poppins", "fontpkg_poppins", "files/Poppins-Bold.ttf", bold=True)
ANTON = Face("Anton", "fontpkg_anton", "files/Anton-Regular.ttf")
ARCHIVO_BLACK = Face("Archivo Black", "fontpkg_archivo_black", "files/ArchivoBlack-Regular.ttf")


def _noto(script: str = "") -> Face:
    """A variable face whose default is the regular weight, which is how it is drawn: never asked to be bold."""
    return Face(f"Noto Sans {script}".strip(), "manimgx_fonts", f"NotoSans{script}[wght].ttf")


EMOJI = Face("Noto Emoji", "manimgx_fonts", "NotoEmoji[wght].ttf")
CJK = Face("Noto Sans CJK JP", "noto_cjk_sans_jp_bold", "NotoSansCJKjp-Bold.otf", bold=True)
"""Of the extra ``cjk``: Chinese, Japanese and Korean, in the shapes that Japan writes."""

# In the order in which they are asked for what the style's own face lacks.
FALLBACKS = (
    _noto(),
    *map(_noto, ("Arabic", "Armenian", "Bengali", "Devanagari", "Ethiopic", "Georgian", "Gujarati", "Gurmukhi")),
    Face("Noto Sans Hebrew Light", "manimgx_fonts", "NotoSansHebrew[wght].ttf"),  # its default weight is another one
    *map(_noto, ("Kannada", "Khmer", "Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil")),
    *map(_noto, ("Telugu", "Thai", "Symbols")),
    EMOJI,
    CJK,
)


@functools.cache
def characters_of(face: Face) -> frozenset[int]:
    """Return the code points that a face has a glyph for; none where it is not installed."""
    path = face.path
    if path is None:
        return frozenset()
    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap() or ())


def runs_of(text: str, face: Face) -> list[tuple[Face, str]]:
    """Cut a text into runs, each with a face that has all of its characters; ``face`` is taken wherever it can be.

    Raises:
        GlyphMissing: no face here has one of the characters.
    """
    runs: list[tuple[Face, str]] = []
    for character in text:
        before = runs[-1][0] if runs else face
        chosen = before if _joins(character, before) else _face_for(character, (face, *FALLBACKS))
        if runs and chosen == before:
            runs[-1] = (before, runs[-1][1] + character)
        else:
            runs.append((chosen, character))
    return runs


def width_of(runs: Sequence[tuple[Face, str]]) -> float:
    """Return about how wide runs are drawn in a line of height 1; letters that join or lean together are not seen."""
    return sum(_widths(face).get(ord(character), 0.0) for face, text in runs for character in text)


@functools.cache
def _widths(face: Face) -> dict[int, float]:
    """Return the widths of a face's characters as libass draws them: its size is that from ascender to descender."""
    path = face.path
    if path is None:
        return {}
    with TTFont(path, lazy=True) as font:
        advances, height = font["hmtx"].metrics, font["OS/2"].usWinAscent + font["OS/2"].usWinDescent
        return {code: advances[name][0] / height for code, name in (font.getBestCmap() or {}).items()}


def check_glyphs(text: str, face: Face) -> None:
    """Refuse a text that cannot be drawn; raises as ``runs_of``."""
    runs_of(text, face)


def _face_for(character: str, faces: Sequence[Face]) -> Face:
    found = next((face for face in faces if ord(character) in characters_of(face)), None)
    if found is None:
        name = unicodedata.name(character, "a character without a name")
        wide = unicodedata.east_asian_width(character) in {"W", "F"} and CJK.path is None
        cure = "install moments-ray[cjk]" if wide else "take it out of the text"
        raise GlyphMissing(
            f"No font here can draw {character!r} ({name}): {cure}.",
            {"character": character, "codepoint": f"U+{ord(character):04X}"},
        )
    return found


def _joins(character: str, face: Face) -> bool:
    """Tell whether a character goes with the one before it: it is not drawn by itself, or belongs to any script."""
    if unicodedata.category(character) in {"Cf", "Mn", "Me"} or character in "\n\ufe0e\ufe0f":
        return True
    # The space between emoji is as wide as three of letters.
    return character.isspace() and face != EMOJI and ord(character) in characters_of(face)
