"""Where moments start, end and what they are called, on talks that were left out of the fit; called by ``moments``."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.table import Table

from benchmarks.opening_model import HIT_SECONDS, MeasuredTalk, Start, Talk, left_out, measured, read_talks
from moments_ray.moments.finding import cues
from moments_ray.moments.finding.encoder import is_installed
from moments_ray.moments.finding.find import find_moments
from moments_ray.moments.finding.moment import clock
from moments_ray.moments.finding.options import find_options
from moments_ray.moments.finding.terms import Floats
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.speech.transcript import Segment, Transcript, Word

WITHIN = (5.0, 15.0, 30.0)
OLD_COMMIT = "fdbf835"  # the last one before openings were fitted
RANDOM_DRAWS = 200
TOP = 12
DISTANCE_SECONDS = 30.0
SHORT_SECONDS = 20.0
TITLES = 40
LONG_SECONDS = 7200.0

_OLD = """
import json, sys
from pathlib import Path
from moments_ray.moments.find import find_moments
from moments_ray.moments.options import find_options
from moments_ray.speech.captions import read_captions
found = {}
for path in sorted(Path(sys.argv[1]).glob("*.srt")):
    moments = find_moments(read_captions(path.read_bytes()), None, None, find_options()).moments
    found[path.stem] = [(moment.start_time, moment.end_time) for moment in moments]
