"""``moments run``: one video, from the command line, through the same engine as everywhere."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from moments_ray import runtime
from moments_ray.cli.delivery import deliver
from moments_ray.cli.document import describe
from moments_ray.cli.models import Models, NamedModels, check_early, resolve
from moments_ray.cli.presence import server_lives
from moments_ray.cli.ray_thread import RayThread
from moments_ray.cli.source import examine, read_captions_file, require_writable
from moments_ray.cli.watching import watch
from moments_ray.database.tables import Run, Video
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.runs.actor import execute_to_the_end, start_worker, stop_worker
from moments_ray.engine.runs.live_status import LiveStatus
from moments_ray.engine.runs.service import RunOrder, RunService
from moments_ray.errors import (
    Conflict,
    InputError,
    MomentsError,
    RayUnavailable,
    RunCancelled,
    error_of_code,
)
from moments_ray.library.queries.videos import Videos, get_or_create_video
from moments_ray.library.service import Address
from moments_ray.library.values import SpeechOptions
from moments_ray.models.gateway import Gateway
from moments_ray.moments.options import RunOptions
from moments_ray.moments.pipelines import MOMENTS
from moments_ray.moments.service import moments_parts
from moments_ray.moments.values import MomentsRequest
from moments_ray.process.file_lock import FileLock
from moments_ray.settings import Settings
from moments_ray.speech.captions import read_captions
from moments_ray.speech.captions.encoding import decode
from moments_ray.states import RunStatus
from serve_app.deployments.alone import serve_models_alone

_STOP_SECONDS = 10.0  # for a worker to stop what it runs and to hand it back
_EXIT = {RunStatus.COMPLETED: 0, RunStatus.COMPLETED_WITH_ERRORS: 3}


@dataclass(frozen=True)
class RunArguments:
    """What the command line asks for; ``encoding`` is that of the caption file."""

    source: str
    out: Path
    options: RunOptions
    captions: Path | None = None
    encoding: str | None = None


@dataclass(frozen=True)
class _Checked:
    """What was asked for, found to make sense; ``captions`` is the caption file's bytes."""

    named: Address
    options: RunOptions
    models: NamedModels
    captions: bytes | None


async def run_video(arguments: RunArguments, settings: Settings, console: Console) -> tuple[dict[str, Any], int]:
    """Bring a video's moments to a directory; return the document and the exit status.

    Raises:
        InputError: before anything was started, or with everything removed again.
        MomentsError: the run could not be made.
    """
    checked = await _check(arguments, settings)
    for warning in checked.named.warnings:
        console.print(f"warning: {warning}", style="yellow", markup=False, soft_wrap=True)
    async with runtime.services(settings) as resolved:
        await runtime.require_services(resolved)
        environment = runtime.connect(resolved)
        try:
            return await _run(checked, arguments.out, environment, console)
        finally:
            await environment.close()


async def _check(arguments: RunArguments, settings: Settings) -> _Checked:
    options = arguments.options
    models = NamedModels(
        options.generation_model, options.refinement_model, options.transcriber or settings.speech.transcriber
    )
    check_early(models, settings)
    captions = None
    if arguments.captions is not None:
        captions = await asyncio.to_thread(_read_captions, arguments.captions, arguments.encoding)
    await asyncio.to_thread(require_writable, arguments.out)
    return _Checked(named=await examine(arguments.source, settings), options=options, models=models, captions=captions)


def _read_captions(path: Path, encoding: str | None) -> bytes:
    data = read_captions_file(path)
    if encoding is not None:
        data = decode(data, encoding).text.encode(errors="replace")
    read_captions(data)  # a file we cannot read is refused before anything starts
    return data


async def _run(checked: _Checked, out: Path, environment: Environment, console: Console) -> tuple[dict[str, Any], int]:
    models = await resolve(checked.models, environment.service(Gateway).registry)
    named, row = checked.named, environment.database.row
    video, created = await get_or_create_video(row, named.canonical, source_url=named.url)
    settings = environment.settings
    locks = settings.home / "run" / "videos"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f"{video.identifier}.lock") as sole:
        if not sole.try_acquire():
            raise Conflict("Another `moments run` of this video is at work; wait for it to end.")
        alone = not server_lives(settings)
        request = await _request(checked, models, video, environment)
        run = await _run_of(video, request, environment, priority=checked.options.priority, alone=alone)
        if not RunStatus(run.status).finished:
            run = await _driven(run, environment, console, alone=alone, remote=models.remote)
        if run.status == RunStatus.FAILED:
            await _give_up(run, video, environment, created=created)
        if run.status == RunStatus.CANCELLED:
            raise RunCancelled("The run was cancelled; the same command goes on from there.")
        document = await deliver(await describe(run, environment), environment, out)
    return document, _EXIT.get(RunStatus(run.status), 1)


