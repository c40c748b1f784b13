"""PocketSphinx: the recogniser whose model comes in its wheel. English; lower case, no punctuation."""

from __future__ import annotations

import asyncio
import importlib.util
import math
import os
import platform
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import JsonValue, TypeAdapter

from moments_ray.media.process import run_python
from moments_ray.settings import Settings
from moments_ray.speech.recogniser import Availability, Progress, speech_error
from moments_ray.speech.scripts import join_words
from moments_ray.speech.transcript import Frozen, Segment, Transcript, Word
from moments_ray.speech.windows import SAMPLE_RATE, Window, read_window, speech_windows

SHORTEST_WINDOW_SECONDS = 12.0
LONGEST_WINDOW_SECONDS = 30.0

_FRAMES_A_SECOND = 100
# A fifth of the decoder's own limit: twice as fast, as many words right; noise is what it spends the rest on.
_MOST_STATES_A_FRAME = 6_000
_MOST_CHILDREN = 2
_FEWEST_WORDS = 3
_VARIANT = re.compile(r"\(\d+\)$")
_FIRST_PERSON = re.compile(r"^i(?='|$)")
# The wheel answers in units in which the scores of long words underflow to 0.
_SMALLEST_ACOUSTIC = -690.0
_SMALLEST_POSTERIOR = -20.0


class DecodedWindow(Frozen):
    """What was decoded in a window, and how much it is like speech; above 0 more likely than not."""

    start: float
    end: float
    words: tuple[Word, ...]
    plausibility: float


class Pocketsphinx:
    """The recogniser that works anywhere: about a quarter of the words are wrong, their times are right."""

    key = "pocketsphinx"

    def availability(self, settings: Settings) -> Availability:  # noqa: ARG002 - the protocol's
        """Tell whether the wheel is installed."""
        if importlib.util.find_spec("pocketsphinx") is None:
            return Availability(
                ok=False, reason=f"PocketSphinx is not installed; {cure(sys.version_info[:2], platform.machine())}"
            )
        return Availability(ok=True, reason="its model is part of the installation")

    async def prepare(self, settings: Settings, progress: Progress | None = None) -> None:
        """Do nothing: the wheel is whole."""

    async def transcribe(
        self, audio: Path, settings: Settings, timeout: float, progress: Progress | None = None
    ) -> Transcript:
        """Decode window by window in child processes; windows that do not sound like speech give no words.

        Raises:
            SpeechError: the decoder failed.
            MediaTimeout: it did not end within ``timeout`` seconds.
        """
        children = min(os.cpu_count() or 1, _MOST_CHILDREN)
        shares = [0.0] * children

        def report(child: int) -> Callable[[float], None]:
            def on_progress(share: float) -> None:
                shares[child] = share
                if progress is not None:
                    progress(sum(shares) / children)

            return on_progress

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(
                        run_python(
                            f"{__name__}:decode",
                            {"audio": str(audio), "child": child, "children": children},
                            timeout=timeout,
                            settings=settings.media,
                            on_progress=report(child),
                        )
                    )
                    for child in range(children)
                ]
        except ExceptionGroup as errors:
            raise speech_error("PocketSphinx", errors.exceptions[0]) from errors
        answer = TypeAdapter(list[DecodedWindow])
        decoded = [window for task in tasks for window in answer.validate_python(task.result())]
        return _transcript(sorted(decoded, key=lambda window: window.start))


def cure(python: tuple[int, ...], machine: str) -> str:
    """Return what helps where PocketSphinx is not installed: not every Python and machine has a wheel of it."""
    if python >= (3, 14) or (python >= (3, 12) and machine == "aarch64"):
        return (
            f"it has no wheel for Python {python[0]}.{python[1]} on {machine}: give captions, use another transcriber, "
            "or run moments_ray with Python 3.11"
        )
    return "install it with: pip install 'moments-ray[asr]'"


