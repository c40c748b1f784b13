"""The node on which an item of a fan-out ended.

Revision: 2026112957
Follows: 2026112960
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026112957"
down_revision = "2026112960"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run_items", sa.Column("node", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("run_items", "node")
