"""What anybody may ask of runs: submit, cancel, retry. One transaction, then a ring; the sweeper mends the rest."""

from __future__ import annotations

from typing import Any

import redis.asyncio as redis
import structlog
from pydantic import BaseModel, ValidationError
from redis.exceptions import RedisError

from moments_ray.database.tables import Run
from moments_ray.engine.environment import Environment
from moments_ray.engine.pipeline import Pipeline
from moments_ray.engine.queries.runs import Runs, Submission
from moments_ray.engine.queries.webhooks import Webhook, Webhooks
from moments_ray.engine.runs.live_status import Live, cancel_key
from moments_ray.engine.runs.queue import Queue
from moments_ray.errors import Conflict, InvalidRequest
from moments_ray.ids import fingerprint
from moments_ray.process.failpoint import reach
from moments_ray.states import RunStatus

log = structlog.get_logger()

_CANCEL_FLAG_SECONDS = 300
_PRIVATE_SECONDS = 120.0  # the time a command has to start a worker of its own, before others are rung for its run


class Desk:
    """Where runs are handed in and taken back."""

    def __init__(self, environment: Environment, client: redis.Redis) -> None:
        self._settings = environment.settings
        self._database = environment.database
        self._redis = client
        self._registry = environment.registry
        self._queue = Queue(client)
        self._live = Live(client)

    async def submit(
        self,
        pipeline: Pipeline,
        request: BaseModel,
        *,
        subject: str,
        video_key: int | None = None,
        priority: int = 5,
        idempotency_key: str | None = None,
        webhook: Webhook | None = None,
        ring: bool = True,
    ) -> Run:
        """Queue a run of a pipeline; a known idempotency key returns the run it made.

        Raises:
            InvalidRequest: the request is not what the pipeline takes, or the key was used for another one.
            RunActive: the subject has an active run.
        """
        if not 0 <= priority <= 10:
            raise InvalidRequest(f"a priority is from 0 to 10, not {priority}")
        config = _config(pipeline, request)
        submission = Submission(
            pipeline=pipeline.name,
            subject=subject,
            config=config,
            fingerprint=fingerprint({"pipeline": pipeline.name, "config": config}),
            video_key=video_key,
            priority=priority,
            idempotency_key=idempotency_key,
            webhook=webhook,
        )
        async with self._database.begin() as session:
            runs = Runs(session)
            if idempotency_key is not None and (known := await runs.by_idempotency_key(idempotency_key)):
                return _same(known, submission)
            run = _same(await runs.insert(submission), submission)
        await self._announce(run, ring=ring)
        return run

    async def cancel(self, identifier: str) -> Run:
        """Ask a run to stop; asking again, or asking a finished one, changes nothing.

        Raises:
            NotFound: there is no such run.
        """
        async with self._database.begin() as session:
            run = await Runs(session).request_cancel(identifier)
        reach(self._settings, "cancel.committed")
        try:
            if run.status == RunStatus.PROCESSING:
                await self._flag(run)
            elif run.status == RunStatus.CANCELLED:
                await self._live.whole(run, self._registry.get(run.pipeline).stage_names, {})
        except RedisError as error:
            log.warning("cancel.unflagged", run=identifier, error=str(error))  # the worker reads PostgreSQL too
        return run

    async def _flag(self, run: Run) -> None:
        """Raise the cancel flag, and lower it again if the run ended meanwhile: it would cancel a retry."""
        await self._redis.set(cancel_key(run.subject), run.identifier, ex=_CANCEL_FLAG_SECONDS)
        async with self._database.read() as session:
            standing = await Runs(session).get(run.identifier)
        if RunStatus(standing.status).finished:
            await self._redis.delete(cancel_key(run.subject))

    async def retry(self, identifier: str, *, webhook: Webhook | None = None, ring: bool = True) -> Run:
        """Continue a run from its failed stage or items, as a new attempt; without a webhook it keeps its own.

        Raises:
            NotFound: there is no such run.
            Conflict: it is active, or it completed without errors.
        """
        async with self._database.begin() as session:
            run = await Runs(session).reopen(identifier)
            if run is None:
                standing = await Runs(session).get(identifier)
                raise Conflict(f"run {identifier} is {standing.status}; there is nothing to retry")
            if webhook is not None:
                await Webhooks(session).ask(run.id, webhook)
        try:
            await self._queue.unbury(identifier)
        except RedisError as error:
            log.warning("run.not_unburied", run=identifier, error=str(error))
        await self._announce(run, ring=ring)
        return run

    async def tell(self, run: Run, webhook: Webhook) -> None:
        """Have a run tell of its end; one that is finished tells of that."""
        async with self._database.begin() as session:
            await Webhooks(session).ask(run.id, webhook)

    async def _announce(self, run: Run, *, ring: bool) -> None:
        reach(self._settings, "submit.committed")
        await self._live.queued(run, self._registry.get(run.pipeline).stage_names)
        if not ring:
            async with self._database.begin() as session:
                await Runs(session).rung(run.identifier, None, later=_PRIVATE_SECONDS)
            return
        try:
            message = await self._queue.ring(run)
        except RedisError as error:
            log.warning("run.unrung", run=run.identifier, error=str(error))  # the sweeper rings it
            return
        reach(self._settings, "submit.rung")
        async with self._database.begin() as session:
            await Runs(session).rung(run.identifier, message)


def _config(pipeline: Pipeline, request: BaseModel) -> dict[str, Any]:
    if not isinstance(request, pipeline.takes):
        raise InvalidRequest(f"pipeline {pipeline.name!r} takes a {pipeline.takes.__name__}")
    config = request.model_dump(mode="json")
    try:
        pipeline.takes.model_validate(config)
    except ValidationError as error:
        raise InvalidRequest(f"the request does not survive being stored: {error}") from error
    return config


def _same(known: Run, submission: Submission) -> Run:
    asked_url = submission.webhook.url if submission.webhook else None
    same = known.config_fingerprint == submission.fingerprint and known.webhook_url == asked_url
    if not same or known.subject != submission.subject:
        raise InvalidRequest("this Idempotency-Key was used for a different request; use a new one")
    return known
