"""The rule by which every source is opened: a regular file, by absolute path, as one of the containers we read."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TypedDict

from moments_ray.errors import SourceNotFound, UnsupportedMedia
from moments_ray.settings import MediaSettings

# Demuxers that hold their media in the file itself. Playlists, concat scripts and devices are left out on purpose;
# the plain audio formats are there so that a sound file can be called one.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,ogg,asf,mp3,wav,flac,aac"
_PROBE_BYTES = 20_000_000
_ANALYZE_MICROSECONDS = 20_000_000


class SourceOptions(TypedDict):
    """What a child needs to open a source by the same rule; JSON."""

    url: str
    container_options: dict[str, str]
    max_pixels: int
    max_streams: int
    max_duration_seconds: float


def source_url(path: Path) -> str:
    """Return ``file:`` and the absolute path of a regular file; raises SourceNotFound or UnsupportedMedia."""
    try:
        status = path.stat()
    except OSError as error:
        raise SourceNotFound(f"There is no readable file {path.name}.") from error
    if not stat.S_ISREG(status.st_mode):
        raise UnsupportedMedia(f"{path.name} is not a regular file.")
    if status.st_size == 0:
        raise UnsupportedMedia(f"{path.name} is empty (0 bytes).")
    return file_url(path.resolve())


def file_url(path: Path) -> str:
    """Return ``file:`` and the absolute path, so that no name is ever taken for an option or a protocol."""
    return f"file:{path.absolute()}"


def container_options() -> dict[str, str]:
    """Return libavformat's options for any source, for ffmpeg and PyAV alike."""
    return {
        "protocol_whitelist": "file",
        "format_whitelist": FORMATS,
        "probesize": str(_PROBE_BYTES),
        "analyzeduration": str(_ANALYZE_MICROSECONDS),
    }


def source_options(path: Path, settings: MediaSettings) -> SourceOptions:
    """Return what a child needs to open a source."""
    return {**remote_source_options(settings), "url": source_url(path)}


def remote_source_options(settings: MediaSettings) -> SourceOptions:
    """Return what a child needs to open a source that it reads through a file object of its own."""
    return SourceOptions(
        url="",
        container_options=container_options(),
        max_pixels=settings.max_pixels,
        max_streams=settings.max_streams,
        max_duration_seconds=settings.max_duration_seconds,
    )


def ffmpeg_input_options(settings: MediaSettings) -> dict[str, str]:
    """Return the options that stand before every ``-i``, as ffmpeg-python's ``input`` takes them."""
    return {**container_options(), "max_pixels": str(settings.max_pixels)}


def ffmpeg_input_arguments(path: Path, settings: MediaSettings) -> list[str]:
    """Return the options and ``-i file:/abs`` of one source for an ffmpeg command line."""
    options = [word for name, value in ffmpeg_input_options(settings).items() for word in (f"-{name}", value)]
    return [*options, "-i", source_url(path)]


# Stands right after the executable in every ffmpeg command line.
FFMPEG_GLOBAL_ARGUMENTS = ("-nostdin", "-hide_banner", "-loglevel", "error", "-y")
