"""The tables of work on whole libraries: backfills, their ledgers and what happened in them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, Numeric, String, text
from sqlalchemy.orm import Mapped, mapped_column

from moments_ray.database.tables.columns import Table, created_now, key, public_identifier, reference, status_check
from moments_ray.states import BackfillItemStatus, BackfillStatus


class Backfill(Table):
    """One pipeline over many videos.

    ``position`` is how far its source was read: a line of the manifest, or the key of a video. ``counts`` are the items
    by status as of the last change; ``attended_until`` is the lease of the worker that starts its items.
    """

    __tablename__ = "backfills"
    __table_args__ = (
        status_check("status", BackfillStatus),
        CheckConstraint("priority BETWEEN 0 AND 10", name="priority"),
        CheckConstraint("mode IN ('new', 'missing', 'rederive')", name="mode"),
        CheckConstraint("sets_to IN ('promote', 'rollback')", name="sets_to"),
    )

    id: Mapped[int] = key()
    identifier: Mapped[str] = public_identifier()
    name: Mapped[str]
    pipeline: Mapped[str]
    source: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]]
    mode: Mapped[str]
    candidate: Mapped[bool] = mapped_column(server_default=text("false"))  # what it finds waits to be promoted
    status: Mapped[str] = mapped_column(server_default=BackfillStatus.ESTIMATING.value)
    paused_by: Mapped[str | None]  # `caller`, or the budget that is spent
    in_flight: Mapped[int]
    priority: Mapped[int]
    budget: Mapped[dict[str, Any]]
    fingerprint: Mapped[str] = mapped_column(String(64))  # of what was asked for
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    webhook_url: Mapped[str | None]
    webhook_secret: Mapped[str | None]
    position: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    read_at: Mapped[datetime | None]  # when its source was read to the end
    counts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    attempted: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # items that a run was started for
    media_seconds: Mapped[float] = mapped_column(server_default=text("0"))
    tokens: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    usd: Mapped[Decimal] = mapped_column(Numeric, server_default=text("0"))
    sets_to: Mapped[str | None]  # what is being done with the sets of moments that it made
    error: Mapped[dict[str, Any] | None]
    event_seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    attended_until: Mapped[datetime] = created_now()
    created_at: Mapped[datetime] = created_now()
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]


class BackfillItem(Table):
    """A line of a backfill's ledger; ``source_hash`` is of the canonical source, and absent where there is none."""

    __tablename__ = "backfill_items"
    __table_args__ = (
        status_check("status", BackfillItemStatus),
        Index("ix_backfill_items_ledger", "backfill_id", "id"),
        Index("ix_backfill_items_status", "backfill_id", "status", "id"),
        Index("ix_backfill_items_ended", "backfill_id", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
        Index("ix_backfill_items_run", "run_id", postgresql_where=text("run_id IS NOT NULL")),
        Index("ix_backfill_items_video", "video_id", postgresql_where=text("video_id IS NOT NULL")),
        Index(
            "uq_backfill_items_source",
            "backfill_id",
            "source_hash",
            unique=True,
            postgresql_where=text("source_hash IS NOT NULL"),
        ),
    )

    id: Mapped[int] = key()
    backfill_id: Mapped[int] = reference("backfills.id", index=False)
    line: Mapped[int]
    source: Mapped[str]
    source_hash: Mapped[str | None] = mapped_column(String(64))
    video_id: Mapped[int | None] = reference("videos.id", ondelete="SET NULL", index=False)
    run_id: Mapped[int | None] = reference("runs.id", ondelete="SET NULL", index=False)
    status: Mapped[str] = mapped_column(server_default=BackfillItemStatus.PENDING.value)
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    not_before: Mapped[datetime] = created_now()  # when it may be started, after its video was busy
    ended_at: Mapped[datetime | None]
    seconds: Mapped[float | None]
    media_seconds: Mapped[float] = mapped_column(server_default=text("0"))
    tokens: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    usd: Mapped[Decimal] = mapped_column(Numeric, server_default=text("0"))


class BackfillEvent(Table):
    """What happened in a backfill, in order, without gaps."""

    __tablename__ = "backfill_events"

    backfill_id: Mapped[int] = mapped_column(ForeignKey("backfills.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = created_now()
