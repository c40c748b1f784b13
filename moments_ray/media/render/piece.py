"""Renders one piece of a film: one ffmpeg graph, a picture file and a sound file of exactly the planned length."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import ffmpeg

from moments_ray.errors import GlyphMissing, MediaError
from moments_ray.media.probe import MediaInfo
from moments_ray.media.process import ffmpeg_executable, run_tool
from moments_ray.media.render.captions import captions_file
from moments_ray.media.render.effects import Length, camera_of, looks_of, played_speed, sound_looks_of
from moments_ray.media.render.fonts import Face
from moments_ray.media.render.framing import framed
from moments_ray.media.render.plan import RATE, SAMPLE_RATE, Form, Piece, RenderedPiece
from moments_ray.media.render.transitions import blended, lead_piece, mixed
from moments_ray.media.source import ffmpeg_input_options, source_url
from moments_ray.settings import MediaSettings

TIME_SCALE = 30_000
_FONTCONFIG = "fonts.conf"  # empty: the system's fonts are not asked
# libx264 alone, whatever the machine has: pieces of one film may come from different nodes and are joined as they are.
ENCODING = {
    "final": {"preset": "veryfast", "crf": "20"},
    "draft": {"preset": "superfast", "crf": "26"},
}
# Matroska keeps times in whole milliseconds: a frame may stand up to half of one after the n/30 that is asked for.
_TICK_SECONDS = 0.0006
# A face that has no glyph, or that libass takes in place of the one it was told: never what was meant.
_BAD_TEXT = ("fontselect: failed", "fontselect: Using default font", "Glyph 0x")
_GLOBAL = {"nostdin": None, "hide_banner": None, "nostats": None, "loglevel": "warning", "progress": "pipe:1"}


class Source(NamedTuple):
    """What a piece is made of: a probed video, or a still without ``info``."""

    path: Path
    info: MediaInfo | None


async def render_piece(
    piece: Piece,
    source: Path,
    info: MediaInfo | None,
    form: Form,
    directory: Path,
    *,
    settings: MediaSettings,
    threads: int,
    timeout: float,
    before: Source | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> RenderedPiece:
    """Write ``directory/{name}.mp4`` and ``{name}.wav``, both exactly ``piece.frames`` long; progress is 0 to 1.

    ``source`` is a probed video, or a still without ``info``. Where the source ends early its last picture stands and
    its sound is silence. ``before`` is what the piece's lead is of, where that is another source. Raises GlyphMissing
    for text that no face here has, and what ``run_tool`` raises.
    """
    lettered = _lettered(piece, form, directory)
    own = Source(source, info)
    pictures, sound = _seen(_opened(own, piece, settings), piece, form), _sound(piece, source, info, settings)
    if piece.lead is not None:
        led, running_on = before or own, lead_piece(piece, piece.lead)
        pictures = blended(_seen(_opened(led, running_on, settings), running_on, form), pictures, piece.lead)
        sound = mixed(_sound(running_on, *led, settings), sound, piece.lead, piece.samples)
    pictures = _written(pictures, piece, lettered=lettered).filter("trim", end_frame=piece.frames)
    outputs = [_picture_output(pictures, piece, form, threads), _sound_output(sound, piece)]
    graph = ffmpeg.merge_outputs(*outputs)

    def on_line(line: str) -> None:
        name, _, value = line.partition("=")
        if on_progress is not None and name == "frame" and value.strip().isdecimal():
            on_progress(min(int(value) / piece.frames, 1.0))

    said = await _run(graph, directory, settings, timeout, on_line)
    rendered = RenderedPiece(video=f"{piece.name}.mp4", sound=f"{piece.name}.wav", frames=piece.frames)
    if not all((directory / name).is_file() for name in (rendered.video, rendered.sound)):
        raise MediaError(f"Piece {piece.name} was not written.", {"stderr": said})
    return rendered


async def render_frame(
    piece: Piece,
    frame: int,
    source: Path,
    info: MediaInfo,
    *,
    form: Form,
    directory: Path,
    settings: MediaSettings,
    timeout: float,
) -> Path:
    """Write one picture of a piece, as the film will show it, as ``directory/{name}.jpg``; returns its path.

    Raises as ``render_piece``.
    """
    lettered = _lettered(piece, form, directory)
    if piece.lead is not None and frame < piece.lead.frames:
        before, opened = lead_piece(piece, piece.lead), _moving(source, info, piece, settings)
        pictures = _seen(_moving(source, info, before, settings), before, form)
        pictures = blended(pictures, _seen(opened, piece, form), piece.lead)
        pictures = _written(pictures, piece, lettered=lettered).filter("trim", start_frame=frame)
    else:
        opened = _moving(source, info, piece, settings, first=frame)
        pictures = _written(_seen(opened, piece, form), piece, lettered=lettered)
    target = f"{piece.name}.jpg"
    graph = ffmpeg.output(pictures, target, **{"frames:v": 1, "q:v": 4, "f": "image2", "update": 1, "threads": 1})
    said = await _run(graph, directory, settings, timeout, None)
    if not (directory / target).is_file():
        raise MediaError(f"A picture of piece {piece.name} was not written.", {"stderr": said})
    return directory / target


async def _run(
    graph: Any, directory: Path, settings: MediaSettings, timeout: float, on_line: Callable[[str], None] | None
) -> str:
    """Run a graph in the directory of its files; returns the last of what ffmpeg said.

    Raises:
        GlyphMissing: a character was drawn by another font than was meant, or not at all.
    """
    words = ffmpeg.compile(graph.global_args(*_words(_GLOBAL), "-y"), cmd=ffmpeg_executable())
    done = await run_tool(
        [str(word) for word in words],
        timeout=timeout,
        settings=settings,
        cwd=directory,
        on_stdout=on_line,
        variables={"FONTCONFIG_FILE": str(directory / _FONTCONFIG)},
    )
    if any(phrase in done.stderr_tail for phrase in _BAD_TEXT):
        raise GlyphMissing(detail={"stderr": done.stderr_tail})
    return done.stderr_tail


def _lettered(piece: Piece, form: Form, directory: Path) -> bool:
    """Write a piece's captions into its directory; tell whether there are any."""
    lettering = captions_file(piece, form)
    if lettering is None:
        return False
    write_captions(directory, piece.name, *lettering)
    return True


