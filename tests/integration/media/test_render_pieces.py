"""A film shows the frames that were asked for, in order, and its sound is in step with them to the sample."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import av
import numpy as np
import pytest
from PIL import Image

from moments_ray.errors import RenderVerifyFailed
from moments_ray.media.probe import probe
from moments_ray.media.render.effects import Effect
from moments_ray.media.render.join import join_pieces
from moments_ray.media.render.piece import render_frame, render_piece
from moments_ray.media.render.plan import (
    Caption,
    FocusMove,
    Form,
    Lead,
    Music,
    Picture,
    Piece,
    RenderedPiece,
    SoundCue,
    SoundPlan,
    TransitionName,
    piece_frames,
)
from moments_ray.media.render.verify import Film, verify_film
from moments_ray.settings import MediaSettings
from moments_ray.testing.media import make_video, run_ffmpeg
from moments_ray.testing.numbered import make_numbered_video, read_numbers, read_sound, sound_offset

SETTINGS = MediaSettings(kill_grace_seconds=0.3)
FORM = Form(width=320, height=180, quality="draft")


async def render(source: Path, pieces: list[Piece], directory: Path, form: Form = FORM) -> list[RenderedPiece]:
    info = await probe(source, SETTINGS)
    return [
        await render_piece(piece, source, info, form, directory, settings=SETTINGS, threads=1, timeout=120)
        for piece in pieces
    ]


async def film_of(
    source: Path, pieces: list[Piece], directory: Path, sound: SoundPlan | None = None
) -> tuple[Path, Film]:
    rendered = await render(source, pieces, directory)
    path = await join_pieces(
        rendered,
        sound or SoundPlan(),
        directory,
        "film.mp4",
        settings=SETTINGS,
        timeout=120,
        metadata={"title": "A title = with signs"},
    )
    return path, await verify_film(path, rendered, FORM, settings=SETTINGS, timeout=60)


def piece(number: int, start: float, end: float, *effects: str, volume: float = 1.0) -> Piece:
    chosen = tuple(Effect.model_validate({"name": name}) for name in effects)
    return Piece(
        name=f"piece-{number}",
        picture=Picture(start=start),
        frames=piece_frames(start, end, chosen),
        effects=chosen,
        volume=volume,
    )


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


async def heard_with(tmp_path: Path, sound: SoundPlan) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    source = make_video(tmp_path / "source.mp4", seconds=4, fps=30, audio=None)
    path, _ = await film_of(source, [piece(0, 0, 3)], tmp_path, sound)
    return read_sound(path)


async def test_a_cue_is_heard_from_its_frame_on_and_no_longer_than_asked(tmp_path: Path) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "sine=1000:duration=2:sample_rate=44100", tmp_path / "tone.wav"])
    cue = SoundCue(file="tone.wav", frame=45, seconds=0.5)
    loud = np.abs(await heard_with(tmp_path, SoundPlan(cues=(cue,)))) > 0.01
    assert np.argmax(loud) / 48000 == pytest.approx(1.5, abs=0.03)
    assert (len(loud) - np.argmax(loud[::-1])) / 48000 == pytest.approx(2.0, abs=0.03)


async def test_what_is_too_loud_together_stays_under_the_ceiling(tmp_path: Path) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "aevalsrc=0.9*sin(2*PI*997*t):d=2:s=48000", tmp_path / "tone.wav"])
    cues = tuple(SoundCue(file="tone.wav", frame=0, gain_db=6) for _ in range(3))
    heard = await heard_with(tmp_path, SoundPlan(cues=cues))
    assert 0.5 < np.abs(heard).max() <= 0.95  # AAC adds a little


async def test_music_is_repeated_and_makes_room_for_speech(tmp_path: Path) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "sine=200:duration=0.7", tmp_path / "bed.wav"])
    run_ffmpeg(["-f", "lavfi", "-i", "sine=3000:duration=1", "-af", "volume=4", tmp_path / "voice.wav"])
    cue = SoundCue(file="voice.wav", frame=15, gain_db=0)
    plan = SoundPlan(cues=(cue,), music=Music(file="bed.wav", gain_db=0))
    heard = await heard_with(tmp_path, plan)

    def bed(start: float, end: float) -> float:
        part = heard[round(start * 48000) : round(end * 48000)]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        return float(spectrum[round(150 * len(part) / 48000) : round(250 * len(part) / 48000)].max() / len(part))

    assert bed(0.1, 0.4) > 0.01
    assert bed(0.9, 1.3) < 0.6 * bed(0.1, 0.4)


async def test_the_whole_is_brought_to_the_asked_loudness(tmp_path: Path) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "sine=1000:duration=3", "-af", "volume=0.1", tmp_path / "quiet.wav"])
    cue = SoundCue(file="quiet.wav", frame=0, gain_db=0)
    quiet = await heard_with(tmp_path, SoundPlan(cues=(cue,)))
    level = await heard_with(tmp_path, SoundPlan(cues=(cue,), loudness=-20))
    assert np.abs(quiet).max() < 0.02
    one_channel = 20 * np.log10(np.sqrt(np.mean(level**2)))
    assert one_channel + 3.0 == pytest.approx(-20, abs=0.5)  # of two that are alike, each has half of the power


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


def decoded(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


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
