"""Sets of moments, one a generation; versions and deletion of moments; what clips were cut for.

What was generated before becomes a set for each of its options; the newest is the one that users see.

Revision: 2026112914
Follows: 2026112913
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026112914"
down_revision = "2026112913"
branch_labels = None
depends_on = None

_SETS_OF_BEFORE = """
INSERT INTO moment_sets (identifier, video_id, generation_config_id, run_id, status, created_at, promoted_at)
SELECT gen_random_uuid()::text, video_id, generation_config_id,
    (SELECT max(id) FROM runs WHERE runs.video_id = moments.video_id
        AND runs.generation_config_id = moments.generation_config_id),
    CASE WHEN max(id) = max(max(id)) OVER (PARTITION BY video_id) THEN 'current' ELSE 'retired' END,
    min(created_at), min(created_at)
FROM moments WHERE parent_id IS NULL AND generation_config_id IS NOT NULL
GROUP BY video_id, generation_config_id
"""
_MOMENTS_OF_BEFORE = """
WITH RECURSIVE tree AS (
    SELECT moments.id, moment_sets.id AS set_id FROM moments
    JOIN moment_sets USING (video_id, generation_config_id) WHERE parent_id IS NULL
    UNION ALL SELECT child.id, tree.set_id FROM moments child JOIN tree ON tree.id = child.parent_id
)
UPDATE moments SET set_id = tree.set_id FROM tree WHERE tree.id = moments.id
"""


def upgrade() -> None:
    op.create_table(
        "moment_sets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("identifier", sa.String(length=36), nullable=False),
        sa.Column("video_id", sa.BigInteger(), nullable=False),
        sa.Column("generation_config_id", sa.BigInteger(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), server_default="candidate", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('candidate', 'current', 'retired')", name=op.f("ck_moment_sets_status")),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_moment_sets_video_id_videos"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["generation_config_id"],
            ["generation_configs.id"],
            name=op.f("fk_moment_sets_generation_config_id_generation_configs"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_moment_sets_run_id_runs"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moment_sets")),
        sa.UniqueConstraint("identifier", name=op.f("uq_moment_sets_identifier")),
    )
    for column in ("video_id", "generation_config_id", "run_id"):
        op.create_index(op.f(f"ix_moment_sets_{column}"), "moment_sets", [column])
    op.create_index(
        "uq_moment_sets_current",
        "moment_sets",
        ["video_id"],
        unique=True,
        postgresql_where=sa.text("status = 'current'"),
    )
    op.add_column("moments", sa.Column("set_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_moments_set_id_moment_sets"), "moments", "moment_sets", ["set_id"], ["id"], ondelete="CASCADE"
    )
    op.create_index(op.f("ix_moments_set_id"), "moments", ["set_id"])
    op.add_column("moments", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column(
        "moments", sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
    )
    op.add_column("moments", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_moments_deleted", "moments", ["deleted_at"], postgresql_where=sa.text("deleted_at IS NOT NULL"))
    op.add_column("clips", sa.Column("moment_start_time", sa.Float(53), nullable=True))
    op.add_column("clips", sa.Column("moment_end_time", sa.Float(53), nullable=True))
    op.execute(_SETS_OF_BEFORE)
    op.execute(_MOMENTS_OF_BEFORE)


def downgrade() -> None:
    op.drop_column("clips", "moment_end_time")
    op.drop_column("clips", "moment_start_time")
    for column in ("deleted_at", "updated_at", "version", "set_id"):
        op.drop_column("moments", column)
    op.drop_table("moment_sets")
