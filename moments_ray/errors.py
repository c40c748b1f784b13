"""Every error the product raises on purpose.

The tree (a class docstring is the default message; ``code`` is stable)::

    MomentsError
    ├── InputError                 the caller's fault; nothing was done      (exit status 2)
    │   ├── InvalidRequest         input.invalid
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
    │   └── UploadCorrupted        upload.checksum
    ├── AccessError                access.denied
    │   ├── KeyInvalid             access.key
    │   ├── ScopeMissing           access.scope
    │   ├── NotThisMachine         access.not_local
    │   └── RateExceeded           access.rate
    ├── NotFound                   object.not_found
    ├── Conflict                   object.conflict
    │   ├── RunActive              run.active
    │   └── UploadOffset           upload.offset
    ├── DownloadError              download.failed
    │   ├── DownloadPrivate        download.private
    │   ├── DownloadUnavailable    download.unavailable
    │   ├── DownloadTooLarge       download.too_large
    │   └── DownloadInterrupted    download.interrupted
    │       └── DownloadBusy       download.busy
    ├── MediaError                 media.failed
    │   ├── MediaToolMissing       media.tool_missing
    │   ├── MediaTimeout           media.timeout
    │   └── CutVerifyFailed        cut.verify_failed
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
        ├── StageFailed            stage.failed
        ├── ItemsFailed            stage.items_failed
        ├── NoCapacity             run.no_capacity
        ├── RunPoisoned            run.poison
        ├── RunTimeout             run.timeout
        ├── RunCancelled           run.cancelled
        └── LeaseLost              run.lease_lost
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import JsonValue


class MomentsError(Exception):
    """Something went wrong in moments_ray."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str | None = None, detail: Mapping[str, JsonValue] | None = None) -> None:
        self.message = message or (type(self).__doc__ or type(self).__name__).split("\n")[0]
        self.detail = dict(detail or {})
        # Ray rebuilds an exception as cls(*args): both must be positional and in args, or they are lost.
        super().__init__(self.message, self.detail)

    def __str__(self) -> str:
        return self.message


class InputError(MomentsError):
    """The request cannot be carried out as it stands."""

    code = "input.invalid"
    status = 422
    exit_status = 2


class InvalidRequest(InputError):
    """The request is not valid."""


class SourceNotFound(InputError):
    """There is no such source."""

    code = "input.not_found"
    status = 404


class UrlNotAllowed(InputError):
    """This URL may not be fetched."""

    code = "url.not_allowed"


class LinkInvalid(InputError):
    """This link was not made here, or has expired; ask for a new one."""

    code = "link.invalid"
    status = 403


class UnknownModel(InputError):
    """No model is registered under this key."""

    code = "model.unknown"


class ModelNotConfigured(InputError):
    """The model has no address yet."""

    code = "model.not_configured"


class ModelInputUnsupported(InputError):
    """The model does not take what the question carries."""

    code = "model.input_unsupported"


class TranscriptInvalid(InputError):
    """This is not a transcript in a format we read."""

    code = "transcript.invalid"


class UnsupportedMedia(InputError):
    """This is not a video we can read."""

    code = "media.unsupported"
    status = 415


class MediaTruncated(UnsupportedMedia):
    """The file ends before its own index says it should."""

    code = "media.truncated"


class MediaLimitsExceeded(InputError):
    """The media is larger than the limits allow."""

    code = "media.limits_exceeded"
    status = 413


class UploadCorrupted(InputError):
    """The bytes of this part do not match their checksum; send it again."""

    code = "upload.checksum"
    status = 460  # of the tus protocol
    retryable = True


class AccessError(MomentsError):
    """This request is not allowed."""

    code = "access.denied"
    status = 403


class KeyInvalid(AccessError):
    """This needs a valid API key: send one as `Authorization: Bearer KEY`."""

    code = "access.key"
    status = 401


class ScopeMissing(AccessError):
    """The API key's scope does not allow this: use a key of a larger scope."""

    code = "access.scope"


class NotThisMachine(AccessError):
    """There are no API keys, so only this machine is served: make one with `moments keys create`."""

    code = "access.not_local"


class RateExceeded(AccessError):
    """More requests than are allowed in a minute."""

    code = "access.rate"
    status = 429
    retryable = True


class NotFound(MomentsError):
    """There is no such object."""

    code = "object.not_found"
    status = 404
    exit_status = 2


class Conflict(MomentsError):
    """The object is not in a state that allows this."""

    code = "object.conflict"
    status = 409


class RunActive(Conflict):
    """Another run of this video is active."""

    code = "run.active"


class UploadOffset(Conflict):
    """The upload goes on at another byte; ask where, and send what follows."""

    code = "upload.offset"


class DownloadError(MomentsError):
    """The video could not be downloaded."""

    code = "download.failed"
    status = 502


class DownloadPrivate(DownloadError):
    """The video is private or needs a login."""

    code = "download.private"
    status = 422


class DownloadUnavailable(DownloadError):
    """The video is not available at this address."""

    code = "download.unavailable"
    status = 422


class DownloadTooLarge(DownloadError):
    """The video is larger than the download limit."""

    code = "download.too_large"
    status = 413


class DownloadInterrupted(DownloadError):
    """The connection to the video's host broke."""

    code = "download.interrupted"
    retryable = True


class DownloadBusy(DownloadInterrupted):
    """The video's host has too many requests; try again later."""

    code = "download.busy"
    status = 503


class MediaError(MomentsError):
    """A media operation failed."""

    code = "media.failed"


