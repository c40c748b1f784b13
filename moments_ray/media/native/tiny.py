"""Makes pictures of 32 by 18 from decoded frames, to be compared by the thousand."""

from __future__ import annotations

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

COLUMNS, ROWS = 32, 18
# Samples a side of each tiny pixel: a 30th of the work of scaling the frame, and as good for comparing.
_SAMPLES = 8


def thumbnail(frame: VideoFrame) -> NDArray[np.float32]:
    """Return a frame's three planes as 3 x 576 values from 0 to 1."""
    if not frame.format.name.startswith(("yuv4", "yuvj4")) or frame.format.name.endswith("be"):
        frame = frame.reformat(width=16 * COLUMNS, height=16 * ROWS, format="yuv420p")
    bits = frame.format.components[0].bits
    kind: np.dtype[np.unsignedinteger] = np.dtype(np.uint8 if bits <= 8 else np.uint16)
    planes = []
    for plane in frame.planes[:3]:
        samples = np.frombuffer(memoryview(plane), dtype=kind)
        planes.append(_shrunk(samples.reshape(plane.height, -1)[:, : plane.width]))
    return np.stack(planes).reshape(3, ROWS * COLUMNS) / np.float32((1 << bits) - 1)


def _shrunk(plane: NDArray[np.unsignedinteger]) -> NDArray[np.float32]:
    """Return the means of samples spread evenly over each tiny pixel; what is left over at the edges does not count."""
    height, width = plane.shape
    if height < ROWS or width < COLUMNS:
        rows = np.arange(ROWS) * height // ROWS
        return plane[np.ix_(rows, np.arange(COLUMNS) * width // COLUMNS)].astype(np.float32)
    sampled = plane[:: max(1, height // (ROWS * _SAMPLES)), :: max(1, width // (COLUMNS * _SAMPLES))]
    down, across = sampled.shape[0] // ROWS, sampled.shape[1] // COLUMNS
    blocks = sampled[: ROWS * down, : COLUMNS * across].reshape(ROWS, down, COLUMNS, across)
    means: NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means
