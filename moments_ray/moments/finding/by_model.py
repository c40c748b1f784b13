"""Moments and edges as a chat model chooses them; what becomes of its choices is decided as for everybody else's."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from moments_ray.errors import ModelContextExceeded
from moments_ray.media.signals import Signals
from moments_ray.models.conversation import Question, Sampling, Turn, VideoPart
from moments_ray.models.structured import Send, ask
from moments_ray.moments.finding.find import Found, find_moments, length_of, settle
from moments_ray.moments.finding.frames import FrameGrid
from moments_ray.moments.finding.moment import Moment, Proposal, Step, TimedProposal, clock
from moments_ray.moments.finding.options import FindOptions
from moments_ray.moments.finding.prompt import (
    FIND_SCHEMA,
    FIND_SYSTEM,
    OVERHEAD_TOKENS,
    REFINE_SCHEMA,
    REFINE_SYSTEM,
    ChosenEdges,
    EdgeChoice,
    ProposedMoments,
    edge_lines,
    find_instructions,
    marked,
    refine_instructions,
    transcript_lines,
)
from moments_ray.moments.finding.refine import Reach, Refinement, bound_move
from moments_ray.moments.finding.snap import Ground
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.finding.titles import readable
from moments_ray.moments.finding.windows import Window, halves, windows
from moments_ray.speech.transcript import Transcript

_MORE_THAN_ASKED = 1.5  # so that there is something to choose from
_MOST_ASKED = 60
_LEAST_TOKENS = 256
_FEWEST_SENTENCES = 8  # of a window that is still parted
_MOST_PARTINGS = 32
_MOST_EDGES = 16
_HEARD_AROUND_SECONDS = 20.0
_WORDS_BESIDE = 8
_SLACK_SECONDS = 10.0  # what the clip shows around a moment, and some rounding
_SAME_PLACE = 0.05

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Asked:
    """Whom to ask, how it chooses its words, and how many tokens question and answer may have."""

    send: Send
    sampling: Sampling
    max_context: int
    max_tokens: int


async def propose_by_model(
    timeline: Timeline, options: FindOptions, asked: Asked, on_progress: Progress | None = None
) -> tuple[list[Proposal | TimedProposal], Counter[str]]:
    """Ask a model for moments, window by window where the transcript is long; also return what could not be read.

    Raises:
        ModelError: a window got no answer that can be used.
    """
    room = max(_LEAST_TOKENS, asked.max_context - asked.max_tokens - OVERHEAD_TOKENS)
    pending = deque(windows(timeline, room))
    whole = len(timeline.sentences)
    proposals: list[Proposal | TimedProposal] = []
    report: Counter[str] = Counter()
    while pending:
        window = pending.popleft()
        try:
            answer = await ask(_find_question(timeline, window, options, asked), ProposedMoments, asked.send)
        except ModelContextExceeded:
            if window.sentences < 2 * _FEWEST_SENTENCES or report["parted_windows"] >= _MOST_PARTINGS:
                raise
            report["parted_windows"] += 1
            pending.extendleft(reversed(halves(timeline, window)))
            continue
        proposals += answer.proposals
        report["unreadable"] += answer.unreadable
        if on_progress is not None:
            on_progress(min(1.0, (window.last + 1) / whole))
    return proposals, report


async def find_by_model(
    transcript: Transcript,
    signals: Signals | None,
    duration: float | None,
    options: FindOptions,
    asked: Asked,
    *,
    frames: FrameGrid | None = None,
    on_progress: Progress | None = None,
) -> Found:
    """Find moments by a model; where nobody speaks there is nothing to ask it about, and the local finder looks.

    Raises:
        InvalidRequest: if the duration is not a positive number.
        ModelError: the model gave no answer that can be used.
    """
    timeline = Timeline.of(transcript, length_of(transcript, signals, duration))
    if not timeline.sentences:
        return find_moments(transcript, signals, duration, options, frames)
    proposals, unread = await propose_by_model(timeline, options, asked, on_progress)
    found = settle(proposals, Ground(timeline, signals, frames), options)
    return found.model_copy(update={"report": {**found.report, **+unread}})


def _find_question(timeline: Timeline, window: Window, options: FindOptions, asked: Asked) -> Question:
    part = window.sentences < len(timeline.sentences)
    seconds = timeline.ends[window.last] - timeline.starts[window.first] if part else timeline.duration
    share = min(1.0, float(seconds) / timeline.duration) if timeline.duration else 1.0
    instructions = find_instructions(options, timeline.duration, _count(options, timeline.duration, share), part=part)
    return Question(
        turns=(
            Turn.of("system", FIND_SYSTEM),
            Turn.of("user", f"{instructions}\n\n{transcript_lines(timeline, window)}"),
        ),
        answer_schema=FIND_SCHEMA,
        sampling=asked.sampling,
    )


def find_prompt(duration: float, options: FindOptions) -> tuple[str, str]:
    """Return the system's and the user's words for a whole transcript, without the transcript itself."""
    return FIND_SYSTEM, find_instructions(options, duration, _count(options, duration, 1.0))


def refine_prompt(prompt: str | None) -> tuple[str, str]:
    """Return the system's and the user's words about any moment's edges."""
    return REFINE_SYSTEM, refine_instructions(prompt)


