"""Real recordings cut where it hurts: each clip is the asked one to the frame, or is refused with a reason."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from moments_ray.media.cut import Clip, CutFailure, CutRange, cut_clips
from moments_ray.settings import MediaSettings

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
Picture = NDArray[np.int16]


class Pictures:
    """The pictures of a file in order: when each is shown (seconds), a small grey copy of it, and how it is turned."""

    def __init__(self, path: Path, stream: int = 0, seconds: float = float("inf")) -> None:
        self.times: list[Fraction] = []
        self.small: list[Picture] = []
        with av.open(str(path)) as container:
            self.origin = Fraction(container.start_time or 0, av.time_base)
            video = container.streams.video[stream]
            video.thread_type = "AUTO"
            for frame in container.decode(video):
                time = cast("int", frame.pts) * cast("Fraction", frame.time_base)
                if time - self.origin > seconds:
                    return
                grey = frame.reformat(width=160, height=90, format="gray", src_color_range=0, dst_color_range=0)
                self.times.append(time)
                self.small.append(grey.to_ndarray().astype(np.int16))
                self.rotation = frame.rotation

    def positions(self) -> list[float]:
        """Seconds from the start of the source."""
        return [float(time - self.origin) for time in self.times]


def awkward(positions: list[float]) -> list[tuple[float, float]]:
    """The first frame alone, the last alone, two frames asked for off the grid, a stretch from the second frame on."""
    count = len(positions)
    middle = count // 2
    step = positions[1] - positions[0] if count > 1 else 0.04
    ranges = [(positions[0], positions[0] + step / 2), (positions[-1], positions[-1] + step / 2)]
    if count > 3:
        ranges += [
            (positions[middle] - step / 3, positions[middle + 1] + step / 3),
            (positions[1], positions[min(middle + 2, 20)]),
        ]
    return ranges


@pytest.mark.parametrize("name", RECORDINGS)
async def test_a_recording_is_cut_exactly_or_refused(name: str, shared_media: Path, tmp_path: Path) -> None:
    source = shared_media / name
    # Of two pictures the one a player would choose; in this file it is not the first.
    pictures = Pictures(source, 1 if "nasa" in name else 0, SECONDS)
    ranges = awkward(pictures.positions())
    wanted = [CutRange(name=f"clip-{number}", start=a, end=b) for number, (a, b) in enumerate(ranges)]
    outcomes = await cut_clips(source, wanted, tmp_path, settings=MediaSettings(), threads=2, timeout=170)
    for outcome, (start, end) in zip(outcomes, ranges, strict=True):
        assert isinstance(outcome, Clip), outcome
        expected = [at for at, time in enumerate(pictures.positions()) if start - 1e-6 <= time < end - 1e-6]
        clip = Pictures(outcome.path)
        first = pictures.times[expected[0]]
        assert [float(time) for time in clip.times] == pytest.approx(
            [float(pictures.times[at] - first) for at in expected], abs=1e-6
        )
        assert outcome.start_time == pytest.approx(float(first - pictures.origin), abs=1e-6)
        assert clip.rotation == pictures.rotation
        for at, picture in zip(expected, clip.small, strict=True):
            assert np.abs(picture - pictures.small[at]).mean() < 4


async def test_what_lies_outside_a_recording_is_refused(shared_media: Path, tmp_path: Path) -> None:
    """Its picture begins 0.8 s after its sound, and ends at 35 s."""
    source = shared_media / "video/googlework_short.mp4"
    wanted = [CutRange(name="early", start=0.0, end=0.5), CutRange(name="late", start=36.5, end=37.0)]
    outcomes = await cut_clips(source, wanted, tmp_path, settings=MediaSettings(), threads=1, timeout=60)
    assert [outcome.code for outcome in outcomes if isinstance(outcome, CutFailure)] == ["input.invalid"] * 2
    assert list(tmp_path.iterdir()) == []
