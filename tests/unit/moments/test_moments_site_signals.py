"""A site's chapters and replays move the choice, and the reasons say so truthfully."""

from __future__ import annotations

from pathlib import Path

import pytest

from moments_ray.media.downloaded import Chapter, Replays, SiteSignals
from moments_ray.media.site_signals import read_site_signals
from moments_ray.moments.finding.find import chapters_as_moments, find_moments
from moments_ray.moments.finding.options import find_options
from moments_ray.moments.finding.prompt import measured_notes
from moments_ray.moments.finding.site_view import SiteView
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.speech.captions import read_captions
from moments_ray.speech.transcript import Transcript

TITLES = ("How dough rises", "Inside a volcano", "Old violins", "The dance of bees", "Railway time")


def timeline_of(talk: Transcript) -> Timeline:
    return Timeline.of(talk, talk.words[-1].end)


@pytest.fixture
def chapters(talk: Transcript) -> tuple[Chapter, ...]:
    """The five subjects of the talk, marked some tenths of a second before they begin."""
    starts = [float(timeline_of(talk).starts[number * 7]) - 0.3 for number in range(5)]
    return tuple(
        Chapter(start_time=max(0.0, start), end_time=end, title=title)
        for start, end, title in zip(starts, [*starts[1:], talk.words[-1].end], TITLES, strict=True)
    )


def replayed(talk: Transcript, subject: int) -> tuple[Replays, ...]:
    """A curve of a hundred pieces that stands over one subject; like everywhere, all who come play the beginning."""
    timeline = timeline_of(talk)
    first, last = timeline.starts[subject * 7], timeline.ends[subject * 7 + 6]
    seconds = timeline.duration / 100
    values = [1.0 if first <= number * seconds < last else 0.2 for number in range(100)]
    values[:3] = [0.9, 0.7, 0.4]
    return tuple(
        Replays(start_time=n * seconds, end_time=(n + 1) * seconds, value=each) for n, each in enumerate(values)
    )


@pytest.mark.parametrize("subject", range(5))
def test_what_was_replayed_most_is_chosen_and_named(talk: Transcript, subject: int) -> None:
    site = SiteSignals(replays=replayed(talk, subject))
    options = find_options(count=1, min_seconds=10, max_seconds=40)
    moment = find_moments(talk, None, None, options, site=site).moments[0]
    timeline = timeline_of(talk)
    middle = (moment.start_time + moment.end_time) / 2
    assert timeline.starts[subject * 7] <= middle <= timeline.ends[subject * 7 + 6]
    assert "holds the most replayed minute of the video" in moment.reason


@pytest.mark.parametrize("share", [0.15, 0.4, 0.7, 0.9])
def test_the_most_replayed_minute_of_a_long_talk_is_among_its_moments(shared_media: Path, share: float) -> None:
    transcript = read_captions((shared_media / "transcripts" / "btc_burying_soft_forks.srt").read_bytes())
    piece = transcript.words[-1].end / 100
    values = [1.0 if 0 <= n - 100 * share <= 2 else 0.2 + 0.02 * (n % 4) for n in range(100)]
    curve = tuple(Replays(start_time=n * piece, end_time=(n + 1) * piece, value=v) for n, v in enumerate(values))
    found = find_moments(transcript, None, None, find_options(count=5), site=SiteSignals(replays=curve)).moments
    told = [each for each in found if "holds the most replayed minute of the video" in each.reason]
    assert told
    assert all(abs((each.start_time + each.end_time) / 2 - 100 * piece * share) < 70.0 for each in told)


def test_a_curve_that_hardly_varies_changes_nothing(talk: Transcript) -> None:
    curve = tuple(Replays(start_time=n, end_time=n + 1.0, value=0.5 + 0.02 * (n % 3)) for n in range(150))
    options = find_options(count=3, min_seconds=10, max_seconds=40)
    found = find_moments(talk, None, None, options, site=SiteSignals(replays=curve)).moments
    without = find_moments(talk, None, None, options).moments
    assert [(each.start_time, each.title) for each in found] == [(each.start_time, each.title) for each in without]
    assert not any("replayed" in each.reason for each in found)


def test_a_chapter_begins_with_a_whole_sentence_near_its_mark(shared_media: Path) -> None:
    transcript = read_captions((shared_media / "transcripts" / "btc_burying_soft_forks.srt").read_bytes())
    end = transcript.words[-1].end
    chapters = (
        Chapter(start_time=0.0, end_time=400.0, title="The past"),
        Chapter(start_time=400.0, end_time=end, title="Old forks"),
    )
    found = find_moments(transcript, None, None, find_options(count=4), site=SiteSignals(chapters=chapters)).moments
    (begun,) = [each for each in found if each.title == "Old forks"]
    assert abs(begun.start_time - 400.0) < 8.0
    assert 'where the chapter "Old forks" begins' in begun.reason


