"""Which language the embedded recogniser takes recordings for, and what finding it costs.

    python -m benchmarks.languages DIRECTORY

The directory has a folder a language, named by its code (``es``, ``it``), with recordings in any format; short ones are
joined to samples of 4 to 30 s. Debian's packages ``asterisk-core-sounds-es-wav`` (and ``-en-``, ``-fr-``, ``-it-``,
``-ru-``) and ``asterisk-prompt-…`` have voices that people recorded.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import wave
from collections import Counter
from pathlib import Path

from benchmarks.speech import processor_seconds, sound_of
from moments_ray.errors import MediaError
from moments_ray.settings import Settings
from moments_ray.speech.whisper import Whisper
from moments_ray.speech.windows import SAMPLE_RATE

_LENGTHS = (4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 30.0)
_SHORTEST = 2.0  # a prompt of a single word tells no language
_PAUSE = bytes(2 * SAMPLE_RATE // 4)
_SEED = 1
_TIMEOUT_SECONDS = 600.0


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path)
    directory: Path = parser.parse_args().recordings
    print(
        "| spoken | samples | taken for | heard by tiny.en | processor x real time |\n|---|---|---|---|---|", flush=True
    )
    for folder in sorted(each for each in directory.iterdir() if each.is_dir()):
        asyncio.run(measure(folder))


async def measure(folder: Path) -> None:
    """Have every sample of a language recognised, and print for what each was taken."""
    settings = Settings()
    ear = Whisper(threads=2)
    await ear.prepare(settings)
    found: Counter[str] = Counter()
    by_tiny, seconds, spent = 0, 0.0, 0.0
    with tempfile.TemporaryDirectory() as scratch:
        audio = Path(scratch) / "sample.wav"
        for sound in await samples(folder, Path(scratch), settings):
            with wave.open(str(audio), "wb") as file:
                file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
                file.writeframes(sound)
            used = processor_seconds()
            heard = await ear.transcribe(audio, settings, _TIMEOUT_SECONDS)
            spent += processor_seconds() - used
            seconds += len(sound) / 2 / SAMPLE_RATE
            found[heard.language or "nothing"] += 1
            by_tiny += heard.health["model"] == "whisper-tiny.en"
    languages = ", ".join(f"{language} {count}" for language, count in found.most_common())
    print(f"| {folder.name} | {found.total()} | {languages} | {by_tiny} | {spent / seconds:.2f} |", flush=True)


async def samples(folder: Path, scratch: Path, settings: Settings) -> list[bytes]:
    """Join the recordings of a folder, in an order of their own, to one sample a length: 16-bit mono at 16 kHz."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    random.Random(_SEED).shuffle(files)
    joined = []
    for length in _LENGTHS:
        sound = b""
        while len(sound) < length * 2 * SAMPLE_RATE and files:
            try:
                with wave.open(str(await sound_of(files.pop(), scratch, settings)), "rb") as file:
                    recording = file.readframes(file.getnframes())
            except MediaError:
                continue  # a licence, or another file that is no sound
            if len(recording) >= _SHORTEST * 2 * SAMPLE_RATE:
                sound += recording + _PAUSE
        joined.append(sound)
    return [sound for sound in joined if sound]


if __name__ == "__main__":
    main()
