"""Text tracks come out as caption files with their own times and language."""

from __future__ import annotations

from pathlib import Path

import pytest

from moments_ray.media.probe import probe
from moments_ray.media.subtitles import ExtractedSubtitles, extract_subtitles
from moments_ray.settings import MediaSettings
from moments_ray.testing.media import make_video, run_ffmpeg

SETTINGS = MediaSettings()
SRT = "1\n00:00:00,500 --> 00:00:01,250\nFirst line\n\n2\n00:00:01,500 --> 00:00:02,000\nSecond, <i>so</i>\n"


async def extract(source: Path, directory: Path) -> list[ExtractedSubtitles]:
    info = await probe(source, SETTINGS)
    return list(await extract_subtitles(source, info, directory, settings=SETTINGS, timeout=30))


@pytest.fixture
def captioned(tmp_path: Path) -> Path:
    """Where a file with two caption tracks is made from, by ``mux``."""
    (tmp_path / "c.srt").write_text(SRT)
    make_video(tmp_path / "v.mp4", seconds=3)
    return tmp_path


def mux(directory: Path, name: str, codec: str) -> Path:
    target = directory / name
    inputs: list[str | Path] = ["-i", directory / "v.mp4", "-i", directory / "c.srt", "-i", directory / "c.srt"]
    tracks = ["-map", "0", "-map", "1", "-map", "2", "-c", "copy", "-c:s", codec]
    named = ["-metadata:s:s:0", "language=ger", "-metadata:s:s:1", "language=eng"]
    run_ffmpeg([*inputs, *tracks, *named, "-disposition:s:0", "0", "-disposition:s:1", "default", target])
    return target


@pytest.mark.parametrize(
    ("name", "codec", "suffix", "first"),
    [
        ("t.mp4", "mov_text", ".srt", "00:00:00,500 --> 00:00:01,250\nFirst line"),
        ("t.mkv", "srt", ".srt", "00:00:00,500 --> 00:00:01,250\nFirst line"),
        ("t.mkv", "ass", ".srt", "00:00:00,500 --> 00:00:01,250\nFirst line"),
        ("t.mkv", "webvtt", ".vtt", "00:00.500 --> 00:01.250\nFirst line"),
    ],
)
async def test_every_kind_of_text_track_keeps_its_times(
    captioned: Path, name: str, codec: str, suffix: str, first: str
) -> None:
    found = await extract(mux(captioned, name, codec), captioned)
    assert [entry.path.suffix for entry in found] == [suffix, suffix]
    assert [(entry.language, entry.default) for entry in found] == [("eng", True), ("ger", False)]
    for entry in found:
        assert first in entry.path.read_text()
        assert "Second" in entry.path.read_text()


async def test_a_video_without_captions_gives_none(tmp_path: Path) -> None:
    assert await extract(make_video(tmp_path / "v.mp4", seconds=1), tmp_path) == []


async def test_a_track_without_a_line_is_left_out(captioned: Path) -> None:
    (captioned / "c.srt").write_text("")
    inputs: list[str | Path] = ["-i", captioned / "v.mp4", "-f", "srt", "-i", captioned / "c.srt"]
    run_ffmpeg([*inputs, "-map", "0", "-map", "1?", "-c", "copy", "-c:s", "srt", captioned / "empty.mkv"])
    assert await extract(captioned / "empty.mkv", captioned) == []


@pytest.mark.parametrize(
    ("name", "languages"),
    [
        ("odd/autoeditor_mov_text.mp4", [None]),
        ("odd/autoeditor_webvtt.mkv", [None]),
        ("video/nasa_13013.mp4", ["eng", "eng"]),
        ("odd/androidx_sample_with_chapters.mp4", []),
        ("video/friday.mp4", []),
    ],
)
async def test_real_recordings_give_their_captions(
    shared_media: Path, tmp_path: Path, name: str, languages: list[str | None]
) -> None:
    found = await extract(shared_media / name, tmp_path)
    assert [entry.language for entry in found] == languages
    assert all("-->" in entry.path.read_text() for entry in found)