print(json.dumps(found))
"""

Spans = list[tuple[float, float]]


def old_finder(folder: Path) -> dict[str, Spans] | None:
    """Find by the package as it was at ``OLD_COMMIT``; None where the history is not here."""
    archive = subprocess.run(["git", "archive", OLD_COMMIT, "moments_ray"], capture_output=True, check=False)
    if archive.returncode:
        return None
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["tar", "-x", "-C", directory], input=archive.stdout, check=True)
        told = subprocess.run(
            [sys.executable, "-c", _OLD, str(folder.resolve())],
            capture_output=True,
            check=True,
            cwd=directory,
            env={"PYTHONPATH": directory},
        )
    return {name: [tuple(span) for span in spans] for name, spans in json.loads(told.stdout).items()}


def at_random(talk: Talk, timeline: Timeline, spans: Spans) -> Spans:
    draw = random.Random(talk.name)
    drawn = []
    for start, end in spans * (RANDOM_DRAWS // max(1, len(spans))):
        placed = draw.uniform(0.0, max(0.0, timeline.duration - (end - start)))
        drawn.append((placed, placed + end - start))
    return drawn


def turns(timeline: Timeline) -> Spans:
    return [(part.start, part.end) for part in timeline.sentences if part.opens_turn]


def deepest(timeline: Timeline, scores: Callable[[Timeline], Floats]) -> Spans:
    """Return the starts that the strongest gaps lead to."""
    strength = scores(timeline)
    chosen: Spans = []
    for gap in sorted(range(len(strength)), key=lambda gap: (-strength[gap], gap)):
        start = float(timeline.starts[gap + 1])
        if all(abs(start - other) >= DISTANCE_SECONDS for other, _ in chosen):
            chosen.append((start, start))
        if len(chosen) == TOP:
            break
    return chosen


def shares(talks: Sequence[Talk], spans: Sequence[Spans]) -> list[str]:
    distances = np.array(
        [
            min(abs(start - h) for h in talk.headings)
            for talk, each in zip(talks, spans, strict=True)
            for start, _ in each
        ]
    )
    return [f"{(distances <= within).mean():.3f}" for within in WITHIN] + [str(len(distances))]


def calibration_error(starts: Sequence[Start]) -> float:
    """Return the expected error of scores: tenths of the scale, each by its share of moments."""
    scores = np.array([start.moment.score for start in starts]) / 100.0
    hits = np.array([start.distance <= HIT_SECONDS for start in starts])
    tenths = np.minimum((scores * 10).astype(int), 9)
    return float(
        sum((tenths == tenth).mean() * abs((scores - hits)[tenths == tenth].mean()) for tenth in set(tenths.tolist()))
    )


def closing_questions(seen: Sequence[MeasuredTalk], starts: Sequence[Start]) -> float:
    timelines = {talk.talk.name: talk.talk.timeline() for talk in seen}
    asked = 0
    for start in starts:
        timeline = timelines[start.talk]
        last = int(np.searchsorted(timeline.ends, start.moment.end_time, "right")) - 1
        asked += timeline.sentences[last].text.rstrip("\"'”’ ").endswith(tuple(cues.QUESTION_MARKS))
    return asked / len(starts)


def starts_tables(folder: Path, texttiling: Callable[[Timeline], Floats]) -> list[Table]:
    """Return the tables of starts, of ends and scores, of titles, and of time."""
    talks = read_talks(folder)
    timelines = [talk.timeline() for talk in talks]
    where = Table("method", *(f"within {within:g} s" for within in WITHIN), "starts")
    how = Table("method", "end on a question", f"under {SHORT_SECONDS:g} s", "error of the score", "correlation")
    named: list[Start] = []
    found: dict[str, list[Start]] = {}
    for encoder in (False, True) if is_installed() else (False,):
        for speakers in (True, False):
            seen = [measured(talk if speakers else talk.without_speakers(), encoder=encoder) for talk in talks]
            label = "ours" + (", with speakers" if speakers else ", without") + (", encoder" if encoder else "")
            starts = found[label] = left_out(seen)
            named = named or starts
            scores = [start.moment.score for start in starts]
            hits = [start.distance <= HIT_SECONDS for start in starts]
            short = np.mean([start.moment.seconds < SHORT_SECONDS for start in starts])
            how.add_row(
                label,
                f"{closing_questions(seen, starts):.1%}",
                f"{short:.1%}",
                f"{calibration_error(starts):.3f}",
                f"{np.corrcoef(scores, hits)[0, 1]:.2f}",
            )
    spans = [[(s.moment.start_time, s.moment.end_time) for s in named if s.talk == talk.name] for talk in talks]
    chance = [at_random(talk, line, each) for talk, line, each in zip(talks, timelines, spans, strict=True)]
    where.add_row("random placement", *shares(talks, chance)[:3], "")
    where.add_row("any start of a turn", *shares(talks, [turns(timeline) for timeline in timelines]))
    where.add_row("TextTiling, weighted", *shares(talks, [deepest(line, texttiling) for line in timelines]))
    if (old := old_finder(folder)) is not None:
        where.add_row(f"the finder at {OLD_COMMIT}", *shares(talks, [old[talk.name] for talk in talks]))
    for label, starts in found.items():
        each = [[(s.moment.start_time, s.moment.end_time) for s in starts if s.talk == talk.name] for talk in talks]
        where.add_row(label, *shares(talks, each))
    return [where, how, titles_table(talks, named), time_table(talks)]


def titles_table(talks: Sequence[Talk], starts: Sequence[Start]) -> Table:
    """Return titles drawn at random beside the nearest human heading."""
    headings = {talk.name: list(zip(talk.headings, talk.titles, strict=True)) for talk in talks}
    table = Table("at", "our title", "nearest heading of a person", "away")
    for start in sorted(random.Random(1).sample(list(starts), min(TITLES, len(starts))), key=lambda s: s.talk):
        at, heading = min(headings[start.talk], key=lambda pair: abs(pair[0] - start.moment.start_time))
        away = f"{start.moment.start_time - at:+.0f} s"
        table.add_row(clock(start.moment.start_time), start.moment.title, heading, away)
    return table


def time_table(talks: Sequence[Talk]) -> Table:
    """Return what two hours of talk take, found twice."""
    words: list[Word] = []
    segments: list[Segment] = []
    for talk in talks:
        shift = words[-1].end if words else 0.0
        words += [Word(text=w.text, start=w.start + shift, end=w.end + shift) for w in talk.transcript.words]
        segments += [
            each.model_copy(update={"start": each.start + shift, "end": each.end + shift})
            for each in talk.transcript.segments
        ]
        if words[-1].end >= LONG_SECONDS:
            break
    whole = Transcript(
        engine="joined", language="en", words=tuple(words), segments=tuple(segments), words_estimated=True
    )
    results = []
    table = Table("two hours of talk", "words", "seconds", "the same bytes")
    for run in ("first", "second"):
        began = time.perf_counter()
        results.append(find_moments(whole, None, None, find_options()).model_dump_json())
        took = time.perf_counter() - began
        table.add_row(run, str(len(words)), f"{took:.2f}", str(len(set(results)) == 1))
    return table
