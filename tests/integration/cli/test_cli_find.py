"""``moments find``: from a transcript of any format to moments, on stdout, without media or servers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from moments_ray.testing.media import make_captions
from tests.integration.cli.conftest import Moments

_TOPICS = {
    "Rivers": "The river carries water and silt down to the sea. Where the river slows, the silt falls and makes a "
    "delta. Why does a river bend? Because the water on the outside of a bend is faster and cuts the bank.",
    "Bread": "Bread needs flour, water, salt and yeast. The yeast eats sugar in the flour and breathes out gas. "
    "A baker folds the dough so that the gas stays in. Without salt the dough would rise too fast and fall.",
    "Bees": "A bee finds a flower and tells the hive by a dance. The dance says how far and in which direction. "
    "However, the bees do not dance in the dark for nothing: they measure by the sun. One hive makes 20 kilograms.",
}


def spoken() -> list[tuple[str, float, float]]:
    """Three topics of four sentences, four seconds each, with longer pauses between the topics."""
    sentences, at = [], 1.0
    for text in _TOPICS.values():
        for sentence in text.replace("? ", "?|").replace(". ", ".|").split("|"):
            sentences.append((sentence, at, at + 3.6))
            at += 4.0
        at += 1.5
    return sentences


def as_vtt(path: Path) -> Path:
    srt = make_captions(path.with_suffix(".srt"), spoken()).read_text()
    path.write_text("WEBVTT\n\n" + _with_points(srt))
    return path


def _with_points(srt: str) -> str:
    lines = [line.replace(",", ".") if "-->" in line else line for line in srt.splitlines()]
    return "\n".join(lines) + "\n"


def as_json(path: Path) -> Path:
    words = []
    for sentence, start, end in spoken():
        parts = sentence.split()
        step = (end - start) / len(parts)
        words += [
            {"text": word, "start": start + n * step, "end": start + (n + 0.9) * step} for n, word in enumerate(parts)
        ]
    path.write_text(json.dumps({"words": words}))
    return path


def as_json3(path: Path) -> Path:
    events = [
        {"tStartMs": int(start * 1000), "dDurationMs": int((end - start) * 1000), "segs": [{"utf8": sentence}]}
        for sentence, start, end in spoken()
    ]
    path.write_text(json.dumps({"wireMagic": "pb3", "events": events}))
    return path


MAKERS = {
    "talk.srt": lambda path: make_captions(path, spoken()),
    "talk.vtt": as_vtt,
    "talk.json": as_json,
    "talk.json3": as_json3,
}


def assert_sound(moments: Sequence[dict[str, Any]], duration: float) -> None:
    """In order, apart, within the source, and each with all that the contract names."""
    for moment in moments:
        assert set(moment) == {"title", "start_time", "end_time", "score", "reason"}
        assert 0 <= moment["start_time"] < moment["end_time"] <= duration
        assert moment["title"].strip()
        assert moment["reason"].strip()
        assert 0 <= moment["score"] <= 100
    assert all(one["end_time"] <= other["start_time"] for one, other in pairwise(moments))


@pytest.mark.parametrize("name", MAKERS)
def test_every_format_gives_moments_on_sentences(moments: Moments, home: Path, tmp_path: Path, name: str) -> None:
    transcript = MAKERS[name](tmp_path / name)
    outcome = moments("find", transcript, "--count", "3", "--min-seconds", "8", "--max-seconds", "20", "--json")
    assert (outcome.status, outcome.stderr) == (0, "")
    document = outcome.document
    assert set(document) == {"moments", "quality", "transcript"}
    assert document["transcript"]["verdict"] == "good"
    assert document["quality"]["cuts_in_word"] == 0
    assert document["quality"]["ends_on_sentence"] == 1.0
    assert document["quality"]["asked"] == 3
    assert document["quality"]["found"] == len(document["moments"]) >= 2
    assert_sound(document["moments"], spoken()[-1][2] + 0.5)
    assert not home.exists()


def test_the_same_transcript_gives_the_same_moments(moments: Moments, tmp_path: Path) -> None:
    transcript = make_captions(tmp_path / "talk.srt", spoken())
    assert moments("find", transcript, "--json") == moments("find", transcript, "--json")


def test_moments_stay_within_the_duration(moments: Moments, tmp_path: Path) -> None:
    transcript = make_captions(tmp_path / "talk.srt", spoken())
    found = moments("find", transcript, "--duration", "40", "--min-seconds", "8", "--json").document["moments"]
    assert found
    assert_sound(found, 40.0)


def test_without_json_there_is_a_table_for_people(moments: Moments, tmp_path: Path) -> None:
    transcript = make_captions(tmp_path / "talk.srt", spoken())
    found = moments("find", transcript, "--min-seconds", "8", "--json").document["moments"]
    outcome = moments("find", transcript, "--min-seconds", "8")
    lines = outcome.stdout.splitlines()
    assert (outcome.status, outcome.stderr) == (0, "")
    assert len(lines) == 1 + len(found)
    assert all(moment["title"] in line for moment, line in zip(found, lines[1:], strict=True))


def test_where_nothing_is_worth_a_moment_it_says_so(moments: Moments, tmp_path: Path) -> None:
    transcript = make_captions(tmp_path / "hello.srt", [("Hello.", 0.5, 1.0)])
    assert moments("find", transcript, "--json").document["moments"] == []
    outcome = moments("find", transcript)
    assert (outcome.status, outcome.stdout) == (0, "nothing found that is worth a moment\n")


def test_how_a_transcript_was_read_is_said(moments: Moments, tmp_path: Path) -> None:
    transcript = make_captions(
        tmp_path / "talk.srt", [(f"это слово {n} и другое", n * 3.0, n * 3.0 + 2) for n in range(9)]
    )
    transcript.write_bytes(transcript.read_text().encode("koi8-r"))
    outcome = moments("find", transcript, "--json")
    assert "it was read as koi8_r" in outcome.stderr
    assert outcome.document["transcript"]["encoding"] == "koi8_r"
    assert moments("find", transcript, "--encoding", "koi8-r").stderr == ""
    assert moments("find", transcript, "--encoding", "utf-8").status == 2


@pytest.mark.parametrize("factor", [0.1, 15.0])
def test_times_that_nobody_speaks_at_are_said(moments: Moments, tmp_path: Path, factor: float) -> None:
    lines = [(text, start * factor, end * factor) for text, start, end in spoken()]
    outcome = moments("find", make_captions(tmp_path / "talk.srt", lines), "--json")
    assert "words a second is not how people speak" in outcome.stderr
    assert outcome.document["transcript"]["verdict"] == "suspect"


def test_of_captions_in_two_languages_the_asked_one_is_taken(moments: Moments, tmp_path: Path) -> None:
    lines = [(f"{text}\nЗдесь говорят о том же самом.", start, end) for text, start, end in spoken()]
    transcript = make_captions(tmp_path / "talk.srt", lines)
    for language in ("en", "ru"):
        outcome = moments("find", transcript, "--language", language, "--json")
        assert outcome.document["transcript"]["language"] == language
        assert f"{language} was taken, because it was asked for" in outcome.stderr


def test_a_text_without_times_is_no_transcript(moments: Moments, tmp_path: Path) -> None:
    (tmp_path / "talk.json").write_text(json.dumps({"text": "Bread needs time."}))
    outcome = moments("find", tmp_path / "talk.json")
    assert outcome.status == 2
    assert "a text but no times" in outcome.stderr


@pytest.mark.parametrize(
    "name",
    [
        "btc_burying_soft_forks.srt",
        "btc_lightning_privacy_panel.srt",
        "yt_scratch_peer_learning.en.json3",
        "yt_uqx_immordino_yang.srt",
        "yt_wikipedia_1714_in_science.en.json3",
        "yt_wikipedia_social_science_and_medicine.srt",
    ],
)
def test_real_transcripts_give_sound_moments(moments: Moments, shared_media: Path, name: str) -> None:
    outcome = moments("find", shared_media / "transcripts" / name, "--count", "4", "--json")
    assert (outcome.status, outcome.stderr) == (0, "")
    found = outcome.document["moments"]
    assert 2 <= len(found) <= 4
    assert_sound(found, 3 * 3600.0)
    assert all(14.9 <= moment["end_time"] - moment["start_time"] <= 92 for moment in found)
    assert outcome.document["quality"]["cuts_in_word"] == 0
    assert outcome.document["quality"]["ends_on_sentence"] >= 0.9
