"""The errors of the editor alone."""

from __future__ import annotations

from moments_ray.errors import InputError, ModelNotConfigured, MomentsError


class TimelineEmpty(InputError):
    """The timeline has no segments: analyse the video, or add some."""

    code = "timeline.empty"


class ConsentRequired(MomentsError):
    """Who is seen in this video has not agreed yet."""

    code = "consent.required"
    status = 403


class ConsentRevoked(ConsentRequired):
    """Consent was taken back while the film was rendered."""

    code = "consent.revoked"


class MediaNotOurs(InputError):
    """This path is none of the editor's: name an asset, or a file under /media/."""

    code = "media.not_ours"


class PictureNotRead(InputError):
    """This is no picture that can be read: send a PNG, JPEG or WebP of at most 40 million pixels."""

    code = "media.no_picture"


def not_configured(message: str, http_status: int) -> ModelNotConfigured:
    """Return that a model is missing, under the status that the editor's document has for it: 501 or 503."""
    error = ModelNotConfigured(message)
    error.http_status = http_status
    return error
