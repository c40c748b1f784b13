"""What was wrong with a source, its sound, its words or its cutting."""

from __future__ import annotations

from moments_ray.errors.base import InputError, MomentsError


class SourceNotFound(InputError):
    """There is no such source."""

    code = "input.not_found"
    status = 404


class UrlNotAllowed(InputError):
    """This URL may not be fetched."""

    code = "url.not_allowed"


class TranscriptInvalid(InputError):
    """This is not a transcript in a format we read."""

    code = "transcript.invalid"


class UnsupportedMedia(InputError):
    """This is not a video we can read."""

    code = "media.unsupported"


class MediaTruncated(UnsupportedMedia):
    """The file ends before its own index says it should."""

    code = "media.truncated"


class MediaLimitsExceeded(InputError):
    """The media is larger than the limits allow."""

    code = "media.limits_exceeded"
    status = 413


class DownloadError(MomentsError):
    """The video could not be downloaded."""

    code = "download.failed"
    status = 502


class DownloadPrivate(DownloadError):
    """The video is private or needs a login."""

    code = "download.private"
    status = 422


class DownloadMembersOnly(DownloadPrivate):
    """The video is for members of its channel."""

    code = "download.members_only"


class DownloadAgeRestricted(DownloadPrivate):
    """The video is shown to adults who are signed in."""

    code = "download.age_restricted"


class DownloadUnavailable(DownloadError):
    """The video is not available at this address."""

    code = "download.unavailable"
    status = 422


class DownloadLive(DownloadUnavailable):
    """The broadcast is not over."""

    code = "download.live"


class DownloadRemoved(DownloadUnavailable):
    """The video was removed from its site."""

    code = "download.removed"


class DownloadGeoBlocked(DownloadUnavailable):
    """The video is not shown in the country this machine is in."""

    code = "download.geo_blocked"


class DownloadCopyright(DownloadUnavailable):
    """The video is blocked by a claim of copyright."""

    code = "download.copyright"


class DownloadBotCheck(DownloadError):
    """The site takes this machine for a robot."""

    code = "download.bot_check"


class DownloadTooLarge(DownloadError):
    """The video is larger than the download limit."""

    code = "download.too_large"
    status = 413


class DownloadInterrupted(DownloadError):
    """The connection to the video's host broke."""

    code = "download.interrupted"
    retryable = True


class DownloadProxyFailed(DownloadInterrupted):
    """The proxy through which the site is asked does not connect."""

    code = "download.proxy"


class DownloadBusy(DownloadInterrupted):
    """The video's host has too many requests; try again later."""

    code = "download.busy"
    status = 503


class DownloadRateLimited(DownloadBusy):
    """The site lets this machine fetch nothing more for a while."""

    code = "download.rate_limited"


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


class MediaKilled(MediaError):
    """Somebody killed a media process: the machine for want of memory, or a person."""

    code = "media.killed"
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


class GlyphMissing(InputError):
    """No font here can draw a character of this text."""

    code = "text.no_glyph"


class RenderVerifyFailed(MediaError):
    """A film did not come out as planned."""

    code = "render.verify_failed"
