"""Model entries.

Revision: 2026112002
Follows: 2026112001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026112002"
down_revision = "2026112001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_entries",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("entry", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_model_entries")),
    )


def downgrade() -> None:
    op.drop_table("model_entries")
