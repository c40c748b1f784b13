"""The commands that talk to a server: what ``run`` does, on another machine or beside other work."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from moments_ray.cli.bars import ShownStage, StageBars
from moments_ray.cli.files import read_object, write_result
from moments_ray.cli.listing import list_moments, results
from moments_ray.client import ExportFormat, MomentsClient, Run, RunDetail, RunOptions, Started, StartOptions
from moments_ray.errors import NotFound
from moments_ray.moments.stage_titles import stage_title
from moments_ray.settings import Settings
from moments_ray.states import RunStatus

Document = dict[str, Any]

_TIMEOUT_SECONDS = 20.0
_POLL_SECONDS = 1.0
_EXIT = {RunStatus.COMPLETED_WITH_ERRORS: 3, RunStatus.FAILED: 1, RunStatus.CANCELLED: 1}


def connect(server: str | None, settings: Settings) -> MomentsClient:
    """Return a client of the server that is named, or configured, or this machine's."""
    url = server or settings.server_url or f"http://127.0.0.1:{settings.backend_port}"
    return MomentsClient(url, api_key=settings.api_key, timeout=_TIMEOUT_SECONDS)


async def submit(
    client: MomentsClient, source: str, options: RunOptions, console: Console, *, watching: bool, as_json: bool
) -> tuple[Document, int]:
    """Hand in a video, and watch it if asked to; return the document and the exit status.

    Raises:
        MomentsError: the server does not take it.
    """
    async with client:
        started = await _hand_in(client, source, options, console)
        identifier = started.run.identifier
        if started.reused and not as_json:
            console.print("nothing was started: this run did exactly that before")
        if watching:
            return await _followed(client, identifier, console, as_json=as_json)
        if not as_json:
            results().print(f"video {started.video.identifier}\nrun   {identifier}")
            console.print(f"`moments watch {identifier}` follows it", markup=False)
        return started.model_dump(mode="json"), 0


async def _hand_in(client: MomentsClient, source: str, options: RunOptions, console: Console) -> Started:
    """Submit, and show on a terminal how far an upload is."""
    columns = (TextColumn("uploading"), BarColumn(bar_width=24), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, visible="://" not in source)
        return await client.submit(
            source, options, progress=lambda there, whole: bar.update(task, completed=there, total=whole)
        )


async def start(
    client: MomentsClient, pipeline: str, request: Path, options: StartOptions, console: Console, *, watching: bool
) -> tuple[Document, int]:
    """Start any pipeline on what a JSON file says, and watch it if asked to; return the document and the exit status.

    Raises:
        SourceNotFound: the file cannot be read.
        MomentsError: the server does not take it.
    """
    takes = await asyncio.to_thread(read_object, request, "request")
    async with client:
        run = await client.start(pipeline, takes, options)
        if run.reused:
            console.print("a run did exactly this before; --force does it again")
        if watching:
            return await _followed(client, run.identifier, console, as_json=True)
    console.print(f"`moments watch {run.identifier}` follows it", markup=False)
    return {"run": run.model_dump(mode="json")}, 0


async def status(client: MomentsClient, identifier: str, *, as_json: bool) -> tuple[Document, int]:
    """Tell how a run stands, or the newest run of a video.

    Raises:
        NotFound: there is neither.
    """
    async with client:
        run = await _run_of(client, identifier)
        if not as_json:
            _list_stages(run)
        return await _document(client, run), _EXIT.get(run.status, 0)


async def watch(client: MomentsClient, identifier: str, console: Console, *, as_json: bool) -> tuple[Document, int]:
    """Follow a run, or the newest run of a video, to its end; raises as ``status``."""
    async with client:
        run = await _run_of(client, identifier)
        return await _followed(client, run.identifier, console, as_json=as_json)


async def cancel(client: MomentsClient, identifier: str, *, as_json: bool) -> tuple[Document, int]:
    """Ask a run to stop, or the newest run of a video.

    Raises:
        Conflict: it ended otherwise.
    """
    async with client:
        run = await client.cancel((await _run_of(client, identifier)).identifier)
    if not as_json:
        stopped = run.status is RunStatus.CANCELLED
        results().print(f"run {run.identifier} {'is cancelled' if stopped else 'stops as soon as it can'}")
    return {"run": run.model_dump(mode="json")}, 0


