"""What the commands of `moments edit` do, on a server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from moments_ray.cli.client import connect
from moments_ray.cli.files import read_object, write_result
from moments_ray.cli.listing import results
from moments_ray.client import MomentsClient
from moments_ray.editor.options import AnalyseBody, RenderBody

__all__ = ["connect", "consent", "export", "ingest", "render", "save", "show"]

Document = dict[str, Any]


async def ingest(
    client: MomentsClient,
    source: str,
    options: AnalyseBody,
    *,
    title: str | None,
    analyze: bool,
    wait: float,
    as_json: bool,
) -> tuple[Document, int]:
    """Make a project of a video, and say its number."""
    async with client:
        made = await client.editor.ingest(
            source, title=title, auto_analyze=analyze, template=options.template, seed=options.seed, wait=wait
        )
    if not as_json:
        results().print(f"project {made.id}\nstatus  {made.status}\nsegments {len(made.timeline.segments)}")
    return made.model_dump(mode="json"), 0


async def show(client: MomentsClient, project: str) -> tuple[Document, int]:
    """Return a project with its timeline."""
    async with client:
        return (await client.editor.project(project)).model_dump(mode="json"), 0


async def save(
    client: MomentsClient, project: str, file: Path, console: Console, *, as_json: bool
) -> tuple[Document, int]:
    """Save a timeline from a file, and say what will not come out as meant.

    Raises:
        SourceNotFound: the file cannot be read.
        InvalidRequest: it is no JSON object.
    """
    given = await asyncio.to_thread(read_object, file, "timeline")
    async with client:
        saved = await client.editor.save(project, given.get("timeline", given))
    for warning in saved.timeline.warnings:
        console.print(f"{warning.code}: {warning.message}", style="yellow", markup=False)
    if not as_json:
        results().print(f"version {saved.version}")
    return saved.model_dump(mode="json"), 0


async def consent(client: MomentsClient, project: str, *, accepted: bool, as_json: bool) -> tuple[Document, int]:
    """Give or take back consent for a project's video."""
    async with client:
        asset = (await client.editor.project(project)).asset.id
        given = await client.editor.consent(asset, accepted=accepted)
    if not as_json:
        results().print("consent is complete" if given.complete else f"consent lacks: {', '.join(given.missing)}")
    return given.model_dump(mode="json"), 0


async def render(
    client: MomentsClient, project: str, out: Path, options: RenderBody, console: Console, *, as_json: bool
) -> tuple[Document, int]:
    """Render a film, show how far it is, and bring it to a file; the exit status is 1 where it failed."""
    columns = (TextColumn("rendering"), BarColumn(bar_width=24), TaskProgressColumn())
    async with client:
        started = await client.editor.render(project, **options.model_dump(exclude_unset=True))
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=100.0)
            state = await client.editor.wait(started.job_id, lambda seen: bar.update(task, completed=seen.progress))
        if state.output_url is None:
            console.print(state.error or "no film was made", style="red", markup=False)
            return state.model_dump(mode="json"), 1
        await client.editor.download(state.output_url, out)
    if not as_json:
        results().print(str(out))
    return state.model_dump(mode="json"), 0


async def export(client: MomentsClient, project: str, form: str, out: Path | None) -> None:
    """Write a timeline for another program to a file, or to stdout."""
    async with client:
        content = await client.editor.export(project, form)
    await write_result(content, out)
