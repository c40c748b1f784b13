from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from moments_ray.errors import RecogniserUnavailable
from moments_ray.settings import Settings
from moments_ray.speech.weights import Weights
from moments_ray.speech.whisper_models import PackagedFile, PackagedModel, find_model, find_own_model, join_model

PIECES = {"ears_one/data/model.bin.1": b"first half, ", "ears_two/data/model.bin.2": b"second half"}
FILES = ("model.bin", "config.json", "tokenizer.json")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


HALVES = PackagedModel(
    name="halves",
    weights=Weights("owner/halves", FILES, megabytes=1),
    requirements=("ears-one==1", "ears-two==1"),
    files={
        "model.bin": PackagedFile(tuple(PIECES), digest(b"first half, second half")),
        "config.json": PackagedFile(("ears_one/data/config.json",), digest(b"{}")),
    },
)
WHOLE = replace(
    HALVES,
    name="whole",
    requirements=("ears-one==1",),
    files={"config.json": HALVES.files["config.json"]}
    | {"model.bin": PackagedFile(("ears_one/data/model.bin",), digest(b"all of it"))},
)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], Path]:
    """Put a file into an installed package; its code must never run."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.syspath_prepend(tmp_path / "site")

    def put(name: str, content: bytes) -> Path:
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        (tmp_path / "site" / name.partition("/")[0] / "__init__.py").write_text("raise SystemExit('imported')\n")
        return path

    return put


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, home=tmp_path / "home")


@pytest.fixture
def halves(package: Callable[[str, bytes], Path]) -> dict[str, Path]:
    return {name: package(name, content) for name, content in PIECES.items()} | {
        "config.json": package("ears_one/data/config.json", b"{}")
    }


def test_a_model_that_is_not_installed_says_what_to_install(settings: Settings) -> None:
    place = find_model(HALVES, settings)
    assert (place.directory, place.join) == (None, False)
    assert place.reason == "halves is not installed; install it with: pip install ears-one==1 ears-two==1"


def test_halves_are_put_together_once_and_then_found(settings: Settings, halves: dict[str, Path]) -> None:
    assert find_model(HALVES, settings).join
    join_model(HALVES, settings)
    place = find_model(HALVES, settings)
    assert place.directory is not None
    assert place.directory.parent == settings.home / "models"
    assert (place.directory / "model.bin").read_bytes() == b"first half, second half"
    assert "ears_one" not in sys.modules


def test_many_who_join_at_once_make_one_directory(settings: Settings, halves: dict[str, Path]) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: join_model(HALVES, settings), range(8)))
    place = find_model(HALVES, settings)
    assert list((settings.home / "models").iterdir()) == [place.directory]


def test_half_a_model_is_no_model(settings: Settings, halves: dict[str, Path]) -> None:
    halves["ears_two/data/model.bin.2"].unlink()
    assert "not installed" in find_model(HALVES, settings).reason


def test_other_bytes_than_the_pinned_ones_are_never_put_together(settings: Settings, halves: dict[str, Path]) -> None:
    halves["ears_two/data/model.bin.2"].write_bytes(b"something else")
    with pytest.raises(RecogniserUnavailable, match=r"^model\.bin of halves is not the file that is pinned by its SHA"):
        join_model(HALVES, settings)
    assert list((settings.home / "models").iterdir()) == []


def test_a_joined_model_that_was_changed_afterwards_is_refused(settings: Settings, halves: dict[str, Path]) -> None:
    join_model(HALVES, settings)
    directory = find_model(HALVES, settings).directory
    assert directory is not None
    (directory / "config.json").write_bytes(b'{"other": true}')
    place = find_model(HALVES, settings)
    assert place.directory is None
    assert place.reason.endswith(f"config.json is not the file that is pinned by its SHA-256; remove {directory}")


def test_a_whole_model_is_used_where_its_package_lies_or_refused(
    settings: Settings, package: Callable[[str, bytes], Path], halves: dict[str, Path]
) -> None:
    path = package("ears_one/data/model.bin", b"all of it")
    assert find_model(WHOLE, settings).directory == path.parent
    path.write_bytes(b"all of it, and more")
    assert find_model(WHOLE, settings).reason.endswith("SHA-256; reinstall ears-one==1")


def test_what_the_operator_put_under_the_home_comes_first(settings: Settings, halves: dict[str, Path]) -> None:
    own = settings.home / "models" / "halves"
    own.mkdir(parents=True)
    for name in FILES:
        (own / name).write_bytes(b"mine")
    assert find_model(HALVES, settings).directory == own


def test_a_directory_of_ones_own_must_hold_a_model(tmp_path: Path) -> None:
    assert "neither a directory nor a model in the hub's cache" in find_own_model("nobody/nothing").reason
    assert "neither a directory nor" in find_own_model("http://127.0.0.1/../x").reason
    (tmp_path / "model.bin").touch()
    assert find_own_model(str(tmp_path)).reason.endswith("it lacks config.json, tokenizer.json")
    for name in FILES:
        (tmp_path / name).touch()
    assert find_own_model(str(tmp_path)).directory == tmp_path
