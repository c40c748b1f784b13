"""Where a report and its files are."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "01-a b.mp4").write_bytes(b"clip")
    (tmp_path / "thumbnails").mkdir()
    Image.new("RGB", (16, 9), "#336699").save(tmp_path / "thumbnails" / "01.jpg")
    return tmp_path
