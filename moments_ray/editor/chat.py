"""Chat backends by name: each answers a conversation; the built-in one knows editing, and the project's own words."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from moments_ray.errors import ModelNotConfigured

BackendName = Literal["stub", "hf", "openai", "anthropic"]
LONGEST_ANSWER = 32_000
_SAID_WORDS = 12


@dataclass(frozen=True)
class Turn:
    """What one side said."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True)
class Conversation:
    """What a backend answers to: the turns so far, the user's last, and the words of the project's video."""

    turns: Sequence[Turn]
    transcript: str = ""


Backend = Callable[[Conversation], Awaitable[str]]


async def answer(backend: BackendName, conversation: Conversation) -> str:
    """Return what a backend says, at most 32,000 characters of it.

    Raises:
        ModelNotConfigured: this deployment has no such backend.
    """
    known = BACKENDS.get(backend)
    if known is None:
        raise ModelNotConfigured(f"The chat backend {backend} is not configured here: use {', '.join(BACKENDS)}.")
    return (await known(conversation))[:LONGEST_ANSWER]


async def _rules(conversation: Conversation) -> str:
    """Answer by the words of the question; the same words get the same answer."""
    asked = conversation.turns[-1].content
    topic = _topic(asked) or "your video"
    said = _opening(conversation.transcript)
    for pattern, reply in _REPLIES:
        if re.search(pattern, asked, re.IGNORECASE):
            return reply.format(topic=topic, said=said)
    return (
        f"I can help to edit {topic}: ask for a hook, a title, a shorter cut, or captions. "
        f"The video begins with: {said}."
    )


_REPLIES = (
    (
        r"\bhook\b|opening|first seconds",
        (
            "Open on the strongest line and cut straight into {topic}: “Nobody tells you this about {topic}.” "
            "The video begins with: {said}."
        ),
    ),
    (
        r"\btitle|headline\b",
        (
            "Three titles: “{topic} in one minute”, “What I learned about {topic}”, “Stop doing {topic} wrong”. "
            "Take the one that the first sentence keeps: {said}."
        ),
    ),
    (
        r"short|cut ?down|trim|tight",
        (
            "Use the template `clean` to take out silences, then keep segments under 4 seconds; `realistic_chaos` does "
            "both and adds effects. Begin where the video says: {said}."
        ),
    ),
    (
        r"caption|subtitle",
        (
            "Use the style `pop` with one to four words a caption, or `classic` for two quiet lines. "
            "The first caption would be: {said}."
        ),
    ),
    (
        r"\beffect|transition|zoom",
        (
            "Use `zoom` where a point is made, `punch_in` on questions and beats, and one effect a segment; "
            "`GET /api/effects` lists them all."
        ),
    ),
    (
        r"music|beat|sound",
        ("Cut on beats with the template `beat_cut`; a `whoosh` goes with a new shot, a `hit` with the loudest peak."),
    ),
)


def _topic(asked: str) -> str:
    found = re.search(r"\babout\s+([\w' -]{2,60})", asked)
    return found[1].strip() if found else ""


def _opening(transcript: str) -> str:
    words = transcript.split()
    if not words:
        return "nothing is known yet"
    return f"“{' '.join(words[:_SAID_WORDS])}{'…' if len(words) > _SAID_WORDS else ''}”"


# Other products of models are named in the document; what this deployment lacks is said when it is asked.
BACKENDS: dict[BackendName, Backend] = {"stub": _rules}
