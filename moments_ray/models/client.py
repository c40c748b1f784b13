"""The clients of models, whoever holds them: a Serve replica, or the process that asks."""

from __future__ import annotations

import asyncio

from moments_ray.models import chat, openai_speech, parakeet
from moments_ray.models.attachments import read_attachments
from moments_ray.models.conversation import Answer, Question
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.entry import ModelEntry, SpeechApi
from moments_ray.models.probe import ModelProbe, probe
from moments_ray.models.roles import Call
from moments_ray.models.tunnel import Tunnels, TunnelState
from moments_ray.settings import ModelSettings
from moments_ray.speech.transcript import Transcript
from moments_ray.storage.cache import NodeCache
from moments_ray.storage.object_store import ObjectStore


class ModelClient:
    """Connections to one model; the entry comes with every call, and another entry is another set of connections."""

    def __init__(self, settings: ModelSettings, tunnels: Tunnels, store: ObjectStore, cache: NodeCache) -> None:
        self._settings = settings
        self._tunnels = tunnels
        self._store = store
        self._cache = cache
        self._endpoint: Endpoint | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def complete(self, entry: ModelEntry, question: Question, timeout: float) -> Answer:
        """Ask a chat model, with what the question's parts name read from the store.

        Raises:
            ModelInputUnsupported: an object is not what its part says.
            StorageError: it cannot be read.
            ModelError: as ``chat.complete``.
        """
        attachments = await read_attachments(question, self._store)
        return await chat.complete(self.endpoint(entry), question, timeout, attachments=attachments)

    async def transcribe(self, entry: ModelEntry, audio: str, timeout: float) -> Transcript:
        """Have the WAV file under an object's name transcribed.

        Raises:
            StorageError: it cannot be read.
            ModelError: as ``parakeet.transcribe`` and ``openai_speech.transcribe``.
        """
        async with self._cache.open(self._store.uri(audio)) as path:
            if entry.speech_api is SpeechApi.OPENAI:
                return await openai_speech.transcribe(self.endpoint(entry), path, timeout)
            return await parakeet.transcribe(self.endpoint(entry), path, timeout)

    def endpoint(self, entry: ModelEntry) -> Endpoint:
        """Return the connections of an entry; those of an earlier one are closed when they have nothing to do."""
        if self._endpoint is None or self._endpoint.entry != entry:
            self._retire()
            self._endpoint = Endpoint(entry, self._settings, lambda: self._tunnels.entrance(entry))
        return self._endpoint

    async def close(self) -> None:
        """Close every connection."""
        self._retire()
        await asyncio.gather(*self._closing)

    def _retire(self) -> None:
        if self._endpoint is not None:
            task = asyncio.create_task(self._endpoint.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            self._endpoint = None


class LocalClients:
    """Clients of this process by model key, behind tunnels that they share; bound to the running event loop."""

    def __init__(self, settings: ModelSettings, store: ObjectStore, cache: NodeCache) -> None:
        self._settings = settings
        self._store = store
        self._cache = cache
        self._tunnels = Tunnels(settings)
        self._clients: dict[str, ModelClient] = {}

    def client(self, key: str) -> ModelClient:
        """Return the client of a model."""
        if key not in self._clients:
            self._clients[key] = ModelClient(self._settings, self._tunnels, self._store, self._cache)
        return self._clients[key]

    async def call(self, call: Call, timeout: float) -> Answer | Transcript:
        """Make a call; raises as the client's method does."""
        client = self.client(call.entry.key)
        if isinstance(call.what, Question):
            return await client.complete(call.entry, call.what, timeout)
        return await client.transcribe(call.entry, call.what, timeout)

    def tunnels(self) -> list[TunnelState]:
        """Return how the tunnels stand that these clients share."""
        return self._tunnels.states()

    async def probe(self, entry: ModelEntry) -> ModelProbe:
        """Find out what a model can do; nothing is tried twice."""
        settings = self._settings.model_copy(update={"tries": 1})
        client = ModelClient(settings, self._tunnels, self._store, self._cache)
        try:
            return await probe(client.endpoint(entry))
        finally:
            await client.close()

    async def close(self) -> None:
        """Close every connection."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()
        await self._tunnels.close()
