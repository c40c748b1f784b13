"""Backfills as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from moments_ray.corpus.options import Budget, Mode, SetName
from moments_ray.http.schemas.base import Page, Shape
from moments_ray.http.schemas.runs import RunError
from moments_ray.states import BackfillItemStatus, BackfillStatus

if TYPE_CHECKING:  # the client reads answers by these shapes, and has no database
    from moments_ray.corpus.comparison import Comparison, Span
    from moments_ray.corpus.estimating import Estimate
    from moments_ray.corpus.queries.items import LedgerEntry
    from moments_ray.corpus.queries.sets import SetPair
    from moments_ray.database.tables import Backfill, BackfillEvent


class ItemCounts(Shape):
    """How many items stand how."""

    total: int = 0
    pending: int = 0
    running: int = 0
    completed: int = 0
    completed_with_errors: int = 0
    failed: int = Field(0, description="set aside until a caller asks for them again")
    skipped: int = Field(0, description="there already, or a second time in the list")
    cancelled: int = 0


class Spent(Shape):
    """What a backfill has taken of its budget."""

    videos: int
    media_hours: float
    tokens: int
    usd: float


class BackfillView(Shape):
    """One pipeline over many videos."""

    identifier: str
    name: str
    status: BackfillStatus
    paused_by: str | None = Field(description="`caller`, or the budget that is spent: `budget.usd`")
    pipeline: str
    source: dict[str, Any]
    options: dict[str, Any]
    mode: Mode
    show_as: SetName = Field(alias="as")
    in_flight: int
    priority: int
    budget: Budget
    spent: Spent
    counts: ItemCounts
    sets_to: str | None = Field(description="`promote` or `rollback` while that is being done")
    error: RunError | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None

    @classmethod
    def of(cls, backfill: Backfill) -> Self:
        """Show a row."""
        return cls(**backfill_fields(backfill))


class BackfillDetail(BackfillView):
    """A backfill, and how fast it goes."""

    throughput_per_hour: float = Field(description="items whose run ended, by those of the last ten minutes")
    seconds_left: float | None = Field(description="at that pace; null where nothing moves")

    @classmethod
    def of_pace(cls, backfill: Backfill, per_hour: float) -> Self:
        """Show a row with its pace."""
        left = sum(backfill.counts.get(status, 0) for status in ("pending", "running"))
        seconds = left / per_hour * 3600 if per_hour > 0 else None
        return cls(**backfill_fields(backfill), throughput_per_hour=per_hour, seconds_left=seconds if left else 0.0)


def backfill_fields(backfill: Backfill) -> dict[str, Any]:
    """Return what every view of a backfill has."""
    source = dict(backfill.source)
    if len(urls := source.get("urls", [])) > _MOST_URLS_SHOWN:
        source["urls"] = [*urls[:_MOST_URLS_SHOWN], f"({len(urls) - _MOST_URLS_SHOWN:,} more)"]
    same = ("identifier", "name", "status", "paused_by", "pipeline", "options", "mode", "in_flight", "priority")
    times = ("created_at", "started_at", "completed_at", "sets_to", "error")
    return {name: getattr(backfill, name) for name in (*same, *times)} | {
        "source": source,
        "as": "candidate" if backfill.candidate else "current",
        "budget": Budget.model_validate(backfill.budget),
        "spent": Spent(
            videos=backfill.attempted,
            media_hours=backfill.media_seconds / 3600,
            tokens=backfill.tokens,
            usd=float(backfill.usd),
        ),
        "counts": ItemCounts(**backfill.counts, total=sum(backfill.counts.values())),
    }


_MOST_URLS_SHOWN = 10


class EstimateView(Shape):
    """What a backfill would come to; null where there is nothing to tell it by."""

    entries: int = Field(description="lines of the list, or videos of the selection")
    videos: int = Field(description="that would be worked on")
    known: int = Field(description="for which nothing is to be done")
    malformed: int
    duplicates: int
    media_hours: float | None
    bytes: int | None = Field(description="to be fetched")
    tokens: int | None
    usd: float | None
    seconds: float | None = Field(description="with as many runs in flight as are asked for")
    runs: int = Field(description="earlier runs of the pipeline that the figures are averages of")
    problems: list[dict[str, str | int]] = Field(description="the first malformed lines")

    @classmethod
    def of(cls, estimate: Estimate) -> Self:
        """Show an estimate."""
        return cls(**vars(estimate))


class ItemView(Shape):
    """A line of the ledger."""

    line: int = Field(description="of the list; for videos of the library their place")
    source: str
    status: BackfillItemStatus
    video: str | None
    run: str | None
    error_code: str | None
    error: str | None
    tries: int
    seconds: float | None = Field(description="from the start of its run to its end")
    tokens: int
    usd: float
    ended_at: datetime | None

    @classmethod
    def of(cls, entry: LedgerEntry) -> Self:
        """Show a line."""
        item = entry.item
        names = ("line", "source", "status", "error_code", "error", "tries", "seconds", "tokens", "ended_at")
        fields = {name: getattr(item, name) for name in names}
        return cls(**fields, video=entry.video, run=entry.run, usd=float(item.usd))


class BackfillEventView(Shape):
    """Something that happened in a backfill."""

    seq: int
    type: str
    data: dict[str, Any]
    created_at: datetime

    @classmethod
    def of(cls, event: BackfillEvent) -> Self:
        """Show an event."""
        return cls(seq=event.seq, type=event.type, data=event.data, created_at=event.created_at)


class ManifestView(Shape):
    """A list that was uploaded."""

    manifest: str = Field(description="name it as `source.manifest`")
    bytes: int


class SpanView(Shape):
    """A moment of one of two sets; times are seconds of the source."""

    identifier: str
    title: str
    start_time: float
    end_time: float

    @classmethod
    def of(cls, span: Span) -> Self:
        """Show a moment."""
        return cls(identifier=span.identifier, title=span.title, start_time=span.start, end_time=span.end)


class MovedView(Shape):
    """A moment with other edges than before."""

    before: SpanView
    after: SpanView


class DiffCounts(Shape):
    """How moments differ from those that users see, or saw before."""

    kept: int = 0
    moved: int = Field(0, description="overlap for at least half of the time that both take together")
    new: int = 0
    gone: int = 0


class VideoDiff(DiffCounts):
    """How the moments of one video differ."""

    video: str
    made: str = Field(description="the set that the backfill made")
    against: str | None = Field(description="the set that users see, or saw before it was promoted")
    moved_moments: list[MovedView]
    new_moments: list[SpanView]
    gone_moments: list[SpanView]

    @classmethod
    def of_comparison(cls, pair: SetPair, found: Comparison) -> Self:
        """Show a comparison."""
        return cls(
            **found.counts,
            video=pair.video,
            made=pair.made.identifier,
            against=None if pair.other is None else pair.other.identifier,
            moved_moments=[MovedView(before=SpanView.of(a), after=SpanView.of(b)) for a, b in found.moved],
            new_moments=[SpanView.of(each) for each in found.new],
            gone_moments=[SpanView.of(each) for each in found.gone],
        )


class DiffTotals(DiffCounts):
    """How all moments of a backfill differ."""

    videos: int = 0
    changed: int = Field(0, description="videos in which something moved, is new or is gone")


class DiffPage(Page[VideoDiff]):
    """How what a backfill found differs, a video an entry."""

    totals: DiffTotals | None = Field(description="over all videos; with the first page")


class SetsChanged(Shape):
    """How far the promotion or rollback of a backfill's sets is."""

    left: int = Field(description="sets that are still to be changed; workers go on with them unless it is a dry run")
    dry_run: bool
