"""How likely a person would begin a part of the talk with each sentence: a logistic model over the cues of openings.

Its weights are in ``opening_weights.json``, made by ``python -m benchmarks.opening_model FOLDER`` from talks that
people divided under headings. There is a set for each combination of views: the words alone, with speakers' turns, with
a sentence encoder, with both. The same script fits on talks left out how a candidate's total becomes its score.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from moments_ray.moments.finding.encoder import sentence_vectors
from moments_ray.moments.finding.openings import opening_cues
from moments_ray.moments.finding.terms import Floats
from moments_ray.moments.finding.timeline import Timeline

WEIGHTS_FILE = Path(__file__).with_name("opening_weights.json")
_SECONDS_PER_BOUNDARY = 120.0
_ENCODED, _TURNS = "meaning differs", "turn"


class OpeningModel(BaseModel):
    """Weights by cue, and the line from how far a candidate is below the best to the log-odds of a human's start."""

    model_config = ConfigDict(frozen=True)

    intercept: float
    weights: dict[str, float]
    score_intercept: float = 0.0
    score_slope: float = 1.0

    def log_odds(self, cues: Mapping[str, Floats]) -> Floats:
        """Return the log-odds of each sentence to open a part, from its cues."""
        total = sum((weight * cues[name] for name, weight in self.weights.items()), np.zeros_like(cues["boundary"]))
        return total + self.intercept

    def score(self, distance: Floats) -> Floats:
        """Return scores: 100 times the probability that a start is within 15 s of one that people set.

        Args:
            distance: how far candidates' totals lie above (below: negative) the mean of the best three of their talk.
        """
        odds = np.clip(self.score_intercept + self.score_slope * distance, -50.0, 50.0)
        return 100.0 / (1.0 + np.exp(-odds))


def views_of(cues: Mapping[str, Floats]) -> str:
    """Return the name of the weights that fit the cues there are."""
    return "words" + ("+turns" if _TURNS in cues else "") + ("+encoder" if _ENCODED in cues else "")


@functools.cache
def opening_models() -> Mapping[str, OpeningModel]:
    """Return the fitted models by their views."""
    table = json.loads(WEIGHTS_FILE.read_text())["models"]
    return {views: OpeningModel.model_validate(model) for views, model in table.items()}


@dataclass(frozen=True)
class Openings:
    """The log-odds of a talk's sentences to open a part of it, and the model they are by."""

    model: OpeningModel
    log_odds: Floats

    @classmethod
    def of(cls, timeline: Timeline) -> Openings:
        """Weigh a talk's sentences by the model that fits what is known of it."""
        cues = opening_cues(timeline, sentence_vectors(timeline))
        model = opening_models()[views_of(cues)]
        return cls(model, model.log_odds(cues))

    def strengths(self, seconds: float) -> Floats:
        """Return how strong a boundary is before each sentence: 1 where it is as likely as one every two minutes is."""
        chance = 1.0 / (1.0 + np.exp(-np.clip(self.log_odds, -50.0, 50.0)))
        likeliest = np.sort(chance)[::-1][: max(1, round(seconds / _SECONDS_PER_BOUNDARY))]
        return np.clip(chance / max(1e-9, float(likeliest.mean())), 0.0, 1.0)
