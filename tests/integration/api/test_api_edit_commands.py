"""`moments edit` on the served API: with --json nothing but the document is printed, and bad files are told apart."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from rich.console import Console
from sqlalchemy import select

from moments_ray.cli import edit as commands
from moments_ray.client import MomentsClient
from moments_ray.database.tables import Run
from moments_ray.editor.options import AnalyseBody
from moments_ray.editor.values import AnalysisRequest, TemplateOptions
from moments_ray.errors import InvalidRequest, SourceNotFound
from moments_ray.http.container import Container
from moments_ray.testing.media import make_video
from tests.integration.api.conftest import Library


class Kept(MomentsClient):
    """A client that a command does not close, for the next one."""

    async def close(self) -> None:
        """Stay open; the transport holds nothing."""


@pytest.fixture
def edited(app: FastAPI) -> MomentsClient:
    return Kept("http://localhost", transport=httpx.ASGITransport(app))


@pytest.fixture
async def project(api: httpx.AsyncClient, library: Library) -> str:
    video = await library.video()
    return str((await api.post("/api/projects", json={"video": video.identifier})).json()["id"])


@pytest.mark.parametrize("as_json", [False, True])
async def test_what_was_done_is_said_unless_the_document_is_asked_for(
    edited: MomentsClient, project: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    file = tmp_path / "timeline.json"
    caption = {"text": "word " * 60, "start": 0, "end": 1}
    file.write_text(json.dumps({"segments": [{"name": "intro", "start": 0, "end": 2, "captions": [caption]}]}))
    saved, status = await commands.save(edited, project, file, Console(stderr=True), as_json=as_json)
    given, _ = await commands.consent(edited, project, accepted=True, as_json=as_json)
    back, _ = await commands.consent(edited, project, accepted=False, as_json=as_json)
    assert (status, given["complete"], back["missing"]) == (0, True, ["checkbox"])
    printed = capsys.readouterr()
    said = f"version {saved['version']}\nconsent is complete\nconsent lacks: checkbox\n"
    assert printed.out == ("" if as_json else said)
    assert "caption.too_large" in printed.err


async def test_a_first_timeline_is_of_the_template_and_the_seed_that_are_asked_for(
    edited: MomentsClient, container: Container, tmp_path: Path
) -> None:
    film = make_video(tmp_path / "talk.mp4", seconds=2)
    options = AnalyseBody(template="beat_cut", seed=7)
    made, _ = await commands.ingest(edited, str(film), options, title=None, analyze=True, wait=0, as_json=True)
    async with container.environment.database.read() as session:
        run = await session.scalar(select(Run))
    template = AnalysisRequest.model_validate(run.config).template if run else None
    assert (made["title"], template) == ("talk", TemplateOptions(template="beat_cut", seed=7))


@pytest.mark.parametrize("content", [b"\xff\xfe{", b"[1]", b"[" * 100_000, b""])
async def test_a_file_that_is_no_timeline_is_refused_in_a_sentence(
    edited: MomentsClient, project: str, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "timeline.json"
    file.write_bytes(content)
    with pytest.raises(InvalidRequest, match=r"'timeline\.json' is not"):
        await commands.save(edited, project, file, Console(), as_json=True)


async def test_what_can_be_neither_read_nor_written_is_named(
    edited: MomentsClient, project: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceNotFound, match=r"cannot be read"):
        await commands.save(edited, project, tmp_path, Console(), as_json=True)
    await edited.editor.save(project, {"segments": [{"name": "intro", "start": 0, "end": 2}]})
    with pytest.raises(InvalidRequest, match="Nothing can be written to"):
        await commands.export(edited, project, "json", tmp_path / "none" / "film.json")
