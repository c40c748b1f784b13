"""What the stages of jobs make of a real video, and of a transcript."""

from __future__ import annotations

from pathlib import Path

import pytest

from moments_ray.errors import MomentsError, UnsupportedMedia
from moments_ray.library.stages.download import download_video
from moments_ray.library.values import Source, SourceVideo, TranscriptRef
from moments_ray.media.conversion import size_within
from moments_ray.moments.finding.moment import Moment
from moments_ray.speech.transcript import Segment, Transcript, Word
from moments_ray.testing.media import make_video
from moments_ray.testing.stages import stage_context
from moments_ray.video_jobs.options import JobStatus
from moments_ray.video_jobs.stages.analysis import analysis_of
from moments_ray.video_jobs.stages.audio import encode_job_audio
from moments_ray.video_jobs.stages.choice import of_moments, windows, within
from moments_ray.video_jobs.stages.clips import cut_job_clips, plan_job_clips
from moments_ray.video_jobs.status import EventFold, job_status
from moments_ray.video_jobs.values import (
    AnalysisOptions,
    AudioOptions,
    ChosenClip,
    ChosenClips,
    ClipChoiceOptions,
    ClipFileOptions,
)
from moments_ray.video_jobs.values import Segment as Asked

HEARD = TranscriptRef(engine="captions", why="it is there", language="en", words=0)


async def downloaded(tmp_path: Path) -> SourceVideo:
    path = make_video(tmp_path / "talk.mp4", seconds=3)
    video = await download_video.run(stage_context(tmp_path), source=Source(video="v", path=str(path)))
    assert isinstance(video, SourceVideo)
    return video


@pytest.mark.parametrize("audio_format", ["mp3", "flac"])
async def test_the_sound_of_a_video_is_as_long_as_the_video(tmp_path: Path, audio_format: str) -> None:
    video = await downloaded(tmp_path)
    context = stage_context(tmp_path)
    options = AudioOptions.model_validate({"audio_format": audio_format, "quality": "medium"})
    audio = await encode_job_audio.run(context, video=video, options=options)
    assert audio.model_dump()["duration"] == pytest.approx(video.info.duration, abs=0.05)
    assert await context.store.exists(audio.model_dump()["name"])


async def test_a_video_without_sound_fails_where_sound_is_all_that_was_asked(tmp_path: Path) -> None:
    video = await downloaded(tmp_path)
    silent = video.model_copy(update={"info": video.info.model_copy(update={"audio_tracks": ()})})
    with pytest.raises(UnsupportedMedia, match="no sound"):
        await encode_job_audio.run(stage_context(tmp_path), video=silent, options=AudioOptions())
    assert encode_job_audio.skip_reason({"video": silent, "options": AudioOptions(required=False)})
    assert encode_job_audio.skip_reason({"video": video, "options": AudioOptions(required=False)}) is None


async def test_clips_are_cut_in_the_format_and_size_that_were_asked(tmp_path: Path) -> None:
    video = await downloaded(tmp_path)
    context = stage_context(tmp_path)
    chosen = ChosenClips(clips=(ChosenClip(start=0, end=1, title="One"), ChosenClip(start=1, end=3, title="Two")))
    items = await plan_job_clips(context, chosen)
    clips = await cut_job_clips(context, items, video, HEARD, ClipFileOptions(clip_format="mov"))
    assert not any(isinstance(clip, MomentsError) for clip in clips)
    shown = [clip.model_dump() for clip in clips if not isinstance(clip, MomentsError)]
    assert [(clip["start"], clip["end"], clip["title"]) for clip in shown] == [
        (pytest.approx(0, abs=0.05), pytest.approx(1, abs=0.05), "One"),
        (pytest.approx(1, abs=0.05), pytest.approx(3, abs=0.05), "Two"),
    ]
    for clip in shown:
        assert clip["name"].endswith(".mov")
        assert await context.store.exists(clip["name"])
        assert await context.store.exists(clip["thumbnail"])


