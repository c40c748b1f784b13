"""The client's part for the editor: a video ingested, its timeline saved, a film rendered and brought home."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx
from pydantic import BaseModel

from moments_ray.client.connection import Connection
from moments_ray.client.download import download
from moments_ray.client.shapes import Consent, Ingested, Made, Project, RenderStarted, RenderState
from moments_ray.editor.options import RenderBody
from moments_ray.errors import SourceNotFound
from moments_ray.http.schemas.options import checked, request_body

S = TypeVar("S", bound=BaseModel)
_POLL_SECONDS = 0.5
_THINKING_SECONDS = 60.0  # beside what the caller is willing to wait


class Read(Protocol):
    """Reads an answer as one of the server's shapes."""

    def __call__(self, answer: httpx.Response, shape: type[S]) -> S:
        """Return it; raises ServerBadAnswer for anything else."""


class EditorClient:
    """What can be asked of the editor; projects and assets go by their number or identifier."""

    def __init__(self, connection: Connection, read: Read) -> None:
        self._connection = connection
        self._read = read

    async def ingest(
        self,
        source: str | Path,
        *,
        title: str | None = None,
        auto_analyze: bool = True,
        template: str | None = None,
        seed: int = 0,
        wait: float = 60.0,
    ) -> Ingested:
        """Make a project of a file of at most 64 MiB, or of the video at a URL; waits so many seconds for its analysis.

        ``template`` and ``seed`` are of its first timeline; without one, the deployment's.

        Raises:
            SourceNotFound: the file cannot be read.
            InputError: it is no video.
        """
        fields = {"auto_analyze": str(auto_analyze).lower(), "seed": str(seed), "wait": str(wait)}
        fields |= {name: text for name, text in (("title", title), ("template", template)) if text is not None}
        if isinstance(source, str) and "://" in source:
            content = _form({**fields, "url": source}, None)
        else:
            content = _form(fields, Path(source))
        answer = await self._connection.ask(
            "POST", "/api/ingest", content, repeatable=False, timeout=wait + _THINKING_SECONDS
        )
        return self._read(answer, Ingested)

    async def project(self, project: int | str) -> Project:
        """Return a project with its timeline."""
        return self._read(await self._connection.ask("GET", f"/api/timeline/{project}"), Project)

    async def save(self, project: int | str, timeline: Mapping[str, Any], *, version: int | None = None) -> Project:
        """Save what is given of a timeline; with ``version``, only over that one.

        Raises:
            InputError: it cannot be rendered; the message names the segment.
            Conflict: somebody saved another one meanwhile.
        """
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        answer = await self._connection.ask(
            "POST", f"/api/timeline/{project}", json={"timeline": dict(timeline)}, headers=headers, repeatable=False
        )
        return self._read(answer, Project)

    async def consent(self, asset: int | str, *, accepted: bool = True) -> Consent:
        """Say whether who is seen in an asset agreed."""
        path, body = f"/api/consent/{asset}/checkbox", {"accepted": accepted}
        return self._read(await self._connection.ask("POST", path, json=body), Consent)

    async def render(self, project: int | str, **options: Any) -> RenderStarted:
        """Begin a film; its options are those of ``RenderBody``.

        Raises:
            MomentsError: ``consent.required``, or the timeline cannot be rendered.
            RunActive: another run of the project is under way.
        """
        body = request_body(checked(RenderBody, options))
        return self._read(await self._connection.ask("POST", f"/api/render/{project}", json=body), RenderStarted)

    async def render_state(self, job: str) -> RenderState:
        """Return where a film stands."""
        return self._read(await self._connection.ask("GET", f"/api/render/status/{job}"), RenderState)

    async def wait(self, job: str, on_progress: Callable[[RenderState], None] = lambda _: None) -> RenderState:
        """Return a film's state once it is finished or failed; ``on_progress`` is shown each one before."""
        while True:
            state = await self.render_state(job)
            on_progress(state)
            if state.status in {"finished", "failed"}:
                return state
            await asyncio.sleep(_POLL_SECONDS)

    async def make_video(self, prompt: str, *, wait: float = 60.0, **options: Any) -> Made:
        """Have a film made of words, with the options of ``generate_video``; ``path`` is None while it is being made.

        Raises:
            InputError: the options are not right, or no font draws the words.
        """
        return await self._made("generate_video", {"prompt": prompt, **options}, wait)

    async def edit_image(self, prompt: str, *, wait: float = 60.0, **options: Any) -> Made:
        """Have a picture made or changed as words say, with the options of ``edit_image``; see ``make_video``.

        Raises:
            ModelNotConfigured: only a model could do it.
        """
        return await self._made("edit_image", {"prompt": prompt, **options}, wait)

    async def _made(self, tool: str, body: Mapping[str, Any], wait: float) -> Made:
        answer = await self._connection.ask(
            "POST",
            f"/api/tools/{tool}",
            json=dict(body),
            params={"wait": wait},
            repeatable=False,
            timeout=wait + _THINKING_SECONDS,
        )
        return self._read(answer, Made)

    async def import_cuts(self, project: int | str, path: Path, form: str = "otio") -> Project:
        """Take over the cuts of a file that another editor wrote: otio, edl or fcpxml.

        Raises:
            SourceNotFound: the file cannot be read.
            InputError: it has no cuts, or they are not of this video.
        """
        answer = await self._connection.ask(
            "POST", f"/api/timeline/{project}/import", _form({}, path), params={"format": form}, repeatable=False
        )
        return self._read(answer, Project)

    async def export(self, project: int | str, form: str = "otio") -> bytes:
        """Return a timeline as a file for another program."""
        path = f"/api/timeline/{project}/export"
        return (await self._connection.ask("GET", path, params={"format": form})).content

    async def download(self, url: str, target: Path) -> None:
        """Bring a film, or another file of the editor, home; one that broke off goes on where it was.

        Raises:
            NotFound: there is no such file.
            DiskFull: there is no space.
        """
        await download(self._connection, url, target)


def _form(fields: Mapping[str, str], path: Path | None) -> Callable[[], AbstractContextManager[Mapping[str, Any]]]:
    """Return what opens a form for each try of a request."""

    @contextmanager
    def opened() -> Any:
        if path is None:
            # Fields of a form with parts, as with a file: a part without a file name is a field.
            yield {"files": {name: (None, value) for name, value in fields.items()}}
            return
        try:
            file = path.open("rb")
        except OSError as error:
            raise SourceNotFound(f"{path} cannot be read: {error.strerror}.") from error
        with file:
            yield {"data": dict(fields), "files": {"file": (path.name, file)}}

    return opened
