"""The Serve config of the repository is one that Serve takes, and says what the code says."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import yaml
from ray.serve._private.api import call_user_app_builder_with_args_if_necessary
from ray.serve._private.build_app import BuiltApplication, build_app
from ray.serve.schema import ServeApplicationSchema, ServeDeploySchema

from moments_ray.products import model_roles
from serve_app.serving import _NAME

CONFIG = Path(__file__).parents[3] / "deploy" / "serve.yaml"


@pytest.fixture(scope="module")
def config() -> ServeDeploySchema:
    parsed: ServeDeploySchema = ServeDeploySchema.model_validate(yaml.safe_load(CONFIG.read_text("utf-8")))
    return parsed


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the nodes of the cluster have in their environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://moments@database/moments")
    monkeypatch.setenv("REDIS_URL", "redis://redis/0")


def built(application: ServeApplicationSchema) -> BuiltApplication:
    """Build an application as Serve does."""
    module, name = application.import_path.split(":")
    builder = getattr(importlib.import_module(module), name)
    return build_app(call_user_app_builder_with_args_if_necessary(builder, application.args), name=application.name)


def test_its_applications_are_those_that_the_server_deploys(config: ServeDeploySchema) -> None:
    assert [application.name for application in config.applications] == [_NAME, *(role.name for role in model_roles())]
    assert [each.route_prefix for each in config.applications] == ["/", *(None for _ in model_roles())]


def test_it_deploys_what_the_builders_build_with_the_same_options(config: ServeDeploySchema) -> None:
    for application in config.applications:
        deployments = {deployment.name: deployment for deployment in built(application).deployments}
        assert {each.name for each in application.deployments} == deployments.keys()
        for each in application.deployments:
            deployment = deployments[each.name]
            said = each.model_dump(exclude_unset=True, exclude={"name", "ray_actor_options"})
            assert said == {name: getattr(deployment, name) for name in said}
            if "ray_actor_options" in each.model_fields_set:
                assert each.ray_actor_options.num_cpus == (deployment.ray_actor_options or {})["num_cpus"]


def test_open_streams_take_no_room_from_others_and_are_not_cut(config: ServeDeploySchema) -> None:
    (api,) = config.applications[0].deployments
    assert api.max_ongoing_requests >= 1000
    assert config.http_options.request_timeout_s in {None, 0}
