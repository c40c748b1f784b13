"""Indexes of jobs among all runs, and of which worker took which run.

Revision: 2026112951
Follows: 2026112950
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026112951"
down_revision = "2026112950"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_runs_jobs", "runs", ["id"], postgresql_where=sa.text("pipeline LIKE 'job.%'"))
    started = sa.text("type = 'run.started'")
    op.create_index("ix_run_events_worker", "run_events", [sa.text("(data ->> 'worker')")], postgresql_where=started)


def downgrade() -> None:
    op.drop_index("ix_run_events_worker", table_name="run_events")
    op.drop_index("ix_runs_jobs", table_name="runs")
