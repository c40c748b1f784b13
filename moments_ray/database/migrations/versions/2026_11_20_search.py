"""Search over titles and what was said.

Revision: 2026112003
Follows: 2026112002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026112003"
down_revision = "2026112002"
branch_labels = None
depends_on = None

_WORDS = (
    ("ix_videos_title_words", "videos", "title", 1000),
    ("ix_moments_title_words", "moments", "title", 1000),
    ("ix_transcript_passages_words", "transcript_passages", "spoken", 10_000),
)


def upgrade() -> None:
    op.create_table(
        "transcript_passages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("transcript_id", sa.BigInteger(), nullable=False),
        sa.Column("start_time", sa.Float(precision=53), nullable=False),
        sa.Column("end_time", sa.Float(precision=53), nullable=False),
        sa.Column("spoken", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transcript_id"],
            ["transcripts.id"],
            name=op.f("fk_transcript_passages_transcript_id_transcripts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcript_passages")),
    )
    op.create_index(op.f("ix_transcript_passages_transcript_id"), "transcript_passages", ["transcript_id"])
    op.execute(
        "INSERT INTO transcript_passages (transcript_id, start_time, end_time, spoken) "
        "SELECT id, (segment->>'start')::float, (segment->>'end')::float, segment->>'text' "
        "FROM transcripts, jsonb_array_elements(segment_timestamps) AS segment"
    )
    for name, table, column, longest in _WORDS:
        words = sa.text(f"to_tsvector('simple'::regconfig, \"left\"({column}, {longest}))")
        op.create_index(name, table, [words], postgresql_using="gin")


def downgrade() -> None:
    for name, table, _, _ in _WORDS:
        op.drop_index(name, table_name=table)
    op.drop_table("transcript_passages")
