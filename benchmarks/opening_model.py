"""Fits where parts of a talk begin, on talks that people put headings in: ``opening_weights.json`` beside the finder.

    python -m benchmarks.opening_model FOLDER [--write]

FOLDER holds ``NAME.srt`` beside ``NAME.json`` with a list ``chapters`` of ``{"start": seconds, "title": ...}``. The fit
is a ridge logistic regression by Newton's method: no random number, the same table on every run. How totals become
scores is fitted on moments found in talks that the weights did not see, ten parts in turn.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from moments_ray.moments.finding.encoder import is_installed, sentence_vectors
from moments_ray.moments.finding.find import FindResult, find_moments
from moments_ray.moments.finding.moment import Moment
from moments_ray.moments.finding.opening_model import WEIGHTS_FILE, OpeningModel, Openings, views_of
from moments_ray.moments.finding.openings import opening_cues
from moments_ray.moments.finding.options import find_options
from moments_ray.moments.finding.terms import Floats
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.speech.captions import read_captions
from moments_ray.speech.transcript import Transcript

RIDGE = 100.0  # 10 finds starts nearer with the encoder, but farther where words and turns are all there is
CALIBRATION_RIDGE = 30.0  # scores keep nearer to how often moments hit on the whole than 20 talks alone would have them
FOLDS = 10
NEAR_SECONDS = 3.0  # a heading this far from every sentence is of no use
HIT_SECONDS = 15.0
DIGITS = 4


@dataclass(frozen=True)
class Talk:
    """A talk, where people say its parts begin (seconds), and what they call them."""

    name: str
    transcript: Transcript
    headings: tuple[float, ...]
    titles: tuple[str, ...]

    def timeline(self) -> Timeline:
        """Lay the talk out in time."""
        return Timeline.of(self.transcript, self.transcript.words[-1].end)

    def without_speakers(self) -> Talk:
        """Return the same words with nobody named."""
        return Talk(self.name, self.transcript.model_copy(update={"segments": ()}), self.headings, self.titles)


def read_talks(folder: Path) -> list[Talk]:
    talks = []
    for path in sorted(folder.glob("*.json")):
        chapters = json.loads(path.read_text()).get("chapters", [])
        captions = path.with_suffix(".srt")
        if chapters and captions.exists():
            starts = tuple(float(chapter["start"]) for chapter in chapters)
            titles = tuple(str(chapter["title"]) for chapter in chapters)
            talks.append(Talk(path.stem, read_captions(captions.read_bytes()), starts, titles))
    return talks


@dataclass(frozen=True)
class MeasuredTalk:
    """What is fitted on: a talk's cues, which of its sentences people begin a part with, and its meanings."""

    talk: Talk
    cues: Mapping[str, Floats]
    opens: Floats
    vectors: Floats | None


def measured(talk: Talk, *, encoder: bool) -> MeasuredTalk:
    timeline = talk.timeline()
    vectors = sentence_vectors(timeline, most=len(timeline.sentences)) if encoder else None  # a fit may take its time
    distance = np.abs(timeline.starts[None, :] - np.array(talk.headings)[:, None])
    opens = np.zeros(len(timeline.starts))
    opens[distance.argmin(axis=1)[distance.min(axis=1) <= NEAR_SECONDS]] = 1.0
    return MeasuredTalk(talk, opening_cues(timeline, vectors), opens, vectors)


def fit(talks: Sequence[MeasuredTalk]) -> OpeningModel:
    names = list(talks[0].cues)
    matrix = np.vstack([np.stack([talk.cues[name] for name in names], axis=1) for talk in talks])
    intercept, weights = logistic(matrix, np.concatenate([talk.opens for talk in talks]), RIDGE)
    rounded = {name: round(float(weight), DIGITS) for name, weight in zip(names, weights, strict=True)}
    return OpeningModel(intercept=round(intercept, DIGITS), weights=rounded)


def logistic(matrix: Floats, truth: Floats, ridge: float) -> tuple[float, Floats]:
    """Return intercept and weights; the ridge counts weights of standardised columns."""
    mean, deviation = matrix.mean(axis=0), matrix.std(axis=0) + 1e-9
    columns = np.hstack((np.ones((len(matrix), 1)), (matrix - mean) / deviation))
    price = np.diag([1e-6, *([ridge] * matrix.shape[1])])
    weights = np.zeros(columns.shape[1])

    def loss(tried: Floats) -> float:
        odds = columns @ tried
        return float((np.logaddexp(0.0, odds) - truth * odds).sum() + 0.5 * tried @ price @ tried)

    for _ in range(100):
        chance = 1.0 / (1.0 + np.exp(-np.clip(columns @ weights, -50, 50)))
        slope = columns.T @ (chance - truth) + price @ weights
        bend = (columns * (chance * (1.0 - chance))[:, None]).T @ columns + price
        step = np.linalg.solve(bend, slope)
        while loss(weights - step) > loss(weights) and np.abs(step).max() > 1e-9:
            step = step / 2
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    scaled = weights[1:] / deviation
    return float(weights[0] - scaled @ mean), scaled


