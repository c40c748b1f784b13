"""The tables of ads."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, Numeric, func
from sqlalchemy.orm import Mapped, mapped_column

from moments_ray.database.tables.columns import Table, created_now, key, public_identifier, reference


class AdRow(Table):
    """An ad: what is asked for now, what it may cost, and its newest run; its identifier is the subject of its runs.

    What it cost stands in the notes of its runs, what came of it in their results.
    """

    __tablename__ = "ads"
    __table_args__ = (Index("ix_ads_style", "style"),)

    id: Mapped[int] = key()
    identifier: Mapped[str] = public_identifier()
    product_name: Mapped[str]
    style: Mapped[str]
    cta_text: Mapped[str]
    product_image_name: Mapped[str | None]
    request: Mapped[dict[str, Any]]
    budget_usd: Mapped[Decimal] = mapped_column(Numeric)
    stop_after: Mapped[str | None]
    run_id: Mapped[int | None] = reference("runs.id", ondelete="SET NULL")
    created_at: Mapped[datetime] = created_now()
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
