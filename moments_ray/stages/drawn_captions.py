"""What was said, as captions to be drawn into the pictures of clips."""

from __future__ import annotations

from moments_ray.media.cut import Caption
from moments_ray.speech.captions import subtitles
from moments_ray.speech.transcript import Transcript


def drawn_captions(transcript: Transcript) -> tuple[Caption, ...]:
    """Return a transcript as captions, in seconds from the start of the source."""
    cues = subtitles(transcript)
    return tuple(Caption(start=cue.start, end=cue.end, text="\n".join(cue.lines)) for cue in cues)
