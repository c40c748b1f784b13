"""Backfills: one pipeline over many videos, with a ledger of its items and its events.

Revision: 2026112950
Follows: 2026112915
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "2026112950"
down_revision = "2026112915"
branch_labels = None
depends_on = None

_NOW = sa.func.now()
_STATUSES = "'estimating', 'running', 'paused', 'completed', 'completed_with_errors', 'failed', 'cancelled'"
_ITEM_STATUSES = "'pending', 'running', 'completed', 'completed_with_errors', 'failed', 'skipped', 'cancelled'"


def _time(name: str, *, now: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=_NOW if now else None, nullable=not now)


def _json(name: str, *, empty: bool = False) -> sa.Column[Any]:
    default = sa.text("'{}'") if empty else None
    return sa.Column(name, sa.dialects.postgresql.JSONB(), server_default=default, nullable=False)


def _number(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, server_default=sa.text("0"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "backfills",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("identifier", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pipeline", sa.Text(), nullable=False),
        _json("source"),
        _json("options"),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("candidate", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("status", sa.Text(), server_default="estimating", nullable=False),
        sa.Column("paused_by", sa.Text(), nullable=True),
        sa.Column("in_flight", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        _json("budget"),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("webhook_url", sa.Text(), nullable=True),
        sa.Column("webhook_secret", sa.Text(), nullable=True),
        _number("position", sa.BigInteger()),
        _time("read_at"),
        _json("counts", empty=True),
        _number("attempted", sa.Integer()),
        _number("media_seconds", sa.Float(53)),
        _number("tokens", sa.BigInteger()),
        _number("usd", sa.Numeric()),
        sa.Column("sets_to", sa.Text(), nullable=True),
        sa.Column("error", sa.dialects.postgresql.JSONB(), nullable=True),
        _number("event_seq", sa.BigInteger()),
        _time("attended_until", now=True),
        _time("created_at", now=True),
        _time("started_at"),
        _time("completed_at"),
        sa.CheckConstraint(
            f"status IN ({_STATUSES})",
            name=op.f("ck_backfills_status"),
        ),
        sa.CheckConstraint("priority BETWEEN 0 AND 10", name=op.f("ck_backfills_priority")),
        sa.CheckConstraint("mode IN ('new', 'missing', 'rederive')", name=op.f("ck_backfills_mode")),
        sa.CheckConstraint("sets_to IN ('promote', 'rollback')", name=op.f("ck_backfills_sets_to")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backfills")),
        sa.UniqueConstraint("identifier", name=op.f("uq_backfills_identifier")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_backfills_idempotency_key")),
    )
    _create_items()
    op.create_table(
        "backfill_events",
        sa.Column("backfill_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        _json("data"),
        _time("created_at", now=True),
        sa.ForeignKeyConstraint(
            ["backfill_id"],
            ["backfills.id"],
            name=op.f("fk_backfill_events_backfill_id_backfills"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("backfill_id", "seq", name=op.f("pk_backfill_events")),
    )


def _create_items() -> None:
    op.create_table(
        "backfill_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("backfill_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_hash", sa.String(length=64), nullable=True),
        sa.Column("video_id", sa.BigInteger(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        _number("tries", sa.Integer()),
        _time("not_before", now=True),
        _time("ended_at"),
        sa.Column("seconds", sa.Float(53), nullable=True),
        _number("media_seconds", sa.Float(53)),
        _number("tokens", sa.BigInteger()),
        _number("usd", sa.Numeric()),
        sa.CheckConstraint(f"status IN ({_ITEM_STATUSES})", name=op.f("ck_backfill_items_status")),
        sa.ForeignKeyConstraint(
            ["backfill_id"],
            ["backfills.id"],
            name=op.f("fk_backfill_items_backfill_id_backfills"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_backfill_items_video_id_videos"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_backfill_items_run_id_runs"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backfill_items")),
    )
    for name, columns, where in (
        ("ledger", ["backfill_id", "id"], None),
        ("status", ["backfill_id", "status", "id"], None),
        ("ended", ["backfill_id", "ended_at"], "ended_at IS NOT NULL"),
        ("run", ["run_id"], "run_id IS NOT NULL"),
        ("video", ["video_id"], "video_id IS NOT NULL"),
    ):
        op.create_index(
            f"ix_backfill_items_{name}", "backfill_items", columns, postgresql_where=where and sa.text(where)
        )
    op.create_index(
        "uq_backfill_items_source",
        "backfill_items",
        ["backfill_id", "source_hash"],
        unique=True,
        postgresql_where=sa.text("source_hash IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("backfill_events")
    op.drop_table("backfill_items")
    op.drop_table("backfills")
