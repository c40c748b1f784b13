"""Pages made from code are current, and the cluster file is one that Ray accepts."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import jsonschema
import pytest
import ray.autoscaler
import yaml
from dotenv import dotenv_values

from moments_ray.engine.registry import Registry
from moments_ray.errors import MomentsError, all_errors
from moments_ray.products import model_roles
from moments_ray.reference import env_example, errors_page
from moments_ray.settings import NodeResources, Settings

ROOT = Path(__file__).parents[2]


def test_the_list_of_settings_is_current() -> None:
    assert (ROOT / ".env.example").read_text("utf-8") == env_example()


def test_the_list_of_errors_is_current() -> None:
    assert (ROOT / "docs" / "errors.md").read_text("utf-8") == errors_page()


def test_every_default_in_the_list_is_what_the_setting_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line.removeprefix("#").split("  #")[0] for line in env_example().splitlines() if line.startswith("#")]
    settings = [line for line in lines if "=" in line and not line.startswith((" ", "MOMENTS_HOME"))]
    stated = [line for line in settings if not line.endswith("=")]
    path = tmp_path / ".env"
    path.write_text("\n".join(stated), "utf-8")
    for name in dotenv_values(path):
        monkeypatch.delenv(name, raising=False)
    found = Settings(_env_file=path)
    assert found.models.quotas == {role.name: role.quota for role in model_roles()}
    models = found.models.model_copy(update={"quotas": {}})
    assert found.model_copy(update={"models": models}) == Settings(_env_file=None)


@pytest.mark.parametrize("kind", list(all_errors()), ids=lambda kind: kind.__name__)
def test_an_error_keeps_its_message_and_detail_between_processes(kind: type[MomentsError]) -> None:
    error = pickle.loads(pickle.dumps(kind("What happened.", {"where": "here"})))  # noqa: S301 - our own bytes
    assert (type(error), error.message, error.detail) == (kind, "What happened.", {"where": "here"})
    assert kind().message


def test_an_errors_code_is_dotted_and_its_status_one_of_http() -> None:
    for kind in all_errors():
        assert kind is MomentsError or "." in kind.code
        assert 400 <= kind.status <= 599


def test_the_cluster_file_is_one_that_ray_accepts() -> None:
    schema = json.loads((Path(ray.autoscaler.__file__).parent / "ray-schema.json").read_text("utf-8"))
    cluster = yaml.safe_load((ROOT / "cluster.yaml").read_text("utf-8"))
    jsonschema.validate(cluster, schema)
    assert cluster["head_node_type"] in cluster["available_node_types"]


def test_the_cluster_files_nodes_offer_what_stages_ask_for_and_what_a_laptop_gives() -> None:
    cluster = yaml.safe_load((ROOT / "cluster.yaml").read_text("utf-8"))
    offers = [node["resources"] for node in cluster["available_node_types"].values()]
    for pipeline in Registry.load([]):
        assert [step.name for step in pipeline.steps if not step.resources.fits(offers)] == []
    local = NodeResources().model_dump(include={"audio_extraction", "clip_extraction"})
    media = cluster["available_node_types"]["media"]["resources"]
    assert {name: media[name] for name in local} == local
