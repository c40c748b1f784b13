"""What yt-dlp complains of, in our terms: each kind with the sentence that says what to do."""

from __future__ import annotations

import re

from moments_ray.errors import (
    DownloadAgeRestricted,
    DownloadBotCheck,
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
    DownloadUnavailable,
)

_UNKNOWN_SITE = re.compile(r"Unsupported URL|No suitable extractor|is not a valid URL", re.IGNORECASE)
_COOKIES = "set `cookies_path` of this site in MOMENTS_SITES to the cookies.txt of a browser that is signed in"

# The first that fits counts, so the particular stand before the general.
_MEANINGS: tuple[tuple[str, type[DownloadError], str], ...] = (
    (
        r"not a (?:ro)?bot|captcha|unusual traffic|confirm you.{1,3}re human|automated (?:queries|requests)",
        DownloadBotCheck,
        f"The site takes this machine for a robot: {_COOKIES}, or `proxies` to another way out.",
    ),
    (
        r"rate.?limit|HTTP Error 429|Too Many Requests|try again later\. (?:The current session|Your account)",
        DownloadRateLimited,
        (
            "The site lets this machine fetch nothing more for a while: try again in an hour, and set "
            "`pause_seconds` of this site in MOMENTS_SITES."
        ),
    ),
    (
        r"confirm your age|age.?(?:restricted|verif|gate)|inappropriate for some|(?:adults|mature) (?:only|content)",
        DownloadAgeRestricted,
        f"The site shows this video to adults who are signed in: {_COOKIES}.",
    ),
    (
        (
            r"members.only|channel'?s members|Join this channel|subscriber.?only|"
            r"for (?:paying )?(?:subscribers|patrons)|requires? payment|premium|purchase|\brental\b"
        ),
        DownloadMembersOnly,
        f"This video is for members or buyers: {_COOKIES} as one of them.",
    ),
    (
        (
            r"(?:live event|stream|broadcast|event|video) (?:will|is (?:going|due) to) (?:begin|start|be live)|"
            r"Premieres? in|not (?:yet )?(?:live|started)|is upcoming|(?:currently|is) (?:live|offline)|"
            r"live stream recording is not"
        ),
        DownloadLive,
        "This broadcast has not ended, or its recording is not there yet: come back when it is.",
    ),
    (
        r"(?:in|from) your (?:country|location|region)|geo.?(?:restrict|block)|not available in .{2,60} region",
        DownloadGeoBlocked,
        (
            "The site does not show this video in the country this machine is in: set `proxies` of this site in "
            "MOMENTS_SITES to one where it does."
        ),
    ),
    (
        r"copyright|terms of service violation.*claim|content from .{1,200} who has blocked",
        DownloadCopyright,
        "A holder of rights has this video blocked: it cannot be had from this site; upload the file if you have it.",
    ),
    (
        (
            r"(?:been|was) (?:removed|deleted|taken down)|no longer (?:available|exists)|"
            r"account .{0,80}(?:terminated|closed)|does(?:n't| not) exist|HTTP Error 410"
        ),
        DownloadRemoved,
        "This video was removed from its site: upload the file if you have it.",
    ),
    (
        r"HTTP Error (?:408|425|5\d\d)|timed? ?out|reset by|IncompleteRead|more expected|Remote end closed",
        DownloadInterrupted,
        "The connection to the video's site broke.",
    ),
    (
        r"HTTP Error 40[13]|private|log ?in|sign in|registered users|password|cookies",
        DownloadPrivate,
        f"The video is private, or its site wants a login: {_COOKIES} and may see it.",
    ),
    (
        r"HTTP Error 4\d\d|unavailable|not available|DRM",
        DownloadUnavailable,
        "The video is not available on its site: see that the address opens in a browser.",
    ),
    (
        r"temporar|unreachable|refused|resolve|proxy|SSL",
        DownloadInterrupted,
        "The video's site cannot be reached.",
    ),
)
# What the same address through another way out may not meet.
ELSEWHERE = (DownloadBotCheck, DownloadRateLimited, DownloadGeoBlocked, DownloadProxyFailed)


def complaint(stderr: str, otherwise: str) -> str:
    """Return the first line that yt-dlp marked as an error."""
    return next((line[:500] for line in stderr.splitlines() if line.startswith("ERROR:")), otherwise[:500])


def is_unknown_site(said: str) -> bool:
    """Tell whether yt-dlp knows no site of such addresses."""
    return _UNKNOWN_SITE.search(said) is not None


def meaning(said: str) -> DownloadError:
    """Return the error that a complaint stands for."""
    for pattern, kind, message in _MEANINGS:
        if re.search(pattern, said, re.IGNORECASE):
            return kind(message, {"reason": said})
    return DownloadError("The video could not be fetched from its site.", {"reason": said})
