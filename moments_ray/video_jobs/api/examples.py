"""The example of a job in the description of the API."""

from __future__ import annotations

from typing import Any

_ID = "550e8400-e29b-41d4-a716-446655440000"
_HERE = f"/api/v1/jobs/{_ID}"
JOB: dict[str, Any] = {
    "id": _ID,
    "youtube_url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
    "job_type": "full_processing",
    "status": "processing",
    "progress": 81.4,
    "created_at": "2026-01-01T12:00:00Z",
    "updated_at": "2026-01-01T12:03:10Z",
    "started_at": "2026-01-01T12:00:01Z",
    "completed_at": None,
    "priority": 5,
    "video_title": "Example Video",
    "video_id": "0b9f6c0e-52a4-4f0e-9d0c-3f6f0c9a1f11",
    "run_id": _ID,
    "options": {"audio_format": "wav", "language": "en", "max_clips": 10},
    "metadata": {},
    "current_stage": "JOB_CLIP_EXTRACTION",
    "stages": [
        {"name": "ANALYSIS", "status": "completed", "progress": 1.0, "seconds": 0.6},
        {"name": "JOB_CLIP_EXTRACTION", "status": "processing", "progress": 0.5, "seconds": None},
    ],
    "retry_count": 0,
    "max_retries": 3,
    "attempt": 1,
    "error_message": None,
    "error": None,
    "errors": 0,
    "transcript": "Hello world...",
    "transcript_segments": [{"start": 0.0, "end": 2.5, "text": "Hello world...", "confidence": 0.98}],
    "transcriber": {
        "engine": "whisper-base",
        "model": "whisper-base",
        "why": "Transcribing by whisper-base: whisper-base is part of the installation.",
    },
    "words_url": f"{_HERE}/transcript?format=json",
    "analysis_results": {
        "sentiment": "positive",
        "sentiment_score": 0.31,
        "sentiment_timeline": [{"start": 0.0, "end": 11.2, "score": 0.4}],
        "topics": ["technology", "tutorial"],
        "topic_details": [
            {"label": "technology", "words": ["technology"], "weight": 0.6, "score": 1.0, "ranges": [[0.0, 44.0]]}
        ],
        "keywords": [{"text": "technology", "score": 1.0, "count": 7, "first_at": 3.2}],
        "language": "en",
        "method": "embedded",
        "words_counted": 2150,
    },
    "generated_clips": [
        {
            "start": 0.0,
            "end": 30.0,
            "title": "Introduction",
            "url": f"{_HERE}/clips/1",
            "thumbnail_url": f"{_HERE}/clips/1/thumbnail",
            "score": 1.0,
            "reason": "it asks a question and answers it",
            "duration": 30.0,
            "bytes": 5_242_880,
            "format": "mp4",
            "resolution": "1920x1080",
        }
    ],
    "audio": {
        "url": f"{_HERE}/audio",
        "format": "wav",
        "duration": 600.0,
        "bytes": 172_800_044,
        "sample_rate": 48000,
        "channels": 2,
    },
    "warnings": [],
    "waiting_for": None,
    "queue_position": None,
    "links": {
        "self": _HERE,
        "events": f"{_HERE}/events",
        "socket": f"/ws/{_ID}",
        "run": f"/api/runs/{_ID}",
        "video": "/api/videos/0b9f6c0e-52a4-4f0e-9d0c-3f6f0c9a1f11",
    },
}
