"""The document that ``run`` and ``demo`` print: what a run came to, read back from the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from moments_ray.cli.spoken import transcript_entry
from moments_ray.database.tables import Run, RunItem, RunStage, Video
from moments_ray.engine.environment import Environment
from moments_ray.engine.queries.journal_reader import JournalReader
from moments_ray.library.queries.transcripts import Transcripts
from moments_ray.library.queries.videos import Videos
from moments_ray.library.transcripts import transcript_of
from moments_ray.library.values import SourceVideo, TranscriptRef
from moments_ray.media.downloaded import SiteSignals
from moments_ray.media.signals import Signals
from moments_ray.moments.finding.moment import Moment
from moments_ray.moments.finding.quality import measure
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.values import GeneratedMoment, GeneratedMoments, RefinedMoment
from moments_ray.speech.transcript import Transcript
from moments_ray.states import StageStatus

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class RunDocument:
    """A run's document, and what is delivered with it; ``shown`` pairs each moment's entry with what it shows."""

    document: dict[str, Any]
    shown: list[tuple[dict[str, Any], GeneratedMoment | RefinedMoment]]
    source: SourceVideo | None
    transcript: Transcript | None
    signals: Signals | None


async def describe(run: Run, environment: Environment) -> RunDocument:
    """Read back what a run came to."""
    async with environment.database.read() as session:
        video = await Videos(session).get(run.subject)
        reader = JournalReader(session, run.id)
        stages = await reader.stages()
        tries = await reader.tries()
        refined = await reader.items("MOMENT_REFINEMENT")
        items = [item for name in stages for item in await reader.items(name)]
        heard = _output(stages, "TRANSCRIPTION", TranscriptRef)
        row = await Transcripts(session).get(video.id, heard.engine) if heard else None
    transcript = transcript_of(row) if row else None
    source = _output(stages, "VIDEO_DOWNLOAD", SourceVideo)
    generated = _output(stages, "MOMENT_GENERATION", GeneratedMoments)
    signals = await _signals(environment, generated)
    moments = _moments(generated, refined)
    entries = [_moment(moment) for moment in moments]
    claims = {one.stage: one.attempt for one in tries}
    document = {
        "video": _video(video, source),
        "run": {
            "identifier": run.identifier,
            "status": run.status,
            "stages": [
                _stage(name, stages.get(name), claims) for name in environment.registry.get(run.pipeline).stage_names
            ],
        },
        "transcript": transcript_entry(transcript) if transcript else {"engine": None, "language": None, "words": 0},
        "moments": entries,
        "quality": _quality(generated, moments, video, transcript, signals),
        "errors": [_error(item) for item in items if item.status == StageStatus.FAILED or _problem(item)],
    }
    return RunDocument(
        document,
        list(zip(entries, moments, strict=True)),
        source,
        transcript,
        signals,
    )


def _output(stages: Mapping[str, RunStage], name: str, kind: type[T]) -> T | None:
    stage = stages.get(name)
    return kind.model_validate(stage.output) if stage is not None and stage.output is not None else None


async def _signals(environment: Environment, generated: GeneratedMoments | None) -> Signals | None:
    if generated is None:
        return None
    stored = await environment.store.stat(generated.signals)
    return Signals.model_validate_json(await environment.store.read_range(generated.signals, 0, stored.bytes))


def _moments(generated: GeneratedMoments | None, refined: list[RunItem]) -> list[GeneratedMoment | RefinedMoment]:
    """Return what the user should see: the refined child in place of its parent, in time order."""
    children = {item.key: RefinedMoment.model_validate(item.output) for item in refined if item.output is not None}
    moments = [children.get(moment.identifier, moment) for moment in generated.moments] if generated else []
    return sorted(moments, key=lambda moment: moment.start_time)


def _video(video: Video, source: SourceVideo | None) -> dict[str, Any]:
    names = ("identifier", "title", "duration", "width", "height", "fps", "codec")
    told = SiteSignals.model_validate(video.site_signals).model_dump(mode="json")
    warnings = list(source.info.warnings) if source else []
    return {name: getattr(video, name) for name in names} | told | {"warnings": warnings}


def _stage(name: str, stage: RunStage | None, claims: Mapping[str, int]) -> dict[str, Any]:
    return {
        "name": name,
        "status": stage.status if stage else StageStatus.PENDING.value,
        "seconds": round(stage.seconds, 3) if stage and stage.seconds is not None else None,
        "attempt": claims.get(name),
    }


def _moment(moment: GeneratedMoment | RefinedMoment) -> dict[str, Any]:
    parent = moment.parent if isinstance(moment, RefinedMoment) else None
    entry = moment.model_dump(mode="json", exclude={"parent", "clip", "problem"})
    return entry | {"is_refined": parent is not None, "parent_id": parent, "clip": None, "thumbnail": None}


def _quality(
    generated: GeneratedMoments | None,
    moments: list[GeneratedMoment | RefinedMoment],
    video: Video,
    transcript: Transcript | None,
    signals: Signals | None,
) -> dict[str, Any]:
    """Measure what the user sees, not what was first proposed."""
    if generated is None or transcript is None:
        return {}
    timeline = Timeline.of(transcript, video.duration or 0.0)
    if generated.basis != "speech":
        timeline = timeline.without_sentences()
    seen = [Moment(**moment.model_dump(include=set(Moment.model_fields))) for moment in moments]
    told = generated.quality
    quality = measure(seen, timeline, signals, told.asked, filled=told.filled)
    return quality.model_copy(update={"shortfall": told.shortfall}).model_dump(mode="json")


def _problem(item: RunItem) -> dict[str, Any]:
    """Return what went wrong with an item that is whole all the same, nothing where nothing did."""
    return (item.output or {}).get("problem") or {}


def _error(item: RunItem) -> dict[str, Any]:
    error = item.error or _problem(item)
    return {"stage": item.stage, "item": item.key, "code": error.get("code"), "message": error.get("message")}
