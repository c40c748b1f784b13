"""A project's page around its time line: what others saved, consent and films, the chat, versions, a project made."""

from __future__ import annotations

from typing import Any

import pytest

from moments_ray.database.tables import Video
from tests.browser.chromium import until
from tests.browser.editing import Timeline, block, names, saved
from tests.browser.site import Site

pytestmark = pytest.mark.browser


def test_what_somebody_else_saved_is_shown_and_mine_may_be_put_over_it(
    editor: Any, served: Site, project: int, timeline: Timeline
) -> None:
    theirs = {"timeline": {"segments": [{"name": "theirs", "start": 0, "end": 9}]}}
    assert editor.request.post(f"{served.url}/api/timeline/{project}", data=theirs).ok
    block(editor, "intro").click()
    editor.locator(".segment-panel").get_by_role("textbox", name="Name").fill("mine")
    editor.keyboard.press("Tab")
    editor.locator("#toasts").get_by_text("Somebody else saved this timeline").wait_for()
    block(editor, "theirs").wait_for()
    assert names(timeline) == ["theirs"]
    assert editor.get_by_role("button", name="Undo", exact=True).is_disabled()


def test_a_film_waits_for_consent_and_is_stopped(editor: Any, served: Site, project: int) -> None:
    render = editor.get_by_role("button", name="Render the film")
    assert render.is_disabled()
    editor.get_by_role("checkbox", name="Everybody who is seen").check()
    editor.locator("#consent").get_by_text("Consent is complete").wait_for()
    with editor.expect_file_chooser() as chooser:
        editor.get_by_role("button", name="Add a signed document").click()
    chooser.value.set_files({"name": "signed.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 signed"})
    editor.get_by_role("button", name="Open the document").wait_for()
    editor.get_by_role("combobox", name="Quality").select_option("draft")
    render.click()
    editor.get_by_role("progressbar", name="Progress of the film").wait_for()
    editor.locator(".render-panel").get_by_role("button", name="Stop").click()
    editor.get_by_text("It was stopped.").wait_for()
    (run,) = editor.request.get(f"{served.url}/api/runs").json()["items"]
    assert (run["pipeline"], run["status"]) == ("editor.render", "cancelled")
    editor.get_by_role("checkbox", name="Everybody who is seen").uncheck()
    editor.locator("#consent").get_by_text("Consent is missing").wait_for()
    assert project > 0


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
    editor.get_by_role("button", name="Restore version 1").click()
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
    asking.get_by_role("button", name="Create the project").dblclick()
    page.wait_for_url("**/projects/*")
    page.get_by_role("region", name="Under way").wait_for()
    (project,) = page.request.get(f"{served.url}/api/projects").json()
    (run,) = page.request.get(f"{served.url}/api/runs").json()["items"]
    assert (project["status"], run["pipeline"]) == ("analyzing", "editor.analysis")
