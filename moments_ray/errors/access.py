"""Who may not do what."""

from __future__ import annotations

from moments_ray.errors.base import InputError, MomentsError


class LinkInvalid(InputError):
    """This link was not made here, or has expired; ask for a new one."""

    code = "link.invalid"
    status = 403


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


class OriginRefused(AccessError):
    """A page of another origin may not act with a browser's session."""

    code = "access.origin"


class RateExceeded(AccessError):
    """More requests than are allowed in a minute."""

    code = "access.rate"
    status = 429
    retryable = True
