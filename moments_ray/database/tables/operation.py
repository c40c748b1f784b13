"""The tables of how it is operated: keys, models, webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Index,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from moments_ray.database.tables.columns import (
    Table,
    created_now,
    key,
    public_identifier,
    reference,
    status_check,
)
from moments_ray.states import WebhookStatus


class ApiKey(Table):
    """A key of the API, as its hash."""

    __tablename__ = "api_keys"

    id: Mapped[int] = key()
    identifier: Mapped[str] = public_identifier()
    name: Mapped[str]
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime] = created_now()
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ApiSession(Table):
    """A browser's session, as the hash of its cookie; it goes with its key."""

    __tablename__ = "api_sessions"

    id: Mapped[int] = key()
    api_key_id: Mapped[int] = reference("api_keys.id")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = created_now()
    last_used_at: Mapped[datetime] = created_now()


class ModelEntryRow(Table):
    """What an operator said of a model, over its default where the code has one."""

    __tablename__ = "model_entries"

    key: Mapped[str] = mapped_column(primary_key=True)
    entry: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime] = created_now()


class WebhookDelivery(Table):
    """A webhook message and how its delivery stands; one that is due outlives its run."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        status_check("status", WebhookStatus),
        Index("ix_webhook_deliveries_due", "next_attempt_at", postgresql_where=text("status = 'pending'")),
        Index(  # a B-tree has no space for the longest of URLs
            "ix_webhook_deliveries_disabled",
            "url",
            postgresql_where=text("status = 'disabled'"),
            postgresql_using="hash",
        ),
    )

    id: Mapped[int] = key()
    identifier: Mapped[str] = public_identifier()
    run_id: Mapped[int | None] = reference("runs.id", ondelete="SET NULL")
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
    created_at: Mapped[datetime] = created_now()


class SigningSecret(Table):
    """A secret that was made here, because nobody configured one."""

    __tablename__ = "signing_secrets"

    name: Mapped[str] = mapped_column(primary_key=True)
    secret: Mapped[str]
    created_at: Mapped[datetime] = created_now()
