"""Finding words in titles and in what was said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    cast,
    exists,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONPATH, REGCONFIG
from sqlalchemy.orm import aliased

from moments_ray.database.session import ReadSession
from moments_ray.database.tables import (
    LONGEST_PASSAGE,
    LONGEST_TITLE,
    MomentRow,
    MomentSet,
    TranscriptPassage,
    TranscriptRow,
    Video,
    words_of,
)
from moments_ray.states import SetStatus, VideoStatus

_MARK = "\x02", "\x03"  # round a word that was looked for; nobody speaks them
_MARKED = re.compile("\x02([^\x03]+)\x03")
_LETTERS = re.compile(r"\w+")
_HEADLINE = f"StartSel={_MARK[0]}, StopSel={_MARK[1]}, HighlightAll=true"
_SPOKEN_THEN = "$[*] ? (@.start >= $from && @.start <= $to)"
_ROUNDING = 0.01  # seconds by which a passage may begin after its first word


def is_shown() -> ColumnElement[bool]:
    """Return the condition under which users see a moment: a foremost one that is in its video's current set."""
    return and_(is_foremost(), is_current())


def is_foremost() -> ColumnElement[bool]:
    """Return the condition that a moment is there, and nothing newer was refined from it, or beside it."""
    child, newer = aliased(MomentRow), aliased(MomentRow)
    return and_(
        MomentRow.deleted_at.is_(None),
        ~exists().where(child.parent_id == MomentRow.id, child.deleted_at.is_(None)),
        ~exists().where(newer.parent_id == MomentRow.parent_id, newer.id > MomentRow.id, newer.deleted_at.is_(None)),
    )


def is_current() -> ColumnElement[bool]:
    """Return the condition that a moment is in its video's current set, or was added by a person."""
    current = exists().where(MomentSet.id == MomentRow.set_id, MomentSet.status == SetStatus.CURRENT)
    return or_(MomentRow.set_id.is_(None), current)


@dataclass(frozen=True)
class Hit:
    """A place where the words were found; times in seconds, None where it is a video's title.

    ``word_time`` is where the first of the words is spoken, ``passage`` the key of what was said there.
    """

    video: str
    kind: str
    moment: str | None
    start_time: float | None
    end_time: float | None
    text: str
    score: float
    passage: int | None
    word_time: float | None = None


class Search:
    """Full-text search with PostgreSQL's own indexes."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def hits(self, words: str, offset: int, limit: int) -> Sequence[Hit]:
        """Return where all of these words stand, the best first.

        ``words`` is as people write to search engines: "a phrase" in quotes, -without, one or another.
        """
        query = func.websearch_to_tsquery(cast("simple", REGCONFIG), words)
        everywhere = union_all(self._titles(query), self._moments(query), self._passages(query)).subquery()
        order = (everywhere.c.score.desc(), everywhere.c.video, everywhere.c.start_time, everywhere.c.text)
        rows = await self._session.execute(select(everywhere).order_by(*order).offset(offset).limit(limit))
        hits = [Hit(*row) for row in rows]
        times = await self._word_times([hit.passage for hit in hits if hit.passage is not None], query)
        return [replace(hit, word_time=times.get(hit.passage)) if hit.passage is not None else hit for hit in hits]

    async def _word_times(self, passages: Sequence[int], query: Any) -> Mapping[int, float]:
        """Return where in each passage the first of the words is spoken."""
        row = TranscriptPassage
        span = func.jsonb_build_object("from", row.start_time - _ROUNDING, "to", row.end_time)
        spoken = func.jsonb_path_query_array(TranscriptRow.word_timestamps, cast(_SPOKEN_THEN, JSONPATH), span)
        marked = func.ts_headline(cast("simple", REGCONFIG), row.spoken, query, _HEADLINE)
        found = await self._session.execute(
            select(row.id, marked, spoken)
            .join(TranscriptRow, TranscriptRow.id == row.transcript_id)
            .where(row.id.in_(passages))
        )
        times = {key: _time_of(marked, words) for key, marked, words in found}
        return {key: time for key, time in times.items() if time is not None}

    def _titles(self, query: Any) -> Select[Any]:
        looked_up: ColumnElement[Any] = literal_column(words_of("videos.title", LONGEST_TITLE))
        return _found(looked_up, query, "title", Video.title)

    def _moments(self, query: Any) -> Select[Any]:
        looked_up: ColumnElement[Any] = literal_column(words_of("moments.title", LONGEST_TITLE))
        row = MomentRow
        found = _found(
            looked_up, query, "moment", row.title, moment=row.identifier, start=row.start_time, end=row.end_time
        )
        return found.join(MomentRow, MomentRow.video_id == Video.id).where(is_shown())

    def _passages(self, query: Any) -> Select[Any]:
        """Look into every video's newest transcript."""
        looked_up: ColumnElement[Any] = literal_column(words_of("transcript_passages.spoken", LONGEST_PASSAGE))
        row = TranscriptPassage
        newest = (
            select(TranscriptRow.id)
            .where(TranscriptRow.video_id == Video.id)
            .order_by(TranscriptRow.created_at.desc(), TranscriptRow.id.desc())
            .limit(1)
            .correlate(Video)
            .scalar_subquery()
        )
        found = _found(
            looked_up, query, "transcript", row.spoken, start=row.start_time, end=row.end_time, passage=row.id
        )
        return (
            found.join(TranscriptRow, TranscriptRow.video_id == Video.id)
            .join(TranscriptPassage, TranscriptPassage.transcript_id == TranscriptRow.id)
            .where(TranscriptRow.id == newest)
        )


def _found(
    looked_up: Any,
    query: Any,
    kind: str,
    shown: Any,
    *,
    moment: Any = None,
    start: Any = None,
    end: Any = None,
    passage: Any = None,
) -> Select[Any]:
    """Return the rows in which the query is found; what is None is null."""
    return (
        select(
            Video.identifier.label("video"),
            literal(kind).label("kind"),
            cast(null() if moment is None else moment, Text).label("moment"),
            (null() if start is None else start).label("start_time"),
            (null() if end is None else end).label("end_time"),
            shown.label("text"),
            func.ts_rank(looked_up, query).label("score"),
            cast(null() if passage is None else passage, Integer).label("passage"),
        )
        .select_from(Video)
        .where(looked_up.op("@@")(query), Video.status != VideoStatus.DELETING)
    )


def _time_of(marked: str, words: Sequence[Mapping[str, Any]]) -> float | None:
    """Return when the first marked word of a passage is spoken, in seconds; None where no timed word is spelt so."""
    found = _MARKED.search(marked)
    wanted = _LETTERS.search(found[1].lower()) if found else None
    if wanted is None:
        return None
    return next((word["start"] for word in words if wanted[0] in _LETTERS.findall(word["word"].lower())), None)
