"""What is seen of a piece: effects, shapes, transitions, captions, a watermark."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import av
import numpy as np
import pytest
from PIL import Image

from moments_ray.media.probe import probe
from moments_ray.media.render.effects import Effect
from moments_ray.media.render.piece import Source, render_frame, render_piece
from moments_ray.media.render.plan import (
    Caption,
    FocusMove,
    Form,
    Lead,
    Picture,
    Piece,
    TransitionName,
    Word,
)
from moments_ray.testing.media import make_video, run_ffmpeg
from moments_ray.testing.numbered import make_numbered_video, read_numbers
from tests.integration.media.pieces import FORM, SETTINGS, decoded, film_of, piece, render


@pytest.mark.parametrize("name", ["zoom", "zoom_out", "punch_in", "shake", "bw", "vignette", "glitch", "flash"])
@pytest.mark.parametrize("frame", [0, 15, 29])
async def test_an_effect_shows_what_it_is_called(tmp_path: Path, name: str, frame: int) -> None:
    """Golden figures: what each effect does to a picture that stands still, as three numbers of it."""
    still = tmp_path / "still.png"
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc2=size=320x180", "-frames:v", "1", still])
    plain, changed = [
        await render_piece(
            Piece(
                name=each,
                picture=Picture(kind="still"),
                frames=30,
                effects=effects,
            ),
            *(still, None, FORM, tmp_path),
            settings=SETTINGS,
            threads=1,
            timeout=60,
        )
        for each, effects in (("plain", ()), ("changed", (Effect.model_validate({"name": name}),)))
    ]
    before, after = (
        decoded(tmp_path / each.video)[frame].to_ndarray(format="rgb24").astype(float) for each in (plain, changed)
    )
    difference = float(np.abs(after - before).mean())
    colourless = float(np.ptp(after, axis=2).mean())
    match name:
        case "bw":
            assert colourless < 6 < float(np.ptp(before, axis=2).mean())
        case "flash":
            assert (difference > 60) == (frame == 0)
        case "vignette":
            assert after[:10, :10].mean() < 0.7 * before[:10, :10].mean()
        case "glitch":
            assert (difference > 5) == (frame % 15 < 3)
        case "zoom":
            assert (difference < 4) == (frame == 0)
        case "zoom_out":
            assert (difference < 4) == (frame == 29)
        case "punch_in":
            assert (difference < 4) == (frame > 7)
        case _:
            assert difference > 4


@pytest.mark.parametrize("name", ["letterbox", "blur_background"])
async def test_the_whole_picture_is_kept_where_that_is_asked(tmp_path: Path, name: str) -> None:
    still = tmp_path / "still.png"
    run_ffmpeg(["-f", "lavfi", "-i", "color=red:size=320x180", "-frames:v", "1", still])
    plan = Piece(name="p", picture=Picture(kind="still"), frames=3, effects=(Effect.model_validate({"name": name}),))
    form = Form(width=180, height=320, quality="draft")
    await render_piece(plan, still, None, form, tmp_path, settings=SETTINGS, threads=1, timeout=60)
    picture = decoded(tmp_path / "p.mp4")[0].to_ndarray(format="rgb24").astype(int)
    assert picture[160, 90, 0] > 200
    top = picture[10, 90]
    assert (top.max() < 30) if name == "letterbox" else (top[0] > 100)


@pytest.mark.parametrize(("focus", "colour"), [(0.0, "red"), (1.0, "blue")])
async def test_a_wide_picture_is_cut_out_around_its_focus(tmp_path: Path, focus: float, colour: str) -> None:
    still = tmp_path / "still.png"
    sides = "color=red:size=160x180[a];color=blue:size=160x180[b];[a][b]hstack"
    run_ffmpeg(["-f", "lavfi", "-i", sides, "-frames:v", "1", still])
    plan = Piece(name="p", picture=Picture(kind="still", focus=(focus, 0.5)), frames=3)
    form = Form(width=90, height=160, quality="draft")
    await render_piece(plan, still, None, form, tmp_path, settings=SETTINGS, threads=1, timeout=60)
    red, _, blue = decoded(tmp_path / "p.mp4")[0].to_ndarray(format="rgb24").reshape(-1, 3).mean(axis=0)
    assert (red > 200, blue > 200) == (colour == "red", colour == "blue")


@pytest.mark.parametrize("name", get_args(TransitionName))
async def test_the_segment_before_runs_on_under_a_transition_and_no_frame_is_added(tmp_path: Path, name: Any) -> None:
    source = make_numbered_video(tmp_path / "source.mp4", frames=150, rate=30)
    info = await probe(source, SETTINGS)
    plain = piece(1, 3.0, 4.0)
    led = plain.model_copy(update={"lead": Lead(name=name, frames=10, picture=Picture(start=2.0))})
    path, film = await film_of(source, [piece(0, 1.0, 2.0), led], tmp_path)
    assert (film.frames, film.seconds) == (60, 2.0)
    assert [number for _, number in read_numbers(path)][41:] == [*range(101, 120)]
    named = [each.model_copy(update={"name": name}) for name, each in (("in-it", led), ("plain", plain))]
    options: dict[str, Any] = {"form": FORM, "directory": tmp_path, "settings": SETTINGS, "timeout": 60}
    shown, cut = [(await render_frame(each, 5, source, info, **options)).read_bytes() for each in named]
    assert shown != cut


@pytest.mark.parametrize("still", [False, True])
async def test_what_runs_on_may_be_of_another_source(tmp_path: Path, still: bool) -> None:
    for name, colour in (("one", "red"), ("other", "blue")):
        run_ffmpeg(
            ["-f", "lavfi", "-i", f"color={colour}:size=90x90:rate=30", "-t", "1", str(tmp_path / f"{name}.mp4")]
        )
    run_ffmpeg(["-f", "lavfi", "-i", "color=red:size=90x90", "-frames:v", "1", str(tmp_path / "one.png")])
    one, other = tmp_path / ("one.png" if still else "one.mp4"), tmp_path / "other.mp4"
    running_on = Picture(kind="still") if still else Picture(start=1 - 1 / 30)
    led = piece(0, 0, 1).model_copy(update={"lead": Lead(name="wipe_left", frames=10, picture=running_on)})
    before = Source(one, None if still else await probe(one, SETTINGS))
    form = Form(width=90, height=90, quality="draft")
    info = await probe(other, SETTINGS)
    await render_piece(led, other, info, form, tmp_path, settings=SETTINGS, threads=1, timeout=60, before=before)
    frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in decoded(tmp_path / "piece-0.mp4")]
    assert len(frames) == 30
    assert frames[0][..., 0].min() > 200
    assert (frames[5][45, 5, 0] > 200, frames[5][45, 85, 2] > 200) == (True, True)
    assert frames[10][..., 2].min() > 200


async def test_a_focus_moves_across_at_once_or_slowly(tmp_path: Path) -> None:
    source = tmp_path / "halves.mp4"
    halves = [
        word for colour in ("red", "blue") for word in ("-f", "lavfi", "-i", f"color={colour}:s=320x180:r=30:d=2")
    ]
    run_ffmpeg([*halves, "-filter_complex", "[0][1]hstack", "-pix_fmt", "yuv420p", str(source)])
    moves = (FocusMove(at=0.5, x=1.0), FocusMove(at=1.0, x=0.0, seconds=0.5))
    picture = Picture(start=0, focus=(0.0, 0.5), moves=moves)
    form = Form(width=90, height=160, quality="draft")
    (rendered,) = await render(source, [piece(0, 0, 2).model_copy(update={"picture": picture})], tmp_path, form)
    with av.open(str(tmp_path / rendered.video)) as container:
        red = [int(frame.to_ndarray(format="rgb24")[:, :, 0].mean()) for frame in container.decode(video=0)]
    assert min(red[:15]) > 200
    assert max(red[15:30]) < 60
    assert min(red[46:]) > 200
    assert 60 < red[37] < 200


async def test_a_caption_without_a_letter_of_its_styles_own_face_is_drawn(tmp_path: Path) -> None:
    source = make_video(tmp_path / "source.mp4", seconds=2)
    info = await probe(source, SETTINGS)
    caption = Caption(text="مرحبا 😀", start=0, end=1)
    shown = piece(0, 0.0, 1.0).model_copy(update={"captions": (caption,)})
    options: dict[str, Any] = {"form": FORM, "directory": tmp_path, "settings": SETTINGS, "timeout": 60}
    assert (await render_frame(shown, 5, source, info, **options)).is_file()


async def test_no_line_of_a_caption_jumps_while_its_words_grow_in_turn(tmp_path: Path) -> None:
    source = tmp_path / "black.mp4"
    run_ffmpeg(["-f", "lavfi", "-i", "color=black:s=320x180:r=30:d=2", source])
    said = ["commercial", "uses,", "on", "the"]
    words = tuple(Word(text=word, start=number * 0.25, end=number * 0.25 + 0.25) for number, word in enumerate(said))
    caption = Caption(text=" ".join(said), start=0, end=1, words=words)
    await render(source, [piece(0, 0, 1).model_copy(update={"captions": (caption,)})], tmp_path, Form(quality="draft"))
    pictures = [frame.to_ndarray(format="gray") for frame in decoded(tmp_path / "piece-0.mp4")][2::7]
    tops = [int(np.argmax((picture > 128).any(axis=1))) for picture in pictures]
    assert max(tops) - min(tops) < 0.03 * 1080, tops  # a line is 0.12 high


async def test_a_watermark_is_seen_in_its_corner_alone(tmp_path: Path) -> None:
    source = make_video(tmp_path / "source.mp4", seconds=2)
    info = await probe(source, SETTINGS)
    options: dict[str, Any] = {"form": FORM, "directory": tmp_path, "settings": SETTINGS, "timeout": 60}
    shown = []
    for name, mark in (("marked", "ai-video-editor"), ("bare", None)):
        each = piece(0, 0.0, 1.0).model_copy(update={"name": name, "watermark": mark})
        with Image.open(await render_frame(each, 5, source, info, **options)) as picture:
            shown.append(np.asarray(picture.convert("L"), np.int16))
    changed = np.abs(shown[0] - shown[1]) > 12
    assert changed[: FORM.height // 4, FORM.width // 2 :].any()
    assert not changed[FORM.height // 4 :].any()
    assert not changed[:, : FORM.width // 2].any()


async def test_a_camera_changes_no_colour_of_a_source_of_high_dynamic_range(shared_media: Path, tmp_path: Path) -> None:
    source = shared_media / "odd" / "androidx_hdr10-video-with-sdr-container.mp4"
    picture = Picture(hdr=True)
    still, moved = [
        Piece(name=name, picture=picture, frames=6, effects=effects)
        for name, effects in (("still", ()), ("moved", (Effect(name="zoom"),)))
    ]
    await render(source, [still, moved], tmp_path)
    one, other = (  # blocks of 20 x 20: cameras scale by another filter, which shows in fine detail alone
        decoded(tmp_path / f"{each.name}.mp4")[0].to_ndarray(format="rgb24").reshape(9, 20, 16, 20, 3).mean(axis=(1, 3))
        for each in (still, moved)
    )
    assert float(one.std()) > 20  # there is something to be seen
    assert float(np.abs(one - other).mean()) < 2
