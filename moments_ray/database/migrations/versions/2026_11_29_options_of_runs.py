"""The options of runs, as their callers gave them.

Revision: 2026112913
Follows: 2026112912
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026112913"
down_revision = "2026112912"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "runs",
        sa.Column("options", sa.dialects.postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
    )
    op.create_index(op.f("ix_runs_queued_at"), "runs", ["queued_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_runs_queued_at"), "runs")
    op.drop_column("runs", "options")
