"""A moment's edges as a chat model chooses them, by watching its clip or by the words around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moments_ray.models.conversation import Question, Turn, VideoPart
from moments_ray.models.structured import ask
from moments_ray.moments.finding.by_model import ModelCall
from moments_ray.moments.finding.edge_prompt import (
    REFINE_SCHEMA,
    REFINE_SYSTEM,
    ChosenEdges,
    EdgeChoice,
    edge_lines,
    refine_instructions,
)
from moments_ray.moments.finding.moment import Moment, Step, clock
from moments_ray.moments.finding.prompt import marked
from moments_ray.moments.finding.refine import Refinement, RefinementLimits, bound_move
from moments_ray.moments.finding.snap import EdgeContext
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.finding.titles import readable

_MOST_EDGES = 16
_TEXT_AROUND_SECONDS = 20.0
_WORDS_BESIDE = 8
_SLACK_SECONDS = 10.0  # what the clip shows around a moment, and some rounding
_SAME_PLACE = 0.05


@dataclass(frozen=True)
class WatchableClip:
    """The clip a model may watch: a URL it can read for a while, and where in the source the clip begins, seconds."""

    url: str
    start_time: float


def refine_prompt(prompt: str | None) -> tuple[str, str]:
    """Return the system's and the user's words about any moment's edges."""
    return REFINE_SYSTEM, refine_instructions(prompt)


async def refine_by_model(
    moment: Moment,
    context: EdgeContext,
    limits: RefinementLimits,
    call: ModelCall,
    *,
    clip: WatchableClip | None,
    prompt: str | None,
) -> Refinement:
    """Have a model choose the edges of a moment, by watching its clip or by the words around it.

    Raises:
        ModelError: it gave no answer that can be used.
    """
    choice = EdgeChoice(
        moment=moment,
        starts=_places(moment.start_time, context, limits, at_end=False),
        ends=_places(moment.end_time, context, limits, at_end=True),
        longest_move=limits.max_move + _SLACK_SECONDS,
        offset=clip.start_time if clip else None,
    )
    question = _refine_question(choice, context.timeline, call, clip=clip, prompt=prompt)
    chosen = await ask(question, ChosenEdges, call.send, choice)
    reason = readable(chosen.reason, 300) or "Chosen by the model without a reason."
    if chosen.edges is None:
        return _stays(moment, "The model asked for edges that are nowhere near; the moment stays as it was.")
    return bound_move(moment, *chosen.edges, reason, context=context, limits=limits)


def _stays(moment: Moment, reason: str) -> Refinement:
    step = Step(step="refine", start_time=moment.start_time, end_time=moment.end_time, reason=reason)
    return Refinement(
        start_time=moment.start_time, end_time=moment.end_time, moved=False, reason=reason, provenance=(step,)
    )


def _places(present: float, context: EdgeContext, limits: RefinementLimits, *, at_end: bool) -> tuple[float, ...]:
    """Return where an edge may be: where it is, at sentences' edges and at cuts, in time order; never inside a word."""
    timeline = context.timeline
    allowed = timeline.may_end if at_end else timeline.may_start
    edges = timeline.ends if at_end else timeline.starts
    found = [float(edge) for edge, may in zip(edges, allowed, strict=True) if may]
    questions = [] if at_end else limits.questions(present, timeline)
    if context.signals is not None:
        found += [shot for shot in context.signals.shots if timeline.gap_at(shot) is not None]
    near = [
        place
        for place in found
        if _SAME_PLACE < abs(place - present) <= limits.max_move
        and limits.bounds.earliest <= place <= limits.bounds.latest
    ]
    near = sorted(set(near), key=lambda place: abs(place - present))[: _MOST_EDGES - 1]
    return tuple(sorted({present, *near, *questions}))


def _refine_question(
    choice: EdgeChoice, timeline: Timeline, call: ModelCall, *, clip: WatchableClip | None, prompt: str | None
) -> Question:
    moment = choice.moment
    origin = clip.start_time if clip else moment.start_time
    counted = "from the start of the clip you see" if clip else "from the moment's present start"
    starts = edge_lines(choice.starts, moment.start_time, origin, [_first_words(timeline, at) for at in choice.starts])
    ends = edge_lines(choice.ends, moment.end_time, origin, [_last_words(timeline, at) for at in choice.ends])
    heard = [
        f"[{clock(part.start)}] {' '.join(part.text.split())}"
        for part in timeline.sentences
        if part.end >= moment.start_time - _TEXT_AROUND_SECONDS and part.start <= moment.end_time + _TEXT_AROUND_SECONDS
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
            Turn.of("user", text, *([VideoPart(url=clip.url)] if clip else [])),
        ),
        answer_schema=REFINE_SCHEMA,
        sampling=call.sampling,
    )


def _first_words(timeline: Timeline, at: float) -> str:
    words = [word.text for word in timeline.words if word.start >= at - _SAME_PLACE][:_WORDS_BESIDE]
    return _quoted("before", words)


def _last_words(timeline: Timeline, at: float) -> str:
    words = [word.text for word in timeline.words if word.end <= at + _SAME_PLACE][-_WORDS_BESIDE:]
    return _quoted("after", words)


def _quoted(where: str, words: Sequence[str]) -> str:
    return f'{where} "{" ".join(" ".join(words).split())}"' if words else ""
