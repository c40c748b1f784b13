"""Brings the sound of a clip to the loudness that platforms play at (EBU R 128, ITU-R BS.1770)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph
from numpy.typing import NDArray

Samples = NDArray[np.float32]

_TARGET_LUFS = -14.0
# The encoder adds a little to a peak; half of one decibel of the promised two is kept for it.
_PEAK_DBTP = -2.5
# Below this there is nothing but noise, and the gate of the standard hears nothing.
_SILENT_LUFS = -60.0
_LARGEST_GAIN_DB = 30.0
# A true peak lies between samples; four times as many show it (BS.1770, annex 2).
_OVERSAMPLING = 4


@dataclass(frozen=True, slots=True)
class Shape:
    """What sound is made of."""

    rate: int
    layout: str


def gain_for(blocks: Iterator[Samples], shape: Shape) -> float | None:
    """Measure blocks of shape (channels, samples) and return the gain (dB) they need; None for silence."""
    graph = _graph(shape, [("ebur128", "metadata=1:framelog=quiet")])
    loudness = -float("inf")
    for frame in _through(graph, blocks, shape):
        loudness = float(frame.metadata.get("lavfi.r128.I", loudness))
    if loudness <= _SILENT_LUFS:
        return None
    return min(_TARGET_LUFS - loudness, _LARGEST_GAIN_DB)


def levelled(blocks: Iterator[Samples], shape: Shape, gain: float) -> Iterator[Samples]:
    """Amplify blocks by ``gain`` (dB) and hold their true peaks below the limit; as many samples come out as go in."""
    limit = 10 ** (_PEAK_DBTP / 20)
    graph = _graph(
        shape,
        [
            ("volume", f"{gain}dB:precision=float"),
            ("aresample", str(shape.rate * _OVERSAMPLING)),
            ("alimiter", f"limit={limit}:attack=5:release=50:level=disabled:latency=1"),
            ("aresample", str(shape.rate)),
            ("aformat", f"sample_fmts=fltp:channel_layouts={shape.layout}"),
        ],
    )
    for frame in _through(graph, blocks, shape):
        yield frame.to_ndarray().astype(np.float32)


def _graph(shape: Shape, filters: list[tuple[str, str]]) -> Graph:
    graph = Graph()
    base = Fraction(1, shape.rate)
    source = graph.add_abuffer(sample_rate=shape.rate, format="fltp", layout=shape.layout, time_base=base)
    nodes = [graph.add(name, arguments) for name, arguments in filters]
    graph.link_nodes(source, *nodes, graph.add("abuffersink")).configure()
    return graph


def _through(graph: Graph, blocks: Iterator[Samples], shape: Shape) -> Iterator[AudioFrame]:
    """Push blocks through filters and yield what comes out."""
    position = 0
    for block in blocks:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=shape.layout)
        frame.sample_rate, frame.pts, frame.time_base = shape.rate, position, Fraction(1, shape.rate)
        position += frame.samples
        graph.push(frame)
        yield from _ready(graph)
    graph.push(None)
    yield from _ready(graph)


def _ready(graph: Graph) -> Iterator[AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        if isinstance(frame, AudioFrame):
            yield frame