def _count(options: FindOptions, duration: float, share: float) -> int:
    return min(_MOST_ASKED, math.ceil(options.count_for(duration) * share * _MORE_THAN_ASKED))


@dataclass(frozen=True)
class Watched:
    """The clip a model may watch: a URL it can read for a while, and where in the source the clip begins, seconds."""

    url: str
    start_time: float


async def refine_by_model(
    moment: Moment, ground: Ground, reach: Reach, asked: Asked, *, watched: Watched | None, prompt: str | None
) -> Refinement:
    """Have a model choose the edges of a moment, by watching its clip or by the words around it.

    Raises:
        ModelError: it gave no answer that can be used.
    """
    choice = EdgeChoice(
        moment=moment,
        starts=_places(moment.start_time, ground, reach, at_end=False),
        ends=_places(moment.end_time, ground, reach, at_end=True),
        reach=reach.max_move + _SLACK_SECONDS,
        offset=watched.start_time if watched else None,
    )
    question = _refine_question(choice, ground.timeline, asked, watched=watched, prompt=prompt)
    chosen = await ask(question, ChosenEdges, asked.send, choice)
    reason = readable(chosen.reason, 300) or "Chosen by the model without a reason."
    if chosen.edges is None:
        return _stays(moment, "The model asked for edges that are nowhere near; the moment stays as it was.")
    return bound_move(moment, *chosen.edges, reason, ground=ground, reach=reach)


def _stays(moment: Moment, reason: str) -> Refinement:
    step = Step(step="refine", start_time=moment.start_time, end_time=moment.end_time, reason=reason)
    return Refinement(
        start_time=moment.start_time, end_time=moment.end_time, moved=False, reason=reason, provenance=(step,)
    )


def _places(present: float, ground: Ground, reach: Reach, *, at_end: bool) -> tuple[float, ...]:
    """Return where an edge may be: where it is, at sentences' edges and at cuts, in time order; never inside a word."""
    timeline = ground.timeline
    allowed = timeline.may_end if at_end else timeline.may_start
    edges = timeline.ends if at_end else timeline.starts
    found = [float(edge) for edge, may in zip(edges, allowed, strict=True) if may]
    if ground.signals is not None:
        found += [shot for shot in ground.signals.shots if timeline.gap_at(shot) is not None]
    near = [
        place
        for place in found
        if _SAME_PLACE < abs(place - present) <= reach.max_move
        and reach.bounds.earliest <= place <= reach.bounds.latest
    ]
    near = sorted(set(near), key=lambda place: abs(place - present))[: _MOST_EDGES - 1]
    return tuple(sorted([present, *near]))


def _refine_question(
    choice: EdgeChoice, timeline: Timeline, asked: Asked, *, watched: Watched | None, prompt: str | None
) -> Question:
    moment = choice.moment
    origin = watched.start_time if watched else moment.start_time
    counted = "from the start of the clip you see" if watched else "from the moment's present start"
    starts = edge_lines(choice.starts, moment.start_time, origin, [_first_words(timeline, at) for at in choice.starts])
    ends = edge_lines(choice.ends, moment.end_time, origin, [_last_words(timeline, at) for at in choice.ends])
    heard = [
        f"[{clock(part.start)}] {' '.join(part.text.split())}"
        for part in timeline.sentences
        if part.end >= moment.start_time - _HEARD_AROUND_SECONDS
        and part.start <= moment.end_time + _HEARD_AROUND_SECONDS
    ]
    data = [
        f"Title of the moment: {readable(moment.title)}",
        f"It runs from {clock(moment.start_time)} to {clock(moment.end_time)} of the video.",
        "Possible starts:",
        *starts.splitlines(),
        "Possible ends:",
        *ends.splitlines(),
        "What is said there and around it, with the time in the video:",
        *(heard or ["(nothing)"]),
    ]
    text = f"{refine_instructions(prompt)} Times of edges are seconds {counted}.\n\n{marked(data)}"
    return Question(
        turns=(
            Turn.of("system", REFINE_SYSTEM),
            Turn.of("user", text, *([VideoPart(url=watched.url)] if watched else [])),
        ),
        answer_schema=REFINE_SCHEMA,
        sampling=asked.sampling,
    )


def _first_words(timeline: Timeline, at: float) -> str:
    words = [word.text for word in timeline.words if word.start >= at - _SAME_PLACE][:_WORDS_BESIDE]
    return _quoted("before", words)


def _last_words(timeline: Timeline, at: float) -> str:
    words = [word.text for word in timeline.words if word.end <= at + _SAME_PLACE][-_WORDS_BESIDE:]
    return _quoted("after", words)


def _quoted(where: str, words: Sequence[str]) -> str:
    return f'{where} "{" ".join(" ".join(words).split())}"' if words else ""
