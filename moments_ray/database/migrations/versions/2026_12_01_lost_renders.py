"""Renders whose video was deleted under them.

Revision: 2026120101
Follows: 2026113012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026120101"
down_revision = "2026113012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lost_renders",
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("timeline_version", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("lost_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_lost_renders")),
    )


def downgrade() -> None:
    op.drop_table("lost_renders")
