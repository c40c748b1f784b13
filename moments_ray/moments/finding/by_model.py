"""Moments as a chat model chooses them; what becomes of its choices is decided as for everybody else's."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from moments_ray.errors import ModelContextExceeded, ModelError, ModelOutputInvalid, ModelRefused, ModelSilent
from moments_ray.media.downloaded import SiteSignals
from moments_ray.media.signals import Signals
from moments_ray.models.conversation import Question, Sampling, Turn
from moments_ray.models.structured import Send, ask
from moments_ray.moments.finding.answers import ProposedMoments, RankedMoments
from moments_ray.moments.finding.find import FindResult, fill_locally, find_moments, length_of, place_proposals
from moments_ray.moments.finding.frames import FrameGrid
from moments_ray.moments.finding.moment import Proposal, TimedProposal
from moments_ray.moments.finding.options import FindOptions
from moments_ray.moments.finding.prompt import (
    FIND_SCHEMA,
    FIND_SYSTEM,
    OVERHEAD_TOKENS,
    RANK_SCHEMA,
    RANK_SYSTEM,
    finalist_lines,
    find_instructions,
    measured_notes,
    transcript_lines,
)
from moments_ray.moments.finding.select import select
from moments_ray.moments.finding.snap import EdgeContext
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.finding.validate import Span
from moments_ray.moments.finding.windows import Window, halves, windows
from moments_ray.speech.transcript import Transcript

_MORE_THAN_ASKED = 1.5  # so that there is something to choose from
_MOST_ASKED = 60
_LEAST_TOKENS = 256
_FEWEST_SENTENCES = 8  # of a window that is still parted
_MOST_PARTINGS = 32
_UNUSABLE = (ModelOutputInvalid, ModelContextExceeded, ModelRefused, ModelSilent)  # it was reached, and is no help

Progress = Callable[[float], None]


@dataclass(frozen=True)
class ModelCall:
    """Whom to ask, how it chooses its words, how many tokens question and answer may have, and how many go at once."""

    send: Send
    sampling: Sampling
    max_context: int
    max_tokens: int
    at_once: int = 1


class Proposed(NamedTuple):
    """What a model proposed, what could not be read, by reason, and why parts of the transcript got no answer."""

    proposals: list[Proposal | TimedProposal]
    report: Counter[str]
    failure: ModelError | None = None

    def shortfall(self, found: int, asked: int) -> str | None:
        """Say how many moments too few the model found, and why; None where it did all that it was asked."""
        if self.failure is not None and not self.proposals:
            return f"The model gave no answer that can be used: {self.failure.message}"
        told = [f"The model found {found} of {asked} moments."] if found < asked else []
        if self.failure is not None:
            parts = self.report["unanswered_windows"]
            named = "1 part" if parts == 1 else f"{parts} parts"
            told.append(f"{named} of the transcript got no answer that can be used: {self.failure.message}")
        return " ".join(told) or None


class _Windows:
    """Asks about the windows of one transcript, as many at once as allowed.

    Where the local finder may fill in, a window without a usable answer gives no proposals; ``failure`` keeps the last
    such error.
    """

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
        self.failure: ModelError | None = None

    async def ask(self, window: Window) -> list[Proposal | TimedProposal]:
        """Return what the model proposes in a window."""
        try:
            return await self._ask_or_part(window)
        except _UNUSABLE as error:
            if not self._options.fill:
                raise
            self._report["unanswered_windows"] += 1
            self.failure = error
            return []

    async def _ask_or_part(self, window: Window) -> list[Proposal | TimedProposal]:
        """Ask about a window, or about each half of it if question and answer do not fit."""
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
) -> Proposed:
    """Ask a model for moments, by windows at once where the transcript is long.

    Raises:
        ModelError: the model could not be asked; without ``fill`` also where a window got no answer that can be used.
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
    return Proposed([proposal for proposals in answers for proposal in proposals], report, asking.failure)


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
        ModelError: the model could not be asked; without ``fill`` also where it gave no answer that can be used.
    """
    timeline = Timeline.of(transcript, length_of(transcript, signals, duration))
    if not timeline.sentences:
        return find_moments(transcript, signals, duration, options, frames, site=site)
    proposed = await propose_by_model(timeline, options, call, on_progress, signals=signals, site=site)
    proposals, report, _ = proposed
    finalists = select(proposals, timeline, options.model_copy(update={"count": _MOST_ASKED}), from_question=True)
    if len(finalists.spans) > options.count_for(timeline.duration):
        proposals = await _on_one_scale(finalists.spans, timeline, call, report)
    context = EdgeContext(timeline, signals, frames)
    found = place_proposals(proposals, context, options, from_question=True)
    shortfall = proposed.shortfall(found.quality.found, found.quality.asked)
    if options.fill and found.quality.found < found.quality.asked:
        filled = fill_locally(found, context, options, site)
        report["filled_locally"] = filled.quality.filled
        found = filled.model_copy(update={"report": found.report})
    quality = found.quality.model_copy(update={"shortfall": shortfall})
    return found.model_copy(update={"quality": quality, "report": {**found.report, **+report}})


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
    except _UNUSABLE:
        report["not_ranked"] = len(finalists)
        return list(finalists)
    return [
        finalist.model_copy(update={"score": ranked.score_of(number)})
        for number, finalist in enumerate(finalists, start=1)
    ]


def find_prompt(duration: float, options: FindOptions) -> tuple[str, str]:
    """Return the system's and the user's words for a whole transcript, without the transcript itself."""
    return FIND_SYSTEM, find_instructions(options, duration, _count(options, duration, 1.0))


def _count(options: FindOptions, duration: float, share: float) -> int:
    return min(_MOST_ASKED, math.ceil(options.count_for(duration) * share * _MORE_THAN_ASKED))
