"""``moments ad``: ads of half a minute, on a server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from moments_ray.ads.options import AdOptions, RegenerateScene, RetryAd
from moments_ray.cli.listing import results
from moments_ray.client import AdDetail, AdView, MomentsClient

Document = dict[str, Any]
Outcome = tuple[Document, int]

_POLL_SECONDS = 1.0
_ENDED = {"completed", "failed", "cancelled"}


async def make(
    client: MomentsClient,
    options: AdOptions,
    picture: Path | None,
    out: Path | None,
    console: Console,
    *,
    as_json: bool,
) -> Outcome:
    """Make an ad; with ``out`` wait for its end and write its films there.

    Raises:
        SourceNotFound: the picture cannot be read.
        MomentsError: the server does not take it.
    """
    async with client:
        made = await client.make_ad(options, picture)
        if out is None:
            return _shown(made, as_json=as_json)
        return await _followed(client, made.id, out, console, as_json=as_json)


async def estimate(client: MomentsClient, options: AdOptions, picture: Path | None, *, as_json: bool) -> Outcome:
    """Print what an ad is taken to cost."""
    async with client:
        found = await client.estimate_ad(options, picture=picture is not None)
    if not as_json:
        for line in found.lines:
            results().print(f"{line.stage:11} {line.model:16} {line.amount:10,.0f} {line.unit:9} {_dollars(line.usd)}")
        results().print(f"total {_dollars(found.total_usd)} of at most ${found.max_cost_usd:.2f}")
    return found.model_dump(mode="json"), 0 if found.within_limit else 3


async def list_all(client: MomentsClient, *, as_json: bool) -> Outcome:
    """Print the newest ads."""
    async with client:
        page = await client.ads()
    if not as_json:
        table = Table("identifier", "status", "%", "style", "cost", "product", box=None)
        for each in page.items:
            table.add_row(
                each.id, each.status, str(each.progress), each.style, f"${each.cost_usd:.4f}", each.product_name
            )
        results().print(table)
    return page.model_dump(mode="json"), 0


async def show(client: MomentsClient, identifier: str, *, as_json: bool) -> Outcome:
    """Print how an ad stands."""
    async with client:
        found = await client.ad(identifier)
    if not as_json:
        _stages(found)
    return found.model_dump(mode="json"), _status(found)


async def script(client: MomentsClient, identifier: str, *, as_json: bool) -> Outcome:
    """Print what an ad says."""
    async with client:
        found = await client.ad_scripts(identifier)
    if not as_json:
        for one in found.scripts:
            for scene in one.scenes:
                results().print(f"{scene.scene_number}  {scene.voiceover_text}", markup=False)
    return found.model_dump(mode="json"), 0


async def retry(client: MomentsClient, identifier: str, asked: RetryAd, *, as_json: bool) -> Outcome:
    """Go on with an ad."""
    async with client:
        return _shown(await client.retry_ad(identifier, asked), as_json=as_json)


async def regenerate(
    client: MomentsClient, identifier: str, scene: int, asked: RegenerateScene, *, as_json: bool
) -> Outcome:
    """Make a scene of an ad again."""
    async with client:
        return _shown(await client.regenerate_ad_scene(identifier, scene, asked), as_json=as_json)


async def cancel(client: MomentsClient, identifier: str, *, as_json: bool) -> Outcome:
    """Stop an ad."""
    async with client:
        return _shown(await client.cancel_ad(identifier), as_json=as_json)


async def _followed(client: MomentsClient, identifier: str, out: Path, console: Console, *, as_json: bool) -> Outcome:
    shown = -1
    while True:
        found = await client.ad(identifier)
        if found.progress != shown and not as_json:
            console.print(f"{found.progress:3} % {found.status}", markup=False)
            shown = found.progress
        if found.status in _ENDED:
            break
        await asyncio.sleep(_POLL_SECONDS)
    if found.films:
        out.mkdir(parents=True, exist_ok=True)
    for film in found.films:
        path = await client.download_ad(
            identifier, out / f"ad-{identifier[:8]}-{film.variant}.mp4", variant=film.variant
        )
        if not as_json:
            results().print(str(path), markup=False)
    if not as_json:
        _stages(found)
    return found.model_dump(mode="json"), _status(found)


def _dollars(usd: float | None) -> str:
    return "unknown" if usd is None else f"${usd:.4f}"


def _shown(ad: AdView, *, as_json: bool) -> Outcome:
    if not as_json:
        results().print(f"ad {ad.id} {ad.status}")
    return ad.model_dump(mode="json"), 0


def _stages(ad: AdDetail) -> None:
    for stage in ad.stages:
        results().print(f"{stage.stage_name:11} {stage.status:10} {stage.progress:3} %")
    results().print(f"cost ${ad.cost_usd:.4f}")
    if ad.error_message:
        results().print(ad.error_message, markup=False)


def _status(ad: AdDetail) -> int:
    return 1 if ad.status in {"failed", "cancelled"} else 0
