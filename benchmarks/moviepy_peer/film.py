"""The film of benchmarks/render.py by MoviePy: the same segments, effects, captions, sounds, watermark and encoder.

    python film.py PLAN.json OUT.mp4

Run by an interpreter of its own; nothing of this project is imported.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

from moviepy import AudioFileClip, CompositeAudioClip, CompositeVideoClip, TextClip, VideoFileClip, vfx
from moviepy import concatenate_videoclips as joined


def segment(plan: dict[str, Any], size: tuple[int, int]) -> Any:
    """Return one segment as a clip."""
    width, height = size
    clip = VideoFileClip(plan["source"]).subclipped(plan["start"], plan["end"])
    window = clip.h * width / height
    clip = clip.cropped(x_center=clip.w / 2, width=min(window, clip.w)).resized((width, height))
    names = plan["effects"]
    if "slowmo" in names:
        clip = clip.with_speed_scaled(0.5)
    seconds = clip.duration
    if "zoom" in names:
        clip = clip.resized(lambda t: 1 + 0.12 * t / seconds).with_position("center")
    if "zoom_out" in names:
        clip = clip.resized(lambda t: 1.12 - 0.12 * t / seconds).with_position("center")
    if "punch_in" in names:
        clip = clip.resized(lambda t: 1 + 0.06 * max(0, 1 - (t % 0.5) * 4)).with_position("center")
    if "shake" in names:
        reach = 0.012 * width
        clip = clip.resized(1.024).with_position(
            lambda t: (reach * (math.sin(37 * t) - 1), reach * (math.sin(31 * t + 2) - 1))
        )
    looks = [vfx.BlackAndWhite()] if "bw" in names else []
    if "flash" in names:
        looks.append(vfx.FadeIn(0.27, initial_color=[255, 255, 255]))
    clip = clip.with_effects(looks)
    layers = [clip]
    for words in plan["captions"]:
        text = TextClip(
            font=plan["font"],
            text=words["text"],
            font_size=width // 10,
            color="yellow",
            stroke_color="black",
            stroke_width=6,
        )
        layers.append(
            text.with_start(words["start"])
            .with_duration(words["end"] - words["start"])
            .with_position(("center", 0.74), relative=True)
        )
    mark = TextClip(font=plan["font"], text=plan["watermark"], font_size=width // 36, color="white")
    layers.append(mark.with_duration(seconds).with_position((width * 0.68, height * 0.02)))
    film = CompositeVideoClip(layers, size=size).with_duration(seconds)
    sounds = [each for each in (clip.audio, AudioFileClip(plan["sound"]).with_volume_scaled(0.5)) if each is not None]
    return film.with_audio(CompositeAudioClip(sounds).with_duration(seconds))


def main() -> None:
    """Render the film."""
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123 - a program of its own
        plan = json.load(file)
    film = joined([segment(each, tuple(plan["size"])) for each in plan["segments"]])
    film.write_videofile(
        sys.argv[2],
        fps=plan["rate"],
        codec="libx264",
        audio_codec="aac",
        preset="veryfast",
        threads=1,
        ffmpeg_params=["-crf", "20", "-pix_fmt", "yuv420p"],
        logger=None,
    )


if __name__ == "__main__":
    main()
