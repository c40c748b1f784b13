"""Writes ``report.html``: one page that asks nobody for anything and runs nothing but its own script."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pydantic import JsonValue

from moments_ray.moments.finding.moment import clock
from moments_ray.moments.report.document import Clip, Document, Moment
from moments_ray.moments.report.passages import parts, passages
from moments_ray.moments.report.timeline import TONES, Block, blocks, chapter_marks, replay_path, ticks, waveform_path
from moments_ray.moments.stage_titles import stage_title
from moments_ray.speech.transcript import Transcript

# Control characters and explicit bidirectional overrides: no title needs them, and they can make one lie.
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_PICTURE_TYPES: Final = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"RIFF": "image/webp"}


def render_report(
    document: Mapping[str, Any],
    *,
    transcript: Transcript | None,
    waveform: Sequence[float] | None,
    storyboard: Sequence[Path] | None,
    directory: Path,
) -> Path:
    """Write ``directory/report.html`` and return its path.

    Args:
        document: What `moments run` writes as ``moments.json``.
        transcript: What was said; None where nobody listened.
        waveform: Loudness over the whole video at even steps, on any positive scale.
        storyboard: Pictures of the video at even steps, a dozen fill the line; they are put into the page.
        directory: Where the report goes; clips and thumbnails are relative to it and shown only if they are there.

    Raises:
        pydantic.ValidationError: ``document`` is not such a document.
    """
    shown = Document.model_validate(document)
    said = passages(transcript, shown.moments)
    duration = _duration(shown, transcript)
    style, script = _asset("tokens.css") + _asset("style.css"), _asset("script.js")
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            document=shown,
            duration=duration,
            passages=said,
            parts=parts(said),
            estimated=transcript is not None and transcript.words_estimated,
            cards=_cards(shown.moments, duration, directory),
            rows=max((each.row for each in blocks(shown.moments, duration)), default=0) + 1,
            ticks=ticks(duration),
            chapters=chapter_marks(shown.video.chapters, duration),
            replays=replay_path(shown.video.replays, duration),
            waveform=waveform_path(waveform) if waveform is not None else "",
            storyboard=[_data_uri(path) for path in storyboard or ()],
            quality=_quality(shown.quality),
            longest_stage=max([stage.seconds or 0.0 for stage in shown.stages], default=0.0) or 1.0,
            errors=[_error(error) for error in shown.errors],
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            policy=_policy(style, script),
        )
    )
    # Written beside and moved, so that nobody ever opens half a page. A lone surrogate becomes a question mark.
    path, unfinished = directory / "report.html", directory / ".report.html"
    unfinished.write_text(page, encoding="utf-8", errors="replace")
    return unfinished.replace(path)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("moments_ray.moments.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(clock=clock, seconds=_seconds, megabytes=_megabytes, words=stage_title)
    environment.globals["tones"] = TONES
    return environment


def _asset(name: str) -> str:
    return resources.files("moments_ray.moments.report").joinpath(name).read_text(encoding="utf-8").strip("\n")


def _policy(style: str, script: str) -> str:
    """Return a content security policy that allows exactly this page's style, script, pictures and clips."""
    hashes = {
        kind: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for kind, text in (("style", style), ("script", script))
    }
    return (
        f"default-src 'none'; style-src 'sha256-{hashes['style']}'; script-src 'sha256-{hashes['script']}'; "
        # A page opened from disk has no origin for 'self' to mean; file: is for it, and nothing on the web.
        "img-src data:; media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )


def _printable(value: object) -> object:
    """Take from any text that reaches the page what could only deceive its reader."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _UNPRINTABLE.sub("", value)
    return value


def _duration(document: Document, transcript: Transcript | None) -> float:
    if document.video.duration is not None and document.video.duration > 0:
        return document.video.duration
    ends = [moment.end_time for moment in document.moments]
    ends += [word.end for word in transcript.words[-1:]] if transcript is not None else []
    return max([*ends, 1.0])


def _cards(moments: Sequence[Moment], duration: float, directory: Path) -> list[dict[str, Any]]:
    placed, reasons = blocks(moments, duration), _telling([moment.reason for moment in moments])
    return [
        _card(moment, where, reason, directory) for moment, where, reason in zip(moments, placed, reasons, strict=True)
    ]


def _telling(reasons: Sequence[str | None]) -> list[str | None]:
    """Begin each reason with what others do not say: reasons that begin alike tell nothing apart."""
    parts = [[each for each in (reason or "").rstrip(".").split("; ") if each] for reason in reasons]
    common = Counter(each[0].lower() + each[1:] for said in parts for each in said)
    told: list[str | None] = []
    for reason, said in zip(reasons, parts, strict=True):
        first = said[0][0].lower() + said[0][1:] if said else ""
        if common[first] < 2 or len(said) < 2:
            told.append(reason)
            continue
        text = "; ".join(sorted([first, *said[1:]], key=lambda part: common[part]))
        told.append(f"{text[0].upper()}{text[1:]}.")
    return told


def _card(moment: Moment, where: Block, reason: str | None, directory: Path) -> dict[str, Any]:
    """Return what the template needs of a moment beside its own fields."""
    thumbnail = _beside(directory, moment.thumbnail)
    return {
        "moment": moment,
        "block": where,
        "reason": reason,
        "clip": moment.clip,
        "clip_url": _clip_url(moment.clip, directory),
        "poster": _data_uri(directory / thumbnail) if thumbnail is not None else None,
    }


def _clip_url(clip: Clip | None, directory: Path) -> str | None:
    relative = _beside(directory, clip.path if clip is not None else None)
    # quote() leaves no colon, so that no path is ever read as a scheme.
    return quote(str(relative)) if relative is not None else None


def _beside(directory: Path, written: str | None) -> PurePosixPath | None:
    """Return a document's path if it names a file that lies under the report's directory."""
    if written is None or "\0" in written:
        return None
    relative = PurePosixPath(written)
    if relative.is_absolute() or ".." in relative.parts or not (directory / relative).is_file():
        return None
    return relative


def _data_uri(path: Path) -> str | None:
    """Return a picture as a ``data:`` URI; None for a file that is no picture a browser shows."""
    data = path.read_bytes()
    kind = next((kind for magic, kind in _PICTURE_TYPES.items() if data.startswith(magic)), None)
    return f"data:{kind};base64,{base64.b64encode(data).decode()}" if kind is not None else None


def _quality(figures: Mapping[str, JsonValue]) -> list[tuple[str, str]]:
    """Return the quality figures as (value, what it says), known ones in words, others by their names."""
    known: dict[str, Callable[[Any], tuple[str, str]]] = {
        "cuts_in_word": lambda value: (str(value), "cuts inside a word"),
        "ends_on_sentence": lambda value: (f"{100 * value:.0f} %", "begin and end on a sentence"),
        "slivers": lambda value: (str(value), "short pieces of another shot"),
        "overlap": lambda value: (f"{value:.1f} s", "shown in two moments"),
        "found": lambda value: (f"{value} of {figures.get('asked', '?')}", "moments found, of those asked for"),
    }
    rows = []
    for name, value in figures.items():
        if isinstance(value, bool | int | float | str) and name != "asked":
            numeric = isinstance(value, int | float) and math.isfinite(value)
            rows.append(known[name](value) if name in known and numeric else (str(value), name.replace("_", " ")))
    return rows


def _error(error: JsonValue) -> tuple[str, str]:
    """Return an error as (where or code, message)."""
    if not isinstance(error, dict):
        return ("", str(error))
    place = [str(error[key]) for key in ("code", "stage", "item") if error.get(key) is not None]
    return (" · ".join(place), str(error.get("message") or error.get("error") or ""))


def _seconds(value: float) -> str:
    return f"{value:.1f} s"


def _megabytes(value: int) -> str:
    return f"{value / 1_000_000:.1f} MB"
