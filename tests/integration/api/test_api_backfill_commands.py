"""`moments backfill` and the client's methods under it, on the served API."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from rich.console import Console

from moments_ray.cli import backfill as commands
from moments_ray.client import BackfillOrder, MomentsClient
from moments_ray.corpus.attending import attend_to_backfills
from moments_ray.corpus.options import BackfillChange, BackfillSource, Budget
from moments_ray.errors import Conflict, InvalidRequest, NotFound, SourceNotFound
from moments_ray.http.container import Container
from tests.integration.api.conftest import Library


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[MomentsClient]:
    async with MomentsClient("http://localhost", transport=httpx.ASGITransport(app)) as client:
        yield client


class Kept(MomentsClient):
    """A client that a command does not close, for the next one."""

    async def close(self) -> None:
        """Stay open; the transport holds nothing."""


async def test_a_list_is_uploaded_ordered_and_followed_by_commands(
    app: FastAPI, container: Container, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = tmp_path / "talks.csv"
    listed.write_text("url\nhttp://127.0.0.1:1/a.mp4\nnonsense\nhttp://127.0.0.1:1/b.mp4\n")

    def client() -> MomentsClient:
        return Kept("http://localhost", transport=httpx.ASGITransport(app))

    def order(manifest: str | None, *, dry_run: bool = False) -> BackfillOrder:
        budget = Budget(videos=50)
        return BackfillOrder(
            source=BackfillSource(manifest=manifest), name="Talks", in_flight=1, budget=budget, dry_run=dry_run
        )

    estimate, status = await commands.create(
        client(), lambda name: order(name, dry_run=True), listed, None, as_json=False
    )
    assert (status, estimate["videos"], estimate["malformed"]) == (0, 2, 1)
    assert "usd           unknown" in capsys.readouterr().out
    made, status = await commands.create(client(), order, listed, "one", as_json=True)
    again, _ = await commands.create(client(), order, listed, "one", as_json=True)
    assert (status, made["identifier"], made["budget"]["videos"]) == (0, again["identifier"], 50)
    await attend_to_backfills(container.environment)
    identifier = made["identifier"]
    capsys.readouterr()
    shown, _ = await commands.show(client(), identifier, as_json=False)
    assert shown["counts"]["running"] == 1
    assert f"backfill {identifier} (Talks): running" in capsys.readouterr().out
    ledger, _ = await commands.items(client(), identifier, ["failed"], 50, None, as_json=False)
    assert [each["line"] for each in ledger["items"]] == [3]
    table = tmp_path / "ledger.csv"
    await commands.items(client(), identifier, [], 50, table, as_json=True)
    assert len(table.read_text().splitlines()) == 4
    paused, _ = await commands.act(client(), identifier, "pause", as_json=False)
    assert paused["status"] == "paused"
    assert "paused by caller" in capsys.readouterr().out
    listing, _ = await commands.list_all(client(), as_json=False)
    assert [each["identifier"] for each in listing["items"]] == [identifier]
    with pytest.raises(Conflict):
        await commands.retry(client(), identifier, [], as_json=True)
    for action, stands in (("resume", "running"), ("cancel", "cancelled")):
        assert (await commands.act(client(), identifier, action, as_json=True))[0]["status"] == stands


async def test_what_a_backfill_found_is_compared_and_shown_by_commands(
    app: FastAPI, container: Container, library: Library, client: MomentsClient, capsys: pytest.CaptureFixture[str]
) -> None:
    video = await library.video()
    source = BackfillSource.model_validate({"videos": {}})
    order = BackfillOrder.model_validate({"source": source, "pipeline": "generation", "as": "candidate"})
    made = await client.create_backfill(order)
    assert (made.show_as, made.mode) == ("candidate", "missing")
    await attend_to_backfills(container.environment)
    (item,) = (await client.backfill_items(made.identifier)).items
    assert item.video == video.identifier
    await library.found_by(video, item.run, (10.0, 20.0), candidate=True)
    compared, _ = await commands.diff(
        Kept("http://localhost", transport=httpx.ASGITransport(app)), made.identifier, as_json=False
    )
    assert (compared["totals"]["new"], "all 1 videos" in capsys.readouterr().out) == (1, True)
    console = Console(file=io.StringIO())
    changed, _ = await commands.change_sets(
        Kept("http://localhost", transport=httpx.ASGITransport(app)),
        made.identifier,
        "promote",
        console,
        dry_run=False,
        as_json=False,
    )
    assert changed["left"] == 0
    assert [moment.start_time for moment in await client.moments(video.identifier)] == [10.0]


async def test_the_client_says_what_is_wrong(client: MomentsClient, tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound):
        await client.upload_manifest(tmp_path / "nowhere.txt")
    with pytest.raises(NotFound):
        await client.backfill("nothing")
    with pytest.raises(InvalidRequest):
        await client.backfill("../videos")
    order = BackfillOrder(source=BackfillSource(urls=["http://127.0.0.1:1/a.mp4"]))
    made = await client.create_backfill(order)
    changed = await client.change_backfill(made.identifier, BackfillChange(in_flight=7))
    assert (changed.in_flight, changed.priority) == (7, 1)
