"""What an API key is: ``mr_IDENTIFIER_SECRET``, of which only the hash is kept."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

_FORM = re.compile(r"mr_([0-9a-f]{16})_[0-9a-f]{64}")


class Scope(StrEnum):
    """What a key allows; each allows what stands before it, too."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def covers(self, needed: Scope) -> bool:
        """Tell whether a key of this scope allows what needs that one."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True)
class Key:
    """A key as its holder has it; it can be told from other secrets by its prefix, and found by its identifier.

    SHA-256 is enough for the hash: there are 256 random bits to guess, not somebody's password.
    """

    identifier: str
    text: str = field(repr=False)

    @classmethod
    def make(cls) -> Self:
        """Make a key that nobody has."""
        identifier = secrets.token_hex(8)
        return cls(identifier, f"mr_{identifier}_{secrets.token_hex(32)}")

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read what somebody sent; None where it is not of the form of a key."""
        match = _FORM.fullmatch(text)
        return cls(match[1], text) if match else None

    @property
    def digest(self) -> str:
        """The SHA-256 of the key (64 hex digits), which is all that is kept of it."""
        return digest_of(self.text)


def new_token() -> str:
    """Return what a browser's cookie holds: 256 random bits that nobody has."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """Return the SHA-256 of a key or a token as 64 hex digits."""
    return hashlib.sha256(secret.encode()).hexdigest()
