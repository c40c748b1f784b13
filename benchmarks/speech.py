"""How well and how fast each recogniser hears: words wrong, speed and memory on recordings with a known text.

    python -m benchmarks.speech MEDIA_DIRECTORY [--transcriber KEY …] [--titles] [--loading]

The directory is the one of real recordings kept beside a checkout. Each recogniser runs in a process of its own, on two
threads; times are those of its child processes, loading included. With --titles each recording's
name is given as hot words; the last line says how many words are wrong in all, to compare. With --loading nothing but
what it costs to load Whisper's model for each recording is measured, against a process that keeps it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from moments_ray.errors import RecogniserUnavailable
from moments_ray.media.process import ffmpeg_executable, run_tool
from moments_ray.settings import Settings
from moments_ray.speech.health import check
from moments_ray.speech.recognisers import choose, recognisers
from moments_ray.speech.whisper import Whisper, kept_child
from moments_ray.speech.windows import SAMPLE_RATE

_TIMEOUT_SECONDS = 1800.0
_THREADS = 2
_SHORT = "audio/jfk.flac"
_REPEATS = 5
_KNOWN = {
    "audio/jfk.flac": "audio/jfk.txt",
    "audio/swc_softeng_intro.mp3": "audio/swc_softeng_intro.txt",
    "audio/columbia.wma": "audio/columbia.txt",
    "audio/lj001_printing.flac": "audio/lj001_printing.json",
    "audio/nemo_chemicals.opus": "audio/nemo_chemicals.words.json",
    "audio/nemo_tree_climbing.opus": "audio/nemo_tree_climbing.words.json",
    "video/autoeditor_example.mp4": "video/autoeditor_example.txt",
}
_WITHOUT_CLEAR_SPEECH = (
    "audio/apollo11.mp3",
    "video/tears_of_steel_battle.webm",
    "video/googlework_short.mp4",
    "video/friday.mp4",
)


@dataclass(frozen=True)
class Result:
    """One recording's result; times in seconds, ``processor`` is what the child processes used of all cores."""

    words: Sequence[str]
    duration: float
    seconds: float
    processor: float
    verdict: str


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("media", type=Path)
    parser.add_argument("--transcriber", action="append")
    parser.add_argument("--titles", action="store_true", help="name each recording to the recogniser, as hot words")
    parser.add_argument("--loading", action="store_true", help="what a model costs that is loaded for each recording")
    arguments = parser.parse_args()
    if missing := [name for name in (*_KNOWN, *_WITHOUT_CLEAR_SPEECH) if not (arguments.media / name).is_file()]:
        parser.error(f"{arguments.media} has no {', '.join(missing)}: name the folder above audio/ and video/.")
    if arguments.loading:
        for key in ("whisper", "whisper-base"):
            asyncio.run(measure_loading(arguments.media, key))
        return
    keys = arguments.transcriber or [each.key for each in recognisers()[1:]]
    if len(keys) == 1:
        asyncio.run(measure(arguments.media, keys[0], titles=arguments.titles))
        return
    print("| recogniser | recording | length | words wrong | x real time | processor x real time | words | verdict |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for key in keys:
        argv = [sys.executable, "-m", "benchmarks.speech", str(arguments.media), "--transcriber", key]
        subprocess.run([*argv, *(["--titles"] if arguments.titles else [])], check=True)


async def measure(media: Path, transcriber: str, *, titles: bool) -> None:
    """Transcribe all recordings by one recogniser, one after another, and compare."""
    wrong = known = 0
    for name in (*_KNOWN, *_WITHOUT_CLEAR_SPEECH):
        hot_words = (Path(name).stem.replace("_", " "),) if titles else ()
        try:
            result = await hear(media / name, transcriber, hot_words)
        except RecogniserUnavailable as unavailable:
            print(f"| {transcriber} | | | | | | | {unavailable} |", flush=True)
            return
        errors = ""
        if name in _KNOWN:
            reference = known_words(media / _KNOWN[name])
            distance = edit_distance(reference, result.words)
            errors = f"{distance / len(reference):.1%}"
            wrong, known = wrong + distance, known + len(reference)
        print(
            f"| {transcriber} | {Path(name).stem} | {result.duration:.0f} s | {errors} "
            f"| {result.seconds / result.duration:.2f} | {result.processor / result.duration:.2f} "
            f"| {len(result.words)} | {result.verdict} |",
            flush=True,
        )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
    print(f"| {transcriber} | all: {peak:.2f} GB at most, {wrong} of {known} words wrong | | | | | | |", flush=True)


async def measure_loading(media: Path, key: str) -> None:
    """Compare the processor's time of recordings heard by a process each with that of one process for all."""
    settings = Settings()
    with tempfile.TemporaryDirectory() as scratch:
        audio = await sound_of(media / _SHORT, Path(scratch), settings)
        spent = []
        for keep in (False, True):
            ear = Whisper(size="base" if key == "whisper-base" else None, threads=_THREADS, keep=keep)
            await ear.prepare(settings)
            used = processor_seconds()
            for _ in range(_REPEATS):
                await ear.transcribe(audio, settings, _TIMEOUT_SECONDS)
            if keep and (kept := kept_child(settings)) is not None:
                kept.end()
            spent.append(processor_seconds() - used)
    each, loading = spent[0] / _REPEATS, (spent[0] - spent[1]) / (_REPEATS - 1)
    print(f"{key}: {each:.1f} s of a processor for {_SHORT}, of which {loading:.1f} s are for loading", flush=True)


async def sound_of(recording: Path, directory: Path, settings: Settings) -> Path:
    """Write the sound of a recording as 16-bit mono at 16 kHz, over what was there."""
    audio = directory / "audio.wav"
    await run_tool(
        [
            ffmpeg_executable(),
            "-v",
            "error",
            "-y",
            "-i",
            str(recording),
            "-ac",
            "1",
            "-ar",
            str(SAMPLE_RATE),
            str(audio),
        ],
        timeout=_TIMEOUT_SECONDS,
        settings=settings.media,
    )
    return audio


async def hear(recording: Path, transcriber: str, hot_words: tuple[str, ...]) -> Result:
    """Extract the sound and transcribe it; only the transcribing is timed."""
    settings = Settings()
    settings = settings.model_copy(update={"speech": settings.speech.model_copy(update={"hot_words": hot_words})})
    with tempfile.TemporaryDirectory() as scratch:
        audio = await sound_of(recording, Path(scratch), settings)
        choice = await choose(recognisers(threads=_THREADS), settings, forced=transcriber)
        duration = audio.stat().st_size / 2 / SAMPLE_RATE
        started, used = time.monotonic(), processor_seconds()
        transcript = await choice.transcribe(audio, settings, _TIMEOUT_SECONDS)
        seconds, processor = time.monotonic() - started, processor_seconds() - used
    checked = check(transcript, duration)
    return Result(normal_words(checked.text), duration, seconds, processor, str(checked.health["verdict"]))


def processor_seconds() -> float:
    """Return what ended child processes have used of all cores."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def known_words(file: Path) -> list[str]:
    """Return what is said in a recording, from its text or from JSON with a text of the whole or of its segments."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".json":
        document = json.loads(text)
        text = document.get("text") or " ".join(segment["text"] for segment in document["segments"])
    return normal_words(text)


def normal_words(text: str) -> list[str]:
    """Reduce a text to lower-case letters and apostrophes, for comparing."""
    text = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return "".join(char if char.isalpha() or char == "'" else " " for char in text).split()


def edit_distance(reference: Sequence[str], result: Sequence[str]) -> int:
    """Count the words to insert, delete or replace (Levenshtein)."""
    row = list(range(len(result) + 1))
    for count, wanted in enumerate(reference, start=1):
        diagonal, row[0] = row[0], count
        for index, word in enumerate(result, start=1):
            diagonal, row[index] = row[index], min(row[index] + 1, row[index - 1] + 1, diagonal + (wanted != word))
    return row[-1]


if __name__ == "__main__":
    main()
