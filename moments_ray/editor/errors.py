"""The errors of the editor alone."""

from __future__ import annotations

from moments_ray.errors import InputError, MomentsError


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
