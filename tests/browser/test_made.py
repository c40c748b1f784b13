"""Films and pictures from text: asked for, refused with the cure, gone on with; sounds of assets under a film."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import func

from moments_ray.database.tables import Video
from moments_ray.engine.queries.journal import Journal
from moments_ray.engine.queries.runs import Runs
from moments_ray.library.queries.videos import Videos
from moments_ray.media.probe import MediaInfo, probe
from moments_ray.states import RunStatus
from tests.browser.chromium import until
from tests.browser.editing import Timeline, block, saved
from tests.browser.film import add_project
from tests.browser.made_shelf import MadeShelf
from tests.browser.shelf import Shelf
from tests.browser.site import Site

pytestmark = pytest.mark.browser


@pytest.fixture
def made(served: Site, shelf: Shelf) -> MadeShelf:
    """Where films and pictures from text are put."""
    return MadeShelf(shelf, served.url)


def test_a_film_is_asked_for_stopped_and_asked_for_again_by_keys(page: Any, served: Site, shelf: Shelf) -> None:
    assert shelf is not None
    page.goto("./projects")
    page.get_by_role("link", name="Films and pictures from text").press("Enter")
    page.get_by_text("Nothing made yet").wait_for()
    words = page.get_by_role("textbox", name="Description")
    words.focus()
    page.keyboard.type("Winter came early.")
    page.get_by_label("Shape").select_option("Wide 16:9")
    page.get_by_label("Seconds").fill("3")
    page.keyboard.press("Enter")
    card = page.get_by_role("article", name="Winter came early.")
    card.get_by_role("button", name="Stop").press("Enter")
    card.get_by_text("cancelled").wait_for()
    (run,) = page.request.get(f"{served.url}/api/runs").json()["items"]
    assert (run["pipeline"], run["status"]) == ("editor.make_video", "cancelled")
    assert run["options"] == {
        "prompt": "Winter came early.", "seed": 0, "width": 1920, "height": 1080, "duration": 3,
    }  # fmt: skip
    words.fill("")
    card.get_by_role("button", name="Ask again").press("Enter")
    until(page, "document.activeElement.tagName === 'TEXTAREA'")
    assert (words.input_value(), page.get_by_label("Shape").input_value()) == ("Winter came early.", "wide")


def test_what_nobody_can_make_is_refused_with_the_cure_and_the_words_stay(
    page: Any, served: Site, talk: Video, project: int
) -> None:
    page.goto(f"./projects/{project}")
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Change its picture").click()
    chosen = page.get_by_label("Starting picture")
    until(page, "document.querySelector('.maker-picture')?.naturalWidth > 0")
    assert chosen.input_value() == f"/media/thumbnails/thumb_{talk.identifier}.jpg"
    page.get_by_role("textbox", name="Description").fill("make it a cat")
    page.get_by_role("button", name="Make the picture").click()
    refused = page.get_by_role("alert")
    refused.get_by_text("model.not_configured").wait_for()
    assert "OPENAI_API_KEY" in refused.inner_text()
    words = page.get_by_role("textbox", name="Description")
    assert words.input_value() == "make it a cat"
    words.fill("black and white")
    page.get_by_role("button", name="Make the picture").click()
    page.get_by_role("article", name="black and white").wait_for()
    assert refused.count() == 0
    (run,) = page.request.get(f"{served.url}/api/runs").json()["items"]
    assert run["options"] == {"prompt": "black and white", "seed": 0, "image": chosen.input_value()}


def test_what_was_made_is_seen_saved_and_gone_on_with(page: Any, served: Site, made: MadeShelf) -> None:
    served.do(made.film, made.ask("generate_video", prompt="A film"))
    served.do(made.picture, made.ask("edit_image", prompt="plain gold"))
    page.goto("./made")
    picture = page.get_by_role("article", name="plain gold")
    until(page, "document.querySelector('.made-picture img')?.naturalWidth === 360")
    with page.expect_download() as download:
        picture.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith("image.png")
    picture.get_by_role("button", name="Turn into a film").click()
    until(page, "document.querySelector('.maker-picture')?.naturalWidth === 360")
    assert page.get_by_role("button", name="A film", exact=True).get_attribute("aria-pressed") == "true"
    film = page.get_by_role("article", name="A film")
    until(page, "document.querySelector('.made-picture video')?.videoWidth === 360")
    film.get_by_role("button", name="Edit it as a project").click()
    page.get_by_role("region", name="Uploads").get_by_text("its project is being made").wait_for()
    (project,) = page.request.get(f"{served.url}/api/projects").json()
    assert project["status"] == "analyzing"


def test_the_sound_of_an_asset_is_music_or_stands_in_a_segment(
    editor: Any, served: Site, shelf: Shelf, talk: Video, timeline: Timeline
) -> None:
    asset = f"asset:{editor.request.get(f'{served.url}/api/projects').json()[0]['asset_id']}"
    silent = MediaInfo.model_validate(talk.info).model_copy(update={"audio_tracks": ()})
    served.do(
        add_project, shelf, served.do(partial(shelf.video, "Without sound", info=silent)), "Nothing is heard here", ()
    )
    music = editor.get_by_role("combobox", name="Music", exact=True)
    music.select_option("Sound of a video…")
    choice = editor.get_by_role("dialog", name="The sound of a video")
    choice.get_by_role("radio", name="Nothing is heard here").check()
    choice.get_by_role("button", name="Use its sound").click()
    editor.locator(".render-panel").get_by_role("alert").get_by_text("there is no sound in this video").wait_for()
    assert (music.input_value(), timeline()["music"]) == ("", None)
    music.select_option("Sound of a video…")
    choice.get_by_role("radio", name=talk.title or "").or_(choice.get_by_role("radio", name="Six small")).check()
    choice.get_by_role("button", name="Use its sound").click()
    saved(editor, 2)
    assert timeline()["music"] == {"path": asset}
    editor.locator(".music").get_by_text("Six small surprises").wait_for()
    loudness = editor.get_by_role("slider", name="Music volume")
    loudness.focus()
    editor.keyboard.press("ArrowLeft")
    saved(editor, 3)
    assert editor.evaluate("document.activeElement.type") == "range"
    editor.get_by_role("checkbox", name="Lower while somebody speaks").uncheck()
    saved(editor, 4)
    assert timeline()["music"] == {"path": asset, "volume": 0.9, "duck": False}
    music.select_option("Calm")
    saved(editor, 5)
    assert timeline()["music"] == {"name": "calm", "volume": 0.9, "duck": False}
    block(editor, "intro").click()
    panel = editor.locator(".segment-panel")
    panel.get_by_role("button", name="From a video").click()
    choice.get_by_role("radio", name="Six small").check()
    choice.get_by_role("button", name="Use its sound").click()
    saved(editor, 6)
    panel.get_by_label("Length of the sound in seconds").fill("1.5")
    editor.keyboard.press("Tab")
    saved(editor, 7)
    sound = timeline()["segments"][0]["sfx"]
    assert sound == {"name": "Six small surprises, upright", "path": asset, "duration": 1.5}
    panel.get_by_role("button", name="From a video").click()
    saved(editor, 8)
    assert "sfx" not in timeline()["segments"][0]


def test_a_file_that_is_brought_along_becomes_the_music(
    editor: Any, served: Site, shelf: Shelf, timeline: Timeline, river: bytes
) -> None:
    editor.get_by_role("combobox", name="Music", exact=True).select_option("Sound of a video…")
    choice = editor.get_by_role("dialog", name="The sound of a video")
    choice.locator("input[type=file]").set_input_files({"name": "river.mp4", "mimeType": "video/mp4", "buffer": river})
    for _ in range(200):
        if found := editor.request.get(f"{served.url}/api/runs?pipeline=import").json()["items"]:
            break
        editor.wait_for_timeout(50)
    served.do(fetched, shelf, found[0]["identifier"], river)
    saved(editor, 2)
    projects = editor.request.get(f"{served.url}/api/projects").json()
    assert timeline()["music"] == {"path": f"asset:{max(one['asset_id'] for one in projects)}"}


async def fetched(shelf: Shelf, run: str, content: bytes) -> None:
    """Have the run that takes in a file end, as a worker ends it."""
    async with shelf.database.read() as session:
        row = await Runs(session).get(run)
    stored = await shelf.store.put_bytes(f"videos/{row.subject}/source.mp4", content, content_type="video/mp4")
    place = await shelf.store.in_place(stored.name)
    assert place is not None
    info = await probe(place, shelf.container.environment.settings.media)
    claim = await shelf.claim(row)
    async with shelf.database.begin() as session:
        values = {"cloud_url": stored.uri, "duration": info.duration, "info": info.model_dump(mode="json")}
        await Videos(session).set_source(row.subject, None, **values)
        await Journal(session, claim).event(
            "run.completed", {}, status=RunStatus.COMPLETED, completed_at=func.now(), progress=1.0
        )
