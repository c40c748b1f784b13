"""Captions light up on their frames, and no text is ever read as a command or drawn as boxes."""

from __future__ import annotations

import re
import unicodedata

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from moments_ray.errors import GlyphMissing
from moments_ray.media.render.captions import LOOKS, captions_file, escape, height_of, plain
from moments_ray.media.render.fonts import CJK, EMOJI, FALLBACKS, POPPINS_BOLD, Face, runs_of, width_of
from moments_ray.media.render.plan import Caption, Form, Picture, Piece, Word

FACES = sorted({*FALLBACKS, *(look.face for look in LOOKS.values())}, key=lambda face: face.file)
_TIME = r"(\d):(\d\d):(\d\d)\.(\d\d)"


def centiseconds(written: str) -> int:
    found = re.fullmatch(_TIME, written)
    assert found is not None
    hours, minutes, seconds, hundredths = map(int, found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 100 + hundredths


def drawn(*captions: Caption, frames: int = 90, watermark: str | None = None) -> list[tuple[list[int], str]]:
    """Return what is drawn: the frames it is on, and the text as ASS."""
    piece = Piece(name="p", picture=Picture(), frames=frames, captions=captions, watermark=watermark)
    found = captions_file(piece, Form())
    if found is None:
        return []
    lines = [line.split(",", 9) for line in found[0].splitlines() if line.startswith("Dialogue:")]
    return [
        (
            [n for n in range(frames) if centiseconds(line[1]) <= n * 100 / 30 < centiseconds(line[2])],
            line[9],
        )
        for line in lines
    ]


def shown(text: str) -> str:
    """Return what a reader sees of an ASS text."""
    return re.sub(r"(?<!\\)\{[^}]*\}", "", text)


def read_back(text: str) -> str:
    """Read an ASS text as libass does, and return the letters it would draw; a command would be missing."""
    letters, at = [], 0
    while at < len(text):
        two = text[at : at + 2]
        if two in {"\\N", "\\n", "\\h"}:
            letters.append("\n" if two == "\\N" else " ")
            at += 2
        elif two in {"\\{", "\\}"}:
            letters.append(two[1])
            at += 2
        elif text[at] == "{":
            at = text.index("}", at) + 1  # a command: nothing of it is drawn
        else:
            letters.append(text[at])
            at += 1
    return "".join(letters).replace("\u2060", "")


@given(st.text(st.sampled_from("ab{}\\Nnhpk&()-1 \n\u0627\u0939\u200d") | st.characters(), max_size=40))
def test_text_is_drawn_as_it_stands_whatever_it_holds(text: str) -> None:
    kept = plain(text)
    assert read_back(escape(kept)) == kept.replace("\u2060", "")
    assert {unicodedata.category(each) for each in kept if each != "\n"} & {"Cc"} == set()


@pytest.mark.parametrize(
    "text", [r"{\an8}{\p1}m 0 0 l 100 0", r"%{eif} \N \h \n", "a\\{b\\}c", "one\ntwo", "\x00\x1b[31mred"]
)
def test_commands_of_ass_are_letters(text: str) -> None:
    caption = Caption(text=text, start=0, end=1, style="classic")
    ((_, written),) = drawn(caption)
    assert written.startswith("{\\fnPoppins\\b0}")
    assert read_back(written.removeprefix("{\\fnPoppins\\b0}")) == plain(text)


def test_a_caption_is_on_the_frames_of_its_time_and_on_no_other() -> None:
    ((frames, text),) = drawn(Caption(text="Welcome!", start=0.5, end=1.5))
    assert frames == list(range(15, 45))
    assert shown(text) == "Welcome!"


@pytest.mark.parametrize("style", ["pop", "karaoke", "box", "bold_center"])
def test_each_word_lights_up_at_its_time(style: str) -> None:
    words = (
        Word(text="one", start=0.2, end=0.5),
        Word(text="two,", start=1, end=1.2),
        Word(text="three", start=2, end=3),
    )
    caption = Caption.model_validate({"text": "one two, three", "start": 0, "end": 3, "words": words, "style": style})
    events = drawn(caption)
    assert [frames for frames, _ in events] == [
        list(range(6)),
        list(range(6, 30)),
        list(range(30, 60)),
        list(range(60, 90)),
    ]
    assert {shown(text) for _, text in events} == {"one two, three"}
    before_the_last = shown(events[3][1].split("{\\1c")[0])
    assert before_the_last == ("" if style == "karaoke" else "one two, ")


@pytest.mark.parametrize("text", ["commercial uses, on the", "a of it", "one\ntwo three"])
def test_lines_are_broken_alike_whichever_word_grows(text: str) -> None:
    said = text.split()
    words = tuple(Word(text=word, start=at, end=at + 1) for at, word in enumerate(said))
    events = drawn(Caption(text=text, start=0, end=3, words=words))
    (broken,) = {shown(each) for _, each in events}
    assert broken.replace("\\N", " ").split() == said
    assert len(events) == len(said[:3])
    assert ("\\N" in broken) is (text != "a of it")


LINE = 7.3  # how wide a line of the style ``pop`` is in an upright picture, in heights of one


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x" * 40, None),  # nowhere to break: anywhere
        (
            "see https://example.org/a/very-long/address now",
            ["see https://", "example.org/a/very-", "long/address now"],
        ),
        ("สวัสดีชาวโลกวันนี้อากาศดี", None),
        ("one of words alone", ["one of words alone"]),  # libass breaks it
    ],
)
@pytest.mark.parametrize("timed", [False, True])
def test_a_word_that_is_wider_than_a_line_is_broken_where_its_writing_breaks(
    text: str, lines: list[str] | None, timed: bool
) -> None:
    words = tuple(Word(text=word, start=at, end=at + 1) for at, word in enumerate(text.split())) if timed else ()
    (broken,) = {shown(each) for _, each in drawn(Caption(text=text, start=0, end=1, words=words))}
    found = broken.split("\\N")
    assert "".join(found).replace(" ", "") == text.replace(" ", "")
    assert timed or lines in (None, found)
    if len(found) > 1:
        assert all(width_of(runs_of(line, POPPINS_BOLD)) <= LINE for line in found)
    assert all(unicodedata.category(line[0]) != "Mn" for line in found), "a mark stays with its letter"


