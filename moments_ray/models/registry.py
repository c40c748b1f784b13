"""The models this deployment can ask, by key.

What operators change is kept in PostgreSQL, over the defaults in the code. The hashes in Redis are the copy that
everybody reads: always written whole from PostgreSQL under one lock, and written again where Redis lost it.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from moments_ray.database.session import Database
from moments_ray.errors import Conflict, InvalidRequest, ModelNotConfigured, NotFound, RedisUnavailable, UnknownModel
from moments_ray.models.entry import DEFAULTS, KEY, PROVIDER_URLS, ModelEntry, ModelKind
from moments_ray.models.queries import ModelEntries
from moments_ray.models.roles import Role
from moments_ray.settings import Settings

log = structlog.get_logger()

KEYS = "model:config:_keys"
LOCAL = "local"


def hash_key(key: str) -> str:
    """Return where Redis keeps a model's entry."""
    return f"model:config:{key}"


class ModelRegistry:
    """Reads and changes of the registry; safe from many processes at once."""

    def __init__(self, database: Database, client: redis.Redis, settings: Settings | None = None) -> None:
        self._database = database
        self._redis = client
        self._settings = settings

    async def entries(self) -> dict[str, ModelEntry]:
        """Return every model by key; where Redis does not answer, as PostgreSQL has them.

        Raises:
            DatabaseUnavailable: Redis does not have them, and PostgreSQL cannot be reached.
        """
        try:
            found = await self._read()
            entries = found if found is not None else await self.publish()
        except (RedisError, RedisUnavailable) as error:
            log.warning("models.redis_unavailable", reason=type(error).__name__)
            async with self._database.read() as session:
                entries = _with_defaults(await ModelEntries(session).all())
        return {key: provided(entry, self._settings) for key, entry in entries.items()}

    async def get(self, key: str) -> ModelEntry:
        """Return a model.

        Raises:
            NotFound: there is none under this key.
        """
        entries = await self.entries()
        if key not in entries:
            raise _not_found(key)
        return entries[key]

    async def resolve(self, key: str | None, role: Role) -> ModelEntry:
        """Return the model that plays a role: the one of this key, or the first preferred one that is configured.

        Raises:
            UnknownModel: there is none of this key that can play it; the message names those that can.
            ModelNotConfigured: nobody has said where it is.
        """
        return choose(await self.entries(), key, role)

    async def transcribers(self) -> list[ModelEntry]:
        """Return the remote recognisers that can be asked, by key."""
        entries = (await self.entries()).values()
        return sorted(
            (entry for entry in entries if entry.kind is ModelKind.ASR and entry.configured and not entry.embedded),
            key=lambda entry: entry.key,
        )

    async def put(self, key: str, fields: Mapping[str, Any]) -> ModelEntry:
        """Write a whole entry, over the one there was.

        Raises:
            InvalidRequest: the fields are not those of an entry.
            Conflict: the model is a part of the product.
        """
        entry = _named(key, fields)
        async with self._changing() as (kept, entries):
            if key in entries:
                _refuse_embedded(entries[key])
            await kept.put(key, entry.model_dump(mode="json"))
        return entry

    async def patch(self, key: str, fields: Mapping[str, Any]) -> ModelEntry:
        """Change some fields of an entry.

        Raises:
            NotFound: there is none under this key.
            InvalidRequest: the result is not an entry.
            Conflict: the model is a part of the product.
        """
        async with self._changing() as (kept, entries):
            entry = _named(key, {**_changeable(key, entries).model_dump(), **fields})
            await kept.put(key, entry.model_dump(mode="json"))
        return entry

    async def delete(self, key: str) -> ModelEntry | None:
        """Forget what an operator said of a model: one of the code's defaults is that again, and any other is gone.

        Raises:
            NotFound: there is none under this key.
            Conflict: the model is a part of the product.
        """
        async with self._changing() as (kept, entries):
            _changeable(key, entries)
            await kept.delete(key)
        return defaults().get(key)

    async def publish(self) -> dict[str, ModelEntry]:
        """Write Redis's copy again and return it.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        async with self._database.begin() as session:
            repository = ModelEntries(session)
            await repository.lock()  # or a slower publisher would bring back what a faster one has just replaced
            entries = _with_defaults(await repository.all())
            try:
                await self._write(entries)
            except RedisError as error:
                raise RedisUnavailable(f"Redis cannot be reached: {error}") from error
        return entries

    async def close(self) -> None:
        """Close the connection to Redis."""
        await self._redis.aclose()

    @contextlib.asynccontextmanager
    async def _changing(self) -> AsyncIterator[tuple[ModelEntries, dict[str, ModelEntry]]]:
        """Give the entries under their lock, and what they are; when the block has ended, Redis is written."""
        async with self._database.begin() as session:
            kept = ModelEntries(session)
            await kept.lock()
            yield kept, _with_defaults(await kept.all())
        try:
            await self.publish()
        except RedisUnavailable as error:
            raise RedisUnavailable(
                "The change is kept, but Redis could not be written: make it once more when Redis is back."
            ) from error

    async def _read(self) -> dict[str, ModelEntry] | None:
        """Return Redis's copy; None where it is not whole."""
        keys = sorted(_text(key) for key in await self._redis.smembers(KEYS))
        if not keys:
            return None
        async with self._redis.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.hgetall(hash_key(key))
            hashes: list[dict[Any, Any]] = await pipe.execute()
        try:
            found = [ModelEntry.from_hash({_text(n): _text(v) for n, v in each.items()}) for each in hashes]
        except InvalidRequest as error:
            log.warning("models.redis_copy_broken", reason=str(error))
            return None
        return {entry.key: entry for entry in found}

    async def _write(self, entries: Mapping[str, ModelEntry]) -> None:
        before = {_text(key) for key in await self._redis.smembers(KEYS)}
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(KEYS, *(hash_key(key) for key in {*before, *entries}))
            for key, entry in entries.items():
                pipe.hset(hash_key(key), items=[text for field in entry.to_hash().items() for text in field])
            pipe.sadd(KEYS, *entries)
            await pipe.execute()


