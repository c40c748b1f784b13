"""What people call the stages; the names in capitals are the API's."""

from __future__ import annotations

_TITLES = {
    "VIDEO_DOWNLOAD": "Fetching the video",
    "AUDIO_EXTRACTION": "Extracting the sound",
    "AUDIO_UPLOAD": "Storing the sound",
    "TRANSCRIPTION": "Transcribing",
    "MOMENT_GENERATION": "Finding moments",
    "CLIP_EXTRACTION": "Cutting clips",
    "CLIP_UPLOAD": "Storing clips",
    "MOMENT_CHOICE": "Taking the selected moments",
    "SELECTED_CLIP_EXTRACTION": "Cutting clips",
    "SELECTED_CLIP_UPLOAD": "Storing clips",
    "MOMENT_REFINEMENT": "Refining moments",
}


def stage_title(name: str) -> str:
    """Return a stage's name for people; of a stage that is not known here its own, in ordinary letters."""
    return _TITLES.get(name) or name.rpartition(".")[2].replace("_", " ").capitalize()
