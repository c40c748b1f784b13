"""Makes the demo's talk: voice, slides and captions, one MP4, made once a version."""

from __future__ import annotations

import hashlib
import itertools
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, FiniteFloat, JsonValue

from moments_ray.demo.captions import make_cues
from moments_ray.demo.script import SCRIPT, TITLE
from moments_ray.errors import MediaToolMissing
from moments_ray.media.process import ffmpeg_executable, run_python, run_tool
from moments_ray.settings import MediaSettings, Settings
from moments_ray.speech.voice import Line, Speech, Spoken
from moments_ray.testing.media import make_captions

_VOICE = "en-us+klatt4"  # the one our recogniser mishears least of those tried
_WORDS_PER_MINUTE = 172
_PITCH, _PITCH_RANGE = 37, 46
# A studio's touch on a dry voice: no rumble, softer sibilants, a small room; none of it moves a word.
_SOUND = "highpass=f=80,treble=g=-4:f=5000,aecho=0.9:0.9:23|37:0.10|0.06,volume=1.8,alimiter=limit=0.9:level=false"
_STEP_SECONDS = 120.0
_WHEELS = ("espeakng-loader", "pillow", "av", "imageio-ffmpeg")
_SOURCES = (
    "captions.py",
    "figures.py",
    "film.py",
    "script.py",
    "slides.py",
    "talk.py",
    "../testing/media.py",
    "../speech/voice.py",
)


class Topic(BaseModel):
    """A topic of the talk from its first word to its last; times in seconds."""

    model_config = ConfigDict(frozen=True)

    title: str
    start: FiniteFloat
    end: FiniteFloat


class Talk(BaseModel):
    """The finished talk; ``topics`` are its true parts, known because it was written that way."""

    model_config = ConfigDict(frozen=True)

    path: Path
    title: str
    duration: FiniteFloat
    topics: tuple[Topic, ...]


async def make_talk(directory: Path, settings: Settings) -> Talk:
    """Return the talk as an MP4 in ``directory``; one made there before by equal code is used again.

    H.264 1280 x 720 at 25 fps, AAC, captions as a mov_text track, title in the metadata; equal versions make equal
    files.

    Raises:
        MediaToolMissing: the extra ``demo`` is not installed, or there is no ffmpeg.
        MediaError: a step failed; MediaTimeout: it took too long.
    """
    name = f"{TITLE.lower().replace(' ', '-')}-{_version_digest()}"
    film, record = directory / f"{name}.mp4", directory / f"{name}.json"
    # The record is written last: where it stands, the film is whole.
    if record.is_file() and film.is_file():
        return Talk.model_validate_json(record.read_bytes()).model_copy(update={"path": film})
    scratch = _make_scratch(directory)
    try:
        spoken = await _speak(scratch / "voice.wav", settings.media)
        await _film(scratch / "film.mp4", spoken, settings.media)
        make_captions(scratch / "captions.srt", make_cues(spoken.lines))
        await _join(scratch, settings.media)
        talk = Talk(path=film, title=TITLE, duration=spoken.duration, topics=_topics(spoken))
        (scratch / "talk.json").write_text(talk.model_dump_json(indent=2), encoding="utf-8")
        (scratch / "talk.mp4").replace(film)
        (scratch / "talk.json").replace(record)
    finally:
        shutil.rmtree(scratch)
    return talk


def _make_scratch(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=".talk-", dir=directory))


def _version_digest() -> str:
    """Name what decides the file's bytes: the code of this package and the releases that speak, draw and encode."""
    digest = hashlib.sha256()
    try:
        for wheel in _WHEELS:
            digest.update(f"{wheel} {version(wheel)}\n".encode())
    except PackageNotFoundError as error:
        raise MediaToolMissing(
            f"The demo's talk needs {error.name}; install it with: pip install 'moments-ray[demo]'."
        ) from error
    for source in _SOURCES:
        digest.update((Path(__file__).parent / source).read_bytes())
    return digest.hexdigest()[:12]


async def _speak(path: Path, settings: MediaSettings) -> Spoken:
    passages = (passage for chapter in SCRIPT for passage in chapter.passages)
    speech = Speech(
        path=path,
        lines=tuple(Line(text=passage.text, pause=passage.pause) for passage in passages),
        voice=_VOICE,
        words_per_minute=_WORDS_PER_MINUTE,
        pitch=_PITCH,
        pitch_range=_PITCH_RANGE,
    )
    answer = await run_python(
        "moments_ray.speech.voice:speak", speech.model_dump(mode="json"), timeout=_STEP_SECONDS, settings=settings
    )
    return Spoken.model_validate(answer)


async def _film(path: Path, spoken: Spoken, settings: MediaSettings) -> None:
    lines = iter(spoken.lines)
    scenes: list[dict[str, JsonValue]] = []
    for index, chapter in enumerate(SCRIPT):
        points = 0
        for number, passage in enumerate(chapter.passages):
            line = next(lines)
            points += passage.point is not None
            if number == 0 or passage.point is not None:
                start = line.start if scenes else 0.0
                scenes.append({"start": start, "chapter": index, "points": points})
    await run_python(
        "moments_ray.demo.film:encode",
        {"path": str(path), "duration": spoken.duration, "scenes": [*scenes]},
        timeout=_STEP_SECONDS,
        settings=settings,
    )


async def _join(scratch: Path, settings: MediaSettings) -> None:
    """Put picture, sound and captions of a directory into its ``talk.mp4``."""
    language = itertools.chain.from_iterable((f"-metadata:s:{kind}:0", "language=eng") for kind in ("v", "a", "s"))
    await run_tool(
        [
            *(ffmpeg_executable(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-bitexact"),
            *("-i", "film.mp4", "-i", "voice.wav", "-i", "captions.srt", "-map", "0:v", "-map", "1:a", "-map", "2:s"),
            *("-c:v", "copy", "-af", _SOUND, "-c:a", "aac", "-aac_coder", "fast", "-b:a", "64k", "-c:s", "mov_text"),
            *("-metadata", f"title={TITLE}", *language, "-movflags", "+faststart", "talk.mp4"),
        ],
        timeout=_STEP_SECONDS,
        settings=settings,
        cwd=scratch,
    )


def _topics(spoken: Spoken) -> tuple[Topic, ...]:
    lines = iter(spoken.lines)
    topics: list[Topic] = []
    for chapter in SCRIPT:
        said = [next(lines) for _ in chapter.passages]
        if chapter.figure is not None:
            topics.append(Topic(title=chapter.title, start=said[0].start, end=said[-1].end))
    return tuple(topics)
