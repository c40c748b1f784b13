"""The tables, as SQLAlchemy maps them; ``migrations/`` carries the same to a server."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from moments_ray.states import ACTIVE_RUN, ClipStatus, RunStatus, StageStatus, VideoStatus, WebhookStatus


class Table(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        str: Text,
        float: Float(53),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


def _status(name: str, states: Iterable[StrEnum]) -> CheckConstraint:
    allowed = ", ".join(f"'{state.value}'" for state in states)
    return CheckConstraint(f"{name} IN ({allowed})", name=name)


def _key() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(), primary_key=True)


def _public() -> Mapped[str]:
    return mapped_column(String(36), unique=True)


def _reference(target: str, *, ondelete: str = "CASCADE", index: bool = True) -> Any:
    return mapped_column(ForeignKey(target, ondelete=ondelete), index=index)


def words_of(column: str, longest: int) -> str:
    """Return the SQL of what search looks up in a column: words as written, for no language is known of a title."""
    return f"to_tsvector('simple'::regconfig, \"left\"({column}, {longest}))"


def _words_index(name: str, column: str, longest: int) -> Index:
    return Index(name, text(words_of(column, longest)), postgresql_using="gin")


LONGEST_TITLE = 1000
LONGEST_PASSAGE = 10_000  # characters that are looked up: what PostgreSQL indexes has a limit


def _now() -> Mapped[datetime]:
    return mapped_column(server_default=func.now())


class Video(Table):
    """A source video; ``canonical_source`` is what makes two submissions the same video."""

    __tablename__ = "videos"
    __table_args__ = (
        _status("status", VideoStatus),
        Index(
            "uq_videos_canonical_source",
            "canonical_source",
            unique=True,
            postgresql_where=text("status <> 'deleting'"),
        ),
        _words_index("ix_videos_title_words", "title", LONGEST_TITLE),
    )

    id: Mapped[int] = _key()
    identifier: Mapped[str] = _public()
    source_url: Mapped[str | None]
    canonical_source: Mapped[str]
    cloud_url: Mapped[str | None]
    title: Mapped[str | None]
    duration: Mapped[float | None]
    resolution: Mapped[str | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    fps: Mapped[float | None]
    codec: Mapped[str | None]
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    checksum: Mapped[str | None]
    info: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    status: Mapped[str] = mapped_column(server_default=VideoStatus.PENDING.value)
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class TranscriptRow(Table):
    """What an engine heard in a video; word times are ``[{"word", "start", "end"}]`` in seconds."""

    __tablename__ = "transcripts"
    __table_args__ = (UniqueConstraint("video_id", "engine"),)

    id: Mapped[int] = _key()
    video_id: Mapped[int] = _reference("videos.id", index=False)
    full_text: Mapped[str]
    word_timestamps: Mapped[list[Any]]
    segment_timestamps: Mapped[list[Any]]
    language: Mapped[str | None]
    engine: Mapped[str]
    health: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[datetime] = _now()


class TranscriptPassage(Table):
    """A stretch of a transcript, as search finds it; times in seconds."""

    __tablename__ = "transcript_passages"
    __table_args__ = (_words_index("ix_transcript_passages_words", "spoken", LONGEST_PASSAGE),)

    id: Mapped[int] = _key()
    transcript_id: Mapped[int] = _reference("transcripts.id")
    start_time: Mapped[float]
    end_time: Mapped[float]
    spoken: Mapped[str]


class Prompt(Table):
    """A pair of prompts, kept once."""

    __tablename__ = "prompts"

    id: Mapped[int] = _key()
    user_prompt: Mapped[str]
    system_prompt: Mapped[str]
    prompt_hash: Mapped[str] = mapped_column(String(64), unique=True)


class GenerationConfig(Table):
    """The options a generation ran with, kept once."""

    __tablename__ = "generation_configs"

    id: Mapped[int] = _key()
    prompt_id: Mapped[int] = _reference("prompts.id", ondelete="RESTRICT")
    transcript_id: Mapped[int | None] = _reference("transcripts.id")
    model: Mapped[str]
    temperature: Mapped[float | None]
    top_p: Mapped[float | None]
    top_k: Mapped[int | None]
    max_tokens: Mapped[int | None]
    config_hash: Mapped[str] = mapped_column(String(64), unique=True)


class MomentRow(Table):
    """A highlight; a refined one names the moment it was refined from."""

    __tablename__ = "moments"
    __table_args__ = (
        CheckConstraint("start_time >= 0 AND end_time > start_time", name="range"),
        _words_index("ix_moments_title_words", "title", LONGEST_TITLE),
    )

    id: Mapped[int] = _key()
    identifier: Mapped[str] = _public()
    video_id: Mapped[int] = _reference("videos.id")
    title: Mapped[str]
    start_time: Mapped[float]
    end_time: Mapped[float]
    is_refined: Mapped[bool] = mapped_column(server_default=text("false"))
    parent_id: Mapped[int | None] = _reference("moments.id")
    generation_config_id: Mapped[int | None] = _reference("generation_configs.id", ondelete="SET NULL")
    score: Mapped[float | None]
    reason: Mapped[str | None]
    provenance: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    created_at: Mapped[datetime] = _now()


class ClipRow(Table):
    """A moment's clip in a preset; its times are its own edges, padding included."""

    __tablename__ = "clips"
    __table_args__ = (_status("status", ClipStatus), UniqueConstraint("moment_id", "preset"))

    id: Mapped[int] = _key()
    identifier: Mapped[str] = _public()
    moment_id: Mapped[int] = _reference("moments.id", index=False)
    video_id: Mapped[int] = _reference("videos.id")
    cloud_url: Mapped[str | None]
    start_time: Mapped[float]
    end_time: Mapped[float]
    padding_left: Mapped[float] = mapped_column(server_default=text("0"))
    padding_right: Mapped[float] = mapped_column(server_default=text("0"))
    preset: Mapped[str]
    method: Mapped[str | None]
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    checksum: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default=ClipStatus.PENDING.value)
    error: Mapped[dict[str, Any] | None]


