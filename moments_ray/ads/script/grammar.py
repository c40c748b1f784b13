"""A script by grammar, where no model writes: sentences of the style, and what the seller said of the product."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from moments_ray.ads.script.rules import claims, count_words, fits, speakable, spoken_seconds
from moments_ray.ads.script.styles import Template
from moments_ray.ads.script.words import Script, Written, fill

_LONGEST_NAME = 6  # words of a product's name that are said each time
_CLAUSE = re.compile(r"\s*(?:[;:–—]|,\s+(?:and|but|which|so)\b)\s*")
_FULL = 0.6  # of a scene: a line that takes less leaves it silent for too long
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


@cache
def _sentences() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = json.loads(
        resources.files(__package__).joinpath("grammar.json").read_text("utf-8")
    )
    return found


def write(
    template: Template, *, product_name: str, cta_text: str, description: str, seed: int, rate: int | None = None
) -> Script:
    """Return a script that says nothing which the seller did not; equal seeds write equal scripts.

    ``rate`` is words a minute of the voice that will speak; unset, as the style has it.
    """
    chance = random.Random(f"{template.style}:{product_name}:{seed}")  # noqa: S311 - a choice of sentences
    name = speakable(product_name)
    short = " ".join(name.split()[:_LONGEST_NAME]) or "it"
    cta = speakable(cta_text)
    rate = rate or template.voice.rate
    facts = iter(usable_facts(description, f"{product_name}\n{description}", cta_text))
    lines: list[str] = []
    for scene in template.scenes:
        room = _SceneTime(scene.duration, rate)
        choices = _sentences()[template.style][scene.role]
        choices = chance.sample(choices, len(choices))
        said = _line(choices, name=short, cta=cta, room=room)
        said = said or (f"{cta}." if scene.role == "call_to_action" else scene.voiceover_text)
        if scene.role in {"feature", "benefit"}:
            said = _with_more(_with_fact(said, facts, room) or said, choices, room)
        lines.append(said)
    first, second, third, fourth = lines
    seen = [scene.visual_prompt.replace("The product", name or "The product", 1) for scene in template.scenes]
    written = Written(
        hook=_SENTENCE.split(first)[0],
        cta=cta_text if cta_text.endswith((".", "!", "?")) else f"{cta_text}.",
        voiceovers=(first, second, third, fourth),
        visual_prompts=(seen[0], seen[1], seen[2], seen[3]),
    )
    return Script(
        hook=written.hook, cta=written.cta, scenes=fill(template, written), model="grammar", backend="embedded"
    )


def usable_facts(description: str, facts: str, cta_text: str) -> Iterator[str]:
    """Yield the sentences of a description that can be said as they are, longer ones by their clauses."""
    for sentence in _SENTENCE.split(description):
        for clause in [sentence, *(_CLAUSE.split(sentence) if _CLAUSE.search(sentence) else [])]:
            said = speakable(clause).rstrip(" .,;:")
            if count_words(said) >= 2 and not list(claims(said, facts, cta_text, "en")):
                yield f"{said[:1].upper()}{said[1:]}{'' if said.endswith(('!', '?')) else '.'}"


class _SceneTime(NamedTuple):
    """What a scene has for its line: seconds, at so many words a minute."""

    seconds: float
    rate: int

    def holds(self, line: str) -> bool:
        """Tell whether a line can be said."""
        return fits(line, self.seconds, self.rate)

    def filled(self, line: str) -> float:
        """Return which share of it a line takes."""
        return spoken_seconds(line, self.rate) / self.seconds


def _with_fact(said: str, facts: Iterator[str], room: _SceneTime) -> str | None:
    """Return a line with the next fact that fits beside it, or alone in its place; None where there is none."""
    for fact in facts:
        for line in (f"{said} {fact}", fact):
            if room.holds(line):
                return line
    return None


def _with_more(said: str, choices: Sequence[str], room: _SceneTime) -> str:
    """Return a line with other sentences of its scene before it, as many as fit."""
    for choice in choices:
        if choice not in said and room.holds(f"{choice} {said}"):
            said = f"{choice} {said}"
    return said


def _line(choices: Sequence[str], *, name: str, cta: str, room: _SceneTime) -> str | None:
    """Return the first line that fits and leaves the scene no long silence, else the longest that fits."""
    lines = (choice.replace("{name}", name).replace("{cta}", cta) for choice in choices)
    tidy = (re.sub(r"([.!?])[.!?]+", r"\1", line) for line in lines)
    fitting = [f"{line[:1].upper()}{line[1:]}" for line in tidy if room.holds(line)]
    full = (line for line in fitting if room.filled(line) >= _FULL)
    return next(full, max(fitting, key=room.filled, default=None))
