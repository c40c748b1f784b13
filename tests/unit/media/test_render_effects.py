"""Effects are a closed list of pure functions, and what contradicts itself is refused."""

from __future__ import annotations

import pytest

from moments_ray.errors import InvalidRequest
from moments_ray.media.render.effects import EFFECTS, Effect, Length, camera_of, looks_of, played_speed
from moments_ray.media.render.plan import Picture, Piece, grid, piece_frames

LENGTH = Length(frames=60, beats=(0.5, 1.0), width=1080)


def effects(*names: str) -> tuple[Effect, ...]:
    return tuple(Effect.model_validate({"name": name}) for name in names)


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_is_the_same_every_time(name: str) -> None:
    chosen = effects(name)
    assert camera_of(chosen, LENGTH) == camera_of(chosen, LENGTH)
    assert looks_of(chosen, LENGTH) == looks_of(chosen, LENGTH)
    does = bool(looks_of(chosen, LENGTH)) or camera_of(chosen, LENGTH) is not None or played_speed(chosen) != 1
    assert does or name in {"blur_background", "letterbox"}  # which are ways of framing


@pytest.mark.parametrize("pair", [("slowmo", "speedup"), ("zoom", "zoom_out"), ("blur_background", "letterbox")])
def test_effects_that_contradict_each_other_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(InvalidRequest, match="contradict"):
        Piece(name="p", picture=Picture(), frames=30, effects=effects(*pair))


def test_at_most_four_effects_and_none_twice() -> None:
    with pytest.raises(InvalidRequest, match="at most 4"):
        Piece(name="p", picture=Picture(), frames=30, effects=effects("zoom", "bw", "flash", "shake", "glitch"))
    with pytest.raises(InvalidRequest, match="twice"):
        Piece(name="p", picture=Picture(), frames=30, effects=effects("zoom", "zoom"))


@pytest.mark.parametrize(("names", "frames"), [((), 60), (("slowmo",), 120), (("speedup",), 40)])
def test_a_segment_lasts_as_long_as_it_plays(names: tuple[str, ...], frames: int) -> None:
    assert piece_frames(1.0, 3.0, effects(*names)) == frames


def test_half_an_amount_is_half_as_slow() -> None:
    assert played_speed((Effect(name="slowmo", amount=0.5),)) == 0.75
    assert played_speed((Effect(name="slowmo", amount=0),)) == 1


@pytest.mark.parametrize(
    ("seconds", "frame"), [(0.0, 0), (0.5, 15), (1 / 30, 1), (0.016, 0), (0.0167, 1), (100.1, 3003)]
)
def test_times_are_put_on_the_grid_of_frames(seconds: float, frame: int) -> None:
    assert grid(seconds) == frame
