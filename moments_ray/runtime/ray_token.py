"""The token that a Ray of our own asks everybody for."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from moments_ray.settings import Settings


def token_path(settings: Settings) -> Path | None:
    """Return where the token of this home is, unless the operator's environment says something else of tokens."""
    said = {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys()
    wanted = os.environ.get("RAY_AUTH_MODE", "token").lower() == "token"
    return settings.home / "ray_token" if wanted and not said else None


def make_token(path: Path) -> None:
    """Write a token for its owner's eyes, unless there is one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        return
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):  # another process was first, and its token counts
            os.link(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
