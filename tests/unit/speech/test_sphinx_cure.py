"""Where PocketSphinx is not installed, what helps depends on whether there is a wheel to install."""

from __future__ import annotations

import pytest

from moments_ray.speech.sphinx import cure


@pytest.mark.parametrize(
    ("python", "machine"), [((3, 14), "x86_64"), ((3, 14), "arm64"), ((3, 12), "aarch64"), ((3, 13), "aarch64")]
)
def test_where_there_is_no_wheel_nobody_is_told_to_install_one(python: tuple[int, int], machine: str) -> None:
    told = cure(python, machine)
    assert f"no wheel for Python 3.{python[1]} on {machine}" in told
    assert "captions" in told
    assert "pip install" not in told


@pytest.mark.parametrize(
    ("python", "machine"), [((3, 11), "aarch64"), ((3, 11), "x86_64"), ((3, 13), "x86_64"), ((3, 13), "arm64")]
)
def test_where_there_is_a_wheel_it_is_named(python: tuple[int, int], machine: str) -> None:
    assert "pip install 'moments-ray[asr]'" in cure(python, machine)