async def retry(client: MomentsClient, identifier: str, *, as_json: bool) -> tuple[Document, int]:
    """Continue a run, or the newest run of a video, from what failed.

    Raises:
        Conflict: there is nothing to retry.
    """
    async with client:
        run = await client.retry((await _run_of(client, identifier)).identifier)
    if not as_json:
        results().print(f"run {run.identifier} is {run.status}")
    return {"run": run.model_dump(mode="json")}, 0


async def export(client: MomentsClient, video: str, form: ExportFormat, out: Path | None) -> None:
    """Write a video's moments for another program, to a file or to stdout.

    Raises:
        NotFound: there is no such video.
        InvalidRequest: the file cannot be written.
    """
    async with client:
        content = await client.export(video, form)
    await write_result(content, out)
    if out is not None:
        typer.echo(out)


async def _run_of(client: MomentsClient, identifier: str) -> RunDetail:
    """Return the run of this identifier, or the newest run of the video of it."""
    with suppress(NotFound):
        return await client.run(identifier)
    newest = await client.newest_run(identifier)
    if newest is None:
        video = await client.video(identifier)
        raise NotFound(f"Video {video.identifier} has had no run yet.")
    return await client.run(newest.identifier)


async def _followed(client: MomentsClient, identifier: str, console: Console, *, as_json: bool) -> tuple[Document, int]:
    run = await followed_stages(client, identifier, console)
    document = await _document(client, run)
    if not as_json:
        if run.error is not None:
            _list_stages(run)
        else:
            list_moments(document["moments"])
    return document, _EXIT.get(run.status, 0)


async def followed_stages(client: MomentsClient, identifier: str, console: Console) -> RunDetail:
    """Show a run's stages until it is finished: again at each of its events, and every second for the bars."""
    run = await client.run(identifier)
    moved = asyncio.Event()
    watching = asyncio.create_task(_watch_events(client, identifier, moved))
    try:
        with StageBars([stage.name for stage in run.stages], console) as bars:
            while True:
                progress = await _progress(client, run) if bars.visible else {}
                bars.show({stage.name: ShownStage(stage.status, stage.seconds) for stage in run.stages}, progress)
                if run.status.finished:
                    return run
                with suppress(TimeoutError):
                    await asyncio.wait_for(moved.wait(), _POLL_SECONDS if bars.visible else None)
                if watching.done():
                    watching.result()
                moved.clear()
                run = await client.run(identifier)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _watch_events(client: MomentsClient, identifier: str, moved: asyncio.Event) -> None:
    try:
        async with aclosing(client.watch(identifier)) as events:
            async for _ in events:
                moved.set()
    finally:
        moved.set()


async def _progress(client: MomentsClient, run: Run) -> dict[str, float]:
    with suppress(NotFound):  # a run of another kind of subject than a video
        return await client.progress(run.subject)
    return {}


async def _document(client: MomentsClient, run: Run) -> Document:
    """Return what is known of a run, its video and the moments that a user sees of it."""
    document: Document = {"video": None, "run": run.model_dump(mode="json"), "moments": []}
    with suppress(NotFound):
        document["video"] = (await client.video(run.subject)).model_dump(mode="json")
        document["moments"] = [moment.model_dump(mode="json") for moment in await client.moments(run.subject)]
    return document


def _list_stages(run: RunDetail) -> None:
    table = Table("stage", "status", "done", "seconds", box=None)
    for stage in run.stages:
        seconds = f"{stage.seconds:.1f}" if stage.seconds is not None else ""
        table.add_row(stage_title(stage.name), stage.status, f"{stage.progress:.0%}", seconds)
    out = results()
    out.print(f"run {run.identifier} of {run.subject}: {run.status}", soft_wrap=True)
    out.print(table)
    if run.error is not None:
        where = f"{stage_title(run.error_stage)}: " if run.error_stage else ""
        out.print(f"error: {where}{run.error.message} [{run.error.code}]", soft_wrap=True)
