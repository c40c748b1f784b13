"""What an entry of the registry may say, and how it is written down."""

from __future__ import annotations

from typing import Any

import pytest

from moments_ray.errors import InvalidRequest, ModelNotConfigured, UnknownModel
from moments_ray.library.roles import TRANSCRIBER
from moments_ray.models.entry import DEFAULTS, ModelEntry
from moments_ray.models.registry import choose, defaults
from moments_ray.moments.roles import REFINER


def entry(**fields: Any) -> ModelEntry:
    return ModelEntry.checked({"key": "m", "kind": "llm", **fields})


def test_a_new_deployment_knows_four_remote_models_without_hosts_and_seven_of_providers() -> None:
    remote = {e.key: (e.local_port, e.remote_port, e.path) for e in DEFAULTS if not e.embedded and not e.provider}
    assert remote == {
        "parakeet": (6106, 8006, "/transcribe"),
        "minimax": (8007, 7104, "/v1/chat/completions"),
        "qwen3_omni": (7101, 8002, "/v1/chat/completions"),
        "qwen3_vl_fp8": (6010, 8010, "/v1/chat/completions"),
    }
    assert {(e.key, e.provider) for e in DEFAULTS if e.provider} == {
        ("anthropic", "anthropic"),
        ("openai", "openai"),
        ("openai_speech", "openai"),
        ("openai_image", "openai"),
        ("elevenlabs", "elevenlabs"),
        ("replicate_image", "replicate"),
        ("replicate_video", "replicate"),
    }
    assert not any(e.configured for e in DEFAULTS if not e.embedded)
    hear = {"captions", "parakeet_local", "whisper", "whisper-base", "pocketsphinx"}
    assert {e.key for e in DEFAULTS if e.embedded} == hear | {"local"}
    assert {e.key for e in DEFAULTS if e.supports_video} == {"qwen3_vl_fp8", "local"}


@pytest.mark.parametrize("known", DEFAULTS, ids=lambda e: e.key)
def test_an_entry_comes_back_from_a_hash_as_it_was(known: ModelEntry) -> None:
    assert ModelEntry.from_hash(known.to_hash()) == known


def test_a_hash_says_true_and_false_and_leaves_empty_what_is_not_set() -> None:
    fields = entry(supports_video=True).to_hash()
    assert (fields["supports_video"], fields["supports_json_schema"], fields["top_k"]) == ("true", "false", "")


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "oracle"},
        {"ssh_host": "-oProxyCommand=sh"},
        {"ssh_host": "gpu host", "remote_port": 1},
        {"ssh_host": "gpu"},
        {"ssh_host": "gpu", "remote_port": 0},
        {"ssh_user": "a b"},
        {"base_url": "file:///etc/passwd"},
        {"base_url": "http://user:secret@host"},
        {"base_url": "http://host?x=1"},
        {"base_url": "http://[::1"},
        {"base_url": "http://169.254.169.254/latest"},
        {"base_url": "http://[::ffff:169.254.169.254]"},
        {"base_url": "http://2852039166"},
        {"base_url": "http://0xa9.0xfe.0xa9.0xfe"},
        {"base_url": "http://0.0.0.0:80"},
        {"base_url": "http://h_\u0456.example"},
        {"base_url": "http://host/a b"},
        {"base_url": "http://host\\@other"},
        {"endpoint": "chat"},
        {"endpoint": "/a b"},
        {"model": "a\nb"},
        {"temperature": float("nan")},
        {"temperature": 3},
        {"timeout_s": 0},
        {"max_context": 10},
        {"colour": "red"},
        {"key": "../x"},
    ],
    ids=str,
)
def test_what_is_not_an_entry_is_refused_with_the_field_that_is_wrong(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="entry of the model registry"):
        entry(**fields)


def test_a_tunnel_leads_to_the_remote_port_or_else_to_where_the_base_url_says() -> None:
    assert entry(ssh_host="gpu", remote_host="worker-7", remote_port=8006).tunnel_target == ("worker-7", 8006)
    assert entry(ssh_host="gpu", remote_port=8006).tunnel_target == ("127.0.0.1", 8006)
    assert entry(ssh_host="gpu", base_url="http://worker-9:8002").tunnel_target == ("worker-9", 8002)


@pytest.mark.parametrize("base", ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/"])
def test_a_base_url_may_end_with_the_api_version(base: str) -> None:
    assert entry(base_url=base).url("/v1/chat/completions") == "http://h:1/v1/chat/completions"


def test_the_preferred_model_is_the_default_once_it_has_an_address() -> None:
    known = defaults()
    assert choose(known, None, REFINER).key == "local"
    known["qwen3_vl_fp8"] = known["qwen3_vl_fp8"].model_copy(update={"ssh_host": "gpu"})
    assert choose(known, None, REFINER).key == "qwen3_vl_fp8"
    del known["qwen3_vl_fp8"]
    assert choose(known, None, REFINER).key == "local"


def test_unknown_keys_and_models_without_an_address_are_refused_with_the_cure() -> None:
    with pytest.raises(UnknownModel, match="known are anthropic, local, minimax, openai, qwen3_omni, qwen3_vl_fp8"):
        choose(defaults(), "gpt", REFINER)
    with pytest.raises(UnknownModel):
        choose(defaults(), "parakeet", REFINER)
    with pytest.raises(ModelNotConfigured, match="ssh_host or a base_url"):
        choose(defaults(), "minimax", REFINER)
    with pytest.raises(UnknownModel, match="no transcriber"):
        choose(defaults(), "local", TRANSCRIBER)
    with pytest.raises(UnknownModel, match="none was named: known are captions, "):
        choose(defaults(), None, TRANSCRIBER)
