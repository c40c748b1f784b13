"""The example of a script in the description of the API."""

from __future__ import annotations

from typing import Any

_ROLES = (("hook", 6.0), ("feature", 9.0), ("benefit", 9.0), ("call_to_action", 6.0))


def _scene(number: int, role: str, seconds: float) -> dict[str, Any]:
    still = number == len(_ROLES)
    return {
        "scene_number": number,
        "role": role,
        "duration": seconds,
        "static_image": still,
        "visual_prompt": "a steel bottle on wet slate, morning light",
        "negative_prompt": "people, text",
        "camera": "still" if still else "push_in",
        "transition": "fade",
        "caption_style": "minimal",
        "voiceover_text": "It keeps the morning cold until the evening.",
    }


SCRIPT: dict[str, Any] = {
    "hook": "Cold until evening",
    "cta": "Order today",
    "model": "local",
    "backend": "template",
    "scenes": [_scene(number, role, seconds) for number, (role, seconds) in enumerate(_ROLES, 1)],
}
