"""Many ads at once, written and spoken by providers that answer no more than two requests at a time: are any refused?

    python -m benchmarks.ads_at_once [--ads 20]

The providers are a server on loopback that answers 429 to whatever is over their limit. Everything else is real: Ray, a
worker, the clients of models that hold the roles' quotas of two.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

from pydantic import SecretStr

from benchmarks.own_ray import own_ray
from moments_ray import runtime
from moments_ray.ads.options import AdOptions
from moments_ray.ads.requests import Uploads
from moments_ray.ads.service import AdService
from moments_ray.embedded.services import embedded_services
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.runs import Runs
from moments_ray.engine.queries.sweeps import Sweeps
from moments_ray.engine.runs.actor import start_worker
from moments_ray.models.gateway import Gateway
from moments_ray.settings import ModelSettings, ProviderSettings, Settings, WorkerSettings
from moments_ray.testing.model_server import ReceivedRequest, Reply, json_reply, model_server
from moments_ray.testing.provider_server import KEYS, Providers
from serve_app.deployments.model_clients import deploy, withdraw

_LIMIT = 2  # requests of one kind under way, as the roles' quotas are
_SECONDS = 0.25  # that a provider takes to answer
_WORDS = {
    "hook": "Listen closely.",
    "cta": "Shop Now.",
    "voiceovers": ["This is it.", "Every detail has its reason.", "Made for quiet evenings.", "Shop Now."],
    "visual_prompts": ["on marble", "a close view", "a quiet room", "centred"],
}


class Limited:
    """Providers that refuse what is over their limit."""

    def __init__(self) -> None:
        self.most: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._under_way: Counter[str] = Counter()
        self._providers = Providers(lambda _: _WORDS)

    async def __call__(self, request: ReceivedRequest) -> Reply:
        """Answer one request, or refuse it."""
        kind = request.path.split("/")[2]
        if self._under_way[kind] >= _LIMIT:
            self.refused[kind] += 1
            return json_reply({"error": {"message": "too many requests"}}, 429, retry_after="1")
        self._under_way[kind] += 1
        self.most[kind] = max(self.most[kind], self._under_way[kind])
        try:
            await asyncio.sleep(_SECONDS)
            self.answered[kind] += 1
            return self._providers(request)
        finally:
            self._under_way[kind] -= 1


async def make(settings: Settings, count: int) -> float:
    """Have so many ads written and spoken at once; return the wall seconds."""
    environment = runtime.connect(settings)
    worker = start_worker(runtime.connect, settings, runtime.open_redis, name="bench", detached=False)
    await worker.start.remote()
    service = AdService(environment, runtime.run_service(environment), environment.service(Gateway).registry)
    began = time.perf_counter()
    runs = [(await service.create(_asked(number), Uploads(), None)).run.identifier for number in range(count)]
    waiting = set(runs)
    while waiting:
        await asyncio.sleep(0.2)
        async with environment.database.read() as session:
            waiting = await Sweeps(session).active_identifiers(waiting)
    wall = time.perf_counter() - began
    await _require_completed(environment, runs)
    await worker.drain.remote()
    await environment.close()
    return wall


def _asked(number: int) -> AdOptions:
    return AdOptions(
        product_name=f"Headphones {number}",
        style="minimal",
        cta_text="Shop Now",
        stop_after="voice_gen",
        filmer="embedded",
        painter="embedded",
    )


async def _require_completed(environment: Environment, runs: list[str]) -> None:
    async with environment.database.read() as session:
        ended = [await Runs(session).get(run) for run in runs]
    failed = [run for run in ended if run.status != "completed"]
    if failed:
        raise SystemExit(f"{len(failed)} of {len(runs)} ads failed: {failed[0].error}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ads", type=int, default=20)
    count: int = parser.parse_args().ads
    limited = Limited()
    with tempfile.TemporaryDirectory(prefix="moments-", dir="/tmp") as home, model_server(limited) as server:
        keys = {name: ProviderSettings(api_key=SecretStr(key), base_url=server.url) for name, key in KEYS.items()}
        settings = Settings(
            _env_file=None,
            home=Path(home),
            database_url=None,
            redis_url=None,
            gcs_bucket_name=None,
            models=ModelSettings(providers=keys),
            worker=WorkerSettings(runs_at_once=count),
        )
        wall = asyncio.run(_measured(settings, count))
    for kind, what in (("messages", "scripts"), ("text-to-speech", "voices")):
        answered, most, refused = limited.answered[kind], limited.most[kind], limited.refused[kind]
        print(f"{what:8} {answered:4} answered, {most} at once, {refused} refused")
    print(f"{count} ads in {wall:.0f} s")


async def _measured(settings: Settings, count: int) -> float:
    async with embedded_services(settings) as services:
        urls = {"database_url": SecretStr(services.database_url), "redis_url": SecretStr(services.redis_url)}
        served = settings.model_copy(update=urls)
        await runtime.migrate(served)
        return await asyncio.to_thread(_on_ray, served, count)


def _on_ray(settings: Settings, count: int) -> float:
    with own_ray(settings):
        deploy(settings)
        try:
            return asyncio.run(make(settings, count))
        finally:
            withdraw()


if __name__ == "__main__":
    main()
