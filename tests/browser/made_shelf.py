"""Films and pictures from text as a worker would have made them, and the states of their page."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageDraw
from sqlalchemy import func

from moments_ray.editor.pipelines import MADE_IMAGE, MADE_VIDEO
from moments_ray.editor.queries.made import MadeFiles
from moments_ray.editor.values import MadeFile
from moments_ray.engine.queries.journal import Journal
from moments_ray.engine.queries.runs import Runs
from moments_ray.errors import ModelUnavailable
from moments_ray.states import RunStatus
from moments_ray.testing.media import run_ffmpeg
from tests.browser.shelf import Shelf, fail_stage
from tests.browser.state import EVERY_SIZE, State, without_data


class MadeShelf:
    """Asks for films and pictures by the API, and brings their runs on."""

    def __init__(self, shelf: Shelf, url: str) -> None:
        self._shelf = shelf
        self._url = url

    def ask(self, tool: str, **asked: Any) -> str:
        """Ask for one, and return its run, which waits."""
        answer = httpx.post(f"{self._url}/api/tools/{tool}?wait=0", json=asked).raise_for_status()
        return str(answer.json()["run"])

    async def film(self, run: str) -> None:
        """Have a film be there."""
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "film.mp4"
            run_ffmpeg(["-f", "lavfi", "-i", "testsrc2=s=360x640:d=1", "-pix_fmt", "yuv420p", path])
            await self._put(run, "video.mp4", path.read_bytes(), MADE_VIDEO.stage_names)

    async def picture(self, run: str) -> None:
        """Have a picture be there."""
        canvas = Image.new("RGB", (360, 360), "#1d6b63")
        ImageDraw.Draw(canvas).ellipse((70, 70, 290, 290), fill="#f2c14e")
        file = io.BytesIO()
        canvas.save(file, "PNG")
        await self._put(run, "image.png", file.getvalue(), MADE_IMAGE.stage_names, applied=("blur",))

    async def fail(self, run: str) -> None:
        """Have a model not answer."""
        async with self._shelf.database.read() as session:
            claim = await self._shelf.claim(await Runs(session).get(run))
        async with self._shelf.database.begin() as session:
            error = ModelUnavailable("replicate_video does not answer: try again later.")
            await fail_stage(Journal(session, claim), MADE_VIDEO.stage_names, "VIDEO_MAKING", error)

    async def _put(self, run: str, name: str, content: bytes, stages: Sequence[str], **result: Any) -> None:
        async with self._shelf.database.read() as session:
            claim = await self._shelf.claim(await Runs(session).get(run))
        stored = await self._shelf.store.put_bytes(
            f"made/{run}/{name}", content, content_type="application/octet-stream"
        )
        made = MadeFile(output=f"{run}-{name}", name=stored.name, backend="embedded", cost_usd=0.0, **result)
        shown = made.model_dump(mode="json")
        async with self._shelf.database.begin() as session:
            journal = Journal(session, claim)
            await journal.start(stages[0], 0, node="node-1")
            await journal.complete(stages[0], shown, fingerprint=None, progress=1.0)
            await MadeFiles(session).put(run, made.output, stored.uri)
            end = {"status": RunStatus.COMPLETED, "completed_at": func.now(), "result": shown, "progress": 1.0}
            await journal.event("run.completed", {}, **end)


def of_made(made: MadeShelf, do: Any, poster: str) -> Sequence[State]:
    """Fill the page with one of each, and return its states."""
    do(made.film, made.ask("generate_video", prompt="Winter came early. The lake froze in one night.", duration=3))
    do(made.picture, made.ask("edit_image", prompt='a gold card that says "Sold out"'))
    do(made.fail, made.ask("generate_video", prompt="A model that is away"))
    made.ask("generate_video", prompt="One that waits")
    return (
        State("made", "/made", sizes=EVERY_SIZE),
        *without_data("made", "/made", "**/api/runs?pipeline=editor.make_video*"),
        State("made-refused", f"/made?kind=picture&image={poster}", _make_it_a_cat, sizes=EVERY_SIZE),
    )


def _make_it_a_cat(page: Any) -> None:
    page.get_by_role("textbox", name="Description").fill("make it a cat")
    page.get_by_role("button", name="Make the picture").click()
    page.get_by_text("model.not_configured").wait_for()
