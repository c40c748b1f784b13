"""Tokens and money on the try that spent them.

Revision: 2026112910
Follows: 2026112907
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026112910"
down_revision = "2026112907"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, kind in (("input_tokens", sa.BigInteger()), ("output_tokens", sa.BigInteger()), ("usd", sa.Numeric())):
        op.add_column("run_attempts", sa.Column(name, kind, server_default=sa.text("0"), nullable=False))


def downgrade() -> None:
    for name in ("usd", "output_tokens", "input_tokens"):
        op.drop_column("run_attempts", name)
