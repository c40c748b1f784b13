"""The talk is a real video: voice, slides and captions agree with its known topics."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import av
import numpy as np
import pysubs2
import pytest

from moments_ray.demo import script, talk
from moments_ray.demo.script import Chapter, Passage
from moments_ray.demo.talk import Talk, make_talk
from moments_ray.errors import MediaError, MediaToolMissing
from moments_ray.media.process import run_python
from moments_ray.settings import Settings
from moments_ray.speech.voice import Line, Speech
from moments_ray.testing.media import run_ffmpeg


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Talk, Settings]:
    directory = tmp_path_factory.mktemp("talk")
    settings = Settings(home=directory, _env_file=None)
    return asyncio.run(make_talk(directory, settings)), settings


def captions(made: Talk, directory: Path) -> list[tuple[str, float, float]]:
    path = directory / "captions.srt"
    run_ffmpeg(["-i", made.path, "-map", "0:s", path])
    return [(cue.plaintext, cue.start / 1000, cue.end / 1000) for cue in pysubs2.load(str(path))]


def test_it_is_what_a_published_talk_is(made: tuple[Talk, Settings]) -> None:
    with av.open(made[0].path) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", 1280, 720)
        assert video.average_rate == 25
        assert audio.codec_context.name == "aac"
        assert [stream.codec_context.name for stream in container.streams.subtitles] == ["mov_text"]
        assert container.metadata["title"] == made[0].title
        assert container.duration is not None
        assert container.duration / 1_000_000 == pytest.approx(made[0].duration, abs=0.1)
    assert 270 <= made[0].duration <= 360


def test_topics_are_in_order_and_of_a_talks_length(made: tuple[Talk, Settings]) -> None:
    topics = made[0].topics
    assert len(topics) == 6
    assert all(40 <= topic.end - topic.start <= 70 for topic in topics)
    assert all(before.end < after.start for before, after in itertools.pairwise(topics))


def test_captions_say_the_whole_text_and_every_topic_begins_with_a_cue(
    made: tuple[Talk, Settings], tmp_path: Path
) -> None:
    cues = captions(made[0], tmp_path)
    said = " ".join(text.replace("\n", " ") for text, _, _ in cues)
    assert said == " ".join(passage.text for chapter in script.SCRIPT for passage in chapter.passages)
    starts = np.array([start for _, start, _ in cues])
    for topic in made[0].topics:
        assert np.abs(starts - topic.start).min() < 0.002


def test_the_picture_changes_hard_where_a_topic_begins(made: tuple[Talk, Settings]) -> None:
    with av.open(made[0].path) as container:
        stream = container.streams.video[0]
        for topic in made[0].topics:
            before, after = pictures_around(container, stream, topic.start, 0.06)
            assert np.abs(before - after).mean() > 20
            before, after = pictures_around(container, stream, topic.start - 1.0, 0.06)
            assert np.abs(before - after).mean() < 1


def pictures_around(
    container: av.container.InputContainer, stream: av.VideoStream, seconds: float, distance: float
) -> tuple[Any, Any]:
    container.seek(round((seconds - distance) * 1_000_000))
    frames = {
        frame.time: frame.to_ndarray(format="gray").astype(int) for frame in until(container, stream, seconds + 0.2)
    }
    shown = [max(time for time in frames if time <= seconds + side) for side in (-distance, distance)]
    return frames[shown[0]], frames[shown[1]]


def until(container: av.container.InputContainer, stream: av.VideoStream, seconds: float) -> Iterator[av.VideoFrame]:
    return itertools.takewhile(lambda frame: frame.time < seconds, container.decode(stream))


def test_it_is_silent_between_topics_and_not_where_words_are(made: tuple[Talk, Settings]) -> None:
    with av.open(made[0].path) as container:
        rate = container.streams.audio[0].rate
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])

    def loudness(start: float, end: float) -> float:
        return float(np.sqrt(np.mean(np.square(sound[round(start * rate) : round(end * rate)]))))

    for before, after in itertools.pairwise(made[0].topics):
        assert loudness(before.end + 0.2, after.start - 0.05) < 0.003
        assert loudness(after.start, after.start + 2.0) > 0.03
    assert np.abs(sound).max() < 1.0


async def test_a_second_call_uses_the_same_file_and_leaves_nothing_else(made: tuple[Talk, Settings]) -> None:
    written = made[0].path.stat().st_mtime_ns
    again = await make_talk(made[0].path.parent, made[1])
    assert again == made[0]
    assert again.path.stat().st_mtime_ns == written
    assert {path.suffix for path in made[0].path.parent.iterdir()} == {".mp4", ".json"}


async def test_equal_versions_make_equal_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = (Chapter("Short", "#2f6690", (Passage("One."), Passage("Two, and three.", "A point")), "bridge"),)
    monkeypatch.setattr(talk, "SCRIPT", short)
    settings = Settings(home=tmp_path, _env_file=None)
    first = await make_talk(tmp_path / "a", settings)
    second = await make_talk(tmp_path / "b", settings)
    assert first.path.name == second.path.name
    assert first.path.read_bytes() == second.path.read_bytes()


async def test_a_missing_extra_is_an_error_with_its_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(wheel: str) -> str:
        raise PackageNotFoundError(wheel)

    monkeypatch.setattr(talk, "version", not_installed)
    with pytest.raises(MediaToolMissing, match=r"espeakng-loader.*pip install 'moments-ray\[demo\]'"):
        await make_talk(tmp_path / "out", Settings(home=tmp_path, _env_file=None))
    assert not (tmp_path / "out").exists()


async def test_an_unknown_voice_is_named_in_the_error(tmp_path: Path) -> None:
    speech = Speech(path=tmp_path / "x.wav", lines=(Line(text="Hello."),), voice="klingon-opera")
    with pytest.raises(MediaError, match="klingon-opera"):
        await run_python(
            "moments_ray.speech.voice:speak",
            speech.model_dump(mode="json"),
            timeout=30,
            settings=Settings(home=tmp_path, _env_file=None).media,
        )
