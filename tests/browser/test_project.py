"""A project's page in a real browser: blocks moved and trimmed, captions written, effects put on; all taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from moments_ray.database.tables import Video
from tests.browser.chromium import until
from tests.browser.film import SEGMENTS, add_project
from tests.browser.shelf import Shelf
from tests.browser.site import Site

pytestmark = pytest.mark.browser

NAMES = [segment["name"] for segment in SEGMENTS]
Timeline = Callable[[], dict[str, Any]]


@pytest.fixture
def number(served: Site, shelf: Shelf, talk: Video) -> int:
    """The number of a project of the talk."""
    return served.do(add_project, shelf, talk)


@pytest.fixture
def timeline(page: Any, served: Site, number: int) -> Timeline:
    """Reads the time line as the server has it."""

    def read() -> dict[str, Any]:
        found: dict[str, Any] = page.request.get(f"{served.url}/api/timeline/{number}").json()["timeline"]
        return found

    return read


@pytest.fixture
def editor(page: Any, number: int) -> Any:
    """The page of the project, with its words and its video there."""
    page.goto(f"./projects/{number}")
    page.locator(".film-strip .block").first.wait_for()
    until(page, "document.querySelector('video').readyState >= 2")
    page.locator(".caption-mark").first.wait_for()
    return page


def saved(page: Any, version: int) -> None:
    """Wait until the page says that so many versions were saved."""
    page.get_by_text(f"Saved as version {version}", exact=True).wait_for()


def names(timeline: Timeline) -> list[str]:
    return [segment["name"] for segment in timeline()["segments"]]


def block(page: Any, name: str) -> Any:
    return page.locator(".film-strip .face", has_text=name).first


def drag(page: Any, box: Any, pixels: float) -> None:
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixels, y, steps=8)
    page.mouse.up()


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
    number = page.url.rsplit("/", 1)[1].partition("?")[0]
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
    words = editor.get_by_role("textbox", name="Words of the caption")
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
    field = editor.get_by_role("textbox", name="Words of the caption").first
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


def test_what_somebody_else_saved_is_shown_and_mine_may_be_put_over_it(
    editor: Any, served: Site, number: int, timeline: Timeline
) -> None:
    theirs = {"timeline": {"segments": [{"name": "theirs", "start": 0, "end": 9}]}}
    assert editor.request.post(f"{served.url}/api/timeline/{number}", data=theirs).ok
    block(editor, "intro").click()
    editor.locator(".segment-panel").get_by_role("textbox", name="Name").fill("mine")
    editor.keyboard.press("Tab")
    editor.locator("#toasts").get_by_text("Somebody else saved this time line").wait_for()
    block(editor, "theirs").wait_for()
    assert names(timeline) == ["theirs"]
    assert editor.get_by_role("button", name="Undo", exact=True).is_disabled()


def test_a_film_waits_for_consent_and_is_stopped(editor: Any, served: Site, number: int) -> None:
    render = editor.get_by_role("button", name="Render the film")
    assert render.is_disabled()
    editor.get_by_role("checkbox", name="Everybody who is seen").check()
    editor.locator("#consent").get_by_text("Consent is complete").wait_for()
    with editor.expect_file_chooser() as chooser:
        editor.get_by_role("button", name="Add a signed document").click()
    chooser.value.set_files({"name": "signed.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 signed"})
    editor.get_by_role("button", name="Read what is kept").wait_for()
    editor.get_by_role("combobox", name="Quality").select_option("draft")
    render.click()
    editor.get_by_role("progressbar", name="Progress of the film").wait_for()
    editor.locator(".render-panel").get_by_role("button", name="Stop").click()
    editor.get_by_text("It was stopped.").wait_for()
    (run,) = editor.request.get(f"{served.url}/api/runs").json()["items"]
    assert (run["pipeline"], run["status"]) == ("editor.render", "cancelled")
    editor.get_by_role("checkbox", name="Everybody who is seen").uncheck()
    editor.locator("#consent").get_by_text("Consent is missing").wait_for()
    assert number > 0


def test_the_chat_proposes_and_only_what_is_accepted_is_made(editor: Any, timeline: Timeline) -> None:
    before = timeline()["segments"]
    editor.keyboard.press("x")
    drawer = editor.get_by_role("complementary", name="Chat")
    drawer.get_by_role("textbox", name="Message").fill("How can it be shorter?")
    editor.keyboard.press("Enter")
    drawer.locator(".theirs").first.wait_for()
    drawer.get_by_role("button", name="Suggest effects").click()
    drawer.get_by_text("Suggested effects").wait_for()
    assert timeline()["segments"] == before
    accept = drawer.locator(".proposal.ideas").get_by_role("button", name="Accept").first
    accept.click()
    drawer.get_by_text("accepted").wait_for()
    assert timeline()["segments"] != before
    editor.keyboard.press("Escape")
    drawer.wait_for(state="hidden")
    until(editor, "document.activeElement.id === 'chat-button'")


def test_an_earlier_version_stands_again(editor: Any, timeline: Timeline) -> None:
    before = timeline()["segments"]
    block(editor, "outro").click()
    editor.keyboard.press("Delete")
    saved(editor, 2)
    editor.get_by_role("tab", name="Versions").click()
    editor.get_by_role("button", name="Back to version 1").click()
    saved(editor, 3)
    assert timeline()["segments"] == before
    with editor.expect_download() as download:
        editor.get_by_role("button", name="Export").click()
        editor.get_by_role("menuitem", name="OpenTimelineIO").click()
    assert download.value.suggested_filename.endswith(".otio")
    editor.get_by_role("button", name="More").click()
    editor.get_by_role("menuitem", name="Delete this project").click()
    editor.get_by_role("dialog").get_by_role("button", name="Delete").click()
    editor.get_by_text("No projects").wait_for()


def test_a_project_is_made_of_a_video_of_the_library(page: Any, served: Site, talk: Video) -> None:
    page.goto("./projects")
    page.get_by_role("button", name="New project").first.click()
    asking = page.get_by_role("dialog", name="New project")
    asking.get_by_text(talk.title or "").click()
    asking.get_by_role("radio", name="Clean").check()
    asking.get_by_role("button", name="Make the project").dblclick()
    page.wait_for_url("**/projects/*")
    page.get_by_role("region", name="Under way").wait_for()
    (project,) = page.request.get(f"{served.url}/api/projects").json()
    (run,) = page.request.get(f"{served.url}/api/runs").json()["items"]
    assert (project["status"], run["pipeline"]) == ("analyzing", "editor.analysis")
