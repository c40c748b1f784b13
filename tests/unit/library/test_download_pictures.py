"""A video comes into the store with its picture, and with a sheet of small ones."""

from __future__ import annotations

from pathlib import Path

from moments_ray.library.stages.download import download_video
from moments_ray.library.values import Source
from moments_ray.testing.media import make_video
from moments_ray.testing.stages import stage_context


async def test_a_video_has_a_picture_and_a_sheet_of_small_ones(tmp_path: Path) -> None:
    context = stage_context(tmp_path)
    path = make_video(tmp_path / "talk.mp4", seconds=2)
    await download_video.run(context, source=Source(video="v", path=str(path)))
    names = [stored.name async for stored in context.store.list("videos/v/")]
    kinds = sorted(name.removeprefix("videos/v/").partition("-")[0] for name in names)
    assert kinds == ["source", "storyboard", "thumbnails/video"]
