"""The editor: assets, projects and their timelines, renders, consent, chat.

Revision: 2026113002
Follows: 2026113001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026113002"
down_revision = "2026113001"
branch_labels = None
depends_on = None

_TABLES = (
    *("chat_messages", "chat_sessions", "consent_events", "consents", "renders"),
    *("timeline_versions", "projects", "assets"),
)


def _table(name: str, *columns: Any, updated: bool = True) -> None:
    """Make a table with the columns that most of them have."""
    op.create_table(
        name,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        *columns,
        _now("created_at"),
        *([_now("updated_at")] if updated else []),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )


def _now(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _identifier(table: str) -> tuple[Any, ...]:
    return sa.Column("identifier", sa.String(length=36), nullable=False), _unique(table, "identifier")


def _unique(table: str, column: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(column, name=op.f(f"uq_{table}_{column}"))


def _reference(table: str, column: str, target: str, *, ondelete: str = "CASCADE") -> tuple[Any, ...]:
    name = op.f(f"fk_{table}_{column}_{target}")
    return (
        sa.Column(column, sa.BigInteger(), nullable=ondelete == "SET NULL"),
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete),
    )


def upgrade() -> None:
    _table(
        "assets",
        *_identifier("assets"),
        *_reference("assets", "video_id", "videos"),
        _text("ingest_name"),
        _text("thumbnail_name"),
        *(_unique("assets", column) for column in ("video_id", "ingest_name", "thumbnail_name")),
    )
    _table(
        "projects",
        *_identifier("projects"),
        _text("title"),
        *_reference("projects", "asset_id", "assets"),
        sa.Column("timeline", postgresql.JSONB(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _text("template_name", nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "timeline_versions",
        *_reference("timeline_versions", "project_id", "projects"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("timeline", postgresql.JSONB(), nullable=False),
        _text("made_by"),
        _now("created_at"),
        sa.PrimaryKeyConstraint("project_id", "version", name=op.f("pk_timeline_versions")),
    )
    _table(
        "renders",
        *_reference("renders", "project_id", "projects"),
        *_reference("renders", "run_id", "runs"),
        sa.Column("timeline_version", sa.Integer(), nullable=False),
        sa.Column("watermark", sa.Boolean(), nullable=False),
        _text("preset"),
        _text("output_name", nullable=True),
        _text("output_url", nullable=True),
        *(_unique("renders", column) for column in ("run_id", "output_name")),
    )
    _table(
        "consents",
        *_reference("consents", "asset_id", "assets"),
        sa.Column("has_checkbox", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _text("document_name", nullable=True),
        _text("document_url", nullable=True),
        *(_unique("consents", column) for column in ("asset_id", "document_name")),
    )
    _table(
        "consent_events",
        *_reference("consent_events", "asset_id", "assets"),
        _text("who"),
        _text("what"),
        _text("sha256", nullable=True),
        updated=False,
    )
    _table(
        "chat_sessions",
        *_identifier("chat_sessions"),
        _text("title"),
        _text("backend"),
        _text("hf_model", nullable=True),
        *_reference("chat_sessions", "project_id", "projects", ondelete="SET NULL"),
    )
    _table(
        "chat_messages",
        *_reference("chat_messages", "session_id", "chat_sessions"),
        _text("role"),
        _text("content"),
        sa.CheckConstraint("role IN ('user', 'assistant')", name=op.f("ck_chat_messages_role")),
        updated=False,
    )
    for table, column in (
        ("projects", "asset_id"),
        ("renders", "project_id"),
        ("consent_events", "asset_id"),
        ("chat_sessions", "project_id"),
        ("chat_messages", "session_id"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
