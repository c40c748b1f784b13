"""What an ad costs: an estimate before, a cap during, a receipt after.

A paid call is noted before it is made, again when its provider has given it a number, and when it is done. What was
asked and never answered counts as charged: nobody here knows better.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

from pydantic import Field, FiniteFloat, JsonValue

from moments_ray.ads.errors import PriceUnknown
from moments_ray.engine import Value
from moments_ray.settings import Price

RECEIPT = "receipt"
"""What keys of notes that are receipts begin with."""

Unit = Literal["token", "character", "image", "second", "video"]
_EACH = Decimal("0.0001")  # of a dollar: what is shown


class Receipt(Value):
    """One paid call; ``usd`` is an estimate until it is done, ``job`` its number at the provider.

    ``question`` is the digest of what a model that writes was asked, ``answer`` what it said.
    """

    token: str
    state: Literal["asked", "done", "failed"]
    stage: str
    item: str
    model: str
    unit: Unit
    amount: FiniteFloat
    usd: FiniteFloat = Field(ge=0)
    job: str | None = None
    question: str | None = None
    answer: dict[str, JsonValue] | None = None


def cost(model: str, unit: Unit, amount: float, prices: Mapping[str, Price]) -> Decimal:
    """Return what an amount costs, in US dollars.

    Raises:
        PriceUnknown: nobody has said what this model costs.
    """
    price = prices.get(model)
    if price is None or price.per != unit:
        raise PriceUnknown(f"Nobody has said what a {unit} of {model} costs: enter it in MOMENTS_ADS__PRICES.")
    return Decimal(str(price.usd)) * Decimal(str(amount))


def charged(receipts: Iterable[Receipt]) -> Decimal:
    """Return what was charged, in US dollars, with what was asked and never answered."""
    total = sum((Decimal(str(one.usd)) for one in receipts if one.state != "failed"), Decimal())
    return total.quantize(_EACH)
