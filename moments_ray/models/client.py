"""The clients of models, whoever holds them: a Serve replica, or the process that asks."""

from __future__ import annotations

import asyncio
from typing import Any

from moments_ray.errors import ModelBadResponse
from moments_ray.models import anthropic_chat, chat, elevenlabs, openai_media, openai_speech, parakeet, replicate
from moments_ray.models.attachments import Attachment, read_attachments
from moments_ray.models.conversation import Answer, Question
from moments_ray.models.endpoint import Endpoint
from moments_ray.models.entry import ModelEntry, SpeechApi
from moments_ray.models.making import (
    FilmOrder,
    Job,
    JobCancellation,
    JobResult,
    MadeObject,
    PictureOrder,
    Recording,
    SaidWord,
    SeedSearch,
    SpeechOrder,
)
from moments_ray.models.probe import ModelProbe, probe
from moments_ray.models.results import fetch_result
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
        if entry.provider == "anthropic":
            return await anthropic_chat.complete(self.endpoint(entry), question, timeout, attachments)
        return await chat.complete(self.endpoint(entry), question, timeout, attachments=attachments)

    async def transcribe(self, entry: ModelEntry, recording: Recording, timeout: float) -> Transcript:
        """Have a WAV file transcribed; names that are said in it are for those whose wire takes them.

        Raises:
            StorageError: it cannot be read.
            ModelError: as ``parakeet.transcribe`` and ``openai_speech.transcribe``.
        """
        async with self._cache.open(self._store.uri(recording.audio)) as path:
            if entry.speech_api is SpeechApi.OPENAI:
                return await openai_speech.transcribe(self.endpoint(entry), path, timeout, recording.prompt)
            return await parakeet.transcribe(self.endpoint(entry), path, timeout)

    async def speak(self, entry: ModelEntry, order: SpeechOrder, timeout: float) -> MadeObject:
        """Have words said into an object; raises as ``openai_media.speak`` and ``elevenlabs.speak``."""
        if entry.provider == "elevenlabs":
            sound, words = await elevenlabs.speak(self.endpoint(entry), order, timeout)
            return await self._kept(order.target, sound, "audio/mpeg", words)
        return await self._kept(
            order.target, await openai_media.speak(self.endpoint(entry), order, timeout), "audio/wav"
        )

    async def paint(self, entry: ModelEntry, order: PictureOrder, timeout: float) -> MadeObject:
        """Have a picture painted, or one changed, into an object; raises as ``openai_media.paint``."""
        given = [await self._attachment(name) for name in (order.picture, order.mask) if name is not None]
        painted = await openai_media.paint(self.endpoint(entry), order, timeout, given)
        return await self._kept(order.target, painted, "image/png")

    async def begin(self, entry: ModelEntry, order: FilmOrder | PictureOrder, timeout: float) -> Job:
        """Begin a job at a provider; raises as ``replicate.begin``."""
        picture = None if order.picture is None else await self._attachment(order.picture)
        return await replicate.begin(self.endpoint(entry), order, timeout, picture)

    async def find(self, entry: ModelEntry, search: SeedSearch, timeout: float) -> Job | None:
        """Find a job by its seed; raises as ``replicate.find``."""
        return await replicate.find(self.endpoint(entry), search.seed, timeout)

    async def finish(self, entry: ModelEntry, asked: JobResult, timeout: float) -> Job:
        """Wait for a job, and bring what came of it into an object at once: its address expires.

        Raises:
            ModelBadResponse: it failed there, or its result is somewhere else or too large.
            ModelError: as ``replicate.wait``.
        """
        endpoint = self.endpoint(entry)
        job = await replicate.wait(endpoint, asked.id, timeout)
        if job.status == "succeeded":
            if job.url is None:
                raise ModelBadResponse(f"{entry.key} says that it has succeeded, and not where the result is.")
            data = await fetch_result(replicate.require_ours(job.url, endpoint), entry.key, timeout)
            await self._store.put_bytes(asked.target, data, content_type="application/octet-stream")
        return job

    async def cancel(self, entry: ModelEntry, asked: JobCancellation, timeout: float) -> None:
        """Ask that a job be stopped."""
        await replicate.cancel(self.endpoint(entry), asked.id, timeout)

    async def _attachment(self, name: str) -> Attachment:
        stored = await self._store.stat(name)
        return Attachment(stored.content_type, await self._store.read_range(name, 0, stored.bytes))

    async def _kept(self, name: str, data: bytes, content_type: str, words: tuple[SaidWord, ...] = ()) -> MadeObject:
        await self._store.put_bytes(name, data, content_type=content_type)
        return MadeObject(name=name, content_type=content_type, words=words)

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

    async def call(self, call: Call, timeout: float) -> Any:
        """Make a call; raises as the client's method does."""
        method = getattr(self.client(call.entry.key), call.method)
        return await method(call.entry, call.what, timeout)

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
