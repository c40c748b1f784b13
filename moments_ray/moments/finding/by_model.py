"""Moments and edges as a chat model chooses them; what becomes of its choices is decided as for everybody else's."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from moments_ray.errors import ModelContextExceeded, ModelOutputInvalid
from moments_ray.media.downloaded import SiteSignals
from moments_ray.media.signals import Signals
from moments_ray.models.conversation import Question, Sampling, Turn, VideoPart
from moments_ray.models.structured import Send, ask
from moments_ray.moments.finding.answers import ProposedMoments, RankedMoments
from moments_ray.moments.finding.find import FindResult, fill_locally, find_moments, length_of, place_proposals
from moments_ray.moments.finding.frames import FrameGrid
from moments_ray.moments.finding.moment import Moment, Proposal, Step, TimedProposal, clock
from moments_ray.moments.finding.options import FindOptions
from moments_ray.moments.finding.prompt import (
    FIND_SCHEMA,
    FIND_SYSTEM,
    OVERHEAD_TOKENS,
    RANK_SCHEMA,
    RANK_SYSTEM,
    REFINE_SCHEMA,
    REFINE_SYSTEM,
    ChosenEdges,
    EdgeChoice,
    edge_lines,
    finalist_lines,
    find_instructions,
    marked,
    measured_notes,
    refine_instructions,
    transcript_lines,
)
from moments_ray.moments.finding.refine import Refinement, RefinementLimits, bound_move
from moments_ray.moments.finding.select import select
from moments_ray.moments.finding.snap import EdgeContext
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.finding.titles import readable
from moments_ray.moments.finding.validate import Span
from moments_ray.moments.finding.windows import Window, halves, windows
from moments_ray.speech.transcript import Transcript

_MORE_THAN_ASKED = 1.5  # so that there is something to choose from
_MOST_ASKED = 60
_LEAST_TOKENS = 256
_FEWEST_SENTENCES = 8  # of a window that is still parted
_MOST_PARTINGS = 32
_MOST_EDGES = 16
_TEXT_AROUND_SECONDS = 20.0
_WORDS_BESIDE = 8
_SLACK_SECONDS = 10.0  # what the clip shows around a moment, and some rounding
_SAME_PLACE = 0.05

Progress = Callable[[float], None]


@dataclass(frozen=True)
class ModelCall:
    """Whom to ask, how it chooses its words, how many tokens question and answer may have, and how many go at once."""

    send: Send
    sampling: Sampling
    max_context: int
    max_tokens: int
    at_once: int = 1


class _Windows:
    """Asks about the windows of one transcript, as many at once as allowed."""

    def __init__(
        self,
        timeline: Timeline,
        notes: Mapping[int, str],
        options: FindOptions,
        call: ModelCall,
        report: Counter[str],
    ) -> None:
        self._timeline = timeline
        self._options = options
        self._call = call
        self._report = report
        self._notes = notes
        self._free = asyncio.Semaphore(call.at_once)

    async def ask(self, window: Window) -> list[Proposal | TimedProposal]:
        """Return what the model proposes in a window, which is parted if question and answer do not fit."""
        question = self._question(window)
        try:
            async with self._free:
                answer = await ask(question, ProposedMoments, self._call.send, prompt_of(question))
        except ModelContextExceeded:
            if window.sentences < 2 * _FEWEST_SENTENCES or self._report["parted_windows"] >= _MOST_PARTINGS:
                raise
            self._report["parted_windows"] += 1
            first, second = halves(self._timeline, window)
            return [*await self.ask(first), *await self.ask(second)]
        self._report["unreadable"] += answer.unreadable
        return answer.proposals

    def _question(self, window: Window) -> Question:
        timeline, options = self._timeline, self._options
        part = window.sentences < len(timeline.sentences)
        seconds = timeline.ends[window.last] - timeline.starts[window.first] if part else timeline.duration
        share = min(1.0, float(seconds) / timeline.duration) if timeline.duration else 1.0
        count = _count(options, timeline.duration, share)
        instructions = find_instructions(options, timeline.duration, count, part=part)
        lines = transcript_lines(timeline, window, self._notes)
        return Question(
            turns=(Turn.of("system", FIND_SYSTEM), Turn.of("user", f"{instructions}\n\n{lines}")),
            answer_schema=FIND_SCHEMA,
            sampling=self._call.sampling,
        )


def prompt_of(question: Question) -> str:
    """Return what a model was told beside the data between marks: what an answer may not merely repeat."""
    return "\n".join(turn.text.split("\nBEGIN ", 1)[0] for turn in question.turns)


async def propose_by_model(
    timeline: Timeline,
    options: FindOptions,
    call: ModelCall,
    on_progress: Progress | None = None,
    *,
    signals: Signals | None = None,
    site: SiteSignals | None = None,
) -> tuple[list[Proposal | TimedProposal], Counter[str]]:
    """Ask a model for moments, by windows at once where the transcript is long; also return what could not be read.

    Raises:
        ModelError: a window got no answer that can be used.
    """
    space = max(_LEAST_TOKENS, call.max_context - call.max_tokens - OVERHEAD_TOKENS)
    report: Counter[str] = Counter()
    parts = windows(timeline, space)
    asking = _Windows(timeline, measured_notes(timeline, signals, site), options, call, report)
    done = 0

    async def one(window: Window) -> list[Proposal | TimedProposal]:
        nonlocal done
        proposals = await asking.ask(window)
        done += 1
        if on_progress is not None:
            on_progress(done / len(parts))
        return proposals

    tasks = [asyncio.ensure_future(one(window)) for window in parts]
    try:
        answers = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    return [proposal for proposals in answers for proposal in proposals], report


async def find_by_model(
    transcript: Transcript,
    signals: Signals | None,
    duration: float | None,
    options: FindOptions,
    call: ModelCall,
    *,
    frames: FrameGrid | None = None,
    on_progress: Progress | None = None,
    site: SiteSignals | None = None,
) -> FindResult:
    """Find moments by a model; what it leaves out the local finder proposes, marked as its own, where ``fill`` allows.

    Where nobody speaks there is nothing to ask a model about, and the local finder looks.

    Raises:
        InvalidRequest: if the duration is not a positive number.
        ModelError: the model gave no answer that can be used.
    """
    timeline = Timeline.of(transcript, length_of(transcript, signals, duration))
    if not timeline.sentences:
        return find_moments(transcript, signals, duration, options, frames, site=site)
    proposals, report = await propose_by_model(timeline, options, call, on_progress, signals=signals, site=site)
    finalists = select(proposals, timeline, options.model_copy(update={"count": _MOST_ASKED}), from_question=True)
    if len(finalists.spans) > options.count_for(timeline.duration):
        proposals = await _on_one_scale(finalists.spans, timeline, call, report)
    context = EdgeContext(timeline, signals, frames)
    found = place_proposals(proposals, context, options, from_question=True)
    if options.fill and found.quality.found < found.quality.asked:
        filled = fill_locally(found, context, options, site)
        report["filled_locally"] = filled.quality.filled
        found = filled.model_copy(update={"report": found.report})
    return found.model_copy(update={"report": {**found.report, **+report}})


async def _on_one_scale(
    spans: Sequence[Span], timeline: Timeline, call: ModelCall, report: Counter[str]
) -> list[Proposal | TimedProposal]:
    """Have all finalists scored in one question; where the model cannot, their first scores stand."""
    finalists = [
        Proposal(
            first=span.sentences[0], last=span.sentences[1], title=span.title, reason=span.reason, score=span.score
        )
        for span in spans
        if span.sentences is not None
    ]
    question = Question(
        turns=(
            Turn.of("system", RANK_SYSTEM),
            Turn.of("user", f"The moments:\n\n{finalist_lines(timeline, finalists)}"),
        ),
        answer_schema=RANK_SCHEMA,
        sampling=call.sampling,
    )
    try:
        ranked = await ask(question, RankedMoments, call.send, len(finalists))
    except (ModelOutputInvalid, ModelContextExceeded):
        report["not_ranked"] = len(finalists)
        return list(finalists)
    return [
        finalist.model_copy(update={"score": ranked.score_of(number)})
        for number, finalist in enumerate(finalists, start=1)
    ]


def find_prompt(duration: float, options: FindOptions) -> tuple[str, str]:
    """Return the system's and the user's words for a whole transcript, without the transcript itself."""
    return FIND_SYSTEM, find_instructions(options, duration, _count(options, duration, 1.0))


def refine_prompt(prompt: str | None) -> tuple[str, str]:
    """Return the system's and the user's words about any moment's edges."""
    return REFINE_SYSTEM, refine_instructions(prompt)


def _count(options: FindOptions, duration: float, share: float) -> int:
    return min(_MOST_ASKED, math.ceil(options.count_for(duration) * share * _MORE_THAN_ASKED))


@dataclass(frozen=True)
class WatchableClip:
    """The clip a model may watch: a URL it can read for a while, and where in the source the clip begins, seconds."""

    url: str
    start_time: float


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
