"""Timelines that are saved."""

from __future__ import annotations

from typing import Any

import httpx

INTRO = {
    "name": "intro",
    "start": 0.0,
    "end": 3.0,
    "effects": ["zoom"],
    "captions": [{"text": "Welcome!", "start": 0.5, "end": 1.5}],
}


async def save(api: httpx.AsyncClient, project: dict[str, Any], headers: Any = None, **timeline: Any) -> httpx.Response:
    return await api.post(f"/api/timeline/{project['id']}", json={"timeline": timeline}, headers=headers)