def provided(entry: ModelEntry, settings: Settings | None) -> ModelEntry:
    """Return a provider's entry with its address and model, where this deployment has the provider's key."""
    if settings is None or entry.provider is None or entry.configured:
        return entry
    if settings.models.secret(entry.key, entry.provider) is None:
        return entry
    url = settings.models.provider(entry.provider).base_url or PROVIDER_URLS[entry.provider]
    model = entry.model or (settings.anthropic_model if entry.provider == "anthropic" else "")
    return entry.model_copy(update={"base_url": url, "model": model})


def choose(entries: Mapping[str, ModelEntry], key: str | None, role: Role) -> ModelEntry:
    """Return the model of a key, or, with none given, the first of the role's preferred ones that is configured.

    Raises:
        UnknownModel: naming the keys there are.
        ModelNotConfigured: nobody has said where the model is.
    """
    able = {entry.key: entry for entry in entries.values() if entry.kind in role.kinds}
    if key is None:
        key = next((name for name in role.preferred if name in able and able[name].configured), "")
    if key not in able:
        known = ", ".join(sorted(able)) or "none"
        named = f"There is no {role} {key[:80]!r}" if key else f"No {role} is configured and none was named"
        raise UnknownModel(f"{named}: known are {known}.")
    return require_configured(able[key])


def require_configured(entry: ModelEntry) -> ModelEntry:
    """Return an entry that can be asked.

    Raises:
        ModelNotConfigured: nobody has said where the model is.
    """
    if not entry.configured:
        cure = f"give it an ssh_host or a base_url with PATCH /api/admin/models/{entry.key}"
        if entry.provider is not None:
            cure = f"set {entry.key_setting}, or {cure}"
        raise ModelNotConfigured(f"{entry.key} has no address yet: {cure}.")
    return entry


def defaults() -> dict[str, ModelEntry]:
    """Return the models a new deployment knows."""
    return {entry.key: entry for entry in DEFAULTS}


def _with_defaults(changed: Mapping[str, dict[str, Any]]) -> dict[str, ModelEntry]:
    return {**defaults(), **{key: ModelEntry.checked(fields) for key, fields in changed.items()}}


def _not_found(key: str) -> NotFound:
    return NotFound(f"There is no model {key[:80]!r}; GET /api/admin/models lists those there are.")


def _named(key: str, fields: Mapping[str, Any]) -> ModelEntry:
    if not KEY.fullmatch(key):
        raise InvalidRequest("A model key has a-z, 0-9, dots, dashes and underscores, 64 at most.")
    if fields.get("key", key) != key:
        raise InvalidRequest("The key in the entry is not the one in the address.")
    if fields.get("embedded"):
        raise InvalidRequest("Only the product's own models are embedded: leave the field out.")
    return ModelEntry.checked({**fields, "key": key})


def _changeable(key: str, entries: Mapping[str, ModelEntry]) -> ModelEntry:
    if key not in entries:
        raise _not_found(key)
    _refuse_embedded(entries[key])
    return entries[key]


def _refuse_embedded(entry: ModelEntry) -> None:
    if entry.embedded:
        raise Conflict(f"{entry.key} is a part of the product: it can be neither changed nor deleted.")


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
