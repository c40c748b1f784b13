"""The embedded voice: a line as sound with the true time of every word."""

from __future__ import annotations

from pathlib import Path

from moments_ray.ads.errors import VoiceUnknown
from moments_ray.ads.script.rules import BREATH_SECONDS, speakable
from moments_ray.ads.timing import FASTEST
from moments_ray.ads.values import Line, SpokenWord
from moments_ray.ads.word_times import heard
from moments_ray.engine import Context
from moments_ray.media.process import run_python
from moments_ray.speech import piper, voice

_SPEAK, _SPEAK_BY_PIPER = "moments_ray.speech.voice:speak", "moments_ray.speech.piper:speak"
# Names of espeak-ng's voices.
_VOICES = {"en": "en-us+klatt4", "en-gb": "en-gb"}


def require_voice(language: str, name: str | None) -> str:
    """Return the embedded voice of a language: of US English the neural one, where it is installed.

    Raises:
        VoiceUnknown: there is none.
    """
    american = name is None and language.lower() in {"en", "en-us"}
    if piper.installed() and (american or name == piper.NAME):
        return piper.NAME
    found = _VOICES.get(name or language.lower()) or _VOICES.get(language.lower().partition("-")[0])
    if found is None or (name is not None and name not in _VOICES):
        known = ", ".join([*_VOICES, piper.NAME])
        raise VoiceUnknown(
            f"The embedded voices are {known}, the last by the extra `voice`: choose one, or a model that speaks."
        )
    return found


async def speak_here(ctx: Context, line: Line, path: Path) -> tuple[float, tuple[SpokenWord, ...]]:
    """Say a line into a WAV file, quicker where it would not fit its scene; return its seconds and its words.

    Raises:
        MediaToolMissing: the extra ``ads`` is not installed.
        MediaError: the line cannot be said.
    """
    spoken = await _speak(ctx, line, path, line.rate)
    room = line.seconds - BREATH_SECONDS
    if spoken.duration > room:
        faster = min(FASTEST, spoken.duration / room * 1.01)
        spoken = await _speak(ctx, line, path, round(line.rate * faster))
    words = tuple(SpokenWord(text=word.text, start=word.start, end=word.end) for word in spoken.lines[0].words)
    if require_voice(line.language, line.voice) == piper.NAME:  # it only guesses where its words are
        words = await heard(ctx, line, path) or words
    return spoken.duration, words


async def _speak(ctx: Context, line: Line, path: Path, rate: int) -> voice.Spoken:
    named = require_voice(line.language, line.voice)
    speech = voice.Speech(
        path=path,
        lines=(voice.Line(text=speakable(line.text), pause=0),),
        voice=named,
        words_per_minute=rate,
        pitch=line.pitch,
    )
    answer = await run_python(
        _SPEAK_BY_PIPER if named == piper.NAME else _SPEAK,
        speech.model_dump(mode="json"),
        timeout=ctx.seconds_left(),
        settings=ctx.settings.media,
    )
    return voice.Spoken.model_validate(answer)
