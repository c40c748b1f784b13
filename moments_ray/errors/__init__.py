"""Every error the product raises on purpose.

The tree (a class docstring is the default message; ``code`` is stable)::

    MomentsError
    ├── InputError                 the caller's fault; nothing was done      (exit status 2)
    │   ├── InvalidRequest         input.invalid
    │   │   └── NothingToDo        input.nothing_to_do
    │   ├── SourceNotFound         input.not_found
    │   ├── UrlNotAllowed          url.not_allowed
    │   ├── LinkInvalid            link.invalid
    │   ├── UnknownModel           model.unknown
    │   ├── ModelNotConfigured     model.not_configured
    │   ├── ModelInputUnsupported  model.input_unsupported
    │   ├── TranscriptInvalid      transcript.invalid
    │   ├── UnsupportedMedia       media.unsupported
    │   ├── MediaTruncated         media.truncated
    │   ├── MediaLimitsExceeded    media.limits_exceeded
    │   ├── GlyphMissing           text.no_glyph
    │   └── UploadCorrupted        upload.checksum
    ├── AccessError                access.denied
    │   ├── KeyInvalid             access.key
    │   ├── ScopeMissing           access.scope
    │   ├── NotThisMachine         access.not_local
    │   ├── OriginRefused          access.origin
    │   └── RateExceeded           access.rate
    ├── NotFound                   object.not_found
    ├── Conflict                   object.conflict
    │   ├── RunActive              run.active
    │   ├── InputsMissing          run.inputs_missing
    │   └── UploadOffset           upload.offset
    ├── ObjectChanged              object.changed
    ├── DownloadError              download.failed
    │   ├── DownloadPrivate        download.private
    │   │   ├── DownloadMembersOnly    download.members_only
    │   │   └── DownloadAgeRestricted  download.age_restricted
    │   ├── DownloadUnavailable    download.unavailable
    │   │   ├── DownloadLive           download.live
    │   │   ├── DownloadRemoved        download.removed
    │   │   ├── DownloadGeoBlocked     download.geo_blocked
    │   │   └── DownloadCopyright      download.copyright
    │   ├── DownloadBotCheck       download.bot_check
    │   ├── DownloadTooLarge       download.too_large
    │   └── DownloadInterrupted    download.interrupted
    │       ├── DownloadProxyFailed    download.proxy
    │       └── DownloadBusy       download.busy
    │           └── DownloadRateLimited  download.rate_limited
    ├── MediaError                 media.failed
    │   ├── MediaToolMissing       media.tool_missing
    │   ├── MediaTimeout           media.timeout
    │   ├── MediaKilled            media.killed
    │   ├── CutVerifyFailed        cut.verify_failed
    │   └── RenderVerifyFailed     render.verify_failed
    ├── ExportUnavailable          export.unavailable
    ├── SpeechError                speech.failed
    │   └── RecogniserUnavailable  speech.unavailable
    ├── ModelError                 model.failed
    │   ├── ModelUnavailable       model.unavailable
    │   │   ├── ModelBusy          model.busy
    │   │   └── TunnelUnavailable  tunnel.unavailable
    │   ├── TunnelHostKey          tunnel.host_key
    │   ├── TunnelDenied           tunnel.denied
    │   ├── ModelBadResponse       model.bad_response
    │   │   ├── ModelDenied        model.denied
    │   │   ├── ModelQuotaExceeded model.quota
    │   │   └── ModelSilent        llm.empty
    │   ├── ModelRefused           llm.refused
    │   ├── ModelContextExceeded   llm.context
    │   └── ModelOutputInvalid     llm.schema
    ├── StorageError               storage.failed
    │   ├── ObjectMissing          storage.not_found
    │   ├── ObjectExists           storage.exists
    │   ├── ObjectCorrupted        storage.corrupted
    │   ├── StorageForbidden       storage.forbidden
    │   └── DiskFull               disk.full
    ├── ServiceUnavailable         service.unavailable
    │   ├── DatabaseUnavailable    database.unavailable
    │   ├── SchemaOutdated         database.schema
    │   ├── RedisUnavailable       redis.unavailable
    │   ├── RayUnavailable         ray.unavailable
    │   ├── ServerUnavailable      server.unavailable
    │   ├── ServerBadAnswer        server.bad_answer
    │   └── EmbeddedServerFailed   embedded.failed
    ├── WebhookFailed              webhook.failed
    │   └── WebhookGone            webhook.gone
    └── RunError                   run.failed
        ├── StageTimeout           stage.timeout
        ├── StageCrashed           stage.crashed
        ├── NodeLost               stage.node_lost
        ├── StageFailed            stage.failed
        ├── ItemsFailed            stage.items_failed
        ├── NoCapacity             run.no_capacity
        ├── RunPoisoned            run.poison
        ├── RunTimeout             run.timeout
        ├── RunCancelled           run.cancelled
        └── LeaseLost              run.lease_lost
"""

