"""The time line of a project's page: blocks moved and trimmed, captions written, effects put on; all taken back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.chromium import until
from tests.browser.editing import Timeline, block, drag, names, number_of, saved
from tests.browser.film import SEGMENTS

pytestmark = pytest.mark.browser

NAMES = [segment["name"] for segment in SEGMENTS]


def test_blocks_are_moved_trimmed_and_split_by_hand_and_all_is_taken_back(editor: Any, timeline: Timeline) -> None:
    before = timeline()["segments"]
    first, third = block(editor, "intro").bounding_box(), editor.locator(".film-strip .face").nth(2).bounding_box()
    drag(editor, first, third["x"] + third["width"] - first["x"] - first["width"] / 2 + 4)
    saved(editor, 2)
    assert names(timeline) == [NAMES[1], NAMES[2], NAMES[0], *NAMES[3:]]
    block(editor, NAMES[1]).click()
    drag(editor, editor.locator(".block.chosen .handle.end").bounding_box(), -40)
    saved(editor, 3)
    trimmed = timeline()["segments"][0]
    assert trimmed["end"] < before[1]["end"] - 0.3
    words = editor.request.get(f"/api/videos/{video_of(editor)}/transcript").json()["word_timestamps"]
    assert not [word for word in words if word["start"] + 0.03 < trimmed["end"] < word["end"] - 0.03]
    editor.locator(".side-panel").get_by_role("button", name="Later in the film").click()
    saved(editor, 4)
    editor.locator(".film-strip .ruler").click(position={"x": 60, "y": 10})
    editor.locator(".side-panel").get_by_role("button", name="Split at the playhead").click()
    saved(editor, 5)
    assert len(timeline()["segments"]) == len(SEGMENTS) + 1
    for version in range(6, 10):
        editor.get_by_role("button", name="Undo", exact=True).click()
        saved(editor, version)
    assert timeline()["segments"] == before
    editor.get_by_role("button", name="Redo", exact=True).click()
    saved(editor, 10)
    assert names(timeline)[2] == "intro"


def video_of(page: Any) -> str:
    number = number_of(page)
    return str(page.request.get(f"/api/timeline/{number}").json()["asset"]["video"])


def test_the_keyboard_does_it_all(editor: Any, timeline: Timeline) -> None:
    before = timeline()["segments"]
    editor.keyboard.press("]")
    editor.keyboard.press("Control+ArrowRight")
    saved(editor, 2)
    assert names(timeline)[:2] == [NAMES[1], NAMES[0]]
    editor.locator(".block.chosen .handle.end").focus()
    editor.keyboard.press("Shift+ArrowLeft")
    saved(editor, 3)
    assert 0 < before[0]["end"] - timeline()["segments"][1]["end"] < 0.06
    editor.locator(".block.chosen .face").focus()
    for key in ("Home", "ArrowRight", "ArrowRight"):
        editor.keyboard.press(key)
    editor.keyboard.press("s")
    saved(editor, 4)
    editor.keyboard.press("Delete")
    saved(editor, 5)
    editor.keyboard.press("[")
    editor.keyboard.press("c")
    words = editor.get_by_role("textbox", name="Caption text")
    until(editor, "document.activeElement.tagName === 'TEXTAREA'")
    editor.keyboard.type("By hand")
    editor.keyboard.press("Enter")
    saved(editor, 7)
    assert "By hand" in [caption["text"] for caption in timeline()["captions"]]
    assert words.count() >= 1
    for version in range(8, 14):
        editor.keyboard.press("Control+z")
        saved(editor, version)
    assert timeline()["segments"] == before


def test_captions_are_written_in_place_and_a_refused_one_stays_to_be_mended(editor: Any, timeline: Timeline) -> None:
    block(editor, "intro").click()
    editor.get_by_role("tab", name="Captions").click()
    field = editor.get_by_role("textbox", name="Caption text").first
    old = field.input_value()
    field.fill("Welcome to six surprises")
    field.press("Enter")
    saved(editor, 2)
    written = next(one for one in timeline()["captions"] if one["text"] == "Welcome to six surprises")
    assert [word["text"] for word in written["words"]] == ["Welcome", "to", "six", "surprises"]
    assert written["words"][0]["start"] == written["start"]
    editor.get_by_role("combobox", name="Look", exact=True).first.select_option("karaoke")
    saved(editor, 3)
    editor.get_by_role("combobox", name="Look of all captions").select_option("box")
    saved(editor, 4)
    field.fill("\U00013080\U00013081")  # no font here has hieroglyphs
    field.press("Enter")
    editor.get_by_role("alert").first.wait_for()
    assert field.input_value() == "\U00013080\U00013081"
    field.fill("Welcome")
    field.press("Enter")
    saved(editor, 5)
    found = timeline()
    mended = next(one for one in found["captions"] if one["text"] == "Welcome")
    assert (found["caption_style"], mended["style"], mended["start"]) == ("box", "karaoke", written["start"])
    assert old != "Welcome"


def test_effects_sounds_and_the_cut_of_the_picture_are_a_press_away(editor: Any, timeline: Timeline) -> None:
    block(editor, "intro").click()
    panel = editor.locator(".segment-panel")
    slower = panel.get_by_role("button", name="Zoom out slowly")
    assert slower.get_attribute("aria-disabled") == "true"
    panel.get_by_role("button", name="Flash").click()
    saved(editor, 2)
    panel.get_by_role("button", name="Ding").click()
    saved(editor, 3)
    frame = editor.get_by_role("slider", name="Part of the picture that is kept")
    drag(editor, frame.bounding_box(), 80)
    saved(editor, 4)
    by_hand = timeline()["segments"][0]["crop"]["x"]
    assert by_hand > 0.55
    frame.press("ArrowLeft")
    saved(editor, 5)
    segment = timeline()["segments"][0]
    assert (segment["effects"], segment["sfx"]) == (["zoom", "flash"], {"name": "ding"})
    assert segment["crop"]["x"] == pytest.approx(by_hand - 0.02, abs=0.002)


def test_transitions_music_and_the_cuts_of_another_program_are_chosen_and_taken_back(
    editor: Any, timeline: Timeline
) -> None:
    block(editor, "intro").click()
    panel = editor.locator(".segment-panel")
    out_of = panel.get_by_label("Transition from the segment before")
    assert out_of.count() == 0  # nothing is before the first one
    block(editor, "the question").click()
    out_of.select_option("Crossfade")
    saved(editor, 2)
    assert timeline()["segments"][1]["transition"] == {"name": "crossfade"}
    editor.get_by_label("Music").select_option("Calm")
    saved(editor, 3)
    assert timeline()["music"] == {"name": "calm"}
    editor.get_by_role("button", name="Undo").click()
    saved(editor, 4)
    assert timeline()["music"] is None
    before = timeline()["segments"]
    cuts = editor.request.get(f"{editor.url.partition('/ui/')[0]}/api/timeline/{number_of(editor)}/export?format=otio")
    out_of.select_option("Cut")
    saved(editor, 5)
    block(editor, "outro").click()
    editor.keyboard.press("Delete")
    saved(editor, 6)
    file = {"name": "cuts.otio", "mimeType": "application/json", "buffer": cuts.body()}
    editor.get_by_label("Cuts from another program").set_input_files(file)
    saved(editor, 7)
    after = timeline()["segments"]
    assert [one["name"] for one in after] == [one["name"] for one in before]
    ends = [one["end"] for one in before]
    assert [one["end"] for one in after] == pytest.approx(ends, abs=1 / 25)  # time code counts the video's pictures
    editor.get_by_role("button", name="Undo").click()
    saved(editor, 8)
    assert "outro" not in names(timeline)


def test_the_composed_picture_follows_the_playhead_and_the_changes(editor: Any) -> None:
    picture = editor.locator(".composed img")
    picture.wait_for()
    before = picture.get_attribute("src")
    block(editor, "outro").click()
    until(editor, f"document.querySelector('.composed img').getAttribute('src') !== '{before}'")
    assert editor.evaluate("document.querySelector('.composed img').decode().then(() => true)")
    width, height = editor.evaluate(
        "(one => [one.naturalWidth, one.naturalHeight])(document.querySelector('.composed img'))"
    )
    assert (width, height) == (540, 960)


def test_the_film_is_played_segment_by_segment(editor: Any) -> None:
    editor.evaluate("document.querySelector('video').muted = true")
    block(editor, NAMES[1]).click()
    editor.locator(".film-strip .ruler").click(position={"x": 5, "y": 10})
    editor.keyboard.press("]")
    editor.keyboard.press("[")
    for _ in range(4):
        editor.keyboard.press("ArrowRight")
    editor.keyboard.press(" ")
    # The first segment ends at 6.5 s of the video; what comes next begins at 61.
    until(
        editor,
        "document.querySelector('video').currentTime > 60.9 && document.querySelector('video').currentTime < 66.1",
    )
    editor.keyboard.press(" ")
    until(editor, "document.querySelector('video').paused")
