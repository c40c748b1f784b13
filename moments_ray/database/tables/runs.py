"""The tables of what is done: runs, their stages, tries, items and events."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    String,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from moments_ray.database.tables.columns import (
    Table,
    created_now,
    key,
    public_identifier,
    reference,
    status_check,
)
from moments_ray.states import ACTIVE_RUN, RunStatus, StageStatus

_IS_ACTIVE = text("status IN ({})".format(", ".join(f"'{s.value}'" for s in ACTIVE_RUN)))


class Run(Table):
    """One run of a pipeline; ``attempt`` counts claims and fences every write.

    ``subject`` is what it is about, ``exclusive_key`` what no other active run may have, ``video_id`` the video it
    works on. ``produced_by`` is the fingerprint of what decides beside the request: versions of stages, and models.
    """

    __tablename__ = "runs"
    __table_args__ = (
        status_check("status", RunStatus),
        CheckConstraint("priority BETWEEN 0 AND 10", name="priority"),
        Index(
            "uq_runs_active_exclusive",
            "exclusive_key",
            unique=True,
            postgresql_where=_IS_ACTIVE,
        ),
        Index("ix_runs_active_video", "video_id", postgresql_where=_IS_ACTIVE),
        Index("ix_runs_queued", "notified_at", postgresql_where=text("status = 'queued'")),
        Index("ix_runs_processing", "heartbeat_at", postgresql_where=text("status = 'processing'")),
        Index("ix_runs_jobs", "id", postgresql_where=text("pipeline LIKE 'job.%'")),
        Index("ix_runs_subject_pipeline", "subject", "pipeline", "config_fingerprint"),
    )

    id: Mapped[int] = key()
    identifier: Mapped[str] = public_identifier()
    pipeline: Mapped[str]
    subject: Mapped[str]
    exclusive_key: Mapped[str | None]
    video_id: Mapped[int | None] = reference("videos.id")
    status: Mapped[str] = mapped_column(server_default=RunStatus.QUEUED.value)
    priority: Mapped[int] = mapped_column(Integer, server_default=text("5"))
    attempt: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    crash_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # crashed claims since the last output
    config: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))  # as its caller gave them
    config_fingerprint: Mapped[str] = mapped_column(String(64))
    produced_by: Mapped[str | None] = mapped_column(String(64))
    application_version: Mapped[str | None]  # of the worker that claimed it last
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    webhook_url: Mapped[str | None]  # where to tell of the run's end
    webhook_secret: Mapped[str | None]  # the caller's own, to sign that with
    owner: Mapped[str | None]
    heartbeat_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    generation_config_id: Mapped[int | None] = reference("generation_configs.id", ondelete="SET NULL")
    progress: Mapped[float] = mapped_column(server_default=text("0"))
    result: Mapped[dict[str, Any] | None]  # what its pipeline says it gives
    errors: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # items that failed
    error: Mapped[dict[str, Any] | None]
    error_stage: Mapped[str | None]
    event_seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    message_id: Mapped[str | None]  # the stream entry that notifies workers of this run
    notified_at: Mapped[datetime] = created_now()
    queued_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    deadline_seconds: Mapped[float | None]  # from its claim to its end
    deadline_at: Mapped[datetime | None]
    tries: Mapped[int | None]  # how often each stage may be tried, over its own number


def _run_key() -> Mapped[int]:
    return mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)


class RunStage(Table):
    """A stage of a run; the presence of its output is its completion."""

    __tablename__ = "run_stages"
    __table_args__ = (status_check("status", StageStatus), Index("ix_run_stages_fingerprint", "name", "fingerprint"))

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
    __table_args__ = (status_check("status", StageStatus),)

    run_id: Mapped[int] = _run_key()
    stage: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    attempt: Mapped[int]
    node: Mapped[str | None]
    status: Mapped[str]
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    input_tokens: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    output_tokens: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    usd: Mapped[Decimal] = mapped_column(Numeric, server_default=text("0"))
    started_at: Mapped[datetime] = created_now()
    ended_at: Mapped[datetime | None]


class RunItem(Table):
    """One item of a fan-out stage; the presence of its output is its completion."""

    __tablename__ = "run_items"
    __table_args__ = (status_check("status", StageStatus),)

    run_id: Mapped[int] = _run_key()
    stage: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    ordinal: Mapped[int]
    spec: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(server_default=StageStatus.PENDING.value)
    output: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    node: Mapped[str | None]  # that ended it


class RunNote(Table):
    """What a try wrote down for the next one, such as what it has paid for; ``item`` is empty outside of fan-outs."""

    __tablename__ = "run_notes"

    run_id: Mapped[int] = _run_key()
    stage: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True, server_default="")
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)
    written_at: Mapped[datetime] = created_now()


class RunEvent(Table):
    """What happened in a run, in order, without gaps."""

    __tablename__ = "run_events"
    __table_args__ = (
        Index("ix_run_events_worker", text("(data ->> 'worker')"), postgresql_where=text("type = 'run.started'")),
    )

    run_id: Mapped[int] = _run_key()
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)  # among the events of all runs
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = created_now()
