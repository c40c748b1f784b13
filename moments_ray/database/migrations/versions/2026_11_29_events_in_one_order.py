"""Events of all runs in one order.

Revision: 2026112912
Follows: 2026112911
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026112912"
down_revision = "2026112911"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run_events", sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False))
    op.create_unique_constraint(op.f("uq_run_events_position"), "run_events", ["position"])


def downgrade() -> None:
    op.drop_column("run_events", "position")
