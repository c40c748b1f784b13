"""The client: one method a thing that can be asked of the API."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, nullcontext
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel

from moments_ray.client.ads import AdMethods
from moments_ray.client.backfills import BackfillMethods
from moments_ray.client.caller import named
from moments_ray.client.download import download, read_range
from moments_ray.client.editor import EditorClient
from moments_ray.client.event_stream import EventDecoder
from moments_ray.client.jobs import JobMethods
from moments_ray.client.shapes import (
    Event,
    Hit,
    Moment,
    Page,
    PipelineStatus,
    Run,
    RunDetail,
    RunStarted,
    Started,
    Transcript,
    Video,
    VideoStarted,
)
from moments_ray.client.upload import Progress, nobody, upload
from moments_ray.errors import MomentsError, ServerUnavailable
from moments_ray.http.schemas.options import checked, given, request_body
from moments_ray.http.schemas.runs import StartOptions, StartRun
from moments_ray.ids import new_identifier
from moments_ray.library.options import TranscriptFormat
from moments_ray.moments.options import ExportFormat, RunOptions

_NO_EVENTS = {"progress", "ping"}  # of the stream: signs of life between the events
_SILENCE_SECONDS = 60.0  # the server says something every 15


class MomentsClient(BackfillMethods, AdMethods, JobMethods):
    """A client of one server; use it as ``async with``, or ``close`` it.

    A server that is busy, or gone after it answered once, is asked again for ``timeout`` seconds.
    """

    @property
    def editor(self) -> EditorClient:
        """What can be asked of the editor."""
        return EditorClient(self._connection, self._read)

    async def submit(
        self,
        source: str | Path,
        options: RunOptions | None = None,
        *,
        key: str | None = None,
        progress: Progress = nobody,
        **named: Any,
    ) -> Started:
        """Bring a video to its moments: one at a URL, or a file, which is uploaded in parts.

        Its options are those of ``RunOptions``: as one, by name, or both, and then a name counts. The same idempotency
        ``key`` again gives the same run; with none given, each call is one submission. ``progress`` is called with the
        bytes of a file that the server has.

        Raises:
            SourceNotFound: the file cannot be read.
            RunActive: the video has an active run; ``detail["run"]`` names it.
            InputError: source or options are no good.
        """
        asked = request_body(checked(RunOptions, {**given(options), **named}))
        key = key or new_identifier()
        keyed = {"Idempotency-Key": key}
        if isinstance(source, str) and "://" in source:
            body = {"url": source, **asked}
            answer = await self._connection.ask("POST", "/api/pipeline/start", _json(body), headers=keyed)
            return self._read(answer, Started)
        said = {"process": "true", "options": json.dumps(asked)}
        answer = await upload(self._connection, Path(source), said, key, progress)
        if answer.status_code == httpx.codes.OK:  # its bytes were there, or the answer that named the run was lost
            video = self._read(answer, VideoStarted).video.identifier
            answer = await self._connection.ask("POST", f"/api/pipeline/{video}/start", _json(asked), headers=keyed)
        return self._read(answer, Started)

    async def start(
        self,
        pipeline: str,
        request: Mapping[str, Any] | BaseModel,
        options: StartOptions | None = None,
        *,
        key: str | None = None,
        **named: Any,
    ) -> RunStarted:
        """Start any pipeline that the server knows, on what that takes; ``reused`` where a run did exactly this before.

        Its options are those of ``StartOptions``: as one, by name, or both, and then a name counts; ``key`` is as in
        ``submit``.

        Raises:
            RunActive: another run forbids this one; ``detail["run"]`` names it.
            InputError: pipeline, request or options are no good.
        """
        takes = request.model_dump(mode="json") if isinstance(request, BaseModel) else request
        asked = checked(StartRun, {**given(options), **named, "pipeline": pipeline, "request": takes})
        headers = {"Idempotency-Key": key or new_identifier()}
        answer = await self._connection.ask("POST", "/api/runs", _json(request_body(asked)), headers=headers)
        return self._read(answer, RunStarted)

    async def video(self, video: str) -> Video:
        """Return a video."""
        return await self._get(f"/api/videos/{named(video)}", Video)

    async def run(self, run: str) -> RunDetail:
        """Return a run with its stages."""
        return await self._get(f"/api/runs/{named(run)}", RunDetail)

    async def newest_run(self, video: str) -> Run | None:
        """Return a video's newest run."""
        page = await self._get("/api/runs", Page[Run], subject=named(video), limit=1)
        return page.items[0] if page.items else None

    async def progress(self, video: str) -> dict[str, float]:
        """Return how far each stage of a video's newest run is, 0 to 1, as the live status says."""
        answer = await self._connection.ask("GET", f"/api/pipeline/{named(video)}/status")
        status = self._read(answer, PipelineStatus).model_extra or {}
        return {
            name.removesuffix("_progress"): float(value) for name, value in status.items() if name.endswith("_progress")
        }

    async def watch(self, run: str, after: int = 0) -> AsyncGenerator[Event, None]:
        """Yield a run's events after a sequence number, each once, until the run is finished.

        Where the connection breaks, it is opened again at the event after the last one.

        Raises:
            ServerUnavailable: the server was gone for longer than the client's timeout.
        """
        path, backoff = f"/api/runs/{named(run)}/events", self._connection.backoff()
        while True:
            asked = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
            try:
                async with self._connection.stream(path, asked, _SILENCE_SECONDS) as response:
                    if response.status_code == httpx.codes.NO_CONTENT:
                        return
                    decoder = EventDecoder()
                    async for piece in response.aiter_bytes():
                        backoff.renew()
                        for streamed in decoder.feed(piece):
                            if streamed.type in _NO_EVENTS:
                                continue
                            event = self._parsed(streamed.data, Event)
                            if event.seq > after:
                                after = event.seq
                                yield event
                broken: MomentsError = ServerUnavailable(f"{self._connection.server} ended the stream of events early.")
            except MomentsError as error:
                if not (error.retryable and self._connection.answered):
                    raise
                broken = error
            await backoff.wait(broken)

    async def wait(self, run: str) -> RunDetail:
        """Return a run once it is finished; raises as ``watch``."""
        async with aclosing(self.watch(run)) as events:
            async for _ in events:
                pass
        return await self.run(run)

    async def cancel(self, run: str) -> Run:
        """Ask a run to stop.

        Raises:
            Conflict: it ended otherwise.
        """
        return self._read(await self._connection.ask("POST", f"/api/runs/{named(run)}/cancel"), Run)

    async def retry(self, run: str) -> Run:
        """Continue a run from its failed stage or items.

        Raises:
            Conflict: there is nothing to retry.
        """
        return self._read(await self._connection.ask("POST", f"/api/runs/{named(run)}/retry", repeatable=False), Run)

    async def moments(self, video: str, *, everything: bool = False) -> list[Moment]:
        """Return a video's moments in time order; ``everything`` has those too that refined ones stand in for."""
        include = "all" if everything else "shown"
        return (await self._get(f"/api/videos/{named(video)}/moments", Page[Moment], include=include)).items

    async def transcript(self, video: str) -> Transcript:
        """Return what was said in a video, word by word."""
        return await self._get(f"/api/videos/{named(video)}/transcript", Transcript)

    async def transcript_text(self, video: str, form: TranscriptFormat = "txt") -> str:
        """Return what was said in a video as text or captions."""
        answer = await self._connection.ask("GET", f"/api/videos/{named(video)}/transcript", params={"format": form})
        return answer.text

    async def export(self, video: str, form: ExportFormat) -> bytes:
        """Return a video's moments as a file for another program."""
        path = f"/api/videos/{named(video)}/moments/export"
        return (await self._connection.ask("GET", path, params={"format": form})).content

    async def download_clip(self, moment: str, target: Path, *, preset: str | None = None) -> None:
        """Bring a moment's clip to a file; one that broke off goes on where it was.

        Raises:
            NotFound: there is no such clip yet.
            Conflict: another process downloads it there.
            DiskFull: there is no space.
        """
        await download(self._connection, _clip(moment, preset), target)

    async def read_clip(self, moment: str, start: int, length: int, *, preset: str | None = None) -> bytes:
        """Return some bytes of a moment's clip; fewer where it ends before."""
        return await read_range(self._connection, _clip(moment, preset), start, length)

    async def search(self, words: str) -> AsyncIterator[Hit]:
        """Yield the places where words were found in titles and in what was said, the best first."""
        cursor: dict[str, str] = {}
        while True:
            page = await self._get("/api/search", Page[Hit], q=words, **cursor)
            for hit in page.items:
                yield hit
            if page.next_cursor is None:
                return
            cursor = {"cursor": page.next_cursor}


def _json(body: Mapping[str, Any]) -> Any:
    return lambda: nullcontext({"json": body})


def _clip(moment: str, preset: str | None) -> str:
    query = f"?{httpx.QueryParams(preset=preset)}" if preset else ""
    return f"/api/clips/{named(moment)}/stream{query}"
