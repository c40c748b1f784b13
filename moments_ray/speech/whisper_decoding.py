"""What runs in the child process of the Whisper recogniser: voice detection, choice of language, decoding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from moments_ray.speech.transcript import Frozen
from moments_ray.speech.windows import SAMPLE_RATE, Window, read_window, stretches

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Segment

    Samples = npt.NDArray[np.float32]

# What is held at a time: features of half an hour would take a gigabyte.
LONGEST_STRETCH_SECONDS = 300.0

_BEAMS = 2  # more cost time and make as many words wrong: benchmarks/speech.py
# Decoded again where the first text repeats itself or is improbable; one draw, from a seed of our own.
_TEMPERATURES = (0.0, 0.4)
_SEED = 1
_LANGUAGE_WINDOWS = 4
_MOST_KEPT = 2  # models: English, and any language

# What a process that is kept between recordings has loaded, by directory and device.
_kept: dict[tuple[str, str], WhisperModel] = {}
_SURE_OF_LANGUAGE = 0.7
# What tiny.en makes of the first speech tells whether it is English. Means of the words' probabilities: clear
# English has 0.89 to 0.97, what it makes of other languages 0.2 to 0.65; above that it repeats itself, which compresses
# well (decision 107).
_OPENING_SECONDS = 20.0
_ENGLISH_PROBABILITY = 0.85
_MOST_COMPRESSED = 2.4
_FEWEST_ENGLISH_WORDS = 5


class DecodedWord(Frozen):
    """A word as the model heard it; times in seconds, ``probability`` is the mean over its tokens."""

    text: str
    start: float
    end: float
    probability: float


class DecodedSegment(Frozen):
    """A run of words that the model ended by itself."""

    words: tuple[DecodedWord, ...]


class Decoded(Frozen):
    """What a model made of a file; ``speech_seconds`` is what the voice detector took for speech.

    ``directory`` is the model that was used; None where nothing was to be heard. ``loaded`` tells whether any had to be
    loaded, ``remark`` why not on the GPU that there is.
    """

    language: str | None
    directory: str | None
    device: str | None
    loaded: bool = False
    remark: str | None = None
    speech_seconds: float
    segments: tuple[DecodedSegment, ...]


def recognise(payload: dict[str, Any], report_progress: Callable[[float], None]) -> JsonValue:
    """Recognise an audio file.

    The payload has ``audio`` (path), ``english`` and ``any_language`` (directories of models; one may be None),
    ``device`` (``auto``, ``cpu`` or ``cuda``), ``threads``, ``language`` (ISO 639, or None), ``hot_words`` and ``keep``
    (whether this process hears more of them); the result is a ``Decoded``. Where nobody speaks no model is loaded.
    """
    audio = Path(payload["audio"])
    listener = Listener(payload)
    segments: list[DecodedSegment] = []
    speech_seconds = 0.0
    windows = stretches(audio, longest=LONGEST_STRETCH_SECONDS)
    for window in windows:
        samples, spoken = _speech(audio, window)
        if spoken:
            speech_seconds += len(samples) / SAMPLE_RATE
            for segment in listener.listen(samples, spoken, window):
                segments.append(segment)
                if segment.words:
                    report_progress(segment.words[-1].end / windows[-1].end)
        report_progress(window.end / windows[-1].end)
    return Decoded(
        language=listener.language,
        directory=listener.directory,
        device=listener.device,
        loaded=listener.loaded,
        remark=listener.remark,
        speech_seconds=round(speech_seconds, 2),
        segments=tuple(segments),
    ).model_dump(mode="json")


def _speech(audio: Path, window: Window) -> tuple[Samples, list[dict[str, int]]]:
    """Return the samples of a window in which somebody speaks, joined, and where each piece of them was."""
    import numpy as np  # noqa: PLC0415 - native code stays in the child
    from faster_whisper.vad import collect_chunks, get_speech_timestamps  # noqa: PLC0415

    samples = read_window(audio, window).astype(np.float32) / np.float32(32768)
    spoken = get_speech_timestamps(samples) if len(samples) else []
    if not spoken:
        return samples[:0], []
    pieces, _ = collect_chunks(samples, spoken)
    return np.concatenate(pieces), spoken


class Listener:
    """The model that listens: loaded when there is something to hear, of the language that is heard first."""

    def __init__(self, payload: dict[str, Any]) -> None:
        self._english: str | None = payload["english"]
        self._any_language: str | None = payload["any_language"]
        self._wanted_device: str = payload["device"]
        self._threads: int = payload["threads"]
        self._hot_words: str | None = payload["hot_words"]
        self._told: str | None = payload["language"]
        self._keep: bool = payload["keep"]
        self._model: WhisperModel | None = None
        self.language: str | None = None
        self.directory: str | None = None
        self.device: str | None = None
        self.loaded = False
        self.remark: str | None = None

    def listen(self, samples: Samples, spoken: Sequence[dict[str, int]], window: Window) -> Iterator[DecodedSegment]:
        """Decode the joined speech of a window; times are those of the file."""
        from faster_whisper.transcribe import restore_speech_timestamps  # noqa: PLC0415 - native code stays in the child

        segments = self._opening(samples) if self._model is None else self._decode(self._model, samples)
        for segment in restore_speech_timestamps(segments, list(spoken), SAMPLE_RATE):
            yield DecodedSegment(
                words=tuple(
                    DecodedWord(
                        text=word.word,
                        start=round(window.start + float(word.start), 3),
                        end=round(window.start + float(word.end), 3),
                        probability=round(float(word.probability), 3),
                    )
                    for word in segment.words or ()
                )
            )

    def _decode(self, model: WhisperModel, samples: Samples) -> Iterator[Segment]:
        import ctranslate2  # noqa: PLC0415 - native code stays in the child

        ctranslate2.set_random_seed(_SEED)
        segments, _ = model.transcribe(
            samples,
            language=self.language,
            beam_size=_BEAMS,
            best_of=1,
            temperature=_TEMPERATURES,
            condition_on_previous_text=False,
            word_timestamps=True,
            hotwords=self._hot_words,
        )
        return iter(segments)

    def _opening(self, samples: Samples) -> Iterable[Segment]:
        """Decode the first speech, for which the model is chosen: by the language that was told, or that is heard.

        The English model begins where there is one. Its own words tell whether that was right; only where they do not
        is the other model loaded, which knows languages.
        """
        if self._english is None or (self._any_language is not None and self._told not in {None, "en"}):
            return self._in_any_language(samples)
        self.language = "en"
        model = self._use(self._english)
        segments = self._decode(model, samples)
        if self._any_language is None or self._told is not None:
            return segments
        opening = _until(segments, _OPENING_SECONDS)
        if is_english(opening):
            return chain(opening, segments)
        if not self._keep:
            model.model.unload_model()
        detector = self._use(self._any_language)
        self.language = self._language_of(detector, samples)
        if self.language != "en":
            return self._decode(detector, samples)
        if not self._keep:
            detector.model.unload_model()
            model.model.load_model()
        self._model, self.directory = model, self._english
        return chain(opening, segments)

    def _in_any_language(self, samples: Samples) -> Iterator[Segment]:
        assert self._any_language is not None  # noqa: S101 - the recogniser gives at least one
        model = self._use(self._any_language)
        self.language = self._told if self._told in model.supported_languages else self._language_of(model, samples)
        return self._decode(model, samples)

    def _language_of(self, model: WhisperModel, samples: Samples) -> str:
        if not model.model.is_multilingual:
            return "en"
        language, _, _ = model.detect_language(
            samples, language_detection_segments=_LANGUAGE_WINDOWS, language_detection_threshold=_SURE_OF_LANGUAGE
        )
        return str(language)

    def _use(self, directory: str) -> WhisperModel:
        """Take a model that this process has kept, or load it: on the GPU if one is wanted and can be used."""
        import ctranslate2  # noqa: PLC0415 - native code stays in the child

        self.device = self._wanted_device
        if self.device == "auto":
            self.device = "cuda" if ctranslate2.get_cuda_device_count() > 0 and self.remark is None else "cpu"
        try:
            self._model = _kept.get((directory, self.device)) or self._loaded(directory, self.device)
        except (RuntimeError, ValueError) as error:
            if self._wanted_device != "auto" or self.device == "cpu":
                raise
            self.remark = f"The GPU cannot be used: {error}"
            return self._use(directory)
        self.directory = directory
        return self._model

    def _loaded(self, directory: str, device: str) -> WhisperModel:
        from faster_whisper import WhisperModel  # noqa: PLC0415 - native code stays in the child

        self.loaded = True
        model = WhisperModel(
            directory,
            device=device,
            compute_type="auto" if device == "cuda" else "int8",
            cpu_threads=self._threads,
            local_files_only=True,
        )
        if device == "cuda":  # its libraries are looked for at the first use
            model.encode(model.feature_extractor(_silence())[:, : model.feature_extractor.nb_max_frames])
        if self._keep:
            while len(_kept) >= _MOST_KEPT:
                _kept.pop(next(iter(_kept)))
            _kept[directory, device] = model
        return model


def is_english(segments: Sequence[Segment]) -> bool:
    """Tell whether what an English model made of speech is what was said: probable words that do not go in circles."""
    words = [word for segment in segments for word in segment.words or ()]
    return (
        len(words) >= _FEWEST_ENGLISH_WORDS
        and all(segment.compression_ratio <= _MOST_COMPRESSED for segment in segments)
        and sum(word.probability for word in words) / len(words) >= _ENGLISH_PROBABILITY
    )


def _until(segments: Iterator[Segment], seconds: float) -> list[Segment]:
    """Take segments from an iterator up to the first that ends there or later."""
    taken = []
    for segment in segments:
        taken.append(segment)
        if segment.end >= seconds:
            break
    return taken


def _silence() -> Samples:
    import numpy as np  # noqa: PLC0415 - native code stays in the child

    return np.zeros(SAMPLE_RATE, dtype=np.float32)
