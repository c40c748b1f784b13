"""What a site's refusal means, and that its sentence says what to do; the words are yt-dlp's and the sites'."""

from __future__ import annotations

import pytest

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
    DownloadRateLimited,
    DownloadRemoved,
    DownloadUnavailable,
)
from moments_ray.media.site_complaints import complaint, meaning

HINT = "Use --cookies-from-browser or --cookies for the authentication. See https://github.com/yt-dlp/yt-dlp/wiki/FAQ"
SAID: list[tuple[str, type[DownloadError]]] = [
    (f"[youtube] x: Sign in to confirm you’re not a bot. {HINT}", DownloadBotCheck),
    (f"[youtube] x: Sign in to confirm you're not a bot. {HINT}", DownloadBotCheck),
    ("[youtube] x: Watch on YouTube. YouTube is requiring a captcha challenge before playback", DownloadBotCheck),
    ("[x] x: Our systems have detected unusual traffic from your computer network", DownloadBotCheck),
    (
        (
            "[youtube] x: Video unavailable. This content isn't available, try again later. The current session has "
            "been rate-limited by YouTube for up to an hour."
        ),
        DownloadRateLimited,
    ),
    ("[vimeo] x: Unable to download JSON metadata: HTTP Error 429: Too Many Requests", DownloadRateLimited),
    (f"[youtube] x: Sign in to confirm your age. This video may be inappropriate. {HINT}", DownloadAgeRestricted),
    ("[youtube] x: This video is age-restricted and only available on YouTube", DownloadAgeRestricted),
    ("[youtube] x: Join this channel to get access to members-only content like this video", DownloadMembersOnly),
    (
        "[youtube] x: This video is available to this channel's members on level: Gold (or any higher)",
        DownloadMembersOnly,
    ),
    ("[youtube] x: This video requires payment to watch", DownloadMembersOnly),
    ("[youtube] x: This live event will begin in 3 days.", DownloadLive),
    ("[youtube] x: Premieres in 5 hours", DownloadLive),
    ("[youtube] x: This live stream recording is not available.", DownloadLive),
    ("[twitch:stream] x: The channel is not currently live", DownloadLive),
    (
        "[youtube] x: Video unavailable. This video contains content from SME, who has blocked it on copyright grounds",
        DownloadCopyright,
    ),
    (
        "[youtube] x: Video unavailable. This video is no longer available due to a copyright claim by X",
        DownloadCopyright,
    ),
    ("[youtube] x: The uploader has not made this video available in your country", DownloadGeoBlocked),
    (
        "[youtube] x: Video unavailable. This video contains content from A, who has blocked it in your country",
        DownloadGeoBlocked,
    ),
    ("[bbc] x: This video is not available from your location due to geo restriction", DownloadGeoBlocked),
    ("[youtube] x: Video unavailable. This video has been removed by the uploader", DownloadRemoved),
    (
        (
            "[youtube] x: This video is no longer available because the YouTube account associated with this video "
            "has been terminated."
        ),
        DownloadRemoved,
    ),
    ("[youtube] x: Private video. Sign in if you've been granted access to this video. " + HINT, DownloadPrivate),
    ("[vimeo] x: This video is protected by a password", DownloadPrivate),
    ("[x] x: Unable to download webpage: HTTP Error 403: Forbidden", DownloadPrivate),
    ("[vimeo] x: HTTP Error 404: Not Found", DownloadUnavailable),
    ("[youtube] x: Video unavailable", DownloadUnavailable),
    ("unable to download video data: HTTP Error 503: Service Unavailable", DownloadInterrupted),
    ("[x] Unable to download webpage: The read operation timed out", DownloadInterrupted),
    ("[x] Unable to extract something else entirely", DownloadError),
]


@pytest.mark.parametrize(("said", "kind"), SAID)
def test_a_refusal_is_of_its_kind(said: str, kind: type[DownloadError]) -> None:
    error = meaning(complaint(f"WARNING: private\nERROR: {said}\n", ""))
    assert type(error) is kind
    assert said[:200] in str(error.detail["reason"])


def test_each_kind_has_its_own_code_and_sentence_and_the_hopeless_are_not_tried_again() -> None:
    errors = {type(error): error for error in (meaning(f"ERROR: {said}") for said, _ in SAID)}
    assert len({kind.code for kind in errors}) == len({str(error) for error in errors.values()}) == len(errors)
    assert {kind for kind in errors if kind.retryable} == {DownloadInterrupted, DownloadRateLimited}
    cures = ("MOMENTS_SITES", "come back", "upload", "browser")
    told = [error for kind, error in errors.items() if kind not in {DownloadInterrupted, DownloadError}]
    assert all(any(cure in str(error) for cure in cures) for error in told)
