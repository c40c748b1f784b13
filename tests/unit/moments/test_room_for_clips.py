"""What will not fit on the disk is found out before anything is cut."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from moments_ray.errors import DiskFull
from moments_ray.library.values import SourceVideo
from moments_ray.media.cut import CutRange
from moments_ray.media.probe import probe
from moments_ray.media.sites import bytes_needed
from moments_ray.moments.stages.clips import cut_and_stage
from moments_ray.testing.media import make_video
from moments_ray.testing.stages import stage_context


async def test_a_clip_that_would_not_fit_is_refused_with_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = stage_context(tmp_path, subject="v")
    source = make_video(tmp_path / "source.mp4", seconds=4)
    stored = await context.store.put_file("videos/v/source-1.mp4", source, content_type="video/mp4")
    info = await probe(source, context.settings.media)
    video = SourceVideo(video="v", name=stored.name, title="", checksum=stored.checksum, info=info, captions=())
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    with pytest.raises(DiskFull) as refused:
        await cut_and_stage(context, video, [CutRange(name="one", start=0.0, end=info.duration / 2)])
    needed = refused.value.detail["needed_bytes"]
    assert refused.value.detail["free_bytes"] == 1000
    assert isinstance(needed, int)
    assert needed >= stored.bytes - 1
    assert not any(context.scratch.iterdir())


@pytest.mark.parametrize(
    ("told", "needed"),
    [
        ({}, 0),
        ({"filesize": 700}, 700),
        ({"filesize_approx": 700.5}, 700),
        ({"filesize_approx": 700, "requested_formats": [{}, {}]}, 1400),
        ({"filesize": "many"}, 0),
    ],
)
def test_a_site_is_believed_in_what_it_says_of_a_size(told: dict[str, object], needed: int) -> None:
    assert bytes_needed(told) == needed
