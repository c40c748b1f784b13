"""Moments where nobody speaks: stretches with more motion, sound or cutting than what is around them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from moments_ray.media.signals import Signals
from moments_ray.moments.finding.moment import TimedProposal, clock
from moments_ray.moments.finding.options import Bounds, FindOptions
from moments_ray.moments.finding.scoring import local_deviations, mean_loudness
from moments_ray.moments.finding.snap import SLIVER_SECONDS
from moments_ray.moments.finding.terms import Floats

LEAST_SCORE = 30.0
_WEIGHTS = {"motion": 1.0, "loudness": 0.8, "cutting": 0.6}
_CUT_EDGE = 0.4
_SLIVER = 1.5
_LENGTH = -0.5
_IDEAL_SHARE = 0.15  # without words to follow, short is better
_HALF_SCORE = 0.2
_STEEPNESS = 1.2
_CUTTING_WINDOW = 5  # seconds over which cuts are counted
_LONGEST_STEP_SECONDS = 5.0
_LEAST_STEPS = 12
_SHORTEST_SECONDS = 0.1
_ENDS_PER_START = 2
_MOST = 400
# Below these a measure is flat, not calm: bits a pixel, decibels, cuts; and motion below a share of its own mean.
_LEAST_SPREAD = {"motion": 1e-3, "loudness": 0.5, "cutting": 0.1}
_LEAST_SHARE = 0.05
_CLEAR = 0.15

_NAMES = {"motion": "Action", "loudness": "Loud Stretch", "cutting": "Fast Cutting"}
_SAYINGS = {"motion": "more motion", "loudness": "more sound", "cutting": "faster cutting"}


@dataclass(frozen=True)
class _Activity:
    """Deviations per second of each measure that varies at all, and their weighted mean."""

    measures: dict[str, Floats]
    total: Floats


def propose_by_signals(signals: Signals, duration: float, options: FindOptions) -> tuple[TimedProposal, ...]:
    """Propose the liveliest stretches of a source, best first; empty where nothing in it varies.

    Args:
        signals: what was measured of sound and picture.
        duration: the source's length in seconds.
        options: what is looked for; prompt and topic cannot be heard here and play no part.
    """
    bounds = options.bounds(duration)
    activity = _activity(signals, duration)
    if activity is None or bounds.latest - bounds.earliest < _SHORTEST_SECONDS:
        return ()
    edges = _edges(signals, bounds)
    opening, closing = _edge_merits(edges, signals)
    reached = np.interp(edges, np.arange(len(activity.total) + 1), np.concatenate(([0.0], np.cumsum(activity.total))))
    available = bounds.latest - bounds.earliest
    ideal = max(
        bounds.shortest, min(bounds.shortest + _IDEAL_SHARE * (bounds.longest - bounds.shortest), available / 2)
    )
    found: list[tuple[float, float, float]] = []
    for at, start in enumerate(edges):
        first = max(at + 1, int(np.searchsorted(edges, start + bounds.shortest, "left")))
        after = int(np.searchsorted(edges, start + bounds.longest, "right"))
        if after <= first:
            continue
        ends = edges[first:after]
        total = (
            (reached[first:after] - reached[at]) / (ends - start)
            + opening[at]
            + closing[first:after]
            + _LENGTH * np.abs(np.log((ends - start) / ideal))
        )
        ranked = np.argsort(-total, kind="stable")[:_ENDS_PER_START]
        found.extend((float(total[best]), float(start), float(ends[best])) for best in ranked)
    found.sort(key=lambda item: (-item[0], item[1], item[2]))
    proposals = (_proposal(total, start, end, activity, signals) for total, start, end in found[:_MOST])
    return tuple(proposal for proposal in proposals if proposal.score >= LEAST_SCORE)


def _activity(signals: Signals, duration: float) -> _Activity | None:
    seconds = max(1, math.ceil(duration))
    starts = np.arange(seconds, dtype=np.float64)
    raw: dict[str, Floats] = {}
    if signals.motion:
        motion = np.nan_to_num(np.array(signals.motion[:seconds], dtype=np.float64))
        raw["motion"] = np.pad(motion, (0, seconds - len(motion)))
    if signals.loudness:
        raw["loudness"] = mean_loudness(signals, starts, starts + 1.0)
    cuts = np.bincount([int(shot) for shot in signals.shots if 0 <= shot < seconds], minlength=seconds)
    raw["cutting"] = np.convolve(cuts, np.ones(_CUTTING_WINDOW), mode="same")[:seconds]
    measures = {
        name: local_deviations(values, starts + 0.5, _LEAST_SPREAD[name])
        for name, values in raw.items()
        if values.std() > max(_LEAST_SPREAD[name], _LEAST_SHARE * abs(float(values.mean())) * (name == "motion"))
    }
    if not measures:
        return None
    weight = sum(_WEIGHTS[name] for name in measures)
    total = sum((_WEIGHTS[name] / weight * values for name, values in measures.items()), np.zeros(seconds))
    return _Activity(measures, total)


def _edges(signals: Signals, bounds: Bounds) -> Floats:
    """Return where a stretch may begin or end: at cuts, at silences, and at even steps between those."""
    known = {*signals.shots, *(edge for silence in signals.silences for edge in silence)}
    edges = sorted(
        {bounds.earliest, bounds.latest} | {edge for edge in known if bounds.earliest < edge < bounds.latest}
    )
    longest_step = min(_LONGEST_STEP_SECONDS, (bounds.latest - bounds.earliest) / _LEAST_STEPS)
    stepped: list[float] = []
    for start, end in pairwise(edges):
        steps = max(1, math.ceil((end - start) / longest_step))
        stepped.extend(start + (end - start) * step / steps for step in range(steps))
    return np.array([*stepped, bounds.latest])


def _edge_merits(edges: Floats, signals: Signals) -> tuple[Floats, Floats]:
    """Return what each edge is worth as a beginning and as an end: good on a cut, bad beside a sliver of a shot."""
    shots = np.array(sorted(signals.shots))
    on_cut = _CUT_EDGE * np.isin(edges, shots)
    after = np.searchsorted(shots, edges + SLIVER_SECONDS, "left") - np.searchsorted(shots, edges, "right")
    before = np.searchsorted(shots, edges, "left") - np.searchsorted(shots, edges - SLIVER_SECONDS, "right")
    return on_cut - _SLIVER * (after > 0), on_cut - _SLIVER * (before > 0)


def _proposal(total: float, start: float, end: float, activity: _Activity, signals: Signals) -> TimedProposal:
    inside = slice(int(start), max(int(start) + 1, math.ceil(end)))
    means = {name: float(values[inside].mean()) for name, values in activity.measures.items()}
    ranked = sorted(means, key=lambda name: (-means[name] * _WEIGHTS[name], name))
    clear = [name for name in ranked if means[name] >= _CLEAR]
    name = _NAMES[clear[0]] if clear else "Scene"
    said = ", ".join(_SAYINGS[name] for name in clear) + " than around it" if clear else "the liveliest of its length"
    opening = "; begins on a cut" if any(abs(shot - start) < 1e-6 for shot in signals.shots) else ""
    return TimedProposal(
        start_time=start,
        end_time=end,
        title=f"{name} at {clock(start)}",
        reason=f"Nothing said to go by: {said}{opening}.",
        score=round(100.0 / (1.0 + math.exp(-_STEEPNESS * (total - _HALF_SCORE))), 1),
    )