def write_captions(directory: Path, name: str, text: str, faces: Iterable[Face]) -> None:
    """Put a captions file, the faces it needs and an empty fontconfig beside each other in a directory of ours."""
    fonts = directory / f"{name}-fonts"
    fonts.mkdir(exist_ok=True)
    (directory / _FONTCONFIG).write_text("<fontconfig></fontconfig>\n")
    (directory / f"{name}.ass").write_text(text, encoding="utf-8")
    for number, face in enumerate(sorted(faces, key=lambda each: each.file)):
        path = face.path
        assert path is not None  # noqa: S101 - its characters were read from it
        (fonts / f"{number}.ttf").unlink(missing_ok=True)
        (fonts / f"{number}.ttf").symlink_to(path)


def _seen(stream: Any, piece: Piece, form: Form) -> Any:
    """Return the graph from the source's pictures to what is seen under the words."""
    size, length = (form.width, form.height), Length(piece.frames, piece.beats, form.width)
    camera = camera_of(piece.effects, length)
    stream = framed(stream, size, piece.picture, piece.effects, camera)
    for name, arguments in looks_of(piece.effects, length):
        stream = stream.filter(name, **arguments)
    return stream.filter("format", pix_fmts="yuv420p")


def _written(stream: Any, piece: Piece, *, lettered: bool) -> Any:
    """Return the graph from what is seen to what is encoded: with its words, if there are any."""
    if lettered:
        stream = stream.filter("ass", filename=f"{piece.name}.ass", fontsdir=f"{piece.name}-fonts")
    return stream.filter("format", pix_fmts="yuv420p")


def _opened(source: Source, piece: Piece, settings: MediaSettings) -> Any:
    """Return what a source shows, each picture at its own time in the piece."""
    return _still(source.path) if source.info is None else _moving(source.path, source.info, piece, settings)