def folds(talks: Sequence[MeasuredTalk]) -> list[tuple[list[MeasuredTalk], list[MeasuredTalk]]]:
    """Part talks into those fitted on and those left out, so that each is left out once."""
    return [
        ([talk for at, talk in enumerate(talks) if at % FOLDS != fold], list(talks[fold::FOLDS]))
        for fold in range(min(FOLDS, len(talks)))
    ]


def found_in(talk: MeasuredTalk, model: OpeningModel) -> FindResult:
    """Find moments in a talk by a given model, with the options nobody gave."""
    return find_moments(
        talk.talk.transcript, None, None, find_options(), openings=Openings(model, model.log_odds(talk.cues))
    )


@dataclass(frozen=True)
class Start:
    """A found moment, how far its start is from the nearest heading (seconds), and the odds its score stands for.

    By a model whose scores are not fitted yet, the odds are how far the moment's total is below its talk's best.
    """

    talk: str
    moment: Moment
    distance: float
    log_odds: float


def starts_in(talk: MeasuredTalk, model: OpeningModel) -> list[Start]:
    return [
        Start(
            talk=talk.talk.name,
            moment=moment,
            distance=min(abs(moment.start_time - heading) for heading in talk.talk.headings),
            log_odds=float(np.log(max(moment.score, 0.05) / max(100.0 - moment.score, 0.05))),
        )
        for moment in found_in(talk, model).moments
    ]


def calibrated(model: OpeningModel, starts: Sequence[Start]) -> OpeningModel:
    """Return the model with scores that say how often such a start, of a model with plain scores, was a hit."""
    odds = np.array([[start.log_odds] for start in starts])
    hits = np.array([float(start.distance <= HIT_SECONDS) for start in starts])
    intercept, slope = logistic(odds, hits, CALIBRATION_RIDGE)
    return model.model_copy(
        update={"score_intercept": round(intercept, DIGITS), "score_slope": round(float(slope[0]), DIGITS)}
    )


def plain_starts(talks: Sequence[MeasuredTalk]) -> dict[str, list[Start]]:
    """Find in each talk by weights that did not see it, scores as plain as the totals are."""
    return {talk.talk.name: starts_in(talk, fit(seen)) for seen, unseen in folds(talks) for talk in unseen}


def left_out(talks: Sequence[MeasuredTalk]) -> list[Start]:
    """Find in each talk by weights and scores that were both fitted without it."""
    plain = plain_starts(talks)
    found: list[Start] = []
    for seen, unseen in folds(talks):
        model = calibrated(fit(seen), [start for talk in seen for start in plain[talk.talk.name]])
        found += [start for talk in unseen for start in starts_in(talk, model)]
    return found


def fitted(talks: Sequence[MeasuredTalk]) -> OpeningModel:
    """Fit on all talks; the scores on what each talk's moments come to when it is left out."""
    return calibrated(fit(talks), [start for starts in plain_starts(talks).values() for start in starts])


def views(talks: Sequence[Talk]) -> dict[str, list[MeasuredTalk]]:
    """Return what is known of the talks in each combination of views that this machine can have."""
    found: dict[str, list[MeasuredTalk]] = {}
    for encoder in (False, True) if is_installed() else (False,):
        for named in (True, False):
            seen = [measured(talk if named else talk.without_speakers(), encoder=encoder) for talk in talks]
            found[views_of(seen[0].cues)] = seen
    return found


def table(talks: Sequence[Talk]) -> str:
    """Return the weights of every view as the text of the table."""
    models = {name: fitted(seen).model_dump() for name, seen in sorted(views(talks).items())}
    made = {"made_by": "python -m benchmarks.opening_model", "talks": len(talks), "models": models}
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    if not 2 <= len(sys.argv) <= 3 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m benchmarks.opening_model FOLDER_OF_TALKS [--write]")
    text = table(read_talks(Path(sys.argv[1])))
    if "--write" in sys.argv:
        WEIGHTS_FILE.write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
