"""What tables have in common: the base, and columns that look the same everywhere."""

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
    MetaData,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


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


def status_check(name: str, states: Iterable[StrEnum]) -> CheckConstraint:
    """Return the constraint that a column holds one of some states."""
    allowed = ", ".join(f"'{state.value}'" for state in states)
    return CheckConstraint(f"{name} IN ({allowed})", name=name)


def key() -> Mapped[int]:
    """Return the integer key, which is for SQL alone."""
    return mapped_column(BigInteger, Identity(), primary_key=True)


def public_identifier() -> Mapped[str]:
    """Return the column that others know a row by."""
    return mapped_column(String(36), unique=True)


def reference(target: str, *, ondelete: str = "CASCADE", index: bool = True) -> Any:
    """Return the key of a row elsewhere, which goes when that one goes."""
    return mapped_column(ForeignKey(target, ondelete=ondelete), index=index)


def words_of(column: str, longest: int) -> str:
    """Return the SQL of what search looks up in a column: words as written, for no language is known of a title."""
    return f"to_tsvector('simple'::regconfig, \"left\"({column}, {longest}))"


def words_index(name: str, column: str, longest: int) -> Index:
    """Return the index of what search looks up in a column."""
    return Index(name, text(words_of(column, longest)), postgresql_using="gin")


LONGEST_TITLE = 1000
LONGEST_PASSAGE = 10_000  # characters that are looked up: what PostgreSQL indexes has a limit


def created_now() -> Mapped[datetime]:
    """Return the column of when a row was made."""
    return mapped_column(server_default=func.now())
