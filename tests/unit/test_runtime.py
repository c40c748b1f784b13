"""Joining or starting a Ray, before any Ray is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from moments_ray import runtime
from moments_ray.engine.registry import Registry
from moments_ray.errors import InvalidRequest, NoCapacity, RayUnavailable
from moments_ray.products import PRODUCTS
from moments_ray.runtime.nodes import custom_resources
from moments_ray.runtime.ray_token import make_token
from moments_ray.settings import NodeResources, Settings


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]  # pydantic checks them


@pytest.mark.parametrize("address", ["nonsense", "ray://127.0.0.1:10001", ":6379", "host:port", "http://host:6379"])
def test_what_is_no_address_of_a_cluster_is_refused(address: str) -> None:
    with pytest.raises(InvalidRequest, match="HOST:6379"), runtime.cluster(settings(ray_address=address)):
        pytest.fail("joined")


def test_a_cluster_that_is_not_there_is_named() -> None:
    with (
        pytest.raises(RayUnavailable, match=r"RAY_ADDRESS=127\.0\.0\.1:1 "),
        runtime.cluster(settings(ray_address="127.0.0.1:1")),
    ):
        pytest.fail("joined")


STARTS_A_RAY = """
from moments_ray import runtime
from moments_ray.errors import RayUnavailable
from moments_ray.settings import Settings

try:
    with runtime.cluster(Settings(_env_file=None)):
        pass
except RayUnavailable as error:
    print(error.message)
"""


def test_a_ray_of_our_own_that_does_not_start_says_why(tmp_path: Path) -> None:
    environment = {**os.environ, "RAY_OVERRIDE_RESOURCES": "no JSON", "MOMENTS_HOME": str(tmp_path)}
    # A process of its own: Ray leaves behind the processes that it had started by then, for Python to warn of.
    command = [sys.executable, "-c", STARTS_A_RAY]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=150, check=True)
    assert ended.stdout.startswith("Ray did not start on this machine (")


def test_a_node_of_our_own_can_run_every_stage() -> None:
    offer = runtime.node_offer(settings())
    registry = Registry.load((), PRODUCTS)
    assert registry.unsatisfiable([offer]) == {}
    registry.require_capacity([offer])


def test_a_cluster_without_a_stages_resource_is_refused_by_name() -> None:
    registry = Registry.load((), PRODUCTS)
    with pytest.raises(NoCapacity, match="AUDIO_EXTRACTION asks for CPU 1, audio_extraction 1"):
        registry.require_capacity([{"CPU": 64, "clip_extraction": 4}])


def test_resources_of_different_nodes_do_not_add_up() -> None:
    registry = Registry.load((), PRODUCTS)
    custom = custom_resources(settings(resources=NodeResources(audio_extraction=1, clip_extraction=1)))
    assert "CLIP_EXTRACTION" in registry.unsatisfiable([{"CPU": 8}, custom])


def test_a_redis_url_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="REDIS_URL"):
        runtime.open_redis(settings(redis_url=SecretStr("nonsense")))


def test_the_token_is_made_once_for_its_owners_eyes(tmp_path: Path) -> None:
    path = tmp_path / "home" / "ray_token"
    make_token(path)
    token = path.read_text()
    assert len(token) == 64
    assert path.stat().st_mode & 0o777 == 0o600
    make_token(path)
    assert path.read_text() == token
    assert list(path.parent.iterdir()) == [path]
