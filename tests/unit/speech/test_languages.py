from __future__ import annotations

import pytest

from moments_ray.speech.languages import normal_language, same_language


@pytest.mark.parametrize(
    ("tag", "normal"),
    [
        ("en", "en"),
        ("EN-us", "en-us"),
        ("eng", "en"),
        ("ger", "de"),
        ("deu", "de"),
        ("pt_BR", "pt-BR"),
        ("zh-Hans", "zh-Hans"),
        ("en-orig", "en"),
        ("iw", "he"),
        ("haw", "haw"),
        ("und", None),
        ("", None),
        ("English", None),
        ("en\nX: y", None),
        (None, None),
    ],
)
def test_a_tag_of_any_kind_becomes_one_form(tag: str | None, normal: str | None) -> None:
    assert normal_language(tag) == normal


def test_regions_and_near_twins_are_one_language() -> None:
    assert same_language("en-GB", "en")
    assert same_language("nb", "no")
    assert not same_language("de", "en")
