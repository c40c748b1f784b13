"""What work with models took: tokens and money, summed until the journal takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Usage:
    """Tokens in and out, as the models' servers counted them, and what they cost by the prices of the registry."""

    input_tokens: int = 0
    output_tokens: int = 0
    usd: Decimal = Decimal()

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens, self.usd + other.usd
        )

    def __bool__(self) -> bool:
        return self != Usage()

    @property
    def tokens(self) -> dict[str, Any]:
        """The counts alone, as errors carry them between processes."""
        return {"input_tokens": self.input_tokens, "output_tokens": self.output_tokens} if self else {}

    @classmethod
    def from_detail(cls, detail: Mapping[str, Any]) -> Usage:
        """Read back the counts that an error carries."""
        return cls(int(detail.get("input_tokens", 0)), int(detail.get("output_tokens", 0)))
