"""What tests of the editor do over its API: ingest, agree, save, render."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx


async def ingested(api: httpx.AsyncClient, path: Path, **fields: str) -> dict[str, Any]:
    answer = await api.post("/api/ingest", files={"file": path.read_bytes()}, data={"title": "My Cool Video", **fields})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def saved(api: httpx.AsyncClient, project: int, *segments: dict[str, Any]) -> dict[str, Any]:
    answer = await api.post(f"/api/timeline/{project}", json={"timeline": {"segments": segments}})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def rendered(api: httpx.AsyncClient, project: int, **options: Any) -> tuple[dict[str, Any], list[float]]:
    """Render, and return the last status with the progress of all."""
    answer = await api.post(f"/api/render/{project}", json=options)
    assert answer.status_code == 202, answer.text
    seen = []
    while True:
        status = (await api.get(answer.json()["status_url"])).json()
        seen.append(status["progress"])
        if status["status"] in {"finished", "failed"}:
            return status, seen
        await asyncio.sleep(0.2)


async def consenting(api: httpx.AsyncClient, clock: Path) -> tuple[int, int]:
    body = await ingested(api, clock, auto_analyze="false")
    await api.post(f"/api/consent/{body['asset']['id']}/checkbox", json={"accepted": True})
    return body["id"], body["asset"]["id"]


DRAFT = {"quality": "draft", "preset": "wide", "watermark": False}
