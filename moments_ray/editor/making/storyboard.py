"""A film of words alone: a scene a sentence, over a drawn ground, its words in turn."""

from __future__ import annotations

import re
from dataclasses import dataclass

from moments_ray.media.render.effects import Effect, EffectName
from moments_ray.media.render.plan import RATE, Caption, Picture, Piece, Word

_SENTENCE = re.compile(r"[^.!?…。！？\n]+[.!?…。！？]*")
_SHORTEST_SCENE, _SHORTEST_CAPTION = 45, 12  # frames
_MOST_WORDS, _MOST_LETTERS = 4, 22
_CAMERAS: tuple[EffectName, ...] = ("zoom", "zoom_out")


@dataclass(frozen=True)
class Scene:
    """A part of the film: its sentence, its frames, and how the ground under it moves."""

    text: str
    frames: int
    camera: EffectName


def scenes_of(prompt: str, seconds: float) -> list[Scene]:
    """Cut a prompt into scenes whose frames add up to the film's; each has time by the length of its words."""
    frames = round(seconds * RATE)
    sentences = [found.strip() for found in _SENTENCE.findall(prompt) if found.strip()] or [prompt.strip()]
    most = max(1, frames // _SHORTEST_SCENE)
    kept = [*sentences[: most - 1], " ".join(sentences[most - 1 :])] if len(sentences) > most else sentences
    spare = frames - len(kept) * _SHORTEST_SCENE if frames >= _SHORTEST_SCENE else 0
    letters = sum(map(len, kept))
    edges = [0]
    for number in range(len(kept)):
        share = spare * sum(map(len, kept[: number + 1])) / letters
        edges.append(round(share) + (number + 1) * _SHORTEST_SCENE)
    edges[-1] = frames
    return [
        Scene(text, end - start, _CAMERAS[number % len(_CAMERAS)])
        for number, (text, start, end) in enumerate(zip(kept, edges, edges[1:], strict=False))
    ]


def captions_of(scene: Scene) -> tuple[Caption, ...]:
    """Return a scene's words as captions of a few, one after the other, as many as there is time for."""
    groups: list[list[str]] = []
    for word in scene.text.split():
        fits = groups and len(groups[-1]) < _MOST_WORDS and len(" ".join([*groups[-1], word])) <= _MOST_LETTERS
        if fits:
            groups[-1].append(word)
        else:
            groups.append([word])
    groups = groups[: max(1, scene.frames // _SHORTEST_CAPTION)]
    letters = sum(len(word) for group in groups for word in group)
    seconds, done, captions = scene.frames / RATE, 0, []
    for group in groups:
        words = []
        for word in group:
            start, done = seconds * done / letters, done + len(word)
            words.append(Word(text=word, start=start, end=seconds * done / letters))
        text = " ".join(group)
        captions.append(
            Caption(text=text, start=words[0].start, end=words[-1].end, words=tuple(words), position="center")
        )
    return tuple(captions)


def pieces_of(scenes: list[Scene]) -> list[Piece]:
    """Return the pieces of the film, each over a still."""
    return [
        Piece(
            name=f"scene-{number:02d}",
            picture=Picture(kind="still"),
            frames=scene.frames,
            volume=0.0,
            effects=(Effect(name=scene.camera), *((Effect(name="fade_in"),) if number == 0 else ())),
            captions=captions_of(scene),
        )
        for number, scene in enumerate(scenes)
    ]