def decode(payload: dict[str, Any], report_progress: Callable[[float], None]) -> JsonValue:
    """Decode every n-th window of an audio file: what a child process runs.

    The payload has ``audio`` (path), ``child`` and ``children``; the result is a list of ``DecodedWindow``.
    """
    import pocketsphinx  # noqa: PLC0415 - native code stays in the child

    audio = Path(payload["audio"])
    windows = speech_windows(audio, shortest=SHORTEST_WINDOW_SECONDS, longest=LONGEST_WINDOW_SECONDS)
    own = windows[payload["child"] :: payload["children"]]
    # Batch normalisation: no window depends on another, so the number of children changes nothing.
    configuration = pocketsphinx.Config(
        samprate=SAMPLE_RATE, cmn="batch", maxhmmpf=_MOST_STATES_A_FRAME, loglevel="FATAL"
    )
    decoder = pocketsphinx.Decoder(configuration)
    decoded: list[JsonValue] = []
    for done, window in enumerate(own, start=1):
        decoder.start_utt()
        decoder.process_raw(read_window(audio, window).tobytes(), full_utt=True)
        decoder.end_utt()
        decoded.append(_decoded(window, list(decoder.seg() or ())).model_dump(mode="json"))
        report_progress(done / len(own))
    return decoded


def _decoded(window: Window, segments: Sequence[Any]) -> DecodedWindow:
    spoken = [segment for segment in segments if segment.word[0] not in "<["]
    return DecodedWindow(
        start=window.start,
        end=window.end,
        words=tuple(
            Word(
                text=_FIRST_PERSON.sub("I", _VARIANT.sub("", segment.word)),
                start=round(window.start + segment.start_frame / _FRAMES_A_SECOND, 3),
                end=round(window.start + (segment.end_frame + 1) / _FRAMES_A_SECOND, 3),
            )
            for segment in spoken
        ),
        plausibility=_plausibility(window, spoken) if spoken else 0.0,
    )


def _plausibility(window: Window, spoken: Sequence[Any]) -> float:
    """Return the log odds that somebody speaks, by how the decoder had to bend its words to fit the sound.

    A logistic regression of human and synthetic voices against radio noise, battle and music: in noise the words found
    have few letters, last long, stand far apart and fit the sound badly.
    """
    frames: int = sum(segment.end_frame - segment.start_frame + 1 for segment in spoken)
    acoustic = sum(_log(segment.ascore, _SMALLEST_ACOUSTIC) for segment in spoken) / frames
    posterior = sum(_log(segment.prob, _SMALLEST_POSTERIOR) for segment in spoken) / len(spoken)
    letters = sum(len(_VARIANT.sub("", segment.word)) for segment in spoken) / len(spoken)
    seconds_a_word = frames / _FRAMES_A_SECOND / len(spoken)
    words_a_second = len(spoken) / (window.end - window.start)
    odds = (
        0.8 * acoustic
        + 1.1 * posterior
        + 2.6 * letters
        - 5.0 * math.log(seconds_a_word)
        + 2.4 * math.log(words_a_second)
        - 11.5
    )
    return round(odds, 2)


def _log(score: float, smallest: float) -> float:
    return max(math.log(score), smallest) if score > 0 else smallest


def _transcript(windows: Sequence[DecodedWindow]) -> Transcript:
    heard = [window for index, window in enumerate(windows) if window.words and _in_context(windows, index) > 0]
    if sum(len(window.words) for window in heard) < _FEWEST_WORDS:
        heard = []
    decoded = sum(len(window.words) for window in windows)
    words = tuple(word for window in heard for word in window.words)
    return Transcript(
        engine=Pocketsphinx.key,
        language="en" if heard else None,
        words=words,
        segments=tuple(
            Segment(
                text=join_words(word.text for word in window.words),
                start=window.words[0].start,
                end=window.words[-1].end,
            )
            for window in heard
        ),
        health={"windows": len(windows), "windows_of_speech": len(heard), "words_not_believed": decoded - len(words)},
    )


def _in_context(windows: Sequence[DecodedWindow], index: int) -> float:
    """Return the plausibility of a window and its neighbours, weighted by their words: people speak for a while."""
    near = windows[max(index - 1, 0) : index + 2]
    return sum(window.plausibility * len(window.words) for window in near) / sum(len(window.words) for window in near)
