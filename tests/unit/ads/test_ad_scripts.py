"""Scripts of ads: four styles, and words that claim nothing which the seller did not say and fit their scenes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from moments_ray.ads.script import grammar
from moments_ray.ads.script.rules import claims, count_words, objections, speakable, spoken_seconds, words_that_fit
from moments_ray.ads.script.styles import Template, list_styles, template
from moments_ray.ads.script.words import Script
from moments_ray.errors import InvalidRequest
from moments_ray.speech import voice

STYLES = ("luxury", "energetic", "minimal", "bold")


def written(style: str, description: str = "", *, seed: int = 0, name: str = "Premium Headphones") -> Script:
    return grammar.write(template(style), product_name=name, cta_text="Shop Now", description=description, seed=seed)


def faults(script: Script, style: str, facts: str, cta_text: str = "Shop Now") -> list[str]:
    rate = template(style).voice.rate
    found = objections(script.scenes, script.cta, script.hook, cta_text=cta_text, facts=facts, language="en", rate=rate)
    return [one.reason for one in found]


def test_there_are_the_document_s_four_styles() -> None:
    assert list_styles() == STYLES


@pytest.mark.parametrize("style", STYLES)
def test_a_style_has_four_scenes_of_half_a_minute_and_ends_in_a_still(style: str) -> None:
    scenes = template(style).scenes
    assert [scene.scene_number for scene in scenes] == [1, 2, 3, 4]
    assert sum(scene.duration for scene in scenes) == pytest.approx(30)
    assert [scene.static_image for scene in scenes] == [False, False, False, True]


def test_styles_differ_in_colours_tempo_and_voice() -> None:
    found = [template(style) for style in STYLES]
    assert len({one.palette for one in found}) == len({one.music.bpm for one in found}) == len(STYLES)
    assert len({(one.voice.rate, one.voice.pitch) for one in found}) == len(STYLES)


def test_a_style_that_is_none_is_answered_with_those_there_are() -> None:
    with pytest.raises(InvalidRequest, match="luxury, energetic, minimal, bold"):
        template("modern")


@pytest.mark.parametrize(
    "change",
    [
        {"duration": 9.0},
        {"scene_number": 2},
        {"voiceover_text": ""},
    ],
)
def test_a_style_whose_scenes_do_not_add_up_is_refused(change: dict[str, object]) -> None:
    whole = template("bold").model_dump(mode="json")
    whole["scenes"][0] |= change
    with pytest.raises(ValidationError):
        Template.model_validate(whole)


def test_a_moving_last_scene_is_refused() -> None:
    whole = template("bold").model_dump()
    whole["scenes"][3]["static_image"] = False
    with pytest.raises(ValidationError, match="still picture"):
        Template.model_validate(whole)


@pytest.mark.parametrize("style", STYLES)
def test_a_script_by_grammar_says_the_name_and_what_to_do(style: str) -> None:
    script = written(style)
    assert "Premium Headphones" in script.scenes[0].voiceover_text
    assert "Shop Now" in script.scenes[3].voiceover_text
    assert "Shop Now" in script.cta


def test_equal_seeds_write_equal_scripts_and_others_do_not() -> None:
    assert written("luxury", seed=1) == written("luxury", seed=1)
    assert len({written("luxury", seed=seed).model_dump_json() for seed in range(8)}) > 3


def test_what_the_seller_said_is_said() -> None:
    script = written("minimal", "The battery lasts 40 hours. Folds flat.")
    said = " ".join(scene.voiceover_text for scene in script.scenes)
    assert "The battery lasts 40 hours." in said


ANY_TEXT = st.text(max_size=300)


@given(
    style=st.sampled_from(STYLES),
    name=st.text(min_size=1, max_size=120).filter(lambda text: bool(text.strip())),
    description=ANY_TEXT,
    seed=st.integers(0, 10_000),
)
def test_whatever_a_product_is_called_its_script_by_grammar_passes_the_rules(
    style: str, name: str, description: str, seed: int
) -> None:
    script = written(style, description, seed=seed, name=name)
    assert faults(script, style, f"{name}\n{description}") == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Now 50 % off.", "percentage"),
        ("Only 20 today.", "number"),
        ("Save ten dollars.", "price"),
        ("The best you can buy.", "superlative"),
        ("An award-winning sound.", "award"),
        ("Clinically proven comfort.", "medical"),
        ("Sounds like Sony does.", "name"),
        ("Look (whispering) closer.", "markup"),
        ("Look closer 😀.", "signs"),
    ],
)
def test_a_claim_that_the_seller_did_not_make_is_found(said: str, reason: str) -> None:
    assert any(reason in found for found in claims(said, "Premium Headphones", "Shop Now", "en"))


@pytest.mark.parametrize(
    ("said", "facts"),
    [
        ("Now 50 % off.", "Today 50 % off"),
        ("The battery lasts 40 hours.", "40 hours of battery"),
        ("The best sound of Berlin.", "the best sound of Berlin"),
        ("Made for you, and I mean it.", "Headphones"),
    ],
)
def test_what_the_seller_said_may_be_said(said: str, facts: str) -> None:
    assert list(claims(said, facts, "Shop Now", "en")) == []


def test_a_capital_is_no_name_where_nouns_have_one() -> None:
    assert list(claims("Ein Klang für deinen Abend.", "Kopfhörer", "Jetzt kaufen", "de")) == []


def test_a_line_that_does_not_fit_its_scene_is_found() -> None:
    script = written("luxury")
    long = script.scenes[0].model_copy(update={"voiceover_text": "word " * 40})
    found = objections(
        (long, *script.scenes[1:]), script.cta, script.hook,
        cta_text="Shop Now", facts="Premium Headphones word", language="en", rate=152,
    )  # fmt: skip
    assert [(one.scene, "too many" in one.reason) for one in found] == [(1, True)]


def test_a_call_to_action_without_its_words_is_found() -> None:
    script = written("luxury")
    other = script.model_copy(update={"cta": "Buy it."})
    assert any("must contain" in reason for reason in faults(other, "luxury", "Premium Headphones"))


@given(st.text(max_size=200))
def test_what_is_speakable_holds_no_markup_and_is_speakable_again(text: str) -> None:
    said = speakable(text)
    assert speakable(said) == said
    assert not set(said) & set("<>{}[]*#`")


@given(seconds=st.floats(1, 20), rate=st.integers(80, 250))
def test_words_that_fit_can_be_said_in_their_time(seconds: float, rate: int) -> None:
    assert words_that_fit(seconds, rate) * 60 / rate <= seconds - 0.4 + 1e-9


def test_of_scripts_without_spaces_three_characters_count_as_a_word() -> None:
    assert count_words("静かな音楽を聴く") == 3
    assert count_words("one two three") == 3


@pytest.mark.parametrize("style", STYLES)
def test_a_line_is_said_no_slower_than_was_reckoned_before(style: str, tmp_path: Path) -> None:
    own = template(style).voice
    for scene in written(style, "The battery lasts 40 hours. It folds flat.", seed=1).scenes:
        line = voice.Line(text=scene.voiceover_text, pause=0)
        speech = voice.Speech(
            path=tmp_path / "a.wav", lines=(line,), voice="en-us+klatt4", words_per_minute=own.rate, pitch=own.pitch
        )
        spoken = voice.Spoken.model_validate(voice.speak(speech.model_dump(mode="json"), lambda _: None))
        assert spoken.duration <= spoken_seconds(scene.voiceover_text, own.rate) + 0.1
        assert spoken.duration <= scene.duration - 0.4


@given(st.text(alphabet="ab ,.1", max_size=80), st.text(alphabet="ab ,.1", max_size=20))
def test_more_words_are_never_quicker_said(line: str, more: str) -> None:
    assert spoken_seconds(f"{line} {more}", 150) >= spoken_seconds(line, 150) - 0.26  # an end may become a comma


def test_long_words_and_numbers_take_their_time() -> None:
    assert spoken_seconds("extraordinarily uncharacteristic misunderstandings", 150) > 2 * spoken_seconds("a b c", 150)
    assert spoken_seconds("In 1999.", 150) > spoken_seconds("In June.", 150)


@pytest.mark.parametrize("style", STYLES)
def test_no_scene_is_silent_for_long(style: str) -> None:
    script = written(style, "The battery lasts 40 hours. It folds flat.")
    rate = template(style).voice.rate
    assert all(spoken_seconds(scene.voiceover_text, rate) > 0.55 * scene.duration for scene in script.scenes)
