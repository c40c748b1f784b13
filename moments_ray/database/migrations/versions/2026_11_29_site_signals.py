"""What a site knows of a video, and when each site may be asked next.

Revision: 2026112915
Follows: 2026112914
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026112915"
down_revision = "2026112914"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "videos",
        sa.Column("site_signals", sa.dialects.postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
    )
    op.create_table(
        "site_visits",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("site", name=op.f("pk_site_visits")),
    )


def downgrade() -> None:
    op.drop_table("site_visits")
    op.drop_column("videos", "site_signals")
