"""Every page in every state it can be seen in: what pictures are taken of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from moments_ray.database.tables import Video
from moments_ray.demo.talk import make_talk
from moments_ray.settings import Settings
from moments_ray.states import RunStatus
from tests.browser.film import add_project
from tests.browser.long_talk import add_long_talk
from tests.browser.made_shelf import MadeShelf, of_made
from tests.browser.shelf import Shelf
from tests.browser.site import Site
from tests.browser.state import EVERY_SIZE, State, broken, held, without_data
from tests.browser.work_states import of_ads, of_backfills, of_jobs, of_runs

TITLES = (
    "An interview in a lighthouse",
    "The long way to Samarkand",
    "كيف تكذب الخرائط",
    '<img src="x" onerror="alert(1)"> and other titles',
    "Bread, slowly",
)


VIDEOS = "**/api/videos?*"
EMPTY = (
    State("dashboard-empty", "/", sizes=EVERY_SIZE),
    State("library-empty", "/videos"),
    State("runs-empty", "/runs"),
    State("jobs-empty", "/jobs"),
    State("backfills-empty", "/backfills"),
    State("ads-empty", "/ads"),
    State("projects-empty", "/projects"),
    State("made-empty", "/made"),
)


def full(served: Site, shelf: Shelf) -> Mapping[str, Sequence[State]]:
    """Fill a shelf, and return the states of the pages over it, by what they are about."""
    do = served.do
    others = [do(shelf.other, title, number) for number, title in enumerate(TITLES)]
    talk = do(make_talk, Path("out/demo/talk"), Settings(_env_file=None))
    video = do(shelf.talk, talk)
    do(shelf.small_pictures, video, talk)
    done = do(shelf.run, video)
    do(shelf.finish, done)
    busy = do(shelf.run, others[1])
    do(shelf.work, busy, 3, 0.42)
    do(shelf.run, others[2])
    failed = do(shelf.video, "A talk that did not come", None)
    broken_run = do(shelf.run, failed)
    error = {"code": "download.private", "message": "The site answered 403 Forbidden.", "retryable": True}
    do(lambda: shelf.finish(broken_run, RunStatus.FAILED, error=error, error_stage="VIDEO_DOWNLOAD"))
    halting = do(shelf.run, others[3])
    do(shelf.finish_with_errors, halting, 14, 3)
    coming = do(shelf.video, "On its way", None)
    do(shelf.work, do(shelf.run, coming), 1, 0.14)
    long = do(add_long_talk, shelf)
    return {
        "videos": _of_videos(video, coming, failed, long),
        "runs": of_runs(
            busy=busy.identifier, failed=broken_run.identifier, errors=halting.identifier, done=done.identifier
        ),
        "jobs": of_jobs(served, shelf, video),
        "backfills": of_backfills(served, shelf),
        "ads": of_ads(served),
        "projects": _of_projects(*(do(add_project, shelf, video, *each) for each in ((), ("Nothing yet", ())))),
        "made": of_made(MadeShelf(shelf, served.url), do, f"/media/thumbnails/thumb_{video.identifier}.jpg"),
        "the whole": _of_the_whole(f"/videos/{video.identifier}"),
    }


def _of_videos(video: Video, coming: Video, failed: Video, long: Video) -> Sequence[State]:
    detail = f"/videos/{video.identifier}"
    return (
        State("dashboard-busy", "/", sizes=EVERY_SIZE),
        State("dashboard-loading", "/", before=held(VIDEOS)),
        State("library", "/videos", sizes=EVERY_SIZE),
        State("library-table", "/videos", lambda page: page.get_by_label("Table").click()),
        State("library-selection", "/videos", _choose_three),
        State("library-search", "/videos?q=nobody"),
        State("library-no-match", "/videos?q=zebra"),
        State("library-loading", "/videos", before=held(VIDEOS)),
        State("library-error", "/videos", before=broken(VIDEOS)),
        State("library-kept", "/videos", _search_in_vain),
        State("library-drop", "/videos", _drag_a_file),
        State("library-upload", "/videos", _upload, before=held("**/api/uploads/*")),
        State("library-hover", "/videos", _hover_the_talk, sizes=("wide",)),
        State("detail", detail, _at_second_moment, sizes=EVERY_SIZE),
        State("detail-compare", detail, _compare),
        State("detail-drag", detail, _drag, sizes=("wide",)),
        State("detail-more", detail, lambda page: page.get_by_role("button", name="More").first.click()),
        State("detail-export", detail, lambda page: page.get_by_role("button", name="Export").click()),
        State("detail-transcript", f"{detail}?tab=transcript", sizes=("narrow",)),
        State("detail-found", detail, _find_words, sizes=("wide",)),
        State("detail-runs", f"{detail}?tab=runs"),
        State("detail-files", f"{detail}?tab=files"),
        State("detail-pending", f"/videos/{coming.identifier}"),
        State("detail-failed", f"/videos/{failed.identifier}"),
        *without_data("detail", detail, f"**{detail}?include=same"),
        State("detail-nowhere", "/videos/no-such-video"),
        State("detail-long", f"/videos/{long.identifier}"),
        State("generate", "/new", _addresses, sizes=EVERY_SIZE),
        State("again", f"/new?video={video.identifier}", _open_options),
    )


def _of_projects(cut: int, uncut: int) -> Sequence[State]:
    path = f"/projects/{cut}"
    return (
        State("projects", "/projects"),
        *without_data("projects", "/projects", "**/api/projects?*"),
        *without_data("project", path, f"**/api/timeline/{cut}"),
        State("new-project", "/projects", lambda page: page.get_by_role("button", name="New project").click()),
        State("project", path, _second_segment, sizes=EVERY_SIZE),
        State("project-captions", f"{path}?tab=captions", _second_segment),
        State("project-versions", f"{path}?tab=versions"),
        State("project-transcript", f"{path}?tab=transcript", sizes=("narrow",)),
        State("project-template", path, lambda page: page.get_by_role("button", name="Template").click()),
        State("project-chat", path, _ask),
        State("project-music", path, _music),
        State("project-asset", path, _choose_asset),
        State("project-move", path, _lift, sizes=("wide",)),
        State("project-render", path, _render),
        State("project-uncut", f"/projects/{uncut}"),
        State("project-nowhere", "/projects/9999"),
    )


def _of_the_whole(detail: str) -> Sequence[State]:
    return (
        *(State(f"settings-{part}", f"/settings/{part}") for part in ("browser", "models", "health", "dead", "access")),
        State("settings-about", "/settings/about"),
        State("login", "/login"),
        State("palette", detail, lambda page: _press(page, "Control+k")),
        State("keys", detail, lambda page: _press(page, "?")),
        State("not-found", "/nowhere"),
        State("offline", "/videos", _offline),
    )


def _press(page: Any, key: str) -> None:
    page.locator(".moment").first.wait_for()  # its keys are there, too
    page.keyboard.press(key)


def _second_segment(page: Any) -> None:
    page.locator(".film-strip .face").nth(1).click()
    page.wait_for_timeout(400)  # until the picture that is shown is asked for
    page.locator(".composed:not(.asking) img").wait_for()


def _ask(page: Any) -> None:
    page.locator("#chat-button").click()
    page.get_by_role("textbox", name="Message").fill("How can it be shorter?")
    page.keyboard.press("Enter")
    page.locator(".theirs").first.wait_for()
    page.get_by_role("button", name="Suggest effects").click()
    page.locator(".proposal").first.wait_for()


def _music(page: Any) -> None:
    page.get_by_role("combobox", name="Music", exact=True).select_option("Calm")
    page.get_by_role("slider", name="Music volume").scroll_into_view_if_needed()


def _choose_asset(page: Any) -> None:
    page.locator(".film-strip .face").first.click()
    page.locator(".segment-panel").get_by_role("button", name="From a video").click()
    page.get_by_role("dialog").get_by_role("radio").first.check()


def _lift(page: Any) -> None:
    box = page.locator(".film-strip .face").nth(1).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 190, box["y"] + 34, steps=8)


def _render(page: Any) -> None:
    page.get_by_role("checkbox", name="Everybody who is seen").check()
    page.locator("#consent.complete").wait_for()
    under_way = page.get_by_role("progressbar", name="Progress of the film")
    start = page.get_by_role("button", name="Render the film")
    start.or_(under_way).first.wait_for()
    page.wait_for_timeout(500)  # a film that is under way takes the button's place once its status is here
    if start.count():
        start.click()
    under_way.wait_for()


def _choose_three(page: Any) -> None:
    for number in range(3):
        page.locator(".pick").nth(number).check(force=True)


def _search_in_vain(page: Any) -> None:
    broken(VIDEOS)(page)
    page.get_by_label("Search", exact=True).fill("bread")
    page.get_by_role("alert").wait_for()


def _drag_a_file(page: Any) -> None:
    page.evaluate(
        "() => { const dataTransfer = new DataTransfer(); dataTransfer.items.add(new File(['x'], 'a.mp4'));"
        " document.body.dispatchEvent(new DragEvent('dragenter', { bubbles: true, dataTransfer })); }"
    )


def _upload(page: Any) -> None:
    file = {"name": "A river, seen from above.mp4", "mimeType": "video/mp4", "buffer": b"0123456789" * 100_000}
    page.locator("input[type=file]").first.set_input_files(file)
    page.get_by_role("region", name="Uploads").get_by_text("A river").wait_for()


def _hover_the_talk(page: Any) -> None:
    box = page.locator(".video-card", has_text="Six Small Surprises").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 60, steps=3)
    page.wait_for_timeout(600)


def _at_second_moment(page: Any) -> None:
    page.locator(".block .face").nth(1).click(force=True)
    page.wait_for_timeout(1200)


def _compare(page: Any) -> None:
    page.locator(".moment").nth(0).get_by_role("button", name="Compare").click()


def _drag(page: Any) -> None:
    _at_second_moment(page)
    box = page.locator(".block.chosen .handle.end").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 64, box["y"] + 20, steps=8)
    page.wait_for_timeout(600)


def _find_words(page: Any) -> None:
    page.keyboard.press("/")
    page.get_by_role("searchbox", name="Find in the transcript").fill("the")


def _addresses(page: Any) -> None:
    page.locator("textarea").fill("https://example.org/talk.mp4\nftp://example.org/x.mp4\nhttps://example.org/talk.mp4")
    page.wait_for_timeout(900)


def _open_options(page: Any) -> None:
    page.locator("details.options").evaluate("element => { element.open = true; }")


def _offline(page: Any) -> None:
    page.context.set_offline(True)
    page.get_by_label("Search", exact=True).fill("bread")
    page.get_by_text("The server cannot be reached").wait_for()
