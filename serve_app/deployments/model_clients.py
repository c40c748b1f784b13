"""Model clients, one a role of a product: what they have under way together is what the cluster may ask of models.

Each is a Serve application of its own, so that redeploying the API cuts no call off. While nobody asks there is no
replica; the first question starts one. A replica keeps the connections of every model key it was asked for.

Annotations are evaluated here, as in ``serve_app.app``: Serve asks whether the builder's is a class.
"""

import logging
import uuid

from pydantic import BaseModel, ConfigDict, Field
from ray import serve
from ray.serve import Application
from ray.serve.config import AutoscalingConfig
from ray.serve.schema import LoggingConfig

from moments_ray.engine.product import ModelRole
from moments_ray.errors import InvalidRequest
from moments_ray.models.client import LocalClients, ModelClient
from moments_ray.models.conversation import Answer, Question
from moments_ray.models.entry import ModelEntry
from moments_ray.models.making import (
    FilmOrder,
    Job,
    JobCancellation,
    JobResult,
    MadeObject,
    PictureOrder,
    Recording,
    SeedSearch,
    SpeechOrder,
)
from moments_ray.models.tunnel_states import TunnelStates
from moments_ray.products import model_roles
from moments_ray.runtime.connection import open_redis
from moments_ray.runtime.meter import ray_meter
from moments_ray.settings import Settings
from moments_ray.speech.transcript import Transcript
from moments_ray.storage.cache import NodeCache
from moments_ray.storage.factory import open_store
from serve_app.deployments.placing import on_node

_MOST_MODELS = 64  # a client is a connection or two
_QUEUED_PER_SLOT = 4  # beyond it the caller is refused, and waits by itself
_TIMEOUT_SECONDS = 2.0  # with a Redis that says nothing
_LONGEST_ANSWER_SECONDS = 600.0  # that a replica which is taken away still waits for


class ModelClients:
    """A replica: clients by model key, behind tunnels that they share."""

    def __init__(self, settings: Settings) -> None:
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every request
        logging.getLogger("asyncssh").setLevel(logging.WARNING)
        store = open_store(settings, ray_meter)
        cache = NodeCache(store, settings.home / "cache", settings.storage.cache_bytes)
        self._clients = LocalClients(settings.models, store, cache)
        self._tunnel_states = TunnelStates(open_redis(settings, timeout=_TIMEOUT_SECONDS))
        self._client = uuid.uuid4().hex

    @serve.multiplexed(max_num_models_per_replica=_MOST_MODELS)  # type: ignore[untyped-decorator]  # Serve's
    async def client(self, key: str) -> ModelClient:
        """Return the client of a model; Serve sends calls for it to replicas that have one."""
        return self._clients.client(key)

    async def check_health(self) -> None:
        """Publish the tunnels' states, every few seconds when Serve asks; whoever answers is alive."""
        await self._tunnel_states.publish(self._client, self._clients.tunnels())

    async def complete(self, entry: ModelEntry, question: Question, timeout: float) -> Answer:
        """Ask a chat model; raises as ``ModelClient.complete``."""
        client: ModelClient = await self.client(serve.get_multiplexed_model_id())
        return await client.complete(entry, question, timeout)

    async def transcribe(self, entry: ModelEntry, recording: Recording, timeout: float) -> Transcript:
        """Have an object's sound transcribed; raises as ``ModelClient.transcribe``."""
        client: ModelClient = await self.client(serve.get_multiplexed_model_id())
        return await client.transcribe(entry, recording, timeout)

    async def speak(self, entry: ModelEntry, order: SpeechOrder, timeout: float) -> MadeObject:
        """Have words said; raises as ``ModelClient.speak``."""
        client: ModelClient = await self.client(serve.get_multiplexed_model_id())
        return await client.speak(entry, order, timeout)

    async def paint(self, entry: ModelEntry, order: PictureOrder, timeout: float) -> MadeObject:
        """Have a picture painted; raises as ``ModelClient.paint``."""
        client: ModelClient = await self.client(serve.get_multiplexed_model_id())
        return await client.paint(entry, order, timeout)

    async def begin(self, entry: ModelEntry, order: FilmOrder | PictureOrder, timeout: float) -> Job:
        """Begin a job; raises as ``ModelClient.begin``."""
        client: ModelClient = await self.client(serve.get_multiplexed_model_id())
        return await client.begin(entry, order, timeout)

    async def find(self, entry: ModelEntry, search: SeedSearch, timeout: float) -> Job | None:
        """Find a job; raises as ``ModelClient.find``."""
        client: ModelClient = await self.client(serve.get_multiplexed_model_id())
        return await client.find(entry, search, timeout)

    async def finish(self, entry: ModelEntry, asked: JobResult, timeout: float) -> Job:
        """Wait for a job and fetch its result; raises as ``ModelClient.finish``."""
        client: ModelClient = await self.client(serve.get_multiplexed_model_id())
        return await client.finish(entry, asked, timeout)

    async def cancel(self, entry: ModelEntry, asked: JobCancellation, timeout: float) -> None:
        """Stop a job; raises as ``ModelClient.cancel``."""
        client: ModelClient = await self.client(serve.get_multiplexed_model_id())
        await client.cancel(entry, asked, timeout)


def application(role: ModelRole, settings: Settings, beside: str | None = None) -> Application:
    """Build the application of a role, its replicas on the node whose address is ``beside`` if that is given."""
    limit = settings.models.quota(role.name, role.quota)
    deployment = serve.deployment(
        name=role.name,
        max_ongoing_requests=limit.at_once,
        max_queued_requests=_QUEUED_PER_SLOT * limit.replicas * limit.at_once,
        autoscaling_config=AutoscalingConfig(
            min_replicas=0,
            initial_replicas=0,
            max_replicas=limit.replicas,
            target_ongoing_requests=limit.at_once,
            upscale_delay_s=0.0,
        ),
        # It waits for networks; the quota is what bounds it.
        ray_actor_options={"num_cpus": 0} if beside is None else on_node(beside),
        graceful_shutdown_timeout_s=_LONGEST_ANSWER_SECONDS,
        logging_config=LoggingConfig(encoding="JSON", log_level=settings.log_level),
    )
    return deployment(ModelClients).bind(settings)


class ClientArgs(BaseModel):
    """What a Serve config says under ``args`` of a model client; settings come from the environment of the cluster."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: str
    settings: Settings = Field(default_factory=Settings)


def app(args: ClientArgs) -> Application:
    """Build the application of a role, for a Serve config.

    Raises:
        InvalidRequest: no product has such a role.
    """
    roles = {role.name: role for role in model_roles()}
    if args.role not in roles:
        raise InvalidRequest(f"No product has a model role {args.role[:80]!r}: there are {', '.join(roles)}.")
    return application(roles[args.role], args.settings)


def deploy(settings: Settings, beside: str | None = None) -> None:
    """Deploy every role's on the cluster that this process has joined, and return when they can be asked.

    They run on the node whose address is ``beside`` if that is given.
    """
    targets = [
        serve.RunTarget(application(role, settings, beside), role.name, route_prefix=None) for role in model_roles()
    ]
    serve.run_many(targets)


def withdraw() -> None:
    """Take them away, once what they have under way is answered."""
    for role in model_roles():
        serve.delete(role.name, _blocking=False)
    for role in model_roles():
        serve.delete(role.name)
