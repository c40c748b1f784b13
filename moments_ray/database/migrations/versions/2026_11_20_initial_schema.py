"""Initial schema.

Revision: 2026112001
Follows:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026112001"
down_revision = None
branch_labels = None
depends_on = None


HISTORY = """
CREATE VIEW pipeline_history AS
SELECT runs.id, runs.identifier, runs.video_id, runs.generation_config_id, runs.status,
       runs.started_at, runs.completed_at,
       extract(epoch FROM runs.completed_at - runs.started_at)::double precision AS duration_seconds, runs.error_stage
FROM runs
WHERE runs.pipeline = 'moments' AND runs.status IN ('completed', 'completed_with_errors', 'failed', 'cancelled')
"""


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("identifier", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("identifier", name=op.f("uq_api_keys_identifier")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_table(
        "prompts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_prompt", sa.Text(), nullable=False),
        sa.Column("system_prompt", sa.Text(), nullable=False),
        sa.Column("prompt_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompts")),
        sa.UniqueConstraint("prompt_hash", name=op.f("uq_prompts_prompt_hash")),
    )
    op.create_table(
        "videos",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("identifier", sa.String(length=36), nullable=False),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("canonical_source", sa.Text(), nullable=False),
        sa.Column("cloud_url", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("duration", sa.Float(precision=53), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("fps", sa.Float(precision=53), nullable=True),
        sa.Column("codec", sa.Text(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("checksum", sa.Text(), nullable=True),
        sa.Column("info", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('pending', 'ready', 'deleting')", name=op.f("ck_videos_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_videos")),
        sa.UniqueConstraint("identifier", name=op.f("uq_videos_identifier")),
    )
    op.create_index(
        "uq_videos_canonical_source",
        "videos",
        ["canonical_source"],
        unique=True,
        postgresql_where=sa.text("status <> 'deleting'"),
    )
    op.create_table(
        "transcripts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("video_id", sa.BigInteger(), nullable=False),
        sa.Column("full_text", sa.Text(), nullable=False),
        sa.Column("word_timestamps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("segment_timestamps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("health", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_transcripts_video_id_videos"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcripts")),
        sa.UniqueConstraint("video_id", "engine", name=op.f("uq_transcripts_video_id_engine")),
    )
    op.create_table(
        "generation_configs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("prompt_id", sa.BigInteger(), nullable=False),
        sa.Column("transcript_id", sa.BigInteger(), nullable=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("temperature", sa.Float(precision=53), nullable=True),
        sa.Column("top_p", sa.Float(precision=53), nullable=True),
        sa.Column("top_k", sa.Integer(), nullable=True),
        sa.Column("max_tokens", sa.Integer(), nullable=True),
        sa.Column("config_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["prompt_id"], ["prompts.id"], name=op.f("fk_generation_configs_prompt_id_prompts"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["transcript_id"],
            ["transcripts.id"],
            name=op.f("fk_generation_configs_transcript_id_transcripts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generation_configs")),
        sa.UniqueConstraint("config_hash", name=op.f("uq_generation_configs_config_hash")),
    )
    op.create_index(op.f("ix_generation_configs_prompt_id"), "generation_configs", ["prompt_id"], unique=False)
    op.create_index(op.f("ix_generation_configs_transcript_id"), "generation_configs", ["transcript_id"], unique=False)
    op.create_table(
        "moments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("identifier", sa.String(length=36), nullable=False),
        sa.Column("video_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("start_time", sa.Float(precision=53), nullable=False),
        sa.Column("end_time", sa.Float(precision=53), nullable=False),
        sa.Column("is_refined", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("generation_config_id", sa.BigInteger(), nullable=True),
        sa.Column("score", sa.Float(precision=53), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "provenance", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("start_time >= 0 AND end_time > start_time", name=op.f("ck_moments_range")),
        sa.ForeignKeyConstraint(
            ["generation_config_id"],
            ["generation_configs.id"],
            name=op.f("fk_moments_generation_config_id_generation_configs"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["moments.id"], name=op.f("fk_moments_parent_id_moments"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_moments_video_id_videos"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moments")),
        sa.UniqueConstraint("identifier", name=op.f("uq_moments_identifier")),
    )
    op.create_index(op.f("ix_moments_generation_config_id"), "moments", ["generation_config_id"], unique=False)
    op.create_index(op.f("ix_moments_parent_id"), "moments", ["parent_id"], unique=False)
    op.create_index(op.f("ix_moments_video_id"), "moments", ["video_id"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("identifier", sa.String(length=36), nullable=False),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("video_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("priority", sa.Integer(), server_default=sa.text("5"), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deaths", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("config_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation_config_id", sa.BigInteger(), nullable=True),
        sa.Column("progress", sa.Float(precision=53), server_default=sa.text("0"), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error_stage", sa.Text(), nullable=True),
        sa.Column("event_seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("rung_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'processing', 'completed', 'completed_with_errors', 'failed', 'cancelled')",
            name=op.f("ck_runs_status"),
        ),
        sa.CheckConstraint("priority BETWEEN 0 AND 10", name=op.f("ck_runs_priority")),
        sa.ForeignKeyConstraint(
            ["generation_config_id"],
            ["generation_configs.id"],
            name=op.f("fk_runs_generation_config_id_generation_configs"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_runs_video_id_videos"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_runs_idempotency_key")),
        sa.UniqueConstraint("identifier", name=op.f("uq_runs_identifier")),
    )
    op.create_index(op.f("ix_runs_generation_config_id"), "runs", ["generation_config_id"], unique=False)
    op.create_index(
        "ix_runs_processing", "runs", ["heartbeat_at"], unique=False, postgresql_where=sa.text("status = 'processing'")
    )
    op.create_index("ix_runs_queued", "runs", ["rung_at"], unique=False, postgresql_where=sa.text("status = 'queued'"))
    op.create_index("ix_runs_subject_pipeline", "runs", ["subject", "pipeline", "config_fingerprint"], unique=False)
    op.create_index(op.f("ix_runs_video_id"), "runs", ["video_id"], unique=False)
    op.create_index(
        "uq_runs_active_subject",
        "runs",
        ["subject"],
        unique=True,
        postgresql_where=sa.text("status IN ('queued', 'processing')"),
    )
    op.create_table(
        "clips",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("identifier", sa.String(length=36), nullable=False),
        sa.Column("moment_id", sa.BigInteger(), nullable=False),
        sa.Column("video_id", sa.BigInteger(), nullable=False),
        sa.Column("cloud_url", sa.Text(), nullable=True),
        sa.Column("start_time", sa.Float(precision=53), nullable=False),
        sa.Column("end_time", sa.Float(precision=53), nullable=False),
        sa.Column("padding_left", sa.Float(precision=53), server_default=sa.text("0"), nullable=False),
        sa.Column("padding_right", sa.Float(precision=53), server_default=sa.text("0"), nullable=False),
        sa.Column("preset", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("checksum", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("status IN ('pending', 'completed', 'failed')", name=op.f("ck_clips_status")),
        sa.ForeignKeyConstraint(
            ["moment_id"], ["moments.id"], name=op.f("fk_clips_moment_id_moments"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_clips_video_id_videos"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clips")),
        sa.UniqueConstraint("identifier", name=op.f("uq_clips_identifier")),
        sa.UniqueConstraint("moment_id", "preset", name=op.f("uq_clips_moment_id_preset")),
    )
    op.create_index(op.f("ix_clips_video_id"), "clips", ["video_id"], unique=False)
    op.create_table(
        "run_attempts",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("node", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'processing', 'completed', 'skipped', 'failed', 'cancelled')",
            name=op.f("ck_run_attempts_status"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_attempts_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "stage", "number", name=op.f("pk_run_attempts")),
    )
    op.create_table(
        "run_events",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_events_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "seq", name=op.f("pk_run_events")),
    )
    op.create_table(
        "run_items",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("output", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'processing', 'completed', 'skipped', 'failed', 'cancelled')",
            name=op.f("ck_run_items_status"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_items_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "stage", "key", name=op.f("pk_run_items")),
    )
    op.create_table(
        "run_stages",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("output", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("progress", sa.Float(precision=53), server_default=sa.text("0"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Float(precision=53), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'processing', 'completed', 'skipped', 'failed', 'cancelled')",
            name=op.f("ck_run_stages_status"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_stages_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "name", name=op.f("pk_run_stages")),
    )
    op.create_index("ix_run_stages_fingerprint", "run_stages", ["name", "fingerprint"], unique=False)
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("identifier", sa.String(length=36), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("response_status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_webhook_deliveries_run_id_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("identifier", name=op.f("uq_webhook_deliveries_identifier")),
    )
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.create_index(op.f("ix_webhook_deliveries_run_id"), "webhook_deliveries", ["run_id"], unique=False)
    op.create_table(
        "thumbnails",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("video_id", sa.BigInteger(), nullable=True),
        sa.Column("clip_id", sa.BigInteger(), nullable=True),
        sa.Column("cloud_url", sa.Text(), nullable=False),
        sa.CheckConstraint("num_nonnulls(video_id, clip_id) = 1", name=op.f("ck_thumbnails_one_owner")),
        sa.ForeignKeyConstraint(
            ["clip_id"], ["clips.id"], name=op.f("fk_thumbnails_clip_id_clips"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_thumbnails_video_id_videos"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thumbnails")),
        sa.UniqueConstraint("clip_id", name=op.f("uq_thumbnails_clip_id")),
        sa.UniqueConstraint("video_id", name=op.f("uq_thumbnails_video_id")),
    )
    op.execute(HISTORY)


def downgrade() -> None:
    op.execute("DROP VIEW pipeline_history")
    op.drop_table("thumbnails")
    op.drop_index(op.f("ix_webhook_deliveries_run_id"), table_name="webhook_deliveries")
    op.drop_index(
        "ix_webhook_deliveries_due", table_name="webhook_deliveries", postgresql_where=sa.text("delivered_at IS NULL")
    )
    op.drop_table("webhook_deliveries")
    op.drop_index("ix_run_stages_fingerprint", table_name="run_stages")
    op.drop_table("run_stages")
    op.drop_table("run_items")
    op.drop_table("run_events")
    op.drop_table("run_attempts")
    op.drop_index(op.f("ix_clips_video_id"), table_name="clips")
    op.drop_table("clips")
    op.drop_index(
        "uq_runs_active_subject", table_name="runs", postgresql_where=sa.text("status IN ('queued', 'processing')")
    )
    op.drop_index(op.f("ix_runs_video_id"), table_name="runs")
    op.drop_index("ix_runs_subject_pipeline", table_name="runs")
    op.drop_index("ix_runs_queued", table_name="runs", postgresql_where=sa.text("status = 'queued'"))
    op.drop_index("ix_runs_processing", table_name="runs", postgresql_where=sa.text("status = 'processing'"))
    op.drop_index(op.f("ix_runs_generation_config_id"), table_name="runs")
    op.drop_table("runs")
    op.drop_index(op.f("ix_moments_video_id"), table_name="moments")
    op.drop_index(op.f("ix_moments_parent_id"), table_name="moments")
    op.drop_index(op.f("ix_moments_generation_config_id"), table_name="moments")
    op.drop_table("moments")
    op.drop_index(op.f("ix_generation_configs_transcript_id"), table_name="generation_configs")
    op.drop_index(op.f("ix_generation_configs_prompt_id"), table_name="generation_configs")
    op.drop_table("generation_configs")
    op.drop_table("transcripts")
    op.drop_index("uq_videos_canonical_source", table_name="videos", postgresql_where=sa.text("status <> 'deleting'"))
    op.drop_table("videos")
    op.drop_table("prompts")
    op.drop_table("api_keys")
