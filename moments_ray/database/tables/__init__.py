"""The tables, as SQLAlchemy maps them; ``migrations/`` carries the same to a server."""

from moments_ray.database.tables.ads import AdRow
from moments_ray.database.tables.backfills import Backfill, BackfillEvent, BackfillItem
from moments_ray.database.tables.columns import LONGEST_PASSAGE, LONGEST_TITLE, Table, words_of
from moments_ray.database.tables.editor import (
    Asset,
    ChatMessage,
    ChatSession,
    Consent,
    ConsentEvent,
    Project,
    Render,
    TimelineVersion,
)
from moments_ray.database.tables.library import (
    ClipRow,
    GenerationConfig,
    MomentRow,
    MomentSet,
    Prompt,
    SiteVisit,
    Thumbnail,
    TranscriptPassage,
    TranscriptRow,
    Upload,
    UploadPart,
    Video,
)
from moments_ray.database.tables.operation import ApiKey, ApiSession, ModelEntryRow, SigningSecret, WebhookDelivery
from moments_ray.database.tables.runs import Run, RunAttempt, RunEvent, RunItem, RunNote, RunStage

__all__ = [
    "LONGEST_PASSAGE",
    "LONGEST_TITLE",
    "AdRow",
    "ApiKey",
    "ApiSession",
    "Asset",
    "Backfill",
    "BackfillEvent",
    "BackfillItem",
    "ChatMessage",
    "ChatSession",
    "ClipRow",
    "Consent",
    "ConsentEvent",
    "GenerationConfig",
    "ModelEntryRow",
    "MomentRow",
    "MomentSet",
    "Project",
    "Prompt",
    "Render",
    "Run",
    "RunAttempt",
    "RunEvent",
    "RunItem",
    "RunNote",
    "RunStage",
    "SigningSecret",
    "SiteVisit",
    "Table",
    "Thumbnail",
    "TimelineVersion",
    "TranscriptPassage",
    "TranscriptRow",
    "Upload",
    "UploadPart",
    "Video",
    "WebhookDelivery",
    "words_of",
]
