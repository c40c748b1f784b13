from __future__ import annotations

from pathlib import Path

import pytest

from moments_ray.errors import RecogniserUnavailable, TranscriptInvalid
from moments_ray.settings import Settings
from moments_ray.speech.given_captions import CaptionFile, GivenCaptions, Origin

LINE = "the quick brown fox jumps over the lazy dog near the river"


def captions(
    path: Path, text: str = LINE, *, origin: Origin = Origin.EMBEDDED, language: str | None = None
) -> CaptionFile:
    path.write_text(f"1\n00:00:01,000 --> 00:00:06,000\n{text}\n", encoding="utf-8")
    return CaptionFile(path=path, origin=origin, language=language)


async def heard(given: GivenCaptions) -> str:
    return (await given.transcribe(Path("unread.wav"), Settings(), 1.0)).text


async def test_the_callers_captions_come_before_the_videos_own(tmp_path: Path) -> None:
    files = [
        captions(tmp_path / "embedded.srt", f"embedded {LINE}"),
        captions(tmp_path / "given.srt", f"given {LINE}", origin=Origin.SIDECAR),
        captions(tmp_path / "site.srt", f"site {LINE}", origin=Origin.SITE),
    ]
    given = GivenCaptions(files)
    await given.prepare(Settings())
    assert (await heard(given)).startswith("given")
    assert given.availability(Settings()).reason == "the captions given (language not named, 13 words)"


@pytest.mark.parametrize(
    ("spoken", "languages", "best"),
    [
        ("de", ["en", "de-AT", "de"], "de"),
        ("de", ["en", "de-AT"], "de-AT"),
        ("de", ["en", None], None),
        ("de", ["fr", "en"], "fr"),
        (None, ["fr", "en-orig"], "en"),
        (None, [None, "en"], "en"),
    ],
)
async def test_the_language_that_is_spoken_is_best(
    tmp_path: Path, spoken: str | None, languages: list[str | None], best: str | None
) -> None:
    files = [captions(tmp_path / f"{index}.srt", language=language) for index, language in enumerate(languages)]
    transcript = await GivenCaptions(files, spoken=spoken).transcribe(Path("unread.wav"), Settings(), 1.0)
    assert transcript.language == best


async def test_a_track_that_cannot_be_used_is_passed_over(tmp_path: Path) -> None:
    broken = CaptionFile(path=tmp_path / "broken.srt", origin=Origin.EMBEDDED)
    broken.path.write_bytes(b"\x00garbage")
    sparse = captions(tmp_path / "forced.srt", "Nein!")
    other = captions(tmp_path / "other.srt")
    other.path.write_text(f"9:00:00,000 --> 9:00:09,000\n{LINE}\n")
    good = captions(tmp_path / "good.srt", f"good {LINE}", origin=Origin.SITE_AUTOMATIC)
    assert (await heard(GivenCaptions([broken, sparse, other, good], duration=60.0))).startswith("good")


async def test_why_no_track_can_be_used_is_said(tmp_path: Path) -> None:
    given = GivenCaptions([captions(tmp_path / "forced.srt", "Nein!"), captions(tmp_path / "credits.srt", "The End")])
    with pytest.raises(
        RecogniserUnavailable,
        match=r"^forced\.srt: Only 1 words are captioned; credits\.srt: Only 2 words are captioned\.$",
    ):
        await given.prepare(Settings())


async def test_the_callers_own_captions_are_refused_aloud(tmp_path: Path) -> None:
    wrong = CaptionFile(path=tmp_path / "wrong.srt", origin=Origin.SIDECAR)
    wrong.path.write_text("1\n00:00:01,000 --> soon\nHello\n")
    with pytest.raises(TranscriptInvalid, match=r"^wrong\.srt: Line 2 "):
        await GivenCaptions([wrong, captions(tmp_path / "good.srt")]).prepare(Settings())
    missing = CaptionFile(path=tmp_path / "missing.srt", origin=Origin.SIDECAR)
    with pytest.raises(TranscriptInvalid, match="cannot be opened: No such file"):
        await GivenCaptions([missing]).prepare(Settings())


async def test_the_callers_captions_may_say_that_nobody_speaks(tmp_path: Path) -> None:
    assert await heard(GivenCaptions([captions(tmp_path / "a.srt", "[Music]", origin=Origin.SIDECAR)])) == ""
