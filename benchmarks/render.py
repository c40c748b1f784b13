"""Measures rendering: a film with everything beside MoviePy's of the same, and beside the bare encode of its frames.

    python -m benchmarks.render SOURCE [SOURCE …] [--seconds 30] [--rounds 1] [--without-moviepy]

Prints CPU seconds (user and system, of this process and all children) and the most memory that one process took. The
frames of the bare encode are those that the pieces' own encoders were given, piece by piece. One thread each, as pieces
have in a cluster.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.peer_programs import peer_environment
from moments_ray.media.probe import MediaInfo, probe
from moments_ray.media.process import ffmpeg_executable
from moments_ray.media.render import piece as pieces_module
from moments_ray.media.render.effects import Effect, EffectName, played_speed
from moments_ray.media.render.fonts import POPPINS_BOLD
from moments_ray.media.render.join import join_with
from moments_ray.media.render.mix import mix_sound, sound_fingerprint
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
EFFECTS: tuple[tuple[EffectName, ...], ...] = (
    *(("zoom",), (), ("shake", "bw"), ("punch_in",), ("flash",), ("zoom_out",), ("slowmo",)),
)
SETTINGS = MediaSettings()
MARK = "ai-video-editor"
_PEER = Path(__file__).parent / "moviepy_peer"
# As good as the frames themselves, in the pieces' own profile.
_LOSSLESS = {"preset": "ultrafast", "crf": "1"}


@dataclass(frozen=True)
class Round:
    """CPU seconds of one round, and the most memory (bytes) of one process of ours and of MoviePy's."""

    pieces: float
    join: float
    bare: float
    again: float
    moviepy: float | None
    memory: int
    moviepy_memory: int | None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="benchmark of rendering")
    parser.add_argument("sources", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the film")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--without-moviepy", action="store_true")
    options = parser.parse_args()
    python = None if options.without_moviepy else peer_environment(_PEER / "requirements.txt", "bench-moviepy")
    rounds = [asyncio.run(measured(options.sources, options.seconds, python)) for _ in range(options.rounds)]
    show(rounds, options.seconds)
    print(json.dumps([asdict(each) for each in rounds]))


async def measured(sources: Sequence[Path], seconds: float, python: Path | None) -> Round:
    """Render a film, encode its frames alone, render the piece again whose caption was changed, and have MoviePy."""
    infos = [await probe(source, SETTINGS) for source in sources]
    directory = Path(tempfile.mkdtemp(prefix="moments-render-"))
    try:
        pieces = plan(infos, seconds)
        before = spent()
        rendered = [await one(piece, sources, infos, directory) for piece in pieces]
        after_pieces = spent()
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        await joined(rendered, directory)
        after_join = spent()
        changed = pieces[0].model_copy(update={"captions": pieces[1].captions})
        await one(changed, sources, infos, directory)
        await joined(rendered, directory)
        after_again = spent()
        bare = sum([await bare_encode(piece, sources, infos, directory) for piece in pieces])
        moviepy = None if python is None else by_moviepy(python, pieces, sources, directory)
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    finally:
        shutil.rmtree(directory)
    again = after_again - after_join
    peer_memory = None if python is None else largest
    return Round(after_pieces - before, after_join - after_pieces, bare, again, moviepy, memory, peer_memory)


def plan(infos: Sequence[MediaInfo], seconds: float) -> list[Piece]:
    """Return the pieces of the film: each source in turn, a caption of three words a piece."""
    pieces: list[Piece] = []
    left = round(seconds * RATE)
    while left > 0:
        number = len(pieces)
        info = infos[number % len(infos)]
        start = (number * SEGMENT_SECONDS) % max(SEGMENT_SECONDS, info.duration - SEGMENT_SECONDS)
        effects = tuple(Effect(name=name) for name in EFFECTS[number % len(EFFECTS)])
        spoken = [(f"word{number}", 0.2), ("lights", 0.9), ("up", 1.5)]
        words = tuple(Word(text=text, start=at, end=at + 0.5) for text, at in spoken)
        caption = Caption(text=" ".join(text for text, _ in spoken), start=0.2, end=2.3, words=words)
        frames = min(left, piece_frames(start, start + SEGMENT_SECONDS, effects))
        pieces.append(
            Piece(
                name=f"piece-{number:03d}",
                picture=Picture(start=start, hdr=info.hdr),
                frames=frames,
                effects=effects,
                beats=(0.0, 0.5, 1.0, 1.5, 2.0),
                captions=(caption,),
                watermark=MARK,
            )
        )
        left -= frames
    return pieces


