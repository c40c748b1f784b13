"""What failed of storage and of the services that this one stands on."""

from __future__ import annotations

from moments_ray.errors.base import Conflict, InputError, MomentsError


class UploadCorrupted(InputError):
    """The bytes of this part do not match their checksum; send it again."""

    code = "upload.checksum"
    status = 460  # of the tus protocol
    retryable = True


class UploadOffset(Conflict):
    """The upload goes on at another byte; ask where, and send what follows."""

    code = "upload.offset"


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