async def _request(checked: _Checked, models: Models, video: Video, environment: Environment) -> MomentsRequest:
    captions = None
    if checked.captions is not None:
        mark = hashlib.sha256(checked.captions).hexdigest()[:16]
        captions = f"videos/{video.identifier}/captions-given-{mark}.txt"
        await environment.store.put_bytes(captions, checked.captions, content_type="text/plain")
    options = checked.options
    speech = SpeechOptions(
        transcriber=checked.models.transcriber,
        captions=captions,
        language=options.language,
        hot_words=options.hot_words,
    )
    parts = moments_parts(speech, models.generator, models.refiner, options)
    return MomentsRequest(source=checked.named.source(video.identifier), **parts)


async def _run_of(
    video: Video, request: MomentsRequest, environment: Environment, *, priority: int, alone: bool
) -> Run:
    """Return the run of exactly these options: the unfinished one, the finished one, or a new one."""
    service = RunService(environment)
    order = RunOrder(priority=priority, force=request.force, notify=not alone)
    async with environment.database.begin() as session:
        runs = Runs(session)
        active = await runs.active(video.identifier)
        same = await runs.newest(await service.submission(MOMENTS, request, order))
        if active is not None and same is not None and active.identifier == same.identifier:
            await runs.reset_crashes(active.identifier)
            return active
        if active is not None and alone:  # its command was killed, and this one asks for something else
            await runs.replace(active.identifier)
    return (await service.start(MOMENTS, request, order)).run


async def _driven(run: Run, environment: Environment, console: Console, *, alone: bool, remote: bool) -> Run:
    """See a run to its end: by the live server's workers, or by one of our own."""
    if not alone:
        return await watch(run, environment, console)
    ray_thread = RayThread()
    async with _private_worker(ray_thread, environment.settings, console, remote=remote) as actor:
        executing = asyncio.gather(execute_to_the_end(actor, run.identifier), watch(run, environment, console))
        try:
            await ray_thread.unless_lost(executing)
            if ray_thread.lost:
                raise RayUnavailable(
                    "Ray ended, killed from outside or out of memory; the same command goes on from here."
                )
            _, ended = await executing
        except asyncio.CancelledError:
            console.print("stopping; the same command goes on from here", style="yellow")
            raise
        finally:
            executing.cancel()
            await asyncio.gather(executing, return_exceptions=True)
    return ended


@asynccontextmanager
async def _private_worker(
    ray_thread: RayThread, settings: Settings, console: Console, *, remote: bool
) -> AsyncIterator[Any]:
    """Run a Ray of our own, or join the configured one, with a worker that takes nothing but our run."""
    # Whoever waits at a terminal does not want to wait for a stage that can be done again.
    impatient = settings.model_copy(update={"worker": settings.worker.model_copy(update={"drain_seconds": 0.0})})
    name = f"private-{os.getpid()}"
    async with AsyncExitStack() as stack:
        with console.status("starting Ray"):
            await stack.enter_async_context(ray_thread.joined(runtime.cluster(settings)))
            if remote and settings.ray_address is None:
                await ray_thread.do(lambda: serve_models_alone(settings))
            actor = await ray_thread.do(
                lambda: start_worker(runtime.connect, impatient, runtime.open_redis, name=name, detached=False)
            )
        try:
            yield actor
        finally:
            if not ray_thread.lost:
                await ray_thread.unless_lost(asyncio.ensure_future(stop_worker(actor, _STOP_SECONDS)))


async def _give_up(run: Run, video: Video, environment: Environment, *, created: bool) -> None:
    """Raise what the run failed with; bad input leaves nothing behind."""
    error = run.error or {}
    kind = error_of_code(error.get("code"), MomentsError)
    if issubclass(kind, InputError) and created:
        await environment.store.delete_prefix(f"videos/{video.identifier}/")
        await LiveStatus(environment.redis).forget(video.identifier, [run.identifier])
        async with environment.database.begin() as session:
            await Videos(session).delete(video.identifier)
    raise kind(str(error.get("message", "the run failed")))
