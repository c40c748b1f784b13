"""The one way to a model: through the Serve clients that hold the cluster's quotas, or from this process."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ray

from moments_ray.engine.usage import Usage
from moments_ray.errors import ModelError, ModelUnavailable, MomentsError
from moments_ray.models.attachments import require_supported
from moments_ray.models.conversation import Answer, Question
from moments_ray.models.entry import ModelEntry
from moments_ray.models.making import Order, Recording
from moments_ray.models.registry import ModelRegistry, require_configured
from moments_ray.models.roles import Call, Method, Role, RoleWithdrawn
from moments_ray.process.metrics import MODEL_SECONDS, Meter, unmetered
from moments_ray.settings import ModelSettings
from moments_ray.speech.transcript import Transcript
from moments_ray.storage.cache import NodeCache
from moments_ray.storage.object_store import ObjectStore

# What follows costs a second to import, and most processes never ask a remote model.
if TYPE_CHECKING:
    from moments_ray.models.client import LocalClients
    from moments_ray.models.probe import ModelProbe
    from moments_ray.models.serve_client import ServeClients


class Gateway:
    """Asks models; bound to the running event loop by its first call."""

    def __init__(
        self,
        settings: ModelSettings,
        registry: ModelRegistry,
        store: ObjectStore,
        cache: NodeCache,
        *,
        meter: Meter = unmetered,
    ) -> None:
        self.registry = registry
        self._meter = meter
        self._settings = settings
        self._store = store
        self._cache = cache
        self._local: LocalClients | None = None
        self._serve: ServeClients | None = None

    async def complete(
        self,
        role: Role,
        entry: ModelEntry,
        question: Question,
        timeout: float,
        *,
        spent: Callable[[Usage], None] = lambda _: None,
    ) -> Answer:
        """Ask a chat model; ``timeout`` is seconds with all waiting and all tries.

        ``spent`` is called with what the answer cost, also where it came to nothing.

        Raises:
            ModelInputUnsupported: the model does not take what the question carries; nothing was sent.
            ModelError: it did not answer, or not as it should.
        """
        require_supported(entry, question)
        try:
            answer: Answer = await self._call(Call(role, "complete", entry, question), timeout)
        except ModelError as error:
            spent(entry.priced(Usage.from_detail(error.detail)))
            raise
        spent(entry.priced(Usage(answer.input_tokens, answer.output_tokens)))
        return answer

    async def transcribe(self, role: Role, entry: ModelEntry, recording: Recording, timeout: float) -> Transcript:
        """Have a WAV file transcribed.

        Raises:
            StorageError: the file cannot be read.
            ModelError: the model did not answer, or not as it should.
        """
        transcript: Transcript = await self._call(Call(role, "transcribe", entry, recording), timeout)
        return transcript

    async def make(self, role: Role, entry: ModelEntry, method: Method, order: Order, timeout: float) -> Any:
        """Have something made, begun, found, finished or stopped: what the client's ``method`` of that name gives.

        Raises:
            StorageError: an object cannot be read or written.
            ModelError: the model did not answer, or not as it should.
        """
        return await self._call(Call(role, method, entry, order), timeout)

    async def probe(self, key: str) -> ModelProbe:
        """Find out what a model can do, from this process, and write what was learned into the registry.

        Raises:
            NotFound: there is no such model.
            ModelNotConfigured: nobody has said where it is.
        """
        from moments_ray.models.probe import ModelProbe, learned  # noqa: PLC0415 - see above

        entry = await self.registry.get(key)
        if entry.embedded:
            return ModelProbe(key=key, reachable=True, video=entry.supports_video)
        found = await self._clients().probe(require_configured(entry))
        if fields := learned(entry, found):
            await self.registry.patch(key, fields)
        return found

    async def close(self) -> None:
        """Close this process's own connections, the registry's too."""
        await self.registry.close()
        if self._local is not None:
            await self._local.close()

    async def _call(self, call: Call, timeout: float) -> Any:
        started, code = time.monotonic(), "cancelled"
        try:
            answer = await self._answer(call, timeout)
            code = ""
        except MomentsError as error:
            code = error.code
            raise
        finally:
            seconds = time.monotonic() - started
            self._meter(MODEL_SECONDS, seconds, role=call.role.name, model=call.entry.key, code=code)
        return answer

    async def _answer(self, call: Call, timeout: float) -> Any:
        try:
            async with asyncio.timeout(timeout):
                if ray.is_initialized():
                    clients = self._serve_clients()
                    while await clients.has(call.role):
                        with contextlib.suppress(RoleWithdrawn):
                            return await clients.call(call, timeout)
                return await self._clients().call(call, timeout)
        except TimeoutError as error:
            raise ModelUnavailable(f"{call.entry.key} did not answer within {timeout:.3g} s.") from error

    def _serve_clients(self) -> ServeClients:
        if self._serve is None:
            from moments_ray.models.serve_client import ServeClients  # noqa: PLC0415 - see above

            self._serve = ServeClients()
        return self._serve

    def _clients(self) -> LocalClients:
        if self._local is None:
            from moments_ray.models.client import LocalClients  # noqa: PLC0415 - see above

            self._local = LocalClients(self._settings, self._store, self._cache)
        return self._local
