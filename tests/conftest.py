"""Fixtures every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Ray reads these when it is imported, which happens after this module.
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_AUTH_MODE", "disabled")

SHARED_MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"


@pytest.fixture(scope="session")
def shared_media() -> Path:
    """The folder of real recordings that is kept beside a checkout, not in it."""
    if not SHARED_MEDIA.is_dir():
        pytest.skip("the folder of real recordings (../shared/media) is not beside this checkout")
    return SHARED_MEDIA