class Thumbnail(Table):
    """A picture of a video or of a clip."""

    __tablename__ = "thumbnails"
    __table_args__ = (CheckConstraint("num_nonnulls(video_id, clip_id) = 1", name="one_owner"),)

    id: Mapped[int] = _key()
    video_id: Mapped[int | None] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), unique=True)
    clip_id: Mapped[int | None] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"), unique=True)
    cloud_url: Mapped[str]


class Run(Table):
    """One run of a pipeline over a subject; ``attempt`` counts claims and fences every write."""

    __tablename__ = "runs"
    __table_args__ = (
        _status("status", RunStatus),
        CheckConstraint("priority BETWEEN 0 AND 10", name="priority"),
        Index(
            "uq_runs_active_subject",
            "subject",
            unique=True,
            postgresql_where=text("status IN ({})".format(", ".join(f"'{s.value}'" for s in ACTIVE_RUN))),
        ),
        Index("ix_runs_queued", "rung_at", postgresql_where=text("status = 'queued'")),
        Index("ix_runs_processing", "heartbeat_at", postgresql_where=text("status = 'processing'")),
        Index("ix_runs_subject_pipeline", "subject", "pipeline", "config_fingerprint"),
    )

    id: Mapped[int] = _key()
    identifier: Mapped[str] = _public()
    pipeline: Mapped[str]
    subject: Mapped[str]
    video_id: Mapped[int | None] = _reference("videos.id")
    status: Mapped[str] = mapped_column(server_default=RunStatus.QUEUED.value)
    priority: Mapped[int] = mapped_column(Integer, server_default=text("5"))
    attempt: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    deaths: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # claims that died since the last output
    config: Mapped[dict[str, Any]]
    config_fingerprint: Mapped[str] = mapped_column(String(64))
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    webhook_url: Mapped[str | None]  # where to tell of the run's end
    webhook_secret: Mapped[str | None]  # the caller's own, to sign that with
    owner: Mapped[str | None]
    heartbeat_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    generation_config_id: Mapped[int | None] = _reference("generation_configs.id", ondelete="SET NULL")
    progress: Mapped[float] = mapped_column(server_default=text("0"))
    result: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    error_stage: Mapped[str | None]
    event_seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    message_id: Mapped[str | None]  # the stream entry that rings for this run
    rung_at: Mapped[datetime] = _now()
    queued_at: Mapped[datetime] = _now()
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]


