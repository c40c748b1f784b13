"""How well the local finder sees where the subject changes, against people's headings and naive peers.

    python -m benchmarks.moments FOLDER

FOLDER holds transcripts (``NAME.srt`` or ``NAME.en.json3``) beside ``NAME.json`` or ``NAME.words.json`` with a list
``chapters`` of ``{"start": seconds, "title": ...}``. The parameters were chosen on the rows marked ``*`` alone.
Talks in FOLDER/chaptered are judged by weights fitted on the others, ten parts in turn (``moment_starts``).
Segmenters are told how many boundaries there are. Pk and WindowDiff count sentences: lower is better.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.moment_starts import starts_tables
from moments_ray.moments.finding.cohesion import depth_scores
from moments_ray.moments.finding.find import find_moments
from moments_ray.moments.finding.options import find_options
from moments_ray.moments.finding.segmentation import boundary_scores
from moments_ray.moments.finding.terms import Floats
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.speech.captions import read_captions
from moments_ray.speech.transcript import Transcript, Word

CHOSEN_ON = ("btc_burying_soft_forks", "joined")
JOINED_FROM = ("yt_uqx_immordino_yang", "yt_scratch_peer_learning")
JOINED_TALKS = 20
TOLERANCE_SECONDS = 15.0
LEAST_DISTANCE_SECONDS = 20.0
CHAPTERED = "chaptered"
RANDOM_DRAWS = 200
INVARIANT_LIMITS = ((5.0, 20.0), (15.0, 90.0), (60.0, 180.0))


@dataclass(frozen=True)
class Case:
    """A transcript, and where people say its parts begin, in seconds."""

    name: str
    transcript: Transcript
    headings: tuple[float, ...]

    @property
    def timeline(self) -> Timeline:
        """The transcript laid out in time."""
        return Timeline.of(self.transcript, self.transcript.words[-1].end)


def read_cases(folder: Path) -> list[Case]:
    cases = []
    for path in sorted(folder.glob("*.json")):
        name = path.name.removesuffix(".json").removesuffix(".words")
        chapters = json.loads(path.read_text()).get("chapters", [])
        if chapters:
            headings = tuple(float(chapter["start"]) for chapter in chapters)
            cases.append(Case(name, read_transcript(folder, name), headings))
    return cases


def read_transcript(folder: Path, name: str) -> Transcript:
    worded = folder / f"{name}.en.json3"
    return read_captions((worded if worded.exists() else folder / f"{name}.srt").read_bytes())


def joined_talks(folder: Path) -> Iterator[Case]:
    """Join stretches of two unrelated talks in turn: the joints are known to the second."""
    sources = [Timeline.of(read, read.words[-1].end) for read in (read_transcript(folder, n) for n in JOINED_FROM)]
    for seed in range(JOINED_TALKS):
        draw = random.Random(seed)
        words: list[Word] = []
        headings: list[float] = []
        now = 0.0
        places = [0, 0]
        for part in range(6):
            source = sources[part % 2]
            first = places[part % 2] + draw.randrange(3)
            last = min(first + draw.randrange(6, 12), len(source.sentences) - 1)
            places[part % 2] = last + 1
            shift = now - float(source.starts[first])
            headings.append(now)
            taken = source.words[source.sentences[first].first_word : source.sentences[last].last_word + 1]
            words += [Word(text=word.text, start=word.start + shift, end=word.end + shift) for word in taken]
            now = words[-1].end + 0.5
        yield Case(
            "joined", Transcript(engine="joined", language="en", words=tuple(words), segments=()), tuple(headings)
        )


def uniform(timeline: Timeline, count: int) -> list[float]:
    """Score gaps by nearness to an even division."""
    marks = [(at + 1) / (count + 1) * timeline.duration for at in range(count)]
    return [-min(abs(start - mark) for mark in marks) for start in timeline.starts[1:]]


def plain_texttiling(timeline: Timeline) -> Floats:
    terms = timeline.terms
    return depth_scores(replace(terms, weights=np.ones_like(terms.weights)))


def weighted_texttiling(timeline: Timeline) -> Floats:
    return depth_scores(timeline.terms)


def ours(timeline: Timeline) -> Floats:
    return boundary_scores(timeline.terms, timeline.starts, timeline.ends)


def strongest(scores: Sequence[float] | Floats, timeline: Timeline, count: int) -> list[int]:
    """Return the sentences that the strongest gaps lead to, at least 20 s apart."""
    chosen: list[int] = []
    for gap in sorted(range(len(scores)), key=lambda gap: (-scores[gap], gap)):
        start = timeline.starts[gap + 1]
        if all(abs(start - timeline.starts[other]) >= LEAST_DISTANCE_SECONDS for other in chosen):
            chosen.append(gap + 1)
        if len(chosen) == count:
            break
    return sorted(chosen)


def true_boundaries(case: Case, timeline: Timeline) -> list[int]:
    nearest = {int(np.abs(timeline.starts - heading).argmin()) for heading in case.headings}
    return sorted(nearest - {0})


def pk_and_windowdiff(truth: Sequence[int], guess: Sequence[int], sentences: int) -> tuple[float, float]:
    """Return the shares of windows, half a mean segment wide, whose boundaries are judged otherwise."""
    width = max(2, round(sentences / (len(truth) + 1) / 2))
    counts = []
    for boundaries in (truth, guess):
        marks = [0] * (sentences + 1)
        for boundary in boundaries:
            marks[boundary] += 1
        total = list(accumulate(marks))
        counts.append([total[at + width] - total[at] for at in range(sentences - width)])
    pairs = list(zip(*counts, strict=True))
    return (
        sum((one > 0) != (other > 0) for one, other in pairs) / len(pairs),
        sum(one != other for one, other in pairs) / len(pairs),
    )


def boundary_f1(truth: Sequence[float], guess: Sequence[float]) -> float:
    """Return the F1 of a one-to-one match within the tolerance, nearest pairs first."""
    near = sorted(
        (abs(one - other), at, to)
        for at, one in enumerate(truth)
        for to, other in enumerate(guess)
        if abs(one - other) <= TOLERANCE_SECONDS
    )
    truths: set[int] = set()
    guesses: set[int] = set()
    for _, at, to in near:
        if at not in truths and to not in guesses:
            truths.add(at)
            guesses.add(to)
    return 2 * len(truths) / (len(truth) + len(guess))


def judge(case: Case, scores: Sequence[float] | Floats, timeline: Timeline) -> tuple[float, float, float]:
    truth = true_boundaries(case, timeline)
    guess = strongest(scores, timeline, len(truth))
    starts = timeline.starts
    pk, windowdiff = pk_and_windowdiff(truth, guess, len(timeline.sentences))
    return pk, windowdiff, boundary_f1([float(starts[at]) for at in truth], [float(starts[at]) for at in guess])


def segmentation_rows(case: Case) -> dict[str, tuple[float, float, float]]:
    timeline = case.timeline
    count = len(true_boundaries(case, timeline))
    draws = [random.Random(seed) for seed in range(RANDOM_DRAWS)]
    at_random = [judge(case, [draw.random() for _ in timeline.starts[1:]], timeline) for draw in draws]
    return {
        "random": tuple(np.mean(at_random, axis=0).tolist()),
        "even split": judge(case, uniform(timeline, count), timeline),
        "TextTiling": judge(case, plain_texttiling(timeline), timeline),
        "TextTiling, weighted": judge(case, weighted_texttiling(timeline), timeline),
        "ours": judge(case, ours(timeline), timeline),
    }


def segmentation_table(cases: Sequence[Case], talks: Sequence[Case]) -> Table:
    table = Table("transcript", "headings", "method", "Pk", "WindowDiff", f"F1 ±{TOLERANCE_SECONDS:g} s")
    for case in cases:
        _add(table, case.name, str(len(case.headings)), segmentation_rows(case))
    rows = [segmentation_rows(talk) for talk in talks]
    means = {method: tuple(np.mean([row[method] for row in rows], axis=0).tolist()) for method in rows[0]}
    _add(table, "joined", f"6 x {len(talks)}", means)
    return table


def _add(table: Table, name: str, headings: str, rows: Mapping[str, tuple[float, ...]]) -> None:
    for at, (method, figures) in enumerate(rows.items()):
        mark = " *" if name in CHOSEN_ON else ""
        label = (name + mark, headings) if at == 0 else ("", "")
        table.add_row(*label, method, *(f"{figure:.2f}" for figure in figures), end_section=at == len(rows) - 1)


def moments_table(cases: Sequence[Case]) -> Table:
    """Where moments start: near a heading, against a start at any sentence; and what it took."""
    table = Table("transcript", "moments", f"start ±{TOLERANCE_SECONDS:g} s of a heading", "any sentence", "seconds")
    for case in cases:
        began = time.perf_counter()
        found = find_moments(case.transcript, None, None, find_options())
        took = time.perf_counter() - began
        near = [_is_near(moment.start_time, case) for moment in found.moments]
        chance = [_is_near(float(start), case) for start in case.timeline.starts]
        mark = " *" if case.name in CHOSEN_ON else ""
        shares = (f"{np.mean(near):.2f}" if near else "-", f"{np.mean(chance):.2f}")
        table.add_row(case.name + mark, str(len(near)), *shares, f"{took:.2f}")
    return table


def _is_near(position: float, case: Case) -> bool:
    return min(abs(position - heading) for heading in case.headings) <= TOLERANCE_SECONDS


def invariants_table(cases: Sequence[Case]) -> Table:
    table = Table("transcript", "limits", "asked", "found", "cuts in a word", "on sentences", "overlap")
    for case in cases:
        for shortest, longest in INVARIANT_LIMITS:
            options = find_options(min_seconds=shortest, max_seconds=longest)
            quality = find_moments(case.transcript, None, None, options).quality
            whole = "-" if quality.ends_on_sentence is None else f"{quality.ends_on_sentence:.0%}"
            counts = (str(quality.asked), str(quality.found), str(quality.cuts_in_word))
            table.add_row(case.name, f"{shortest:g}-{longest:g} s", *counts, whole, f"{quality.overlap:g} s")
    return table


def main() -> None:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m benchmarks.moments FOLDER_OF_TRANSCRIPTS")
    folder = Path(sys.argv[1])
    if missing := [name for name in JOINED_FROM if not any(folder.glob(f"{name}.*"))]:
        sys.exit(f"{folder} has no transcripts of {', '.join(missing)}: name the folder that holds them itself.")
    cases = read_cases(folder)
    console = Console(width=120)
    console.print(segmentation_table(cases, list(joined_talks(folder))))
    console.print(moments_table(cases))
    console.print(invariants_table(cases))
    console.print("* parameters were chosen on these")
    if (folder / CHAPTERED).is_dir():
        for table in starts_tables(folder / CHAPTERED, weighted_texttiling):
            console.print(table)


if __name__ == "__main__":
    main()
