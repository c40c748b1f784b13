"""The test sources are what they say they are."""

from __future__ import annotations

import itertools
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from moments_ray.speech.voice import WordEvent, timed_words
from moments_ray.testing.media import Codec, make_captions, make_video, make_voice


def frame_times(path: Path) -> list[float]:
    with av.open(path) as container:
        return [float(frame.time) for frame in container.decode(video=0) if frame.time is not None]


def loudness(path: Path, start: float, end: float) -> float:
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        file.setpos(round(start * rate))
        samples = np.frombuffer(file.readframes(round((end - start) * rate)), dtype="<i2")
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "h264"), ("a.mov", "hevc"), ("a.webm", "vp9"), ("a.webm", "vp8"), ("a.mkv", "mpeg4")]
)
def test_a_video_has_the_asked_length_rate_size_and_codec(tmp_path: Path, name: str, codec: Codec) -> None:
    path = make_video(tmp_path / name, seconds=1.0, fps=30, size=(160, 90), codec=codec)
    with av.open(path) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name.removeprefix("lib").removesuffix("-vp9"), video.width, video.height) in {
            (codec, 160, 90),
            ("vpx", 160, 90),
        }
        assert len(container.streams.audio) == 1
    assert len(frame_times(path)) == 30


def test_key_frames_come_no_further_apart_than_asked(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", seconds=2.0, gop=10, audio=None)
    with av.open(path) as container:
        assert not container.streams.audio
        keys = [index for index, frame in enumerate(container.decode(video=0)) if frame.key_frame]
    assert keys == [0, 10, 20, 30, 40]


def test_a_variable_rate_video_has_irregular_frame_times(tmp_path: Path) -> None:
    times = frame_times(make_video(tmp_path / "a.mp4", seconds=2.0, variable_rate=True, audio=None))
    steps = {round(step, 3) for step in np.diff(times)}
    assert steps == {0.04, 0.08}


def test_a_shot_changes_the_picture_hard_at_its_time(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", seconds=2.0, shots=[0.8], audio=None)
    with av.open(path) as container:
        pictures = [frame.to_ndarray(format="gray").astype(int) for frame in container.decode(video=0)]
    changes = [float(np.abs(after - before).mean()) for before, after in itertools.pairwise(pictures)]
    assert int(np.argmax(changes)) + 1 == 20
    assert max(changes) > 5 * sorted(changes)[-2]


def test_a_voice_is_heard_inside_its_sentences_and_silent_between_them(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    sentences = make_voice(path, "The first one is short. Is the second a question? Yes!", pause=0.5)
    assert [text for text, _, _ in sentences] == ["The first one is short.", "Is the second a question?", "Yes!"]
    for (_, start, end), (_, following, _) in itertools.pairwise(sentences):
        assert following - end == pytest.approx(0.5, abs=0.001)
        assert loudness(path, start, end) > 500
        assert loudness(path, end + 0.01, following - 0.01) == 0


def test_a_video_may_carry_a_voice_of_ones_own(tmp_path: Path) -> None:
    voice = tmp_path / "voice.wav"
    make_voice(voice, "Hello there.")
    path = make_video(tmp_path / "a.mp4", seconds=1.5, audio=voice)
    with av.open(path) as container:
        assert [stream.codec_context.name for stream in container.streams.audio] == ["aac"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.mp4", "voice.wav"]


def test_word_times_follow_the_events_and_cover_the_sentence() -> None:
    # "on the" is one event of the library's, and a number is several.
    events = [WordEvent(0, 100), WordEvent(7, 500), WordEvent(8, 700), WordEvent(13, 900)]
    words = timed_words("on the 1940s move", events, first=100, samples=1000)
    assert words == [("on", 0, 160), ("the", 160, 400), ("1940s", 400, 800), ("move", 800, 1000)]


def test_captions_are_srt(tmp_path: Path) -> None:
    path = make_captions(tmp_path / "a.srt", [("One.", 0.0, 1.25), ("Two.", 61.5, 3661.0)])
    assert path.read_text("utf-8") == (
        "1\n00:00:00,000 --> 00:00:01,250\nOne.\n\n2\n00:01:01,500 --> 01:01:01,000\nTwo.\n\n"
    )
