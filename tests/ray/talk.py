"""A small talk with known truth: its pictures carry their numbers, its sentences their times."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from moments_ray.testing.media import make_captions, make_voice, run_ffmpeg
from moments_ray.testing.numbered import make_numbered_video

FPS = 25

_TEXT = (
    "Rivers shape the land they cross. A river carries water and silt all the way down to the sea. Where the river"
    " slows, the silt falls and builds a delta of islands. Why does a river bend? Because the water on the outside of a"
    " bend is faster, and it cuts into the bank. "
    "Bread is a different story. A baker needs flour, water, salt and a little yeast. The yeast eats the sugar in the"
    " flour and breathes out gas. Without salt the dough would rise too fast, and then it would fall. "
    "Bees speak by dancing. A bee that finds a flower tells the hive by a dance. The dance says how far the flower is"
    " and in which direction. However, bees measure that direction by the sun."
)


@dataclass(frozen=True)
class Talk:
    """A video file, its captions, and each sentence with its true start and end in seconds."""

    path: Path
    captions: Path
    sentences: tuple[tuple[str, float, float], ...]
    frames: int

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.frames / FPS


def make_talk(directory: Path) -> Talk:
    """Say a text of three topics over numbered pictures, about a minute of it."""
    voice, picture, path = directory / "voice.wav", directory / "picture.mp4", directory / "talk.mp4"
    sentences = make_voice(voice, _TEXT)
    frames = int(sentences[-1][2] + 2) * FPS  # longer than the sound, with the pause after its last word
    make_numbered_video(
        picture, frames=frames, rate=FPS, size=(320, 180), sound=None, options={"preset": "veryfast", "g": "100"}
    )
    run_ffmpeg(["-i", picture, "-i", voice, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", path])
    return Talk(path, make_captions(directory / "talk.srt", sentences), tuple(sentences), frames)
