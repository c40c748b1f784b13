"""What a film costs in CPU, beside the bare encode of the same frames, and again after one caption was changed.

    python -m benchmarks.render SOURCE [SOURCE …] [--seconds 30] [--rounds 3]

Renders a film of 1080 x 1920 of segments of 2.5 s from each source in turn, with effects, captions by word,
a watermark and sound effects, one piece after another on one thread; then joins and verifies it. The bare encode is
libx264 with the same options over the film's own frames, decoded to a raw file first. CPU is user and system time of
all child processes, the median of the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from moments_ray.media.probe import MediaInfo, probe
from moments_ray.media.process import ffmpeg_executable
from moments_ray.media.render.effects import Effect, EffectName
from moments_ray.media.render.join import join_pieces
from moments_ray.media.render.piece import ENCODING, render_piece
from moments_ray.media.render.plan import (
    RATE,
    Caption,
    Form,
    Picture,
    Piece,
    RenderedPiece,
    SoundCue,
    SoundPlan,
    Word,
    piece_frames,
)
from moments_ray.media.render.sounds import write_sound
from moments_ray.media.render.verify import verify_film
from moments_ray.settings import MediaSettings

SEGMENT_SECONDS = 2.5
EFFECTS: tuple[tuple[EffectName, ...], ...] = (("zoom",), (), ("shake", "bw"), ("punch_in",), ("flash",), ("zoom_out",))
SETTINGS = MediaSettings()


@dataclass(frozen=True)
class Round:
    """CPU seconds of one round, and the most memory that one process took (bytes)."""

    pieces: float
    join: float
    bare: float
    again: float
    memory: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="benchmark of rendering")
    parser.add_argument("sources", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the film")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rounds = [asyncio.run(measured(options.sources, options.seconds)) for _ in range(options.rounds)]
    show(rounds, options.seconds)


async def measured(sources: Sequence[Path], seconds: float) -> Round:
    """Render a film, encode its frames alone, and render the piece again whose caption was changed."""
    infos = [await probe(source, SETTINGS) for source in sources]
    directory = Path(tempfile.mkdtemp(prefix="moments-render-"))
    try:
        pieces = plan(infos, seconds)
        before = spent()
        rendered = [await one(piece, sources, infos, directory) for piece in pieces]
        after_pieces = spent()
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        write_sound("whoosh", directory / "whoosh.wav")
        cues = tuple(
            SoundCue(file="whoosh.wav", frame=sum(piece.frames for piece in pieces[:number]))
            for number in range(len(pieces))
        )
        sound = SoundPlan(cues=cues)
        film = await join_pieces(rendered, sound, directory, "film.mp4", settings=SETTINGS, timeout=300)
        await verify_film(film, rendered, Form(), settings=SETTINGS, timeout=300)
        after_join = spent()
        bare = bare_encode(film, directory)
        changed = pieces[0].model_copy(update={"captions": pieces[1].captions})
        before_again = spent()
        await one(changed, sources, infos, directory)
        await join_pieces(rendered, sound, directory, "film.mp4", settings=SETTINGS, timeout=300)
        again = spent() - before_again
    finally:
        shutil.rmtree(directory)
    return Round(after_pieces - before, after_join - after_pieces, bare, again, memory)


def plan(infos: Sequence[MediaInfo], seconds: float) -> list[Piece]:
    """Return the pieces of the film: each source in turn, a caption of three words a piece."""
    pieces = []
    for number in range(round(seconds / SEGMENT_SECONDS)):
        info = infos[number % len(infos)]
        start = (number * SEGMENT_SECONDS) % max(SEGMENT_SECONDS, info.duration - SEGMENT_SECONDS)
        effects = tuple(Effect(name=name) for name in EFFECTS[number % len(EFFECTS)])
        spoken = [(f"word{number}", 0.2), ("lights", 0.9), ("up", 1.5)]
        words = tuple(Word(text=text, start=at, end=at + 0.5) for text, at in spoken)
        caption = Caption(text=" ".join(text for text, _ in spoken), start=0.2, end=2.3, words=words)
        pieces.append(
            Piece(
                name=f"piece-{number:03d}",
                picture=Picture(start=start, hdr=info.hdr),
                frames=piece_frames(start, start + SEGMENT_SECONDS, effects),
                effects=effects,
                beats=(0.0, 0.5, 1.0, 1.5, 2.0),
                captions=(caption,),
                watermark="ai-video-editor",
            )
        )
    return pieces


async def one(piece: Piece, sources: Sequence[Path], infos: Sequence[MediaInfo], directory: Path) -> RenderedPiece:
    """Render one piece on one thread."""
    which = int(piece.name.rpartition("-")[2]) % len(sources)
    return await render_piece(
        piece, sources[which], infos[which], Form(), directory, settings=SETTINGS, threads=1, timeout=300
    )


def bare_encode(film: Path, directory: Path) -> float:
    """Return the CPU seconds of encoding the film's frames alone, from a raw file."""
    raw = directory / "film.y4m"
    quiet = [ffmpeg_executable(), "-nostdin", "-loglevel", "error", "-y"]
    subprocess.run([*quiet, "-i", film, "-an", "-pix_fmt", "yuv420p", raw], check=True)
    options = [word for name, value in ENCODING["final"].items() for word in (f"-{name}", value)]
    before = spent()
    encode = ["-c:v", "libx264", *options, "-profile:v", "high", "-threads", "1"]
    subprocess.run([*quiet, "-i", raw, *encode, directory / "bare.mp4"], check=True)
    return spent() - before


def spent() -> float:
    """Return the CPU seconds that children of this process have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def show(rounds: Sequence[Round], seconds: float) -> None:
    """Print the medians, and each beside the bare encode."""
    bare = statistics.median(each.bare for each in rounds)
    whole = statistics.median(each.pieces + each.join for each in rounds)
    table = Table(title=f"{seconds:g} s of 1080 x 1920, {RATE} frames a second, one thread; median of {len(rounds)}")
    for heading in ("", "CPU s", "of the bare encode", "CPU s a second of film"):
        table.add_column(heading, justify="right" if heading else "left")
    rows = {
        "bare encode of the same frames": bare,
        "the film, everything": whole,
        "of that, joining, sound and reading back": statistics.median(each.join for each in rounds),
        "again after one caption": statistics.median(each.again for each in rounds),
    }
    for name, value in rows.items():
        table.add_row(name, f"{value:.1f}", f"{value / bare:.2f}", f"{value / seconds:.2f}")
    console = Console()
    console.print(table)
    console.print(f"again / first: {rows['again after one caption'] / whole:.0%}")
    console.print(f"most memory of a process: {max(each.memory for each in rounds) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
