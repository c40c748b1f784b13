"""The tables of what users have: videos, their words, moments and clips."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from moments_ray.database.tables.columns import (
    LONGEST_PASSAGE,
    LONGEST_TITLE,
    Table,
    created_now,
    key,
    public_identifier,
    reference,
    status_check,
    words_index,
)
from moments_ray.states import ClipStatus, SetStatus, VideoStatus


class Video(Table):
    """A source video; ``canonical_source`` is what makes two submissions the same video.

    ``storyboard`` is where its sheet of small pictures is stored (``uri``), and how they lie on it.
    """

    __tablename__ = "videos"
    __table_args__ = (
        status_check("status", VideoStatus),
        Index(
            "uq_videos_canonical_source",
            "canonical_source",
            unique=True,
            postgresql_where=text("status <> 'deleting'"),
        ),
        words_index("ix_videos_title_words", "title", LONGEST_TITLE),
    )

    id: Mapped[int] = key()
    identifier: Mapped[str] = public_identifier()
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
    site_signals: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    storyboard: Mapped[dict[str, Any] | None]
    status: Mapped[str] = mapped_column(server_default=VideoStatus.PENDING.value)
    created_at: Mapped[datetime] = created_now()
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class SiteVisit(Table):
    """When a site may be asked next by any node of the cluster."""

    __tablename__ = "site_visits"

    site: Mapped[str] = mapped_column(primary_key=True)
    free_at: Mapped[datetime]


class TranscriptRow(Table):
    """What an engine heard in a video; word times are ``[{"word", "start", "end"}]`` in seconds."""

    __tablename__ = "transcripts"
    __table_args__ = (UniqueConstraint("video_id", "engine"),)

    id: Mapped[int] = key()
    video_id: Mapped[int] = reference("videos.id", index=False)
    full_text: Mapped[str]
    word_timestamps: Mapped[list[Any]]
    segment_timestamps: Mapped[list[Any]]
    language: Mapped[str | None]
    engine: Mapped[str]
    health: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[datetime] = created_now()


class TranscriptPassage(Table):
    """A stretch of a transcript, as search finds it; times in seconds."""

    __tablename__ = "transcript_passages"
    __table_args__ = (words_index("ix_transcript_passages_words", "spoken", LONGEST_PASSAGE),)

    id: Mapped[int] = key()
    transcript_id: Mapped[int] = reference("transcripts.id")
    start_time: Mapped[float]
    end_time: Mapped[float]
    spoken: Mapped[str]


class Prompt(Table):
    """A pair of prompts, kept once."""

    __tablename__ = "prompts"

    id: Mapped[int] = key()
    user_prompt: Mapped[str]
    system_prompt: Mapped[str]
    prompt_hash: Mapped[str] = mapped_column(String(64), unique=True)


class GenerationConfig(Table):
    """The options a generation ran with, kept once."""

    __tablename__ = "generation_configs"

    id: Mapped[int] = key()
    prompt_id: Mapped[int] = reference("prompts.id", ondelete="RESTRICT")
    transcript_id: Mapped[int | None] = reference("transcripts.id")
    model: Mapped[str]
    temperature: Mapped[float | None]
    top_p: Mapped[float | None]
    top_k: Mapped[int | None]
    max_tokens: Mapped[int | None]
    config_hash: Mapped[str] = mapped_column(String(64), unique=True)


class MomentSet(Table):
    """The moments of one generation; the current one of a video is what users see."""

    __tablename__ = "moment_sets"
    __table_args__ = (
        status_check("status", SetStatus),
        Index("uq_moment_sets_current", "video_id", unique=True, postgresql_where=text("status = 'current'")),
    )

    id: Mapped[int] = key()
    identifier: Mapped[str] = public_identifier()
    video_id: Mapped[int] = reference("videos.id")
    generation_config_id: Mapped[int | None] = reference("generation_configs.id", ondelete="SET NULL")
    run_id: Mapped[int | None] = reference("runs.id", ondelete="SET NULL")
    status: Mapped[str] = mapped_column(server_default=SetStatus.CANDIDATE.value)
    created_at: Mapped[datetime] = created_now()
    promoted_at: Mapped[datetime | None]


class MomentRow(Table):
    """A highlight; a refined one names the moment it was refined from, one that a person added is of no set.

    ``version`` counts what people changed; what was deleted can be restored for a while.
    """

    __tablename__ = "moments"
    __table_args__ = (
        CheckConstraint("start_time >= 0 AND end_time > start_time", name="range"),
        words_index("ix_moments_title_words", "title", LONGEST_TITLE),
        Index("ix_moments_deleted", "deleted_at", postgresql_where=text("deleted_at IS NOT NULL")),
    )

    id: Mapped[int] = key()
    identifier: Mapped[str] = public_identifier()
    video_id: Mapped[int] = reference("videos.id")
    title: Mapped[str]
    start_time: Mapped[float]
    end_time: Mapped[float]
    is_refined: Mapped[bool] = mapped_column(server_default=text("false"))
    parent_id: Mapped[int | None] = reference("moments.id")
    generation_config_id: Mapped[int | None] = reference("generation_configs.id", ondelete="SET NULL")
    score: Mapped[float | None]
    reason: Mapped[str | None]
    provenance: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    set_id: Mapped[int | None] = reference("moment_sets.id")
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    created_at: Mapped[datetime] = created_now()
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    deleted_at: Mapped[datetime | None]


class ClipRow(Table):
    """A moment's clip in a preset; its times are its own edges, padding included.

    ``moment_start_time`` and ``moment_end_time`` are the edges of its moment when it was cut.
    """

    __tablename__ = "clips"
    __table_args__ = (status_check("status", ClipStatus), UniqueConstraint("moment_id", "preset"))

    id: Mapped[int] = key()
    identifier: Mapped[str] = public_identifier()
    moment_id: Mapped[int] = reference("moments.id", index=False)
    video_id: Mapped[int] = reference("videos.id")
    cloud_url: Mapped[str | None]
    start_time: Mapped[float]
    end_time: Mapped[float]
    moment_start_time: Mapped[float | None]
    moment_end_time: Mapped[float | None]
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

    id: Mapped[int] = key()
    video_id: Mapped[int | None] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), unique=True)
    clip_id: Mapped[int | None] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"), unique=True)
    cloud_url: Mapped[str]


class Upload(Table):
    """A file that arrives in parts; ``received`` bytes of ``bytes`` are here, and at the end it is a video."""

    __tablename__ = "uploads"
    __table_args__ = (CheckConstraint("bytes > 0 AND received BETWEEN 0 AND bytes", name="received"),)

    id: Mapped[int] = key()
    identifier: Mapped[str] = public_identifier()
    bytes: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    title: Mapped[str | None]
    process: Mapped[bool] = mapped_column(server_default=text("false"))
    options: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    idempotency_key: Mapped[str | None]
    video_id: Mapped[int | None] = reference("videos.id", ondelete="SET NULL")
    run_id: Mapped[int | None] = reference("runs.id", ondelete="SET NULL")
    created_at: Mapped[datetime] = created_now()
    expires_at: Mapped[datetime] = mapped_column(index=True)


class UploadPart(Table):
    """An object that holds the bytes of an upload from ``start`` on."""

    __tablename__ = "upload_parts"

    upload_id: Mapped[int] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str]
