"""Sound of any form as WAV files, by ffmpeg in a limited child."""

from __future__ import annotations

from pathlib import Path

from moments_ray.media.process import ffmpeg_executable, run_tool
from moments_ray.settings import MediaSettings

WITHOUT_END_SILENCE = "areverse,silenceremove=start_periods=1:start_threshold=-50dB,areverse"
"""Takes away what follows the last word."""


async def as_wav(
    source: Path,
    target: Path,
    *,
    settings: MediaSettings,
    timeout: float,
    channels: int = 1,
    filters: str = "anull",
    seconds: float | None = None,
) -> None:
    """Write sound as WAV at 48 kHz, of ``seconds`` at most.

    Raises:
        MediaError: it is no sound.
    """
    head = ["-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-protocol_whitelist", "file"]
    length = [] if seconds is None else ["-t", f"{seconds:.3f}"]
    form = ["-map", "0:a:0", "-af", filters, "-ac", str(channels), "-ar", "48000", "-c:a", "pcm_s16le", "-f", "wav"]
    command = [ffmpeg_executable(), *head, "-i", str(source), *length, *form, str(target)]
    await run_tool(command, timeout=timeout, settings=settings)
