"""Runs that tell of their end, and those who deliver that."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func

from moments_ray import runtime
from moments_ray.database.tables import Run, WebhookDelivery
from moments_ray.engine.queries.claims import Claims, claim_of
from moments_ray.engine.queries.journal import Journal
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.queries.webhooks import Webhook, Webhooks
from moments_ray.engine.runs.service import RunService
from moments_ray.engine.runs.webhooks import Deliverer
from moments_ray.ids import new_identifier
from moments_ray.settings import Settings
from moments_ray.states import RunStatus
from tests.ray.toy_pipeline import TOY, Ask
from tests.runs import submit


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def move_to(self, at: datetime | None) -> None:
        assert at is not None
        self.ahead = at - datetime.now(UTC)


class Ends:
    """Runs that are asked to tell of their end, and how the telling stands."""

    def __init__(self, settings: Settings) -> None:
        self.environment = runtime.connect(settings)
        self.database = self.environment.database
        self.redis = runtime.open_redis(settings)
        self.run_service = RunService(self.environment, self.redis)
        self.clock = Clock()
        self.answer_seconds = 20.0

    async def queued(self, url: str, secret: str | None = None) -> Run:
        return await submit(
            self.run_service, TOY, Ask(text="x"), subject=new_identifier(), webhook=Webhook(url, secret)
        )

    async def end(self, run: Run, status: RunStatus = RunStatus.COMPLETED, **values: Any) -> Run:
        """Bring a run to its verdict as a worker does."""
        async with self.database.begin() as session:
            claimed = await Claims(session).claim(run.identifier, "worker-test", 60.0)
            assert claimed is not None
        async with self.database.begin() as session:
            journal = Journal(session, claim_of(claimed))
            await journal.event(f"run.{status}", {}, status=status, completed_at=func.now(), **values)
            return await Runs(session).get(run.identifier)

    async def told(self, run: Run) -> list[WebhookDelivery]:
        async with self.database.read() as session:
            return await Webhooks(session).of_run(run.id)

    async def until(self, run: Run, wanted: Callable[[WebhookDelivery], bool]) -> WebhookDelivery:
        """Wait until a run's one message is as wanted."""
        async with asyncio.timeout(60):
            while True:
                (message,) = await self.told(run)
                if wanted(message):
                    return message
                await asyncio.sleep(0.02)

    async def ended(self, run: Run) -> WebhookDelivery:
        return await self.until(run, lambda message: message.status != "pending")


@contextlib.asynccontextmanager
async def delivering(ends: Ends, deliverers: int = 1) -> AsyncIterator[None]:
    def often() -> Deliverer:
        return Deliverer(ends.environment, clock=ends.clock, poll_seconds=0.02, answer_seconds=ends.answer_seconds)

    tasks = [asyncio.create_task(often().run()) for _ in range(deliverers)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
