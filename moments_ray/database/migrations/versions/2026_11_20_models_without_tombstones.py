"""A default model that was deleted is a default again.

Revision: 2026112005
Follows: 2026112004
"""

from __future__ import annotations

from alembic import op

revision = "2026112005"
down_revision = "2026112004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM model_entries WHERE entry IS NULL")
    op.alter_column("model_entries", "entry", nullable=False)


def downgrade() -> None:
    op.alter_column("model_entries", "entry", nullable=True)