@pytest.mark.skipif(CJK.path is None, reason="the extra cjk is not installed")
def test_japanese_is_broken_between_its_characters_but_not_before_a_full_stop() -> None:
    ((_, text),) = drawn(Caption(text="今日はとても良い天気なので海に行きましょう。", start=0, end=1))
    found = shown(text).split("\\N")
    assert len(found) > 2
    assert not any(line.startswith("。") for line in found)


def test_the_height_of_a_caption_is_told() -> None:
    share = {
        words: height_of(Caption(text=("word " * words).strip(), start=0, end=1), Form()) for words in (4, 24, 100)
    }
    assert share == pytest.approx({4: 0.0675, 24: 6 * 0.0675, 100: 25 * 0.0675})
    wide = Form(width=1920, height=1080)
    assert height_of(Caption(text="word " * 24, start=0, end=1, style="minimal"), wide) == pytest.approx(2 * 0.062)


def test_the_space_after_an_emoji_is_that_of_letters() -> None:
    assert runs_of("🎉 party", POPPINS_BOLD) == [(EMOJI, "🎉"), (POPPINS_BOLD, " party")]


def test_words_that_are_not_those_of_the_text_leave_it_unlit() -> None:
    caption = Caption(text="one two", start=0, end=1, words=(Word(text="three", start=0, end=1),))
    assert [shown(text) for _, text in drawn(caption)] == ["one two"]


@pytest.mark.parametrize(
    ("text", "families"),
    [
        ("Hello", ["Poppins"]),
        ("Hello नमस्ते", ["Poppins"]),  # Poppins has Devanagari
        ("مرحبا Hello", ["Noto Sans Arabic", "Poppins"]),
        ("Ünïcödé – „quotes“", ["Poppins"]),
        ("Привет", ["Noto Sans"]),
        ("שלום", ["Noto Sans Hebrew Light"]),
        ("👩\u200d🚀!", ["Noto Emoji", "Poppins"]),
    ],
)
def test_a_line_is_cut_into_runs_of_faces_that_have_its_letters(text: str, families: list[str]) -> None:
    runs = runs_of(plain(text), POPPINS_BOLD)
    assert [face.family for face, _ in runs] == families
    assert "".join(part for _, part in runs) == plain(text)


NO_CJK = pytest.mark.skipif(CJK.path is not None, reason="the extra cjk is installed, and draws it")


@pytest.mark.skipif(CJK.path is None, reason="the extra cjk is not installed")
@pytest.mark.parametrize("text", ["日本語のテスト", "한국어", "这是中文"])
def test_with_its_extra_a_face_draws_chinese_japanese_and_korean(text: str) -> None:
    assert [face for face, _ in runs_of(f"{text} ok", POPPINS_BOLD)] == [CJK, POPPINS_BOLD]


@pytest.mark.parametrize("text", [pytest.param("日本語", marks=NO_CJK), pytest.param("한국어", marks=NO_CJK), "\ue000"])
def test_what_no_face_here_can_draw_is_refused_by_name(text: str) -> None:
    with pytest.raises(GlyphMissing) as raised:
        drawn(Caption(text=f"ok {text}", start=0, end=1))
    assert raised.value.detail["codepoint"] == f"U+{ord(text[0]):04X}"


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.file)
def test_a_face_is_called_by_its_real_family(face: Face) -> None:
    if face == CJK and face.path is None:
        pytest.skip("the extra cjk is not installed")
    assert face.path is not None
    with TTFont(face.path, lazy=True) as font:
        assert font["name"].getDebugName(1) == face.family
        assert (font["OS/2"].usWeightClass >= 700) == face.bold
        assert "fvar" not in font or not face.bold, "a variable face draws its default weight, never the bold one"


def test_the_watermark_is_on_every_frame() -> None:
    ((frames, text),) = drawn(frames=40, watermark="ai-video-editor")
    assert (frames, shown(text)) == (list(range(40)), "ai-video-editor")
    assert drawn() == []
