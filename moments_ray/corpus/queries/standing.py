"""What of a pipeline's result stands of a video already, as a condition."""

from __future__ import annotations

_SHOWN = "EXISTS (SELECT FROM moment_sets s WHERE s.video_id = videos.id AND s.status = 'current')"
_RESULTS = {
    "import": "videos.status = 'ready'",
    "transcript": "EXISTS (SELECT FROM transcripts t WHERE t.video_id = videos.id)",
    "generation": _SHOWN,
    "moments": _SHOWN,
    "clips": "EXISTS (SELECT FROM clips c WHERE c.video_id = videos.id AND c.status = 'completed')",
}
_IN_LIBRARY = "videos.status = 'ready'"


def stands(mode: str, pipeline: str) -> str:
    """Return the SQL of the condition that nothing is to be done with a row of ``videos``, which may be absent."""
    match mode:
        case "rederive":
            return "false"
        case "new":
            return f"coalesce({_IN_LIBRARY}, false)"
        case _:
            return f"(videos.id IS NOT NULL AND {_RESULTS[pipeline]})"
