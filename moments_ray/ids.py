"""Typed public identifiers and the builders that make the same work carry the same name twice."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import NewType

from pydantic import JsonValue

VideoId = NewType("VideoId", str)
RunId = NewType("RunId", str)
MomentId = NewType("MomentId", str)
ClipId = NewType("ClipId", str)

_NAMESPACE = uuid.UUID("6f9d2c1e-8a47-4c53-9d0b-52f4b1a7c3e8")


def new_identifier() -> str:
    """Return a fresh opaque identifier (UUID4, 36 characters)."""
    return str(uuid.uuid4())


def derived_identifier(*parts: str | int) -> str:
    """Return the identifier that these parts always have (UUID5, 36 characters)."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(str(part) for part in parts)))


def moment_id(run: RunId, rank: int) -> MomentId:
    """Name the moment a run generated at a rank, so that a retried stage writes the same row."""
    return MomentId(derived_identifier("moment", run, rank))


def refined_moment_id(parent: MomentId, fingerprint: str) -> MomentId:
    """Name the refinement of a moment under given options."""
    return MomentId(derived_identifier("refined", parent, fingerprint))


def clip_id(moment: MomentId, preset: str) -> ClipId:
    """Name the one clip a moment has in a preset."""
    return ClipId(derived_identifier("clip", moment, preset))


def fingerprint(value: JsonValue) -> str:
    """Return the SHA-256 (64 hex digits) of a value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
