"""Live status in the words of a product whose clients know other ones than ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class LiveWords(Protocol):
    """What a product's clients read in Redis beside what is there of every run."""

    def message(self, subject: str, news: Mapping[str, object]) -> Mapping[str, object]:
        """Return the fields of a message on the channels that take the place of ours, or stand beside them."""

    def status(self, subject: str, fields: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
        """Return the key of a hash of a subject's status, and its fields; it lives as long as a run's own."""
