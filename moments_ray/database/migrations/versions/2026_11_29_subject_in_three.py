"""What a run is about, what it excludes and which video it works on, each in a column of its own.

Revision: 2026112901
Follows: 2026112005

Runs of the schema before can be read, retried and deleted: their requests and outputs are brought to the new shapes.
Their fingerprints say nothing of versions, so none of their stages is taken for one that another run would make now.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026112901"
down_revision = "2026112005"
branch_labels = None
depends_on = None

_ACTIVE = sa.text("status IN ('queued', 'processing')")
_QUEUED, _PROCESSING = sa.text("status = 'queued'"), sa.text("status = 'processing'")
_RENAMED_STAGES = {"CLIP_EXTRACTION": "SELECTED_CLIP_EXTRACTION", "CLIP_UPLOAD": "SELECTED_CLIP_UPLOAD"}


def upgrade() -> None:
    op.add_column("runs", sa.Column("exclusive_key", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("produced_by", sa.String(64), nullable=True))
    op.add_column("runs", sa.Column("application_version", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("errors", sa.Integer(), server_default="0", nullable=False))
    op.add_column("runs", sa.Column("deadline_seconds", sa.Double(), nullable=True))
    op.add_column("runs", sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("runs", sa.Column("tries", sa.Integer(), nullable=True))
    op.alter_column("runs", "deaths", new_column_name="crash_count")
    op.alter_column("runs", "rung_at", new_column_name="notified_at")
    op.create_table(
        "run_notes",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), server_default="", nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_notes_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "stage", "item", "key", name=op.f("pk_run_notes")),
    )
    op.execute("UPDATE runs SET exclusive_key = subject")
    op.execute(
        "UPDATE runs SET errors = coalesce((result ->> 'errors')::int, 0), result = NULL WHERE result IS NOT NULL"
    )
    op.execute("""
        UPDATE runs SET config = jsonb_set(config, '{source,video}', to_jsonb(subject)) WHERE config ? 'source'
    """)
    op.execute("""
        UPDATE runs SET config = (config - 'fresh') || jsonb_build_object('force', config -> 'fresh')
        WHERE config ? 'fresh'
    """)
    op.execute("""
        UPDATE runs SET config = (config - 'chosen') || jsonb_build_object('selected', config -> 'chosen')
        WHERE config ? 'chosen'
    """)
    op.execute("""
        UPDATE run_stages SET output = output || jsonb_build_object('video', runs.subject)
        FROM runs WHERE runs.id = run_id AND name = 'VIDEO_DOWNLOAD' AND output IS NOT NULL
    """)
    _rename_stages(_RENAMED_STAGES)
    op.drop_index("uq_runs_active_subject", table_name="runs")
    op.create_index("uq_runs_active_exclusive", "runs", ["exclusive_key"], unique=True, postgresql_where=_ACTIVE)
    op.create_index("ix_runs_active_video", "runs", ["video_id"], postgresql_where=_ACTIVE)


def downgrade() -> None:
    op.drop_index("ix_runs_active_video", table_name="runs")
    op.drop_index("uq_runs_active_exclusive", table_name="runs")
    op.execute("UPDATE runs SET status = 'cancelled' WHERE status IN ('queued', 'processing')")  # one a subject again
    op.create_index("uq_runs_active_subject", "runs", ["subject"], unique=True, postgresql_where=_ACTIVE)
    _rename_stages({new: old for old, new in _RENAMED_STAGES.items()})
    op.execute("UPDATE run_stages SET output = output - 'video' WHERE name = 'VIDEO_DOWNLOAD' AND output IS NOT NULL")
    op.execute("""
        UPDATE runs SET config = (config - 'selected') || jsonb_build_object('chosen', config -> 'selected')
        WHERE config ? 'selected'
    """)
    op.execute("""
        UPDATE runs SET config = (config - 'force') || jsonb_build_object('fresh', config -> 'force')
        WHERE config ? 'force'
    """)
    op.execute("UPDATE runs SET config = config #- '{source,video}' WHERE config ? 'source'")
    op.execute("""
        UPDATE runs SET result = jsonb_build_object('errors', errors)
        WHERE status IN ('completed', 'completed_with_errors')
    """)
    op.drop_table("run_notes")
    op.alter_column("runs", "notified_at", new_column_name="rung_at")
    op.alter_column("runs", "crash_count", new_column_name="deaths")
    for column in ("tries", "deadline_at", "deadline_seconds", "errors", "application_version", "produced_by"):
        op.drop_column("runs", column)
    op.drop_column("runs", "exclusive_key")


def _rename_stages(names: dict[str, str]) -> None:
    """Give the clips of selected moments stages of their own: a name is one stage's."""
    own = "run_id IN (SELECT id FROM runs WHERE pipeline = 'clips')"
    places = [("run_stages", "name", own), ("run_attempts", "stage", own), ("run_items", "stage", own)]
    for table, column, of_clips in (*places, ("runs", "error_stage", "pipeline = 'clips'")):
        rename = sa.text(f"UPDATE {table} SET {column} = :new WHERE {column} = :old AND {of_clips}")  # noqa: S608
        for old, new in names.items():
            op.execute(rename.bindparams(old=old, new=new))
