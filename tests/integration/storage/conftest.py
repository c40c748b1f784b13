"""The stores that one test-suite runs on."""

from __future__ import annotations

from pathlib import Path

import pytest

from moments_ray.storage.directory import DirectoryStore
from moments_ray.storage.object_store import ObjectStore
from moments_ray.storage.signing import UrlSigner


@pytest.fixture(params=["directory"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ObjectStore:
    """Every store in turn, empty."""
    root: Path = tmp_path_factory.mktemp("store")
    return DirectoryStore(root, UrlSigner(b"k" * 32, "http://127.0.0.1:7005"))
