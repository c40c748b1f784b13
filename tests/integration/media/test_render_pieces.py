"""A film shows the frames that were asked for, in order, and its sound is in step with them to the sample."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from moments_ray.errors import RenderVerifyFailed
from moments_ray.media.probe import probe
from moments_ray.media.render.effects import Effect
from moments_ray.media.render.join import join_pieces
from moments_ray.media.render.piece import render_frame, render_piece
from moments_ray.media.render.plan import (
    Caption,
    Form,
    Picture,
    Piece,
    RenderedPiece,
    SoundPlan,
)
from moments_ray.media.render.verify import verify_film
from moments_ray.testing.media import make_video, run_ffmpeg
from moments_ray.testing.numbered import make_numbered_video, read_numbers, read_sound, sound_offset
from tests.integration.media.pieces import FORM, SETTINGS, decoded, film_of, piece, render


async def test_ranges_come_in_the_order_of_the_list_and_one_may_come_twice(tmp_path: Path) -> None:
    source = make_numbered_video(tmp_path / "source.mp4", frames=300, rate=30)
    ranges = [(2.0, 4.0), (7.0, 8.0), (2.0, 4.0)]
    path, film = await film_of(source, [piece(n, *each) for n, each in enumerate(ranges)], tmp_path)
    shown = read_numbers(path)
    assert [number for _, number in shown] == [*range(60, 120), *range(210, 240), *range(60, 120)]
    assert [time for time, _ in shown] == [Fraction(number, 30) for number in range(150)]
    assert (film.frames, film.seconds) == (150, 5.0)
    heard, original = read_sound(path), read_sound(source)
    expected = np.concatenate([original[round(start * 48000) : round(end * 48000)] for start, end in ranges])
    assert abs(sound_offset(heard, expected)) < 48000 / 30


@pytest.mark.parametrize(("rate", "suffix"), [(Fraction(24000, 1001), "mp4"), (25, "mkv"), (60, "mp4"), (50, "webm")])
async def test_every_frame_of_the_grid_shows_what_was_on_screen_then(
    tmp_path: Path, rate: Fraction | int, suffix: str
) -> None:
    codec = ("libvpx", "libopus") if suffix == "webm" else ("libx264", "aac")
    source = make_numbered_video(
        tmp_path / f"source.{suffix}", frames=round(5 * rate), rate=rate, codec=codec[0], sound=codec[1]
    )
    path, _ = await film_of(source, [piece(0, 1.5, 3.5)], tmp_path)
    tick = Fraction(6, 10_000)
    on_screen = [max(n for n in range(400) if n / Fraction(rate) - tick <= Fraction(45 + k, 30)) for k in range(60)]
    assert [number for _, number in read_numbers(path)] == on_screen


async def test_a_picture_that_stood_for_long_before_the_cut_is_the_first_one(tmp_path: Path) -> None:
    source = make_numbered_video(
        tmp_path / "slides.mp4", times=[0, 10, 100, 110], time_base=Fraction(1, 10), sound_seconds=12.0
    )
    path, _ = await film_of(source, [piece(0, 8.0, 11.5)], tmp_path)
    assert [number for _, number in read_numbers(path)] == [1] * 60 + [2] * 30 + [3] * 15


async def test_slow_motion_lasts_twice_as_long_and_keeps_the_pitch(tmp_path: Path) -> None:
    source = make_video(tmp_path / "source.mp4", seconds=6, fps=30, audio="tone")
    plain, slow = piece(0, 1.0, 3.0), piece(1, 1.0, 3.0, "slowmo")
    assert slow.frames - plain.frames == 60
    await render(source, [slow], tmp_path)
    heard = read_sound(tmp_path / "piece-1.wav")[::2]  # of two channels, sample by sample
    assert len(heard) == 120 * 1600
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert np.argmax(spectrum) * 48000 / len(heard) == pytest.approx(440, rel=0.02)


@pytest.mark.parametrize("frames", [3, 31, 47])
async def test_a_source_that_ends_early_leaves_its_last_picture_and_silence(tmp_path: Path, frames: int) -> None:
    source = make_numbered_video(tmp_path / "source.mp4", frames=31, rate=30)
    long = Piece(name="piece-0", picture=Picture(start=0), frames=frames)
    path, film = await film_of(source, [long], tmp_path)
    assert [number for _, number in read_numbers(path)] == [min(number, 30) for number in range(frames)]
    assert film.sound_seconds == pytest.approx(frames / 30, abs=1 / 30)


@pytest.mark.parametrize("start", [2.0, 5.5])
async def test_a_piece_that_begins_after_the_last_picture_shows_it_as_long_as_there_is_sound(
    tmp_path: Path, start: float
) -> None:
    source = make_numbered_video(
        tmp_path / "slides.mp4", times=[0, 5, 15], time_base=Fraction(1, 10), sound_seconds=7.0
    )
    path, _ = await film_of(source, [piece(0, start, start + 1), piece(1, 0.2, 0.7)], tmp_path)
    assert [number for _, number in read_numbers(path)] == [2] * 30 + [0] * 9 + [1] * 6
    info = await probe(source, SETTINGS)
    shown = await render_frame(
        piece(2, start, start + 1), 20, source, info, form=FORM, directory=tmp_path, settings=SETTINGS, timeout=60
    )
    assert shown.stat().st_size > 0


async def test_a_source_without_sound_is_silent_and_a_still_is_a_picture_that_lasts(tmp_path: Path) -> None:
    silent = make_video(tmp_path / "silent.mp4", seconds=2, audio=None)
    still = tmp_path / "still.png"
    run_ffmpeg(["-i", silent, "-frames:v", "1", still])
    first = (await render(silent, [piece(0, 0, 1)], tmp_path))[0]
    plan = Piece(
        name="still", picture=Picture(kind="still"), frames=30, effects=(Effect(name="zoom"), Effect(name="shake"))
    )
    second = await render_piece(plan, still, None, FORM, tmp_path, settings=SETTINGS, threads=1, timeout=60)
    path = await join_pieces([first, second], SoundPlan(), tmp_path, "film.mp4", settings=SETTINGS, timeout=60)
    film = await verify_film(path, [first, second], FORM, settings=SETTINGS, timeout=60)
    assert film.frames == 60
    assert np.abs(read_sound(path)).max() == 0


@pytest.mark.parametrize("count", [1, 2, 60])
async def test_many_joints_are_equal_steps(tmp_path: Path, count: int) -> None:
    source = make_numbered_video(tmp_path / "source.mp4", frames=60, rate=30)
    rendered = await render(source, [piece(0, 0, 0.1), piece(1, 0.5, 0.7), piece(2, 1.0, 1.3)], tmp_path)
    many = [rendered[number % 3] for number in range(count)]
    path = await join_pieces(many, SoundPlan(), tmp_path, "film.mp4", settings=SETTINGS, timeout=60)
    film = await verify_film(path, many, FORM, settings=SETTINGS, timeout=60)
    assert film.frames == sum(each.frames for each in many)
    assert [time for time, _ in read_numbers(path)] == [Fraction(number, 30) for number in range(film.frames)]


async def test_a_film_that_lacks_a_frame_is_not_passed(tmp_path: Path) -> None:
    source = make_numbered_video(tmp_path / "source.mp4", frames=60, rate=30)
    rendered = await render(source, [piece(0, 0, 1), piece(1, 1, 2)], tmp_path)
    path = await join_pieces(rendered, SoundPlan(), tmp_path, "film.mp4", settings=SETTINGS, timeout=60)
    longer = [rendered[0], RenderedPiece(**{**rendered[1].model_dump(), "frames": 31})]
    with pytest.raises(RenderVerifyFailed, match="frames is 60, not 61"):
        await verify_film(path, longer, FORM, settings=SETTINGS, timeout=60)
    with pytest.raises(RenderVerifyFailed, match="width"):
        await verify_film(path, rendered, Form(width=640, height=360), settings=SETTINGS, timeout=60)


async def test_nothing_of_the_source_but_picture_and_sound_is_in_the_film(tmp_path: Path) -> None:
    plain = make_video(tmp_path / "plain.mp4", seconds=2)
    source = tmp_path / "tagged.mp4"
    place = ["-metadata", "location=+59.33+018.07/", "-metadata", "comment=private"]
    run_ffmpeg(["-i", plain, "-c", "copy", *place, source])
    path, _ = await film_of(source, [piece(0, 0, 1)], tmp_path)
    data = path.read_bytes()
    assert b"+59.33" not in data
    assert b"private" not in data
    assert b"A title = with signs" in data
    assert data.index(b"moov") < data.index(b"mdat")


async def test_pieces_fit_the_memory_of_a_media_process(tmp_path: Path) -> None:
    source = make_video(tmp_path / "source.mp4", seconds=2, fps=30, size=(1920, 1080))
    plan = piece(0, 0, 1.5, "zoom", "glitch", "vignette", "flash")
    assert SETTINGS.max_memory_bytes == 1_500_000_000
    rendered = await render(source, [plan], tmp_path, Form())
    film = await verify_film(
        await join_pieces(rendered, SoundPlan(), tmp_path, "film.mp4", settings=SETTINGS, timeout=60),
        rendered,
        Form(),
        settings=SETTINGS,
        timeout=60,
    )
    assert (film.width, film.height, film.frames) == (1080, 1920, 45)


async def test_a_picture_of_a_piece_is_that_of_the_film(tmp_path: Path) -> None:
    source = make_video(tmp_path / "source.mp4", seconds=4, fps=30)
    info = await probe(source, SETTINGS)
    names = ("zoom", "glitch", "fade_in", "slowmo")
    plan = piece(0, 1.0, 2.0, *names).model_copy(update={"captions": (Caption(text="Here", start=0.5, end=1.5),)})
    await render(source, [plan], tmp_path)
    film = [frame.to_ndarray(format="rgb24").astype(float) for frame in decoded(tmp_path / "piece-0.mp4")]
    for number in (0, 4, 20, 59):
        picture = await render_frame(
            plan, number, source, info, form=FORM, directory=tmp_path, settings=SETTINGS, timeout=60
        )
        (shown,) = [frame.to_ndarray(format="rgb24").astype(float) for frame in decoded(picture)]
        near = [float(np.abs(shown - frame).mean()) for frame in film]
        # JPEG and H.264 each lose a little; a frame that stands beside is further off than the right one.
        assert near[number] < min(near) + 1.0, number
