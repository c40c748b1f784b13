"""The tables of the editor: assets, projects with their timelines, renders, consent, chat."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, func, text
from sqlalchemy.orm import Mapped, mapped_column

from moments_ray.database.tables.columns import Table, created_now, key, public_identifier, reference


def _updated_now() -> Mapped[datetime]:
    return mapped_column(server_default=func.now(), onupdate=func.now())


class Asset(Table):
    """A video of the library as the editor shows it; ``ingest_name``, ``thumbnail_name`` are its names in /media/."""

    __tablename__ = "assets"

    id: Mapped[int] = key()
    identifier: Mapped[str] = public_identifier()
    video_id: Mapped[int] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), unique=True)
    ingest_name: Mapped[str] = mapped_column(unique=True)
    thumbnail_name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = created_now()
    updated_at: Mapped[datetime] = _updated_now()


class Project(Table):
    """An edit of an asset; ``version`` counts its timelines, and ``timeline`` is the newest of them."""

    __tablename__ = "projects"

    id: Mapped[int] = key()
    identifier: Mapped[str] = public_identifier()
    title: Mapped[str]
    asset_id: Mapped[int] = reference("assets.id")
    timeline: Mapped[dict[str, Any] | None]
    version: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    template_name: Mapped[str | None]
    seed: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = created_now()
    updated_at: Mapped[datetime] = _updated_now()


class TimelineVersion(Table):
    """A timeline that a project has or had, and who made it: a person, or a template."""

    __tablename__ = "timeline_versions"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    timeline: Mapped[dict[str, Any]]
    made_by: Mapped[str]
    created_at: Mapped[datetime] = created_now()


class Render(Table):
    """A film of a timeline, whose status is its run's; ``output_name`` is its name in /media/."""

    __tablename__ = "renders"

    id: Mapped[int] = key()
    project_id: Mapped[int] = reference("projects.id")
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), unique=True)
    timeline_version: Mapped[int]
    watermark: Mapped[bool]
    preset: Mapped[str]
    output_name: Mapped[str | None] = mapped_column(unique=True)
    output_url: Mapped[str | None]
    created_at: Mapped[datetime] = created_now()
    updated_at: Mapped[datetime] = _updated_now()


class LostRender(Table):
    """A render whose video was deleted under it, for those that follow it; ``job_id`` is its run's identifier."""

    __tablename__ = "lost_renders"

    job_id: Mapped[str] = mapped_column(primary_key=True)
    timeline_version: Mapped[int]
    progress: Mapped[float]
    segment: Mapped[str]  # that was rendered, or was to be the first
    lost_at: Mapped[datetime] = created_now()


class MadeFileRow(Table):
    """A film or picture that was made of words, by the name that it has in /media/final/."""

    __tablename__ = "made_files"

    id: Mapped[int] = key()
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), unique=True)
    output_name: Mapped[str] = mapped_column(unique=True)
    output_url: Mapped[str]
    created_at: Mapped[datetime] = created_now()


class Consent(Table):
    """Whether who is seen in an asset agreed; ``document_name`` is the signed document's name in /media/."""

    __tablename__ = "consents"

    id: Mapped[int] = key()
    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"), unique=True)
    has_checkbox: Mapped[bool] = mapped_column(server_default=text("false"))
    document_name: Mapped[str | None] = mapped_column(unique=True)
    document_url: Mapped[str | None]
    created_at: Mapped[datetime] = created_now()
    updated_at: Mapped[datetime] = _updated_now()


class ConsentEvent(Table):
    """Who changed a consent, when and how; rows are added, never changed."""

    __tablename__ = "consent_events"

    id: Mapped[int] = key()
    asset_id: Mapped[int] = reference("assets.id")
    who: Mapped[str]
    what: Mapped[str]
    sha256: Mapped[str | None]
    created_at: Mapped[datetime] = created_now()


class ChatSession(Table):
    """A conversation with a backend, about a project where it names one."""

    __tablename__ = "chat_sessions"

    id: Mapped[int] = key()
    identifier: Mapped[str] = public_identifier()
    title: Mapped[str]
    backend: Mapped[str]
    hf_model: Mapped[str | None]
    project_id: Mapped[int | None] = reference("projects.id", ondelete="SET NULL")
    created_at: Mapped[datetime] = created_now()
    updated_at: Mapped[datetime] = _updated_now()


class ChatMessage(Table):
    """What one side of a conversation said; ``proposal`` are the edits that an answer proposes."""

    __tablename__ = "chat_messages"
    __table_args__ = (
        CheckConstraint("role IN ('user', 'assistant')", name="role"),
        CheckConstraint("status IN ('waiting', 'answered', 'failed')", name="status"),
    )

    id: Mapped[int] = key()
    session_id: Mapped[int] = reference("chat_sessions.id")
    role: Mapped[str]
    content: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'answered'"))
    tokens: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    proposal: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = created_now()
