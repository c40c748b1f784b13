"""What anybody may ask of runs: start, cancel, retry. One transaction, then a message; the sweeper mends the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import redis.asyncio as redis
import structlog
from pydantic import BaseModel, JsonValue, ValidationError
from redis.exceptions import RedisError

from moments_ray.database.tables import Run
from moments_ray.engine.environment import Environment
from moments_ray.engine.pipeline import Pipeline
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.queries.submission import Submission, insert_run, mark_notified
from moments_ray.engine.queries.webhooks import Webhook, Webhooks
from moments_ray.engine.runs.cleanup import clean_up_run
from moments_ray.engine.runs.lease import key_of
from moments_ray.engine.runs.live_status import LiveStatus, cancel_key
from moments_ray.engine.runs.queue import Queue
from moments_ray.errors import Conflict, InvalidRequest, MomentsError
from moments_ray.ids import fingerprint
from moments_ray.process import failpoint
from moments_ray.process.tracing import working_on
from moments_ray.states import RunStatus

log = structlog.get_logger()

_CANCEL_FLAG_SECONDS = 300
_PRIVATE_SECONDS = 120.0  # the time a command has to start a worker of its own, before others are notified of its run


@dataclass(frozen=True)
class StartedRun:
    """The run that a request came to; ``reused`` where a finished one did exactly this and nothing was started."""

    run: Run
    reused: bool = False


@dataclass(frozen=True)
class RunOrder:
    """How a run is to be made, beside its request.

    ``deadline_seconds`` is from its claim to its end, ``tries`` how often each stage may be tried; without ``notify``
    workers leave the run alone for a while, because a command drives it itself. ``force`` has it begin although a run
    did exactly this; ``metadata`` is the caller's own, ``options`` what it asked for,
    in its own words.
    """

    priority: int = 5
    idempotency_key: str | None = None
    webhook: Webhook | None = None
    deadline_seconds: float | None = None
    tries: int | None = None
    force: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    notify: bool = True


class RunService:
    """Where runs are started, stopped and taken up again."""

    def __init__(self, environment: Environment, client: redis.Redis | None = None) -> None:
        client = client or environment.redis
        self._environment = environment
        self._settings = environment.settings
        self._database = environment.database
        self._redis = client
        self._registry = environment.registry
        self._queue = Queue(client)
        self._live = LiveStatus(client, environment.registry)

    async def start_by_name(self, pipeline: str, body: Mapping[str, JsonValue], order: RunOrder) -> StartedRun:
        """Start a registered pipeline on what a stranger sent; raises as ``start``."""
        known = self._registry.get(pipeline)
        places = {name for name in ("force", "metadata") if name in known.takes.model_fields}
        if order.metadata and "metadata" not in places:
            raise InvalidRequest(f"Pipeline {pipeline!r} keeps no metadata: leave it out.")
        said: dict[str, JsonValue] = {"force": order.force, "metadata": dict(order.metadata)}
        body = {**{name: said[name] for name in places}, **body}
        try:
            prepare = known.prepare
            request = await prepare(self._environment, body) if prepare else known.takes.model_validate(body)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(each) for each in first["loc"])
            raise InvalidRequest(
                f"request.{where}: {first['msg']}." if where else f"request: {first['msg']}."
            ) from error
        return await self.start(known, request, order)

    async def start(self, pipeline: Pipeline, request: BaseModel, order: RunOrder | None = None) -> StartedRun:
        """Return the run that did exactly this, or go on with the one that did not come through, or begin one.

        Raises:
            InvalidRequest: the request is not what the pipeline takes, or the key was used for another one.
            NotFound: the video it works on is not there.
            RunActive: another active run excludes this one; ``detail["run"]`` names it.
        """
        order = order or RunOrder()
        submission = await self.submission(pipeline, request, order)
        async with self._database.read() as session:
            if order.idempotency_key and (known := await Runs(session).by_idempotency_key(order.idempotency_key)):
                return StartedRun(_same(pipeline, known, submission))
            force = order.force or submission.config.get("force")
            alone = force or submission.subject is None
            standing = None if alone else await Runs(session).newest(submission)
        if standing is not None:
            status = RunStatus(standing.status)
            if status is RunStatus.COMPLETED:
                if order.webhook is not None:
                    await self.add_webhook(standing, order.webhook)
                return StartedRun(standing, reused=True)
            if status.finished:
                return StartedRun(await self.retry(standing.identifier, webhook=order.webhook, notify=order.notify))
        run = _same(pipeline, await self._insert(submission), submission)
        await self._announce(run, notify=order.notify)
        return StartedRun(run)

    async def _insert(self, submission: Submission) -> Run:
        """Write a run, or return the one that was submitted under its idempotency key at the same time."""
        while True:
            if (run := await insert_run(self._database.row, submission)) is not None:
                return run
            async with self._database.read() as session:
                if (known := await Runs(session).instead_of(submission)) is not None:
                    return known

    async def submission(self, pipeline: Pipeline, request: BaseModel, order: RunOrder) -> Submission:
        """Return a run as it is asked for; raises as ``start``."""
        if not 0 <= order.priority <= 10:
            raise InvalidRequest(f"A priority is from 0 to 10, not {order.priority}.")
        config = _config(pipeline, request)
        return Submission(
            pipeline=pipeline.name,
            subject=pipeline.subject(request),
            config=config,
            options=order.options,
            fingerprint=fingerprint({"pipeline": pipeline.name, "config": config}),
            produced_by=fingerprint(await pipeline.identity(self._environment)),
            exclusive_key=pipeline.exclusive(request) if pipeline.exclusive else None,
            video=pipeline.video(request) if pipeline.video else None,
            priority=order.priority,
            idempotency_key=order.idempotency_key,
            webhook=order.webhook,
            deadline_seconds=order.deadline_seconds,
            tries=order.tries,
        )

    async def cancel(self, identifier: str) -> Run:
        """Ask a run to stop; asking again, or asking a finished one, changes nothing.

        Raises:
            NotFound: there is no such run.
        """
        async with self._database.begin() as session:
            run = await Runs(session).request_cancel(identifier)
        failpoint.hit(self._settings, "cancel.committed")
        try:
            if run.status == RunStatus.PROCESSING:
                await self._flag(run)
            elif run.status == RunStatus.CANCELLED:
                await self._live.whole(run, self._registry.get(run.pipeline).stage_names, {})
        except RedisError as error:
            log.warning("cancel.flag_failed", run=identifier, error=str(error))  # the worker reads PostgreSQL too
        if run.status == RunStatus.CANCELLED:
            await self._clean_up(run)
        return run

    async def _clean_up(self, run: Run) -> None:
        """Delete what earlier claims of a run that nobody holds left; that it cannot be done does not matter here."""
        try:
            await clean_up_run(self._environment, run, claimed=False)
        except MomentsError as error:
            log.warning("run.cleanup_failed", run=run.identifier, code=error.code, error=str(error))

    async def _flag(self, run: Run) -> None:
        """Raise the cancel flag, and lower it again if the run ended meanwhile: it would cancel a retry."""
        flag = cancel_key(key_of(run))
        await self._redis.set(flag, run.identifier, ex=_CANCEL_FLAG_SECONDS)
        async with self._database.read() as session:
            standing = await Runs(session).get(run.identifier)
        if RunStatus(standing.status).finished:
            await self._redis.delete(flag)

    async def retry(self, identifier: str, *, webhook: Webhook | None = None, notify: bool = True) -> Run:
        """Continue a run from its failed stage or items, as a new attempt; without a webhook it keeps its own.

        Raises:
            NotFound: there is no such run.
            Conflict: it is active, or it completed without errors.
        """
        async with self._database.begin() as session:
            run = await Runs(session).reopen(identifier)
            if run is None:
                standing = await Runs(session).get(identifier)
                raise Conflict(f"Run {identifier} is {standing.status}; there is nothing to retry.")
            if webhook is not None:
                await Webhooks(session).ask(run.id, webhook)
        try:
            await self._queue.remove_dead_letters(identifier)
        except RedisError as error:
            log.warning("run.dead_letter_kept", run=identifier, error=str(error))
        await self._announce(run, notify=notify)
        return run

    async def add_webhook(self, run: Run, webhook: Webhook) -> None:
        """Have a run notify an address of its end; one that is finished does so now."""
        async with self._database.begin() as session:
            await Webhooks(session).ask(run.id, webhook)

    async def _announce(self, run: Run, *, notify: bool) -> None:
        failpoint.hit(self._settings, "submit.committed")
        with working_on(run.identifier, f"submit {run.pipeline}"):
            await self._notify(run, notify=notify)

    async def _notify(self, run: Run, *, notify: bool) -> None:
        """Show a run that waits and have a worker take it; a Redis that says nothing is waited for once."""
        message, later = None, 0.0 if notify else _PRIVATE_SECONDS
        try:
            await self._live.whole(run, self._registry.get(run.pipeline).stage_names, {})
            if notify:
                message = await self._queue.enqueue(run)
                failpoint.hit(self._settings, "submit.enqueued")
        except RedisError as error:
            log.warning("run.notify_failed", run=run.identifier, error=str(error))  # the sweeper enqueues it
            if notify:
                return
        await mark_notified(self._database.row, run.identifier, message, later=later)


def _config(pipeline: Pipeline, request: BaseModel) -> dict[str, Any]:
    if not isinstance(request, pipeline.takes):
        raise InvalidRequest(f"Pipeline {pipeline.name!r} takes a {pipeline.takes.__name__}.")
    config = request.model_dump(mode="json")
    try:
        pipeline.takes.model_validate(config)
    except ValidationError as error:
        raise InvalidRequest(f"The request does not survive being stored: {error}.") from error
    return config


def _same(pipeline: Pipeline, known: Run, submission: Submission) -> Run:
    url = submission.webhook.url if submission.webhook else None
    if not _asks_the_same(pipeline, known, submission) or known.webhook_url != url:
        raise InvalidRequest("This Idempotency-Key was used for a different request: use a new one.")
    return known


def _asks_the_same(pipeline: Pipeline, known: Run, submission: Submission) -> bool:
    """Tell whether a run's request is this one; that of an older version has another fingerprint, and lacks fields."""
    if known.config_fingerprint == submission.fingerprint:
        return True
    if known.pipeline != submission.pipeline:
        return False
    try:
        return pipeline.takes.model_validate(known.config).model_dump(mode="json") == submission.config
    except ValidationError:
        return False
