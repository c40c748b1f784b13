"""Sheets of small pictures of videos.

Revision: 2026113001
Follows: 2026112957
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "2026113001"
down_revision = "2026112957"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("videos", sa.Column("storyboard", JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("videos", "storyboard")
