"""Parakeet TDT 0.6B on this machine's CPU, through onnx-asr: punctuated text in 25 languages, times by the token."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import JsonValue, TypeAdapter

from moments_ray.errors import MediaError, RecogniserUnavailable
from moments_ray.media.process import run_python
from moments_ray.settings import Settings
from moments_ray.speech.captions.text import clean
from moments_ray.speech.recogniser import Availability, Progress, speech_error
from moments_ray.speech.transcript import Frozen, Segment, Transcript, Word
from moments_ray.speech.weights import Weights, fetch_weights, find_weights
from moments_ray.speech.windows import Window, read_window, speech_windows

SHORTEST_WINDOW_SECONDS = 10.0
LONGEST_WINDOW_SECONDS = 30.0

_FILES = ("config.json", "vocab.txt", "decoder_joint-model.int8.onnx", "encoder-model.int8.onnx")
# By preference: many languages, then English alone. The name is onnx-asr's.
_MODELS = (
    ("nemo-parakeet-tdt-0.6b-v3", Weights("istupakov/parakeet-tdt-0.6b-v3-onnx", _FILES, megabytes=670)),
    ("nemo-parakeet-tdt-0.6b-v2", Weights("istupakov/parakeet-tdt-0.6b-v2-onnx", _FILES, megabytes=660)),
)
_MEMORY_BYTES = 8 * 1024**3  # address space: the weights are mapped and then unpacked beside that
_TOKEN_SECONDS = 0.24  # the model emits a token where it begins; the last one of a word lasts about this long


class RecognisedWindow(Frozen):
    """What was said in a window of audio."""

    segment: Segment
    words: tuple[Word, ...]


class ParakeetLocal:
    """The good ear: needs weights of 670 MB, from the hub's cache, ``MOMENTS_HOME/models`` or the network."""

    key = "parakeet_local"

    def availability(self, settings: Settings) -> Availability:
        """Tell whether onnx-asr and the weights are here."""
        if importlib.util.find_spec("onnx_asr") is None:
            return Availability(
                ok=False, reason="onnx-asr is not installed; install it with: pip install 'moments-ray[asr]'"
            )
        for model, weights in _MODELS:
            directory = find_weights(weights, settings)
            if directory is not None:
                return Availability(ok=True, reason=f"{model} is in {directory}")
        return Availability(
            ok=False,
            fetchable=True,
            reason=f"its weights are not here; asked for by name, they are fetched from {settings.speech.weights_url}",
        )

    async def prepare(self, settings: Settings, progress: Progress | None = None) -> None:
        """Fetch the weights.

        Raises:
            RecogniserUnavailable: their host cannot be reached or does not have them.
        """
        await fetch_weights(_MODELS[0][1], settings, progress)

    async def transcribe(
        self, audio: Path, settings: Settings, timeout: float, progress: Progress | None = None
    ) -> Transcript:
        """Transcribe window by window in a child process.

        Raises:
            RecogniserUnavailable: the weights are not here.
            SpeechError: the model failed.
            MediaTimeout: it did not end within ``timeout`` seconds.
        """
        found = ((model, find_weights(weights, settings)) for model, weights in _MODELS)
        model, directory = next(((model, place) for model, place in found if place), (None, None))
        if directory is None:
            raise RecogniserUnavailable("Parakeet's weights are not here any more; run `moments doctor`.")
        try:
            answer = await run_python(
                f"{__name__}:recognise",
                {"audio": str(audio), "model": model, "directory": str(directory)},
                timeout=timeout,
                settings=settings.media,
                memory_bytes=_MEMORY_BYTES,
                on_progress=progress,
            )
        except MediaError as error:
            raise speech_error("Parakeet", error) from error
        windows = TypeAdapter(list[RecognisedWindow]).validate_python(answer)
        return Transcript(
            engine=self.key,
            language=None,
            words=tuple(word for window in windows for word in window.words),
            segments=tuple(window.segment for window in windows),
            health={"model": model},
        )


def recognise(payload: dict[str, Any], report_progress: Callable[[float], None]) -> JsonValue:
    """Recognise an audio file: what the child process runs.

    The payload has ``audio``, ``directory`` (paths) and ``model``; the result is a list of ``RecognisedWindow``,
    those with speech.
    """
    import numpy as np  # noqa: PLC0415 - native code stays in the child
    import onnx_asr  # noqa: PLC0415

    audio = Path(payload["audio"])
    model = onnx_asr.load_model(
        payload["model"], payload["directory"], quantization="int8", providers=["CPUExecutionProvider"]
    ).with_timestamps()
    windows = speech_windows(audio, shortest=SHORTEST_WINDOW_SECONDS, longest=LONGEST_WINDOW_SECONDS)
    recognised: list[JsonValue] = []
    for done, window in enumerate(windows, start=1):
        result = model.recognize(read_window(audio, window).astype(np.float32) / np.float32(32768))
        words = words_of_tokens(result.tokens or (), result.timestamps or (), window)
        if words:
            segment = Segment(text=clean(result.text), start=words[0].start, end=words[-1].end)
            recognised.append(RecognisedWindow(segment=segment, words=tuple(words)).model_dump(mode="json"))
        report_progress(done / len(windows))
    return recognised


def words_of_tokens(tokens: Sequence[str], timestamps: Sequence[float], window: Window) -> list[Word]:
    """Join a window's tokens to words; a token that begins with a space begins a word.

    ``timestamps`` are seconds from the window's start at which tokens begin.
    """
    edges = [index for index, token in enumerate(tokens) if index == 0 or token[:1].isspace()] + [len(tokens)]
    words = []
    for first, following in itertools.pairwise(edges):
        text = clean("".join(tokens[first:following]))
        if not text:
            continue
        latest = timestamps[following] if following < len(tokens) else window.end - window.start
        end = min(timestamps[following - 1] + _TOKEN_SECONDS, latest)
        words.append(
            Word(
                text=text,
                start=round(window.start + timestamps[first], 3),
                end=round(window.start + max(end, timestamps[first]), 3),
            )
        )
    return words
