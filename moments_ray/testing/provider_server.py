"""What Anthropic, OpenAI, ElevenLabs and Replicate document of their wires, as one server on loopback for tests."""

from __future__ import annotations

import base64
import io
import json
import math
import struct
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from moments_ray.settings import Provider
from moments_ray.testing.model_server import ReceivedRequest, Reply, json_reply

KEYS: dict[Provider, str] = {
    "anthropic": "key-anthropic",
    "openai": "key-openai",
    "replicate": "key-replicate",
    "elevenlabs": "key-eleven",
}


def tone(seconds: float, rate: int = 24_000) -> bytes:
    """Return a WAV file with a tone."""
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        samples = (round(12_000 * math.sin(i / 20)) for i in range(round(seconds * rate)))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return data.getvalue()


@dataclass
class Providers:
    """The four providers; ``faults`` are replies that come before an answer, in order.

    ``say`` gives what Anthropic's tool is used with, of the question. ``film`` and ``picture`` are what is made.
    """

    say: Callable[[ReceivedRequest], dict[str, Any]]
    film: bytes = b""
    picture: bytes = b""
    url: str = ""
    faults: list[Reply] = field(default_factory=list)
    polls: int = 1
    fails: str | None = None
    predictions: list[dict[str, Any]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    _asked: dict[str, int] = field(default_factory=dict)

    def __call__(self, request: ReceivedRequest) -> Reply:
        """Answer one request."""
        if request.path.startswith("/files/"):
            return Reply(body=self.film if request.path.endswith("mp4") else self.picture, content_type="video/mp4")
        refused = self._refusal(request)
        if refused is not None:
            return refused
        return self.faults.pop(0) if self.faults else self._answer(request)

    def _answer(self, request: ReceivedRequest) -> Reply:
        match request.path.split("/")[2:]:
            case ["messages"]:
                return self._message(request)
            case ["audio", "speech"]:
                return Reply(body=tone(2.5), content_type="audio/wav")
            case ["images", "generations" | "edits"]:
                return json_reply({"data": [{"b64_json": base64.b64encode(self.picture).decode()}]})
            case ["text-to-speech", *_]:
                return self._speech(request.json["text"])
        return self._predictions(request)

    def _refusal(self, request: ReceivedRequest) -> Reply | None:
        headers = request.headers
        given = headers.get("x-api-key") or headers.get("xi-api-key") or headers.get("authorization", "")[7:]
        return None if given in KEYS.values() else json_reply({"error": {"message": "invalid key"}}, 401)

    def _message(self, request: ReceivedRequest) -> Reply:
        block = {"type": "tool_use", "id": "toolu_1", "name": "answer", "input": self.say(request)}
        usage = {"input_tokens": 1000, "output_tokens": 200}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": request.json["model"]}
        return json_reply(
            {**message, "content": [block], "stop_reason": "tool_use", "stop_sequence": None, "usage": usage}
        )

    def _speech(self, text: str) -> Reply:
        each = 0.06
        alignment = {
            "characters": list(text),
            "character_start_times_seconds": [index * each for index in range(len(text))],
            "character_end_times_seconds": [(index + 1) * each for index in range(len(text))],
        }
        sound = base64.b64encode(tone(len(text) * each)).decode()
        return json_reply({"audio_base64": sound, "alignment": alignment})

    def _predictions(self, request: ReceivedRequest) -> Reply:
        if request.path.endswith("/cancel"):
            self.cancelled.append(request.path.split("/")[-2])
            return json_reply({})
        if request.method == "POST":
            made = {"id": f"p{len(self.predictions)}", "status": "starting", "input": request.json["input"]}
            self.predictions.append(made)
            return json_reply(made, 201)
        if request.path == "/v1/predictions":
            return json_reply({"results": list(reversed(self.predictions)), "next": None})
        found = next(one for one in self.predictions if one["id"] == request.path.rpartition("/")[2])
        self._asked[found["id"]] = self._asked.get(found["id"], 0) + 1
        if found["id"] in self.cancelled or self._asked[found["id"]] <= self.polls:
            return json_reply({**found, "status": "canceled" if found["id"] in self.cancelled else "processing"})
        if self.fails is not None:
            return json_reply({**found, "status": "failed", "error": self.fails})
        suffix = "mp4" if "duration" in found["input"] else "png"
        return json_reply({**found, "status": "succeeded", "output": f"{self.url}/files/{found['id']}.{suffix}"})

    @staticmethod
    def asked(requests: list[ReceivedRequest], path: str) -> list[Any]:
        """Return the bodies of the requests to a path."""
        return [json.loads(one.body) for one in requests if one.path == path and one.body]
