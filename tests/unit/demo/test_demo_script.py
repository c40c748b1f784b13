"""The talk's text keeps what its slides and its figures need."""

from __future__ import annotations

import re

from moments_ray.demo.figures import SIZE, draw_figure
from moments_ray.demo.script import SCRIPT
from moments_ray.demo.slides import draw_slide

TOPICS = [chapter for chapter in SCRIPT if chapter.figure is not None]


def test_there_are_five_or_six_topics_between_a_welcome_and_a_farewell() -> None:
    assert 5 <= len(TOPICS) <= 6
    assert SCRIPT[0].figure is None
    assert SCRIPT[-1].figure is None


def test_every_passage_is_one_sentence() -> None:
    for chapter in SCRIPT:
        for passage in chapter.passages:
            if not passage.text.startswith("No. "):
                assert re.fullmatch(r"[^.!?]+[.!?]", passage.text), passage.text


def test_a_topic_opens_on_its_title_card_and_gains_points_later() -> None:
    for chapter in TOPICS:
        assert chapter.passages[0].point is None
        assert 3 <= sum(passage.point is not None for passage in chapter.passages) <= 5


def test_every_figure_can_be_drawn_and_shows_its_accent() -> None:
    for chapter in TOPICS:
        assert chapter.figure is not None
        card = draw_figure(chapter.figure, chapter.accent)
        assert card.size == SIZE
        assert len(card.getcolors(maxcolors=1 << 20) or []) > 20


def test_slides_differ_by_chapter_and_by_point() -> None:
    pictures = set()
    slides = 0
    for chapter in SCRIPT:
        points = tuple(passage.point for passage in chapter.passages if passage.point is not None)
        for count in range(len(points) + 1):
            slide = draw_slide(chapter, points[:count])
            assert slide.size == (1280, 720)
            pictures.add(slide.tobytes())
            slides += 1
    assert len(pictures) == slides


def test_slides_use_only_letters_the_bundled_font_has() -> None:
    # The font draws an empty box for the others.
    known = set(map(chr, range(32, 127))) | set("°…‘’“”·")
    for chapter in SCRIPT:
        shown = chapter.title + "".join(passage.point or "" for passage in chapter.passages)
        assert set(shown) <= known
