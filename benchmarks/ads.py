"""What an ad without a model costs this machine: CPU seconds and time by stage, beside the bare encode of its frames.

    python -m benchmarks.ads [--style luxury] [--draft]

The stages are called as workers call them, one after another, with store and scratch in a directory, without Ray.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moments_ray.ads.script.styles import StyleName, list_styles
from moments_ray.ads.stages.films import film_shot, plan_shots
from moments_ray.ads.stages.product import prepare_product
from moments_ray.ads.stages.rendering import compose, plan_cuts, plan_scenes, render_scene
from moments_ray.ads.stages.script import write_scripts
from moments_ray.ads.stages.voices import plan_lines, speak_line
from moments_ray.ads.values import AdRequest, Brief, Look, Product, RenderedScenes, SceneFilms, Scripts, Voices
from moments_ray.engine import Resources
from moments_ray.media.process import ffmpeg_executable, run_tool
from moments_ray.testing.stages import stage_context

_ENCODER = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-an")


def cpu_seconds() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


@contextmanager
def measured(name: str) -> Iterator[None]:
    cpu, begun = cpu_seconds(), time.monotonic()
    yield
    print(f"{name:24} {cpu_seconds() - cpu:8.1f} CPU s {time.monotonic() - begun:8.1f} s")


async def make(directory: Path, style: StyleName, *, draft: bool) -> None:
    """Make an ad, and encode its frames once more from nothing but the finished film."""
    request = AdRequest.model_validate(
        {
            "ad": "benchmark",
            "brief": Brief(product_name="Premium Headphones", style=style, cta_text="Shop Now"),
            "look": Look(draft=draft),
            "force": True,
        }
    )
    ctx = stage_context(directory, subject=request.ad, timeout=3600, resources=Resources(cpus=1))
    brief, look, makers, takes = request.brief, request.look, request.makers, request.takes
    with measured("whole ad"):
        with measured("  script"):
            product = Product.model_validate(await prepare_product.run(ctx, brief=brief))
            written = await write_scripts.run(ctx, brief=brief, makers=makers, product=product)
            scripts = Scripts.model_validate(written)
        with measured("  voices"):
            lines = await plan_lines(ctx, brief, makers, takes, scripts)
            voices = Voices(items=tuple([await speak_line(ctx, line, request) for line in lines]))
        with measured("  pictures"):
            shots = await plan_shots(ctx, brief, look, makers, takes, product, scripts, voices, request.media)
            films = SceneFilms(items=tuple([await film_shot(ctx, shot, request) for shot in shots]))
        with measured("  scenes rendered"):
            filmed = await plan_scenes(ctx, scripts, voices, films)
            rendered = [await render_scene(ctx, scene, look, scripts, voices) for scene in filmed]
        with measured("  film"):
            scenes = RenderedScenes(items=tuple(rendered))
            (cut,) = await plan_cuts(ctx, scripts, scenes)
            film = await compose(ctx, cut, brief, look, scripts, voices, films, scenes)
    whole = directory / "whole.mp4"
    await ctx.store.get_file(film.name, whole)
    raw = directory / "raw.y4m"
    await run_tool(
        [ffmpeg_executable(), "-loglevel", "error", "-y", "-i", str(whole), "-pix_fmt", "yuv420p", str(raw)],
        timeout=600,
        settings=ctx.settings.media,
    )
    with measured("bare encode"):
        command = [
            ffmpeg_executable(),
            "-loglevel",
            "error",
            "-y",
            "-i",
            str(raw),
            *_ENCODER,
            str(directory / "bare.mp4"),
        ]
        await run_tool(command, timeout=600, settings=ctx.settings.media)
    print(f"{film.frames} frames, {film.seconds:.1f} s, {film.width}x{film.height}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--style", choices=list_styles(), default="luxury")
    parser.add_argument("--draft", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="moments-ads-") as directory:
        asyncio.run(make(Path(directory), asked.style, draft=asked.draft))


if __name__ == "__main__":
    main()