def source_of(piece: Piece, count: int) -> int:
    """Return which of so many sources a piece is of."""
    return int(piece.name.rpartition("-")[2]) % count


async def one(piece: Piece, sources: Sequence[Path], infos: Sequence[MediaInfo], directory: Path) -> RenderedPiece:
    """Render one piece on one thread."""
    which = source_of(piece, len(sources))
    return await render_piece(
        piece, sources[which], infos[which], Form(), directory, settings=SETTINGS, threads=1, timeout=600
    )


async def joined(rendered: Sequence[RenderedPiece], directory: Path) -> None:
    """Mix what is heard unless that was done before, join the pieces, and read the film back."""
    write_sound("whoosh", directory / "whoosh.wav")
    starts = accumulate((piece.frames for piece in rendered[:-1]), initial=0)
    plan = SoundPlan(cues=tuple(SoundCue(file="whoosh.wav", frame=start) for start in starts))
    heard = f"{sound_fingerprint(rendered, plan, directory)}.m4a"
    if not (directory / heard).exists():
        await mix_sound(rendered, plan, directory, heard, settings=SETTINGS, timeout=600)
    film = await join_with(rendered, heard, directory, "film.mp4", settings=SETTINGS, timeout=600)
    await verify_film(film, rendered, Form(), settings=SETTINGS, timeout=600)


async def bare_encode(piece: Piece, sources: Sequence[Path], infos: Sequence[MediaInfo], directory: Path) -> float:
    """Return the CPU seconds of encoding a piece's frames alone, from a raw file."""
    kept = pieces_module.ENCODING
    pieces_module.ENCODING = {"final": _LOSSLESS}
    try:
        await one(piece.model_copy(update={"name": f"raw-{piece.name}"}), sources, infos, directory)
    finally:
        pieces_module.ENCODING = kept
    return encode_alone(directory / f"raw-{piece.name}.mp4", directory)


def encode_alone(frames: Path, directory: Path) -> float:
    """Return the CPU seconds of encoding the frames of a file, which is removed."""
    raw = directory / "frames.y4m"
    quiet = [ffmpeg_executable(), "-nostdin", "-loglevel", "error", "-y"]
    subprocess.run([*quiet, "-i", frames, "-an", "-pix_fmt", "yuv420p", raw], check=True)
    options = [word for name, value in ENCODING["final"].items() for word in (f"-{name}", value)]
    before = spent()
    encode = ["-c:v", "libx264", *options, "-profile:v", "high", "-threads", "1"]
    subprocess.run([*quiet, "-i", raw, *encode, directory / "bare.mp4"], check=True)
    after = spent()
    raw.unlink()
    frames.unlink()
    return after - before


def by_moviepy(python: Path, pieces: Sequence[Piece], sources: Sequence[Path], directory: Path) -> float:
    """Return the CPU seconds of the same film by MoviePy."""
    segments: list[dict[str, Any]] = []
    for piece in pieces:
        start, seconds = piece.picture.start, piece.frames / RATE * played_speed(piece.effects, piece.speed)
        segments.append(
            {
                "source": str(sources[source_of(piece, len(sources))].resolve()),
                "start": start,
                "end": start + seconds,
                "effects": [effect.name for effect in piece.effects],
                "captions": [word.model_dump() for caption in piece.captions for word in caption.words],
                "watermark": MARK,
                "font": str(POPPINS_BOLD.path),
                "sound": str(directory / "whoosh.wav"),
            }
        )
    document = directory / "plan.json"
    document.write_text(json.dumps({"size": [1080, 1920], "rate": RATE, "segments": segments}))
    before = spent()
    subprocess.run([str(python), str(_PEER / "film.py"), document, directory / "moviepy.mp4"], check=True)
    return spent() - before


def spent() -> float:
    """Return the CPU seconds that this process and its children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


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
    peers = [each.moviepy for each in rounds if each.moviepy is not None]
    if peers:
        rows["the film by MoviePy"] = statistics.median(peers)
    for name, value in rows.items():
        table.add_row(name, f"{value:.1f}", f"{value / bare:.2f}", f"{value / seconds:.2f}")
    console = Console()
    console.print(table)
    console.print(f"again / first: {rows['again after one caption'] / whole:.0%}")
    if peers:
        console.print(f"MoviePy / ours: {rows['the film by MoviePy'] / whole:.1f}")
    console.print(f"most memory of a process: {max(each.memory for each in rounds) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
