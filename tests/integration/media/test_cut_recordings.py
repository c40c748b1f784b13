"""Real recordings cut where it hurts: each clip is the asked one to the frame, or is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from moments_ray.media.cut import Clip, CutFailure, CutRange, cut_clips
from moments_ray.settings import MediaSettings
from moments_ray.testing.recordings import Pictures, awkward_ranges, difference

# Enough of every file to cut at its beginning, across its edit list and past its second key frame.
SECONDS = 6.0
RECORDINGS = [
    "odd/androidx_h265_with_metadata_track.mp4",
    "odd/androidx_hdr10-video-with-sdr-container.mp4",
    "odd/androidx_internal_emulator_transformer_output_270_rotated.mp4",
    "odd/androidx_long_1080p_lowbitrate.mp4",
    "odd/androidx_pixel-motion-photo-2-hevc-tracks.mp4",
    "odd/androidx_pixel7_videoOnly_cleaned.mp4",
    "odd/androidx_sample_edit_list.mp4",
    "odd/androidx_sample_with_chapters.mp4",
    "odd/androidx_sowt-with-video.mov",
    "odd/androidx_trim_optimization_failure.mp4",
    "odd/autoeditor_mov_text.mp4",
    "odd/autoeditor_multi-track.mp4",
    "odd/autoeditor_webvtt.mkv",
    "odd/gcp_vertical_noaudio.mp4",
    "video/autoeditor_example.mp4",
    "video/friday.mp4",
    "video/googlework_short.mp4",
    "video/nasa_13013.mp4",
    "video/swc_softeng_slidecast.mp4",
    "video/tears_of_steel_battle.webm",
    "video/whiteboard_noaudio_part2.webm",
]


async def prove(source: Path, directory: Path, seconds: float) -> None:
    """Cut the awkward ranges of so much of a source and compare every clip with what the whole decodes to."""
    pictures = Pictures(source, seconds)
    ranges = list(awkward_ranges(pictures.positions()).items())
    wanted = [CutRange(name=f"clip-{at}", start=start, end=end) for at, (_, (start, end)) in enumerate(ranges)]
    outcomes = await cut_clips(source, wanted, directory, settings=MediaSettings(), threads=2, timeout=600)
    for outcome, (label, (start, end)) in zip(outcomes, ranges, strict=True):
        assert isinstance(outcome, Clip), (label, outcome)
        assert difference(outcome, pictures, start, end) is None, label


@pytest.mark.parametrize("name", RECORDINGS)
async def test_a_recording_is_cut_exactly(name: str, shared_media: Path, tmp_path: Path) -> None:
    await prove(shared_media / name, tmp_path, SECONDS)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", RECORDINGS)
async def test_a_recording_is_cut_exactly_to_its_very_end(name: str, shared_media: Path, tmp_path: Path) -> None:
    await prove(shared_media / name, tmp_path, float("inf"))


async def test_what_lies_after_a_recording_is_refused_and_before_its_picture_the_first_is_held(
    shared_media: Path, tmp_path: Path
) -> None:
    """Its picture begins 0.8 s after its sound, and ends at 35 s."""
    source = shared_media / "video/googlework_short.mp4"
    wanted = [CutRange(name="early", start=0.0, end=0.5), CutRange(name="late", start=36.5, end=37.0)]
    early, late = await cut_clips(source, wanted, tmp_path, settings=MediaSettings(), threads=1, timeout=60)
    assert isinstance(early, Clip)
    assert difference(early, Pictures(source, SECONDS), 0.0, 0.5) is None
    assert isinstance(late, CutFailure)
    assert late.code == "input.invalid"
    assert list(tmp_path.iterdir()) == [early.path]
