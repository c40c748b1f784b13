"""Takes the text subtitle tracks out of a video as SRT or WebVTT files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from moments_ray.media.probe import MediaInfo, SubtitleTrack
from moments_ray.media.process import ffmpeg_executable, run_tool
from moments_ray.media.source import FFMPEG_GLOBAL_ARGUMENTS, ffmpeg_input_arguments, file_url
from moments_ray.settings import MediaSettings

# Pictures of text (DVD, Blu-ray, DVB) would need to be recognised first.
TEXT_CODECS = frozenset({"mov_text", "subrip", "srt", "text", "webvtt", "ass", "ssa"})


class ExtractedSubtitles(BaseModel):
    """A caption file made from a track, with the language the video gives for it, if any."""

    model_config = ConfigDict(frozen=True)

    path: Path
    language: str | None
    default: bool


async def extract_subtitles(
    source: Path, info: MediaInfo, directory: Path, *, settings: MediaSettings, timeout: float
) -> Sequence[ExtractedSubtitles]:
    """Write each text track of a probed source to ``directory``, with times from the source's t = 0.

    Default tracks come first, then the order of the file; empty ones are left out. Raises what ``run_tool`` raises.
    """
    tracks = [track for track in info.subtitle_tracks if track.codec in TEXT_CODECS]
    if not tracks:
        return []
    argv = [
        ffmpeg_executable(),
        *FFMPEG_GLOBAL_ARGUMENTS,
        *ffmpeg_input_arguments(source, settings),
    ]
    written = [(track, _target(track, directory)) for track in tracks]
    for track, path in written:
        codec = "webvtt" if path.suffix == ".vtt" else "srt"
        argv += ["-map", f"0:{track.index}", "-map_metadata", "-1", "-c:s", codec, file_url(path)]
    await run_tool(argv, timeout=timeout, settings=settings)
    extracted = [
        ExtractedSubtitles(path=path, language=track.language, default=track.default)
        for track, path in written
        if "-->" in path.read_text(encoding="utf-8", errors="replace")
    ]
    return sorted(extracted, key=lambda entry: not entry.default)


def _target(track: SubtitleTrack, directory: Path) -> Path:
    """Name the file by the stream alone: nothing a video says about itself enters a path."""
    return directory / f"subtitles-{track.index}.{'vtt' if track.codec == 'webvtt' else 'srt'}"
