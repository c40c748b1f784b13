"""Finding in real transcripts, and how near people's own headings it comes."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from moments_ray.moments.finding.find import find_moments
from moments_ray.moments.finding.frames import FrameGrid
from moments_ray.moments.finding.options import find_options
from moments_ray.speech.captions import read_captions

TRANSCRIPTS = [
    "btc_burying_soft_forks.srt",
    "btc_lightning_privacy_panel.srt",
    "yt_scratch_peer_learning.en.json3",
    "yt_uqx_immordino_yang.en.json3",
    "yt_wikipedia_1714_in_science.en.json3",
    "yt_wikipedia_social_science_and_medicine.en.json3",
]


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_moments_of_a_real_transcript_are_whole_named_and_apart(shared_media: Path, name: str) -> None:
    transcript = read_captions((shared_media / "transcripts" / name).read_bytes())

    found = find_moments(transcript, None, None, find_options(), FrameGrid(25.0))

    assert len(found.moments) >= 3
    assert found.quality.cuts_in_word == 0
    assert found.quality.ends_on_sentence == 1.0
    assert all(15 <= moment.seconds <= 90 for moment in found.moments)
    assert all(before.end_time <= after.start_time for before, after in pairwise(found.moments))
    assert len({moment.title for moment in found.moments}) == len(found.moments)
    assert all(moment.reason.endswith(".") for moment in found.moments)


def test_moments_of_a_panel_start_near_headings_far_oftener_than_by_chance(shared_media: Path) -> None:
    folder = shared_media / "transcripts"
    transcript = read_captions((folder / "btc_lightning_privacy_panel.srt").read_bytes())
    chapters = json.loads((folder / "btc_lightning_privacy_panel.json").read_text())["chapters"]

    found = find_moments(transcript, None, None, find_options())

    distances = [min(abs(moment.start_time - each["start"]) for each in chapters) for moment in found.moments]
    assert sum(distance <= 15 for distance in distances) >= 4  # any sentence: fewer than two of twelve
