"""Ads.

Revision: 2026112960
Follows: 2026112951
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026112960"
down_revision = "2026112951"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("identifier", sa.String(length=36), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("style", sa.Text(), nullable=False),
        sa.Column("cta_text", sa.Text(), nullable=False),
        sa.Column("product_image_name", sa.Text(), nullable=True),
        sa.Column("request", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("budget_usd", sa.Numeric(), nullable=False),
        sa.Column("stop_after", sa.Text(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_ads_run_id_runs"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ads")),
        sa.UniqueConstraint("identifier", name=op.f("uq_ads_identifier")),
    )
    op.create_index("ix_ads_style", "ads", ["style"])
    op.create_index(op.f("ix_ads_run_id"), "ads", ["run_id"])


def downgrade() -> None:
    op.drop_table("ads")
