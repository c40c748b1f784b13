"""What a stage is given beside its inputs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from moments_ray.database.session import ReadSession, WriteSession
from moments_ray.engine.environment import Environment, RunRef, S
from moments_ray.engine.resources import Resources
from moments_ray.engine.usage import Usage
from moments_ray.ids import RunId
from moments_ray.settings import Settings
from moments_ray.storage.blocking import require_free_space
from moments_ray.storage.cache import NodeCache
from moments_ray.storage.object_store import ObjectStore

Write = Callable[[WriteSession], Awaitable[None]]

_SHOWN_EVERY_SECONDS = 0.25


@dataclass
class Context:
    """The surroundings of one try of a stage, or of one row of a fan-out.

    ``scratch`` is a directory private to the try, made when it is first asked for and removed after it; ``deadline`` is
    in the event loop's clock, seconds; ``notes`` is what earlier tries noted.
    """

    ref: RunRef
    stage: str
    scratch_path: Path
    deadline: float
    resources: Resources
    environment: Environment = field(repr=False)
    keep_note: Callable[[str, JsonValue], Awaitable[None]] = field(repr=False)
    notes: dict[str, JsonValue] = field(default_factory=dict, repr=False)
    usage: Usage = field(default_factory=Usage, repr=False)
    _writes: list[Write] = field(default_factory=list, repr=False)
    _shown_at: float = field(default=0.0, repr=False)
    _showing: set[asyncio.Task[None]] = field(default_factory=set, repr=False)

    @property
    def scratch(self) -> Path:
        """The try's own directory, in that of its run."""
        self.scratch_path.mkdir(parents=True, exist_ok=True)
        return self.scratch_path

    @property
    def run(self) -> RunId:
        """The run this is a part of."""
        return self.ref.run

    @property
    def folder(self) -> str:
        """Where the objects of this run's subject live, such as ``jobs/{job}``; a video's live with the video."""
        return self.ref.folder

    def staged(self, name: str) -> str:
        """Return the name under which an object waits until something points at it; it goes with the run's end."""
        return f"{self.folder}/staging/{self.run}/{name}"

    @property
    def attempt(self) -> int:
        """The claim this is done under; it names objects so that a zombie cannot overwrite them."""
        return self.ref.attempt

    @property
    def settings(self) -> Settings:
        """The deployment's settings."""
        return self.environment.settings

    @property
    def store(self) -> ObjectStore:
        """Where objects live."""
        return self.environment.store

    @property
    def cache(self) -> NodeCache:
        """The node's copies of objects."""
        return self.environment.cache

    def service(self, kind: type[S]) -> S:
        """Return a service of the product's by its type."""
        return self.environment.service(kind)

    @property
    def threads(self) -> int:
        """Threads native code may use."""
        return self.settings.media.encoder_threads or self.resources.threads()

    async def note(self, key: str, value: JsonValue) -> None:
        """Keep a value for the next try of this stage, or of this item, at once and for good.

        What is paid for, or begun elsewhere, is noted before it is waited for: the next try goes on with it.

        Raises:
            LeaseLost: another worker owns the run; nothing was kept.
        """
        await self.keep_note(key, value)
        self.notes[key] = value

    def read(self) -> AbstractAsyncContextManager[ReadSession]:
        """Open a session to read domain rows with."""
        return self.environment.database.read()

    def seconds_left(self) -> float:
        """Return the seconds until the try's deadline, at least a tenth."""
        return max(0.1, self.deadline - asyncio.get_running_loop().time())

    def require_free_space(self, needed: int) -> None:
        """Check before any work that so many bytes will fit into ``scratch``.

        Raises:
            DiskFull: they will not.
        """
        require_free_space(self.scratch, needed)

    def spent(self, usage: Usage) -> None:
        """Have what models took written with the end of this try, however it ends."""
        self.usage += usage

    def record(self, write: Write) -> None:
        """Have domain rows written in the transaction that commits this output; a stage itself never commits."""
        self._writes.append(write)

    async def close(self) -> None:
        """End what still shows progress: the try is over."""
        for task in self._showing:
            task.cancel()
        await asyncio.gather(*self._showing, return_exceptions=True)

    def take_writes(self) -> list[Write]:
        """Hand the recorded writes to the executor, once."""
        writes, self._writes = self._writes, []
        return writes

    def kept(self, name: str) -> Path:
        """Return a directory of the run's that outlives this try, for what the next try can go on with."""
        directory = self.scratch.parent / name
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def report(self, fraction: float) -> None:
        """Show progress from code that cannot wait; what comes too fast to be seen is left out."""
        now = asyncio.get_running_loop().time()
        if now - self._shown_at < _SHOWN_EVERY_SECONDS:
            return
        self._shown_at = now
        task = asyncio.ensure_future(self.progress(fraction))
        self._showing.add(task)
        task.add_done_callback(self._showing.discard)

    async def progress(self, fraction: float) -> None:
        """Show how far this try is, 0 to 1; cheap enough to call often."""
        await self.environment.status_publisher.progress(self.ref, self.stage, fraction)