def test_windows_begin_before_the_last_one_ends() -> None:
    clips = windows(100.0, 30.0, 2.0, 10)
    assert [(clip.start, clip.end) for clip in clips] == [(0, 30), (28, 58), (56, 86), (84, 100)]
    assert len(windows(100.0, 30.0, 2.0, 2)) == 2
    assert [(clip.start, clip.end) for clip in windows(57.5, 30.0, 2.0, 9)] == [(0, 30), (28, 57.5)]


def test_segments_end_with_the_video() -> None:
    chosen = within([Asked(start=5, end=50, title="A"), Asked(start=90, end=99)], 40.0)
    assert [(clip.start, clip.end, clip.title) for clip in chosen.clips] == [(5, 40, "A")]
    assert "Segment 2" in chosen.warnings[0]


def test_the_best_moment_has_the_whole_score_and_poor_ones_are_left_out() -> None:
    moments = [
        Moment(title=str(score), start_time=0, end_time=30, score=score, reason="") for score in (50.0, 40.0, 20.0)
    ]
    chosen = of_moments(moments, ClipChoiceOptions(min_confidence=0.7))
    assert [clip.score for clip in chosen.clips] == [1.0, 0.8]
    assert "1 more" in chosen.warnings[0]


@pytest.mark.parametrize(
    ("resolution", "size"), [("720p", (1280, 720)), ("1080p", (1920, 1080)), ("source", (1920, 1080))]
)
def test_a_picture_is_never_enlarged(resolution: str, size: tuple[int, int]) -> None:
    assert size_within(1920, 1080, resolution) == size  # type: ignore[arg-type]
    assert size_within(320, 180, resolution) == (320, 180)  # type: ignore[arg-type]


def said(*sentences: str) -> Transcript:
    words: list[Word] = []
    for sentence in sentences:
        for text in sentence.split():
            at = float(len(words))
            words.append(Word(text=text, start=at, end=at + 0.8))
    whole = Segment(text=" ".join(sentences), start=0, end=float(len(words)))
    return Transcript(engine="captions", language="en", words=tuple(words), segments=(whole,))


def test_an_analysis_says_how_a_talk_feels_and_what_it_is_about() -> None:
    talk = said(
        *["Compilers turn wonderful source programs into machine code.", "I love how compilers optimise loops."] * 12
    )
    analysis = analysis_of(talk, AnalysisOptions())
    assert analysis.sentiment == "positive"
    assert analysis.keywords is not None
    assert any("compilers" in keyword.text for keyword in analysis.keywords)
    assert analysis.topics is not None
    heard = talk.text.lower()
    assert all(topic.label in heard for topic in analysis.topics)
    assert analysis.words_counted == len(talk.words)


def test_what_was_not_asked_is_not_there_and_silence_is_neutral() -> None:
    options = AnalysisOptions(topics=False, keywords=False)
    analysis = analysis_of(Transcript(engine="none", language=None, words=(), segments=()), options)
    assert (analysis.sentiment, analysis.topics, analysis.keywords) == ("neutral", None, None)
    german = analysis_of(said("Das ist gut.").model_copy(update={"language": "de"}), AnalysisOptions())
    assert german.sentiment is None
    assert "English" in german.warnings[0]


def test_every_status_of_a_run_has_its_word() -> None:
    words = {
        job_status(status, notified=True) for status in ("queued", "processing", "completed", "failed", "cancelled")
    }
    assert words == set(JobStatus) - {JobStatus.PENDING}
    assert job_status("queued", notified=False) is JobStatus.PENDING
    assert job_status("completed_with_errors", notified=True) is JobStatus.COMPLETED


def test_progress_never_runs_backwards() -> None:
    fold = EventFold(("VIDEO_DOWNLOAD", "TRANSCRIPTION"))
    shown = []
    for event, data in (
        ("run.queued", {}),
        ("run.started", {}),
        ("stage.completed", {"stage": "VIDEO_DOWNLOAD"}),
        ("run.handed_back", {}),
        ("run.started", {}),
    ):
        fold.take(event, data)
        shown.append(fold.progress)
    assert fold.reach("TRANSCRIPTION", 0.5)
    assert not fold.reach("TRANSCRIPTION", 0.1)
    fold.take("run.completed", {})
    shown.append(fold.progress)
    assert shown == sorted(shown)
    assert (fold.progress, fold.status) == (100.0, JobStatus.COMPLETED)