class MediaToolMissing(MediaError):
    """No usable ffmpeg was found; install the package's wheels or put ffmpeg on PATH."""

    code = "media.tool_missing"


class MediaTimeout(MediaError):
    """A media operation ran past its deadline and was stopped."""

    code = "media.timeout"
    retryable = True


class CutVerifyFailed(MediaError):
    """A clip did not come out as planned."""

    code = "cut.verify_failed"


class ExportUnavailable(MomentsError):
    """This format cannot be written here; choose another one."""

    code = "export.unavailable"
    status = 501


class SpeechError(MomentsError):
    """Speech recognition failed."""

    code = "speech.failed"


class RecogniserUnavailable(SpeechError):
    """The speech recogniser cannot be used here."""

    code = "speech.unavailable"
    status = 503


class ModelError(MomentsError):
    """A model call failed."""

    code = "model.failed"
    status = 502


class ModelUnavailable(ModelError):
    """The model cannot be reached."""

    code = "model.unavailable"
    status = 503
    retryable = True


class ModelBusy(ModelUnavailable):
    """The model has as much to do as it may."""

    code = "model.busy"


class TunnelUnavailable(ModelUnavailable):
    """The SSH tunnel to the model cannot be opened."""

    code = "tunnel.unavailable"


class TunnelHostKey(ModelError):
    """The SSH host does not show the key that is known of it."""

    code = "tunnel.host_key"


class TunnelDenied(ModelError):
    """The SSH host does not let us in."""

    code = "tunnel.denied"


class ModelBadResponse(ModelError):
    """The model's endpoint answered something that is not a model response."""

    code = "model.bad_response"


class ModelRefused(ModelError):
    """The model declined to answer."""

    code = "llm.refused"


class ModelContextExceeded(ModelError):
    """The question and its answer do not fit the model's context."""

    code = "llm.context"


class ModelOutputInvalid(ModelError):
    """The model's answer does not fit the asked schema."""

    code = "llm.schema"


class StorageError(MomentsError):
    """The object store failed."""

    code = "storage.failed"
    status = 503
    retryable = True


class ObjectMissing(StorageError):
    """There is no such object in the store."""

    code = "storage.not_found"
    status = 404
    retryable = False


class ObjectExists(StorageError):
    """An object of this name exists already."""

    code = "storage.exists"
    status = 409
    retryable = False


class ObjectCorrupted(StorageError):
    """The object's bytes do not match their checksum."""

    code = "storage.corrupted"
    status = 502


class StorageForbidden(StorageError):
    """The object store refused access."""

    code = "storage.forbidden"
    retryable = False


class DiskFull(StorageError):
    """There is not enough disk space."""

    code = "disk.full"
    status = 507
    retryable = False


class ServiceUnavailable(MomentsError):
    """A service this needs is down."""

    code = "service.unavailable"
    status = 503
    retryable = True


class DatabaseUnavailable(ServiceUnavailable):
    """PostgreSQL cannot be reached."""

    code = "database.unavailable"


class SchemaOutdated(ServiceUnavailable):
    """The database schema is not at this version's revision; run `moments migrate`."""

    code = "database.schema"
    retryable = False


class RedisUnavailable(ServiceUnavailable):
    """Redis cannot be reached."""

    code = "redis.unavailable"


class RayUnavailable(ServiceUnavailable):
    """The Ray cluster cannot be reached."""

    code = "ray.unavailable"


class ServerUnavailable(ServiceUnavailable):
    """The moments server does not answer."""

    code = "server.unavailable"


class ServerBadAnswer(ServiceUnavailable):
    """What answers there is no moments server of this version."""

    code = "server.bad_answer"
    status = 502
    retryable = False


class EmbeddedServerFailed(ServiceUnavailable):
    """An embedded server did not start."""

    code = "embedded.failed"
    retryable = False


class WebhookFailed(MomentsError):
    """The webhook's receiver did not take it."""

    code = "webhook.failed"
    status = 502
    retryable = True


class WebhookGone(WebhookFailed):
    """The webhook's receiver answered 410: it wants no more."""

    code = "webhook.gone"
    retryable = False


class RunError(MomentsError):
    """The run failed."""

    code = "run.failed"


class StageTimeout(RunError):
    """The stage ran past its deadline and was stopped."""

    code = "stage.timeout"
    retryable = True


class StageCrashed(RunError):
    """The process running the stage died."""

    code = "stage.crashed"
    retryable = True


class StageFailed(RunError):
    """The stage raised an error nobody foresaw."""

    code = "stage.failed"


class ItemsFailed(RunError):
    """More items of the stage failed than it tolerates."""

    code = "stage.items_failed"


class NoCapacity(RunError):
    """The cluster has no node with the resources this stage asks for."""

    code = "run.no_capacity"
    status = 503


class RunPoisoned(RunError):
    """The run killed its worker three times without making progress."""

    code = "run.poison"


class RunTimeout(RunError):
    """The run took longer than it may."""

    code = "run.timeout"
    status = 504


class RunCancelled(RunError):
    """The run was cancelled."""

    code = "run.cancelled"
    status = 409


class LeaseLost(RunError):
    """Another worker owns this run now."""

    code = "run.lease_lost"
    status = 409


def all_errors(root: type[MomentsError] = MomentsError) -> Iterator[type[MomentsError]]:
    """Walk the tree from ``root`` down, parents first."""
    yield root
    for child in root.__subclasses__():
        yield from all_errors(child)
