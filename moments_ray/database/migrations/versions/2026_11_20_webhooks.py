"""Webhooks: where runs tell of their end, and how each delivery stands.

Revision: 2026112004
Follows: 2026112003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026112004"
down_revision = "2026112003"
branch_labels = None
depends_on = None

_RUN = "fk_webhook_deliveries_run_id_runs"
_STATUS = "status IN ('pending', 'delivered', 'failed', 'disabled')"
_DUE = "ix_webhook_deliveries_due"
_DISABLED = "ix_webhook_deliveries_disabled"


def upgrade() -> None:
    op.create_table(
        "signing_secrets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_signing_secrets")),
    )
    op.add_column("runs", sa.Column("webhook_url", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("webhook_secret", sa.Text(), nullable=True))
    table = "webhook_deliveries"  # nothing was ever written to it
    op.drop_index(_DUE, table_name=table)
    op.drop_column(table, "delivered_at")
    op.add_column(table, sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(table, sa.Column("secret", sa.Text(), nullable=True))
    op.add_column(table, sa.Column("status", sa.Text(), server_default="pending", nullable=False))
    op.create_check_constraint(op.f("ck_webhook_deliveries_status"), table, _STATUS)
    op.create_index(_DUE, table, ["next_attempt_at"], postgresql_where=sa.text("status = 'pending'"))
    gone = sa.text("status = 'disabled'")
    op.create_index(_DISABLED, table, ["url"], postgresql_where=gone, postgresql_using="hash")
    op.alter_column(table, "run_id", nullable=True)
    op.drop_constraint(op.f(_RUN), table, type_="foreignkey")
    op.create_foreign_key(op.f(_RUN), table, "runs", ["run_id"], ["id"], ondelete="SET NULL")


def downgrade() -> None:
    table = "webhook_deliveries"
    op.execute("DELETE FROM webhook_deliveries WHERE run_id IS NULL")
    op.drop_constraint(op.f(_RUN), table, type_="foreignkey")
    op.create_foreign_key(op.f(_RUN), table, "runs", ["run_id"], ["id"], ondelete="CASCADE")
    op.alter_column(table, "run_id", nullable=False)
    op.drop_index(_DISABLED, table_name=table)
    op.drop_index(_DUE, table_name=table)
    op.drop_constraint(op.f("ck_webhook_deliveries_status"), table, type_="check")
    op.drop_column(table, "status")
    op.drop_column(table, "secret")
    op.drop_column(table, "ended_at")
    op.add_column(table, sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(_DUE, table, ["next_attempt_at"], postgresql_where=sa.text("delivered_at IS NULL"))
    op.drop_column("runs", "webhook_secret")
    op.drop_column("runs", "webhook_url")
    op.drop_table("signing_secrets")
