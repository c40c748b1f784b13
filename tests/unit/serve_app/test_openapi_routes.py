"""Every route that clients were promised stands in the OpenAPI document."""

from __future__ import annotations

import re
from pathlib import Path

from serve_app.factory import create_app
from tests.unit.serve_app.conftest import container

PROMISED = """
GET /
GET|DELETE /api/admin/dead
POST /api/admin/dead/{}/retry
GET /api/admin/models
GET|PUT|PATCH|DELETE /api/admin/models/{}
POST /api/admin/models/{}/probe
GET /api/admin/webhook-secret
GET /api/admin/workers
POST /api/ads/estimate
POST|GET /api/ads/jobs
GET /api/ads/jobs/{}
POST /api/ads/scripts
GET /api/ads/styles
POST|GET /api/backfills
GET|PATCH|DELETE /api/backfills/{}
POST /api/backfills/{}/cancel
GET /api/backfills/{}/diff
GET /api/backfills/{}/events
GET /api/backfills/{}/items
POST /api/backfills/{}/pause
POST /api/backfills/{}/promote
POST /api/backfills/{}/resume
POST /api/backfills/{}/retry
POST /api/backfills/{}/rollback
GET|POST /api/chat/sessions
GET /api/chat/sessions/{}
POST /api/chat/sessions/{}/messages
GET /api/clips/{}/stream
GET /api/clips/{}/thumbnail
GET /api/consent/{}
POST /api/consent/{}/checkbox
POST /api/consent/{}/upload
GET /api/effects
GET /api/events
POST /api/generate_moments
GET /api/healthz
POST /api/ingest
GET /api/options
POST /api/pipeline/start
GET /api/pipeline/status/{}
POST /api/pipeline/{}/cancel
GET /api/pipeline/{}/history
POST /api/pipeline/{}/start
GET /api/pipeline/{}/status
GET|POST /api/projects
GET|DELETE /api/projects/{}
GET /api/render/status/{}
POST /api/render/{}
POST /api/render/{}/cancel
POST|GET /api/runs
POST /api/runs/bulk
GET /api/runs/{}
POST /api/runs/{}/cancel
GET /api/runs/{}/events
POST /api/runs/{}/retry
GET /api/search
GET|POST|DELETE /api/session
GET /api/sfx
GET /api/statistics
GET /api/templates
GET|POST /api/timeline/{}
POST /api/timeline/{}/analyze
GET /api/timeline/{}/export
GET /api/timeline/{}/preview
GET /api/timeline/{}/versions
POST /api/tools
POST /api/tools/edit_image
POST /api/tools/generate_video
POST /api/uploads
HEAD|PATCH|DELETE /api/uploads/{}
POST /api/urls/inspect
GET|POST /api/v1/jobs
POST /api/v1/jobs/bulk
DELETE /api/v1/jobs/queue/clear
GET /api/v1/jobs/queue/status
GET /api/v1/jobs/statistics
POST /api/v1/jobs/upload
GET|DELETE /api/v1/jobs/{}
POST /api/v1/jobs/{}/cancel
POST /api/v1/jobs/{}/retry
DELETE /api/v1/queue/clear
GET /api/v1/queue/status
GET /api/v1/statistics
GET|POST /api/videos
POST /api/videos/bulk
POST /api/videos/upload
GET|PATCH|DELETE /api/videos/{}
GET /api/videos/{}/boundaries
GET /api/videos/{}/clip-extraction-status
GET /api/videos/{}/clips.zip
POST /api/videos/{}/extract-clips
POST /api/videos/{}/generate-moments
GET /api/videos/{}/moment-sets
POST /api/videos/{}/moment-sets/rollback
POST /api/videos/{}/moment-sets/{}/promote
GET|POST /api/videos/{}/moments
GET /api/videos/{}/moments/export
GET|PATCH|DELETE /api/videos/{}/moments/{}
POST /api/videos/{}/moments/{}/refine
POST /api/videos/{}/moments/{}/restore
POST /api/videos/{}/moments/{}/revert
GET /api/videos/{}/storyboard
GET /api/videos/{}/stream
GET /api/videos/{}/thumbnail
GET|POST /api/videos/{}/transcript
GET /api/videos/{}/waveform
GET /connections/status
GET /health
GET /media/{}/{}
GET /ws/connections/status
"""


def test_every_route_that_was_promised_is_described(tmp_path: Path) -> None:
    paths = create_app(container(tmp_path, lambda: [{"CPU": 8.0}])).openapi()["paths"]
    described = {
        (method.upper(), re.sub(r"\{[^}]+\}", "{}", path).rstrip("/") or "/")
        for path, operations in paths.items()
        for method in operations
    }
    promised = {
        (method, path) for methods, path in map(str.split, PROMISED.split("\n")[1:-1]) for method in methods.split("|")
    }
    assert sorted(promised - described) == []
