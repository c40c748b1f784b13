"""An index of jobs among all runs.

Revision: 2026112920
Follows: 2026112914
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026112920"
down_revision = "2026112914"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_runs_jobs", "runs", ["id"], postgresql_where=sa.text("pipeline LIKE 'job.%'"))


def downgrade() -> None:
    op.drop_index("ix_runs_jobs", table_name="runs")
