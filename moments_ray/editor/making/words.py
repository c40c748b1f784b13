"""Which operations on pictures words ask for: all of the words are understood, or nothing is done."""

from __future__ import annotations

import re
from dataclasses import dataclass

from PIL import ImageColor

from moments_ray.editor.errors import not_configured

# What an operation is called, by what people say; in the order in which they are done.
OPERATIONS: tuple[tuple[str, str], ...] = (
    ("square", r"(?:crop\w* )?(?:to |into )?(?:a )?square"),
    ("rotate_left", r"(?:rotat\w*|turn\w*) (?:it )?(?:to the )?(?:left|counter ?clockwise)"),
    ("rotate", r"rotat\w*(?: it)?(?: by)?(?: to the)?(?: right| clockwise| 90(?: degrees)?)?"),
    ("flip", r"(?:turn\w* (?:it )?)?upside down|flip\w*(?: it)? vertical\w*"),
    ("mirror", r"mirror\w*|flip\w*(?: it)?(?: horizontal\w*)?"),
    ("grayscale", r"black (?:and|&) white|b&w|monochrome|gr[ae]y ?scale|desaturat\w*"),
    ("sepia", r"sepia|vintage|old[- ]fashioned"),
    ("invert", r"invert\w*|negative"),
    ("saturate", r"saturat\w*|vivid|(?:more )?colou?rful|(?:more )?colou?rs?"),
    ("contrast", r"(?:(?:more|higher|increase) )?contrast"),
    ("brighten", r"bright\w*|lighter|lighten"),
    ("darken", r"dark\w*"),
    ("warm", r"warm\w*"),
    ("cool", r"cool\w*|cold\w*"),
    ("blur", r"blur\w*|soft\w*|out of focus"),
    ("sharpen", r"sharp\w*"),
    ("pixelate", r"pixel\w*|mosaic"),
    ("vignette", r"vignett\w*|dark(?:er)? edges"),
    ("border", r"(?:white )?(?:border|frame)"),
)
_FILLERS = """
    a add all an and apply as at background be bit by can change convert do effect filter for from give gradient have
    image in into it its less like little look looking looks make makes more much of on over photo photograph picture
    plain please put poster really slight slightly so solid some that the then this to turn very want way whole with you
"""
_QUOTED = re.compile(r"[\"“”«»„]([^\"“”«»„]{1,120})[\"“”«»„]")
_TITLES = ("card", "text", "title", "saying", "says", "words")
_WORD = re.compile(r"[\w&'-]+")


@dataclass(frozen=True)
class Understood:
    """What words ask for: operations by name, colours by name, and text to be drawn."""

    operations: tuple[str, ...]
    colours: tuple[str, ...] = ()
    text: str = ""


def understand(prompt: str, *, of_picture: bool) -> Understood:
    """Return what a prompt asks for; ``of_picture`` is whether there is a picture to work on.

    Raises:
        ModelNotConfigured: a word of it is none that is known here, or nothing is asked for.
    """
    quoted = _QUOTED.search(prompt)
    left = _QUOTED.sub(" ", prompt).lower()
    operations = []
    for name, pattern in OPERATIONS if of_picture else ():
        left, found = re.subn(rf"(?<![\w-])(?:{pattern})(?![\w-])", " ", left)
        if found:
            operations.append(name)
    words = _WORD.findall(left)
    colours = () if of_picture else tuple(word for word in words if word in ImageColor.colormap)
    text = quoted[1].strip() if quoted else ""
    known = {*_FILLERS.split(), *(_TITLES if text else ()), *colours}
    unknown = [word for word in words if word not in known]
    if unknown or not (operations or colours or text):
        raise not_configured(_cure(unknown, of_picture=of_picture), 501)
    return Understood(tuple(operations), colours, text)


def _cure(unknown: list[str], *, of_picture: bool) -> str:
    not_known = f"Without a model {', '.join(repr(word) for word in unknown[:5])} cannot be drawn" if unknown else ""
    known = (
        f"what is known here is {', '.join(name for name, _ in OPERATIONS)} and a text in quotation marks"
        if of_picture
        else "what is drawn here is a colour, a gradient of two, and a text in quotation marks"
    )
    return (
        f"{not_known or 'Nothing is asked for that is known without a model'}: {known}. "
        "For all else set OPENAI_API_KEY, or give "
        "a model of the kind `image` a base_url with PATCH /api/admin/models/openai_image."
    )