from moments_ray.errors.access import (
    AccessError,
    KeyInvalid,
    LinkInvalid,
    NotThisMachine,
    OriginRefused,
    RateExceeded,
    ScopeMissing,
)
from moments_ray.errors.base import (
    Conflict,
    InputError,
    InvalidRequest,
    MomentsError,
    NotFound,
    NothingToDo,
    ObjectChanged,
    all_errors,
    error_of_code,
)
from moments_ray.errors.media import (
    CutVerifyFailed,
    DownloadAgeRestricted,
    DownloadBotCheck,
    DownloadBusy,
    DownloadCopyright,
    DownloadError,
    DownloadGeoBlocked,
    DownloadInterrupted,
    DownloadLive,
    DownloadMembersOnly,
    DownloadPrivate,
    DownloadProxyFailed,
    DownloadRateLimited,
    DownloadRemoved,
    DownloadTooLarge,
    DownloadUnavailable,
    ExportUnavailable,
    GlyphMissing,
    MediaError,
    MediaKilled,
    MediaLimitsExceeded,
    MediaTimeout,
    MediaToolMissing,
    MediaTruncated,
    RecogniserUnavailable,
    RenderVerifyFailed,
    SourceNotFound,
    SpeechError,
    TranscriptInvalid,
    UnsupportedMedia,
    UrlNotAllowed,
)
from moments_ray.errors.models import (
    ModelBadResponse,
    ModelBusy,
    ModelContextExceeded,
    ModelDenied,
    ModelError,
    ModelInputUnsupported,
    ModelNotConfigured,
    ModelOutputInvalid,
    ModelQuotaExceeded,
    ModelRefused,
    ModelSilent,
    ModelUnavailable,
    TunnelDenied,
    TunnelHostKey,
    TunnelUnavailable,
    UnknownModel,
)
from moments_ray.errors.runs import (
    InputsMissing,
    ItemsFailed,
    LeaseLost,
    NoCapacity,
    NodeLost,
    RunActive,
    RunCancelled,
    RunError,
    RunPoisoned,
    RunTimeout,
    StageCrashed,
    StageFailed,
    StageTimeout,
)
from moments_ray.errors.services import (
    DatabaseUnavailable,
    DiskFull,
    EmbeddedServerFailed,
    ObjectCorrupted,
    ObjectExists,
    ObjectMissing,
    RayUnavailable,
    RedisUnavailable,
    SchemaOutdated,
    ServerBadAnswer,
    ServerUnavailable,
    ServiceUnavailable,
    StorageError,
    StorageForbidden,
    UploadCorrupted,
    UploadOffset,
    WebhookFailed,
    WebhookGone,
)

__all__ = [
    "AccessError",
    "Conflict",
    "CutVerifyFailed",
    "DatabaseUnavailable",
    "DiskFull",
    "DownloadAgeRestricted",
    "DownloadBotCheck",
    "DownloadBusy",
    "DownloadCopyright",
    "DownloadError",
    "DownloadGeoBlocked",
    "DownloadInterrupted",
    "DownloadLive",
    "DownloadMembersOnly",
    "DownloadPrivate",
    "DownloadProxyFailed",
    "DownloadRateLimited",
    "DownloadRemoved",
    "DownloadTooLarge",
    "DownloadUnavailable",
    "EmbeddedServerFailed",
    "ExportUnavailable",
    "GlyphMissing",
    "InputError",
    "InputsMissing",
    "InvalidRequest",
    "ItemsFailed",
    "KeyInvalid",
    "LeaseLost",
    "LinkInvalid",
    "MediaError",
    "MediaKilled",
    "MediaLimitsExceeded",
    "MediaTimeout",
    "MediaToolMissing",
    "MediaTruncated",
    "ModelBadResponse",
    "ModelBusy",
    "ModelContextExceeded",
    "ModelDenied",
    "ModelError",
    "ModelInputUnsupported",
    "ModelNotConfigured",
    "ModelOutputInvalid",
    "ModelQuotaExceeded",
    "ModelRefused",
    "ModelSilent",
    "ModelUnavailable",
    "MomentsError",
    "NoCapacity",
    "NodeLost",
    "NotFound",
    "NotThisMachine",
    "NothingToDo",
    "ObjectChanged",
    "ObjectCorrupted",
    "ObjectExists",
    "ObjectMissing",
    "OriginRefused",
    "RateExceeded",
    "RayUnavailable",
    "RecogniserUnavailable",
    "RedisUnavailable",
    "RenderVerifyFailed",
    "RunActive",
    "RunCancelled",
    "RunError",
    "RunPoisoned",
    "RunTimeout",
    "SchemaOutdated",
    "ScopeMissing",
    "ServerBadAnswer",
    "ServerUnavailable",
    "ServiceUnavailable",
    "SourceNotFound",
    "SpeechError",
    "StageCrashed",
    "StageFailed",
    "StageTimeout",
    "StorageError",
    "StorageForbidden",
    "TranscriptInvalid",
    "TunnelDenied",
    "TunnelHostKey",
    "TunnelUnavailable",
    "UnknownModel",
    "UnsupportedMedia",
    "UploadCorrupted",
    "UploadOffset",
    "UrlNotAllowed",
    "WebhookFailed",
    "WebhookGone",
    "all_errors",
    "error_of_code",
]
