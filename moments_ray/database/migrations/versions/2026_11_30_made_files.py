"""Films and pictures made of words; what conversations propose, and whether a message waits.

Revision: 2026113012
Follows: 2026113002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "2026113012"
down_revision = "2026113002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "made_files",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("output_name", sa.Text(), nullable=False),
        sa.Column("output_url", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_made_files")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_made_files_run_id_runs"), ondelete="CASCADE"),
        sa.UniqueConstraint("run_id", name=op.f("uq_made_files_run_id")),
        sa.UniqueConstraint("output_name", name=op.f("uq_made_files_output_name")),
    )
    op.add_column("chat_messages", sa.Column("status", sa.Text(), server_default="answered", nullable=False))
    op.add_column("chat_messages", sa.Column("tokens", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("chat_messages", sa.Column("proposal", JSONB(), nullable=True))
    op.create_check_constraint(
        op.f("ck_chat_messages_status"), "chat_messages", "status IN ('waiting', 'answered', 'failed')"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_chat_messages_status"), "chat_messages")
    for column in ("proposal", "tokens", "status"):
        op.drop_column("chat_messages", column)
    op.drop_table("made_files")