def _run_key() -> Mapped[int]:
    return mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)


class RunStage(Table):
    """A stage of a run; the presence of its output is its completion."""

    __tablename__ = "run_stages"
    __table_args__ = (_status("status", StageStatus), Index("ix_run_stages_fingerprint", "name", "fingerprint"))

    run_id: Mapped[int] = _run_key()
    name: Mapped[str] = mapped_column(primary_key=True)
    ordinal: Mapped[int]
    status: Mapped[str] = mapped_column(server_default=StageStatus.PENDING.value)
    fingerprint: Mapped[str | None] = mapped_column(String(64))  # of the inputs the output was made from
    output: Mapped[dict[str, Any] | None]
    progress: Mapped[float] = mapped_column(server_default=text("0"))
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    seconds: Mapped[float | None]


class RunAttempt(Table):
    """A try of a stage; ``attempt`` is the run's claim it was made under."""

    __tablename__ = "run_attempts"
    __table_args__ = (_status("status", StageStatus),)

    run_id: Mapped[int] = _run_key()
    stage: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    attempt: Mapped[int]
    node: Mapped[str | None]
    status: Mapped[str]
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    started_at: Mapped[datetime] = _now()
    ended_at: Mapped[datetime | None]


class RunItem(Table):
    """One item of a fan-out stage; the presence of its output is its completion."""

    __tablename__ = "run_items"
    __table_args__ = (_status("status", StageStatus),)

    run_id: Mapped[int] = _run_key()
    stage: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    ordinal: Mapped[int]
    spec: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(server_default=StageStatus.PENDING.value)
    output: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]


class RunEvent(Table):
    """What happened in a run, in order, without gaps."""

    __tablename__ = "run_events"

    run_id: Mapped[int] = _run_key()
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = _now()


class ApiKey(Table):
    """A key of the API, as its hash."""

    __tablename__ = "api_keys"

    id: Mapped[int] = _key()
    identifier: Mapped[str] = _public()
    name: Mapped[str]
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime] = _now()
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ModelEntryRow(Table):
    """What an operator said of a model, over its default where the code has one."""

    __tablename__ = "model_entries"

    key: Mapped[str] = mapped_column(primary_key=True)
    entry: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime] = _now()


class WebhookDelivery(Table):
    """A webhook message and how its delivery stands; one that is due outlives its run."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        _status("status", WebhookStatus),
        Index("ix_webhook_deliveries_due", "next_attempt_at", postgresql_where=text("status = 'pending'")),
        Index(  # a B-tree has no room for the longest of URLs
            "ix_webhook_deliveries_disabled",
            "url",
            postgresql_where=text("status = 'disabled'"),
            postgresql_using="hash",
        ),
    )

    id: Mapped[int] = _key()
    identifier: Mapped[str] = _public()
    run_id: Mapped[int | None] = _reference("runs.id", ondelete="SET NULL")
    url: Mapped[str]
    secret: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default=WebhookStatus.PENDING.value)
    type: Mapped[str]
    payload: Mapped[dict[str, Any]]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    response_status: Mapped[int | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime] = _now()


class SigningSecret(Table):
    """A secret that was made here, because nobody configured one."""

    __tablename__ = "signing_secrets"

    name: Mapped[str] = mapped_column(primary_key=True)
    secret: Mapped[str]
    created_at: Mapped[datetime] = _now()
