"""A script by grammar, where no model writes: sentences of the style, and what the seller said of the product."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources

from moments_ray.ads.script.rules import claims, count_words, speakable, words_that_fit
from moments_ray.ads.script.styles import Template
from moments_ray.ads.script.words import Script, Written, fill

_LONGEST_NAME = 6  # words of a product's name that are said each time
_CLAUSE = re.compile(r"\s*(?:[;:–—]|,\s+(?:and|but|which|so)\b)\s*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


@cache
def _sentences() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = json.loads(
        resources.files(__package__).joinpath("grammar.json").read_text("utf-8")
    )
    return found


def write(template: Template, *, product_name: str, cta_text: str, description: str, seed: int) -> Script:
    """Return a script that says nothing which the seller did not; equal seeds write equal scripts."""
    chance = random.Random(f"{template.style}:{product_name}:{seed}")  # noqa: S311 - a choice of sentences
    name = speakable(product_name)
    short = " ".join(name.split()[:_LONGEST_NAME]) or "it"
    cta = speakable(cta_text)
    rate = template.voice.rate
    facts = iter(usable_facts(description, f"{product_name}\n{description}", cta_text))
    lines: list[str] = []
    for scene in template.scenes:
        room = words_that_fit(scene.duration, rate)
        choices = _sentences()[template.style][scene.role]
        said = _line(chance.sample(choices, len(choices)), name=short, cta=cta, room=room)
        said = said or (f"{cta}." if scene.role == "call_to_action" else scene.voiceover_text)
        if scene.role in {"feature", "benefit"}:
            said = _with_fact(said, facts, room) or _with_another(said, choices, room)
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


def _with_fact(said: str, facts: Iterator[str], room: int) -> str | None:
    """Return a line with the next fact that fits beside it, or alone in its place; None where there is none."""
    for fact in facts:
        for line in (f"{said} {fact}", fact):
            if count_words(line) <= room:
                return line
    return None


def _with_another(said: str, choices: Sequence[str], room: int) -> str:
    """Return a line with a second sentence of its scene, where that fits."""
    for choice in choices:
        if choice != said and count_words(f"{said} {choice}") <= room:
            return f"{said} {choice}"
    return said


def _line(choices: Sequence[str], *, name: str, cta: str, room: int) -> str | None:
    for choice in choices:
        line = choice.replace("{name}", name).replace("{cta}", cta)
        line = re.sub(r"([.!?])[.!?]+", r"\1", line)
        if count_words(line) <= room:
            return line[:1].upper() + line[1:]
    return None