def test_no_reason_speaks_of_replays_where_they_were_elsewhere(talk: Transcript) -> None:
    site = SiteSignals(replays=replayed(talk, 3))
    options = find_options(count=5, min_seconds=10, max_seconds=30)
    timeline = timeline_of(talk)
    found = find_moments(talk, None, None, options, site=site).moments
    for moment in found:
        if moment.end_time < timeline.starts[14]:
            assert "replayed" not in moment.reason
    assert any("replayed" in moment.reason for moment in found)


def test_moments_begin_with_chapters_bear_their_titles_and_say_so(
    talk: Transcript, chapters: tuple[Chapter, ...]
) -> None:
    options = find_options(count=3, min_seconds=10, max_seconds=30)
    found = find_moments(talk, None, None, options, site=SiteSignals(chapters=chapters)).moments
    starts = [chapter.start_time for chapter in chapters]
    assert len(found) == 3
    for moment in found:
        number = min(range(5), key=lambda each: abs(starts[each] - moment.start_time))
        assert abs(starts[number] - moment.start_time) < 1
        assert moment.title == TITLES[number]
        assert f'where the chapter "{TITLES[number]}" begins' in moment.reason


@pytest.mark.parametrize("title", ["Intro", "Chapter 3", "<Untitled Chapter 1>", "12.", "OUTRO"])
def test_a_chapter_that_is_called_nothing_gives_no_title(talk: Transcript, title: str) -> None:
    site = SiteSignals(
        chapters=(
            Chapter(start_time=0, end_time=70, title=title),
            Chapter(start_time=70, end_time=140, title="Old violins"),
        )
    )
    view = SiteView.of(timeline_of(talk), site)
    assert view is not None
    assert view.chapter_title(0) == ""


def test_without_a_site_everything_is_as_it_was(talk: Transcript) -> None:
    options = find_options(min_seconds=10, max_seconds=30)
    assert find_moments(talk, None, None, options, site=SiteSignals()) == find_moments(talk, None, None, options)


def test_chapters_as_moments_are_whole_and_cut_no_word(talk: Transcript, chapters: tuple[Chapter, ...]) -> None:
    found = chapters_as_moments(talk, None, None, find_options(), SiteSignals(chapters=chapters))
    assert [moment.title for moment in found.moments] == list(TITLES)
    assert (found.quality.cuts_in_word, found.quality.asked, found.quality.found) == (0, 5, 5)
    timeline = timeline_of(talk)
    for number, moment in enumerate(found.moments):
        assert moment.start_time <= timeline.starts[number * 7]
        assert moment.end_time >= timeline.ends[number * 7 + 6]


def test_of_chapters_a_count_takes_those_replayed_most(talk: Transcript, chapters: tuple[Chapter, ...]) -> None:
    site = SiteSignals(chapters=chapters, replays=replayed(talk, 3))
    found = chapters_as_moments(talk, None, None, find_options(count=1), site)
    assert [moment.title for moment in found.moments] == ["The dance of bees"]


def test_chapters_of_a_video_without_words_are_its_moments(chapters: tuple[Chapter, ...]) -> None:
    silent = Transcript(engine="none", language=None, words=(), segments=())
    found = chapters_as_moments(silent, None, chapters[-1].end_time, find_options(), SiteSignals(chapters=chapters))
    assert [moment.title for moment in found.moments] == list(TITLES)


def test_a_model_is_told_what_the_site_knows(talk: Transcript, chapters: tuple[Chapter, ...]) -> None:
    notes = measured_notes(timeline_of(talk), None, SiteSignals(chapters=chapters, replays=replayed(talk, 3)))
    assert notes[21].startswith("chapter: The dance of bees")
    assert "often replayed" in notes[23]
    assert not any("often replayed" in notes.get(number, "") for number in range(14))


@pytest.mark.parametrize(
    "entries",
    [
        None,
        "chapters",
        [],
        [None],
        [{"title": "a"}],
        [{"start_time": float("nan"), "title": "a"}] * 3,
        [{"start_time": 0, "end_time": 9, "title": "alone"}],
        [{"start_time": 500 + n, "title": "late"} for n in range(9)],
        [{"start_time": n, "end_time": n + 1, "value": 0.5} for n in range(90)],
    ],
)
def test_what_a_site_says_that_makes_no_sense_is_left_out(entries: object) -> None:
    assert read_site_signals({"chapters": entries, "heatmap": entries}, 100.0) == SiteSignals()


def test_entries_out_of_order_and_over_each_other_are_put_right() -> None:
    told = [
        {"start_time": 50, "end_time": 200, "title": "second"},
        {"start_time": 0, "end_time": 70, "title": "first"},
    ]
    found = read_site_signals({"chapters": told}, 100.0).chapters
    assert [(each.start_time, each.end_time) for each in found] == [(0.0, 50.0), (50.0, 100.0)]
