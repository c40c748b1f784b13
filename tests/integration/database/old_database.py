"""A database of the schema before subjects were cut in three, with runs of every status."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from moments_ray.database.session import Database
from moments_ray.ids import new_identifier

URL = "https://example.org/talk.mp4"
_MOMENT = {
    "identifier": "m1",
    "title": "A moment",
    "start_time": 1.0,
    "end_time": 9.0,
    "score": 70.0,
    "reason": "it stands out",
    "provenance": [{"step": "snap", "start_time": 1.0, "end_time": 9.0, "reason": "to sentences"}],
}
_MOMENTS_CONFIG = {
    "source": {"url": URL, "path": None, "stored": None},
    "fresh": True,
    "metadata": {"ticket": 7},
    "speech": {"transcriber": None, "captions": None},
    "generation": {
        "model": "local",
        "sampling": {"temperature": None, "top_p": None, "top_k": None, "max_tokens": None},
        "find": {
            "count": 3,
            "min_seconds": 6.0,
            "max_seconds": 20.0,
            "prompt": None,
            "topic": None,
            "time_range": None,
        },
    },
    "refinement": {
        "model": "local",
        "sampling": {"temperature": None, "top_p": None, "top_k": None, "max_tokens": None},
        "prompt": None,
        "watches_video": True,
        "padding_left": 5.0,
        "padding_right": 5.0,
    },
    "delivery": {"deliver_clips": True, "preset": "source", "burn_captions": False},
}
_CLIPS_CONFIG = {
    "source": {"url": None, "path": None, "stored": "uploads/talk.mp4"},
    "fresh": False,
    "metadata": {},
    "chosen": {"moments": [_MOMENT, {**_MOMENT, "identifier": "m2"}]},
    "clips": {"preset": "web", "captions_by": None, "padding_left": 0.0, "padding_right": 0.0},
}
_DOWNLOADED = {
    "name": "videos/v/source-1.mp4",
    "title": "A talk",
    "checksum": "AAAAAA==",
    "info": {
        "container": "mov,mp4,m4a,3gp,3g2,mj2",
        "title": None,
        "duration": 60.0,
        "width": 320,
        "height": 180,
        "rotation": 0,
        "fps": 25.0,
        "vfr": False,
        "codec": "h264",
        "pixel_format": "yuv420p",
        "video_index": 0,
        "start_time": 0.0,
        "bytes": 1000,
        "audio_tracks": [],
        "subtitle_tracks": [],
    },
    "captions": [],
}
STAGED = {
    "staged": "videos/v/staging/1/m1.mp4",
    "start_time": 1.0,
    "end_time": 9.0,
    "method": "copy",
    "fallback_reason": None,
    "bytes": 100,
    "checksum": "AAAAAA==",
    "frames": 200,
}
_CLIP = {
    "identifier": "c1",
    "name": "videos/v/clips/c1-1.mp4",
    "thumbnail": "videos/v/thumbnails/c1.jpg",
    "start_time": 1.0,
    "end_time": 9.0,
    "method": "copy",
    "fallback_reason": None,
    "bytes": 100,
    "frames": 200,
}
_NOT_CUT = {"code": "media.failed", "message": "It cannot be cut.", "retryable": False, "detail": {}}


class OldDatabase:
    """A database of the schema before, written to as the release of then did."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def insert(self, table: str, **values: Any) -> Any:
        """Insert a row; return its key where it has one."""
        kept = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in values.items()}
        marks = ", ".join(f"CAST(:{k} AS jsonb)" if isinstance(v, dict) else f":{k}" for k, v in values.items())
        key = " RETURNING id" if table in {"videos", "runs"} else ""
        async with self.database.begin() as session:
            done = await session.execute(text(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks}){key}"), kept)
            return done.scalar_one() if key else None

    async def run(self, pipeline: str, config: dict[str, Any], status: str, **values: Any) -> tuple[str, int]:
        """Insert a video and a run on it; return the run's identifier and key."""
        video, run = new_identifier(), new_identifier()
        video_key = await self.insert("videos", identifier=video, canonical_source=f"test:{video}", source_url=URL)
        await self.execute("UPDATE videos SET status = 'ready'")
        key = await self.insert(
            "runs",
            identifier=run,
            pipeline=pipeline,
            subject=video,
            video_id=video_key,
            status=status,
            config=config,
            config_fingerprint="f" * 64,
            event_seq=1,
            **values,
        )
        await self.insert("run_events", run_id=key, seq=1, type="run.queued", data={"pipeline": pipeline})
        return run, key

    async def stage(self, run: int, ordinal: int, name: str, status: str, output: dict[str, Any] | None = None) -> None:
        """Insert a stage and its one try."""
        done = {} if output is None else {"output": output}
        await self.insert("run_stages", run_id=run, name=name, ordinal=ordinal, status=status, **done)
        await self.insert("run_attempts", run_id=run, stage=name, number=1, attempt=1, status=status)

    async def execute(self, statement: str) -> None:
        """Execute a statement."""
        async with self.database.begin() as session:
            await session.execute(text(statement))

    async def fill(self) -> dict[str, str]:
        """Write runs of every status; return their identifiers by it."""
        runs = {}
        runs["queued"], _ = await self.run("moments", _MOMENTS_CONFIG, "queued")
        runs["processing"], key = await self.run("moments", _MOMENTS_CONFIG, "processing", attempt=1, owner="gone")
        await self.stage(key, 0, "VIDEO_DOWNLOAD", "processing")
        await self.execute("UPDATE runs SET heartbeat_at = now() - interval '1 hour' WHERE status = 'processing'")
        runs["completed"], key = await self.run("moments", _MOMENTS_CONFIG, "completed", result={"errors": 0})
        await self.stage(key, 0, "VIDEO_DOWNLOAD", "completed", _DOWNLOADED)
        runs["failed"], key = await self.run(
            "moments",
            _MOMENTS_CONFIG,
            "failed",
            deaths=2,
            error={"code": "model.failed", "message": "No.", "retryable": True, "detail": {}},
            error_stage="MOMENT_GENERATION",
        )
        await self.stage(key, 0, "VIDEO_DOWNLOAD", "completed", _DOWNLOADED)
        await self.stage(key, 4, "MOMENT_GENERATION", "failed")
        runs["cancelled"], _ = await self.run("moments", _MOMENTS_CONFIG, "cancelled")
        runs["clips"], key = await self.run("clips", _CLIPS_CONFIG, "completed_with_errors", result={"errors": 2})
        failed = [{"key": "m2", **_NOT_CUT}]
        await self.stage(key, 0, "VIDEO_DOWNLOAD", "completed", _DOWNLOADED)
        await self.stage(key, 1, "CLIP_EXTRACTION", "completed", {"items": [STAGED], "failed": failed})
        await self.stage(key, 2, "CLIP_UPLOAD", "completed", {"items": [_CLIP], "failed": failed})
        for stage, output in (("CLIP_EXTRACTION", STAGED), ("CLIP_UPLOAD", _CLIP)):
            spec = {"key": "m1", "moment": _MOMENT}
            item = {"run_id": key, "stage": stage, "ordinal": 0, "spec": spec}
            await self.insert("run_items", key="m1", status="completed", output=output, **item)
            await self.insert("run_items", key="m2", status="failed", error=_NOT_CUT, **item)
        runs["failed clips"], key = await self.run(
            "clips", _CLIPS_CONFIG, "failed", error=_NOT_CUT, error_stage="CLIP_EXTRACTION"
        )
        await self.stage(key, 0, "VIDEO_DOWNLOAD", "completed", _DOWNLOADED)
        await self.stage(key, 1, "CLIP_EXTRACTION", "failed")
        return runs
