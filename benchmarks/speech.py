"""How well and how fast the built-in recogniser hears: word error rate and speed on recordings with a known text.

Usage: ``python benchmarks/speech.py MEDIA_DIRECTORY`` (the folder of real recordings kept beside a checkout).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from moments_ray.media.process import ffmpeg_executable, run_tool
from moments_ray.settings import Settings
from moments_ray.speech.health import check
from moments_ray.speech.recognisers import choose, recognisers
from moments_ray.speech.windows import SAMPLE_RATE

_TIMEOUT_SECONDS = 1800.0
_KNOWN = {
    "audio/jfk.flac": "audio/jfk.txt",
    "audio/swc_softeng_intro.mp3": "audio/swc_softeng_intro.txt",
    "audio/lj001_printing.flac": "audio/lj001_printing.json",
    "audio/columbia.wma": "audio/columbia.txt",
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
class Heard:
    """One recording's result; times in seconds."""

    words: Sequence[str]
    duration: float
    seconds: float
    verdict: str


def main() -> None:
    """Print one line a recording."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("media", type=Path)
    parser.add_argument("--transcriber", default="pocketsphinx")
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.media, arguments.transcriber))


async def measure(media: Path, transcriber: str) -> None:
    """Transcribe all recordings by one recogniser, one after another, and compare."""
    print(f"{'recording':32} {'length':>7} {'took':>7} {'x real time':>11} {'words':>6} {'word errors':>11}  verdict")
    for name in (*_KNOWN, *_WITHOUT_CLEAR_SPEECH):
        heard = await hear(media / name, transcriber)
        errors = ""
        if name in _KNOWN:
            reference = known_words(media / _KNOWN[name])
            errors = f"{edit_distance(reference, heard.words) / len(reference):.1%}"
        print(
            f"{name:32} {heard.duration:6.1f}s {heard.seconds:6.1f}s {heard.seconds / heard.duration:11.2f} "
            f"{len(heard.words):6} {errors:>11}  {heard.verdict}",
            flush=True,
        )


async def hear(recording: Path, transcriber: str) -> Heard:
    """Extract the sound and transcribe it; only the transcribing is timed."""
    settings = Settings()
    choice = await choose(recognisers(), settings, forced=transcriber)
    with tempfile.TemporaryDirectory() as scratch:
        audio = Path(scratch) / "audio.wav"
        await run_tool(
            [ffmpeg_executable(), "-v", "error", "-i", str(recording), "-ac", "1", "-ar", str(SAMPLE_RATE), str(audio)],
            timeout=_TIMEOUT_SECONDS,
            settings=settings.media,
        )
        duration = audio.stat().st_size / 2 / SAMPLE_RATE
        started = time.monotonic()
        transcript = await choice.transcribe(audio, settings, _TIMEOUT_SECONDS)
        seconds = time.monotonic() - started
    verdict = str(check(transcript, duration).health["verdict"])
    return Heard(normal_words(transcript.text), duration, seconds, verdict)


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


def edit_distance(reference: Sequence[str], heard: Sequence[str]) -> int:
    """Count the words to insert, delete or replace (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for count, wanted in enumerate(reference, start=1):
        diagonal, row[0] = row[0], count
        for index, word in enumerate(heard, start=1):
            diagonal, row[index] = row[index], min(row[index] + 1, row[index - 1] + 1, diagonal + (wanted != word))
    return row[-1]


if __name__ == "__main__":
    main()