def _moving(source: Path, info: MediaInfo, piece: Piece, settings: MediaSettings, first: int = 0) -> Any:
    """Return the source's pictures from a frame of the piece on, each at its own time in the piece.

    What is shown at n/30 is the picture on screen then. Reading begins at the key frame before, and nothing is dropped
    on the way but by ``fps``, which keeps the picture that was on screen at the start however long it had been there.
    """
    speed = played_speed(piece.effects, piece.speed)
    start = piece.picture.start + first / RATE * speed
    stream = _input(source, start, settings)[str(info.video_index)]
    # Where pictures end before the piece begins, as in a talk under one slide, ``fps`` still sees the last one then.
    stream = stream.filter("tpad", stop_mode="clone", stop_duration=f"{start + 1:.3f}")
    stream = stream.filter("setpts", f"(PTS-{_TICK_SECONDS}/TB)/{speed:.6f}")
    stream = stream.filter("fps", fps=RATE, start_time=0, round="up")
    stream = stream.filter("tpad", stop_mode="clone", stop=-1)
    return stream.filter("setpts", f"PTS+{first}/{RATE}/TB") if first else stream


def _still(source: Path) -> Any:
    """Return a still as pictures without end, decoded once."""
    options = {"f": "image2", "pattern_type": "none", "framerate": RATE, "protocol_whitelist": "file"}
    stream = ffmpeg.input(source_url(source), **options).filter("loop", loop=-1, size=1, start=0)
    return stream.filter("setpts", f"N/{RATE}/TB").filter("fps", fps=RATE)


def _sound(piece: Piece, source: Path, info: MediaInfo | None, settings: MediaSettings) -> Any:
    """Return the graph to the sound of the source's range, in step with its pictures; silence where there is none."""
    track = info.default_audio if info is not None else None
    if track is None or piece.volume == 0:
        silence = ffmpeg.input(f"anullsrc=r={SAMPLE_RATE}:cl=stereo", f="lavfi")
        return silence.filter("atrim", end_sample=piece.samples)
    stream = _input(source, piece.picture.start, settings)[str(track.index)]
    stream = stream.filter("aresample", SAMPLE_RATE, **{"async": 1, "first_pts": 0}).filter("atrim", start=0)
    for tempo in _tempos(played_speed(piece.effects, piece.speed)):
        stream = stream.filter("atempo", f"{tempo:.6f}")
    stream = stream.filter("aformat", channel_layouts="stereo", sample_rates=SAMPLE_RATE)
    if piece.volume != 1:
        stream = stream.filter("volume", f"{piece.volume:.4f}")
    for name, arguments in sound_looks_of(piece.effects, Length(piece.frames, piece.beats, 0)):
        stream = stream.filter(name, **arguments)
    return stream.filter("apad").filter("atrim", end_sample=piece.samples)


def _input(source: Path, start: float, settings: MediaSettings) -> Any:
    options: dict[str, Any] = dict(ffmpeg_input_options(settings))
    if start > 0:
        options |= {"noaccurate_seek": None, "ss": f"{start:.6f}"}
    return ffmpeg.input(source_url(source), **options)


def _tempos(speed: float) -> list[float]:
    """Return a speed as factors of 0.5 to 2, between which the pitch is kept well."""
    if speed == 1:
        return []
    factors = []
    while speed < 0.5 or speed > 2:
        step = 0.5 if speed < 1 else 2.0
        factors.append(step)
        speed /= step
    return [*factors, speed]


def _picture_output(stream: Any, piece: Piece, form: Form, threads: int) -> Any:
    """Encode so that pieces can be joined as they are: the same parameters, a key frame first, one clock."""
    return ffmpeg.output(
        stream,
        f"{piece.name}.mp4",
        **{
            "c:v": "libx264",
            **ENCODING[form.quality],
            "profile:v": "high",
            "pix_fmt": "yuv420p",
            "r": RATE,
            "frames:v": piece.frames,
            "flags": "+cgop+bitexact",
            "threads": threads,
            "color_primaries": "bt709",
            "color_trc": "bt709",
            "colorspace": "bt709",
            "color_range": "tv",
            "video_track_timescale": TIME_SCALE,
            "movie_timescale": TIME_SCALE,
            "fflags": "+bitexact",
            "map_metadata": -1,
        },
    )


def _sound_output(stream: Any, piece: Piece) -> Any:
    """Write plain samples: FLAC would be half the size, but files of other block sizes cannot be read as one."""
    return ffmpeg.output(stream, f"{piece.name}.wav", **{"c:a": "pcm_s16le", "map_metadata": -1, "fflags": "+bitexact"})


def _words(options: dict[str, str | None]) -> list[str]:
    return [word for name, value in options.items() for word in (f"-{name}", *([value] if value else []))]
