"""What becomes of a library's moments afterwards: a data set for training, and what nobody sees is pruned."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pyarrow.parquet import read_table

from moments_ray.corpus import dataset
from moments_ray.corpus.dataset import DirectoryTarget, StoreTarget, export_dataset
from moments_ray.corpus.queries.pruning import Outdated, Pruning
from moments_ray.http.container import Container
from tests.integration.api.conftest import Library


async def test_a_row_is_a_moment_with_its_words_and_clips(
    container: Container, library: Library, tmp_path: Path
) -> None:
    video = await library.video("A talk")
    await library.transcript(video, "Hello there. Moments are found.")  # a word a second
    run = await library.run(video)
    await library.found(video, run, (50.0, 60.0))
    await library.finish(run)
    again = await library.run(video)
    (moment,) = await library.found(video, again, (1.0, 4.0))
    await library.clip(video, moment, method="smart")
    await library.clip(video, moment, preset="vertical")
    database = container.environment.database
    parts = [part async for part in export_dataset(database, DirectoryTarget(tmp_path / "out"))]
    assert sum(part.moments or 0 for part in parts) == 1
    (row,) = read_table(tmp_path / "out").to_pylist()
    assert (row["video"], row["moment"], row["model"]) == (video.identifier, moment.identifier, "local")
    assert row["text"] == "there. Moments are"
    assert [word["start"] for word in row["words"]] == [1.0, 2.0, 3.0]
    assert [(clip["preset"], clip["method"]) for clip in row["clips"]] == [("source", "smart"), ("vertical", None)]
    assert all(clip["uri"] for clip in row["clips"])


async def test_an_export_goes_on_after_its_last_whole_part(
    container: Container, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "VIDEOS_A_PART", 1)
    for _ in range(3):
        video = await library.video()
        await library.moment(video, 1, 5)
    database, store = container.environment.database, container.environment.store
    target = StoreTarget(store, "datasets/test")
    first = [part async for part in export_dataset(database, target)]
    written = [part.name for part in first if part.moments]
    assert len(written) == 3
    await store.delete(f"datasets/test/{written[0]}")
    again = {part.name: part.moments async for part in export_dataset(database, target)}
    assert [again[name] for name in written] == [1, None, 1]  # lost, there, and the last, which may have grown


async def test_sets_that_nobody_would_go_back_to_are_pruned(container: Container, library: Library) -> None:
    video = await library.video()
    made = []
    for start in (10.0, 20.0, 30.0):
        run = await library.run(video)
        (moment,) = await library.found(video, run, (start, start + 5))
        await library.clip(video, moment)
        await library.finish(run)
        made.append(moment)
    database = container.environment.database
    async with database.read() as session:
        assert await Pruning(session).outdated(timedelta(days=1)) == Outdated(0, 0, 0, 0)
        found = await Pruning(session).outdated(timedelta(0))
    assert (found.sets, found.moments, found.clips) == (1, 1, 1)
    async with database.begin() as session:
        assert await Pruning(session).delete(timedelta(0), 10) == 1
        assert await Pruning(session).delete(timedelta(0), 10) == 0
    left = [await library.is_deleted(moment) for moment in made]
    assert left == [True, False, False]  # the one before the current can be rolled back to
