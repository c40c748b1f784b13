"""What is to be painted: a scene, its colours, the product and the words in it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Painting(BaseModel):
    """What to paint: the scene, its colours (ground, accent, text, second ground), the product and the words in it.

    ``backdrop`` takes the place of a drawn ground. ``picture`` is the product as PNG; without one its name stands
    for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    style: str
    font: str
    scene: int = Field(ge=1, le=4)
    width: int
    height: int
    frames: int = Field(ge=1)
    static: bool
    camera: str
    bpm: int
    palette: tuple[str, str, str, str]
    product_name: str
    words: str = ""
    picture: Path | None = None
    cut_out: bool = False
    logo: Path | None = None
    backdrop: Path | None = None
    seed: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Pixels across and down."""
        return self.width, self.height
