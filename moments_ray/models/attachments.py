"""What goes with the words of a question: whether a model takes it, and the bytes of objects that are sent along."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import assert_never

from moments_ray.errors import ModelInputUnsupported
from moments_ray.models.conversation import AudioPart, ImagePart, Part, Question, TextPart, VideoPart
from moments_ray.models.entry import ModelEntry
from moments_ray.storage.object_store import ObjectStore

_LARGEST = 20 * 1024 * 1024  # bytes sent along with one question; a request grows by a third of it
_AUDIO_FORMATS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3"}  # those of OpenAI's wire


@dataclass(frozen=True)
class Attachment:
    """The bytes of an object as they go into a question."""

    content_type: str
    data: bytes

    @property
    def base64(self) -> str:
        """The bytes as JSON can carry them."""
        return base64.b64encode(self.data).decode("ascii")

    @property
    def url(self) -> str:
        """The bytes as a ``data:`` URL."""
        return f"data:{self.content_type};base64,{self.base64}"

    @property
    def audio_format(self) -> str:
        """The word of OpenAI's wire for this kind of sound."""
        return _AUDIO_FORMATS[self.content_type]


def require_supported(entry: ModelEntry, question: Question) -> None:
    """Look at every part of a question before anything of it is sent.

    Raises:
        ModelInputUnsupported: the model does not take such a part.
    """
    for part in question.parts:
        if not _takes(entry, part):
            field = "supports_images" if isinstance(part, ImagePart) else f"supports_{part.kind}"
            raise ModelInputUnsupported(
                f"{entry.key} takes no {part.kind}: ask another model, or, if it does, say so"
                f" with {field} in PATCH /api/admin/models/{entry.key}."
            )


def _takes(entry: ModelEntry, part: Part) -> bool:
    match part:
        case TextPart():
            return True
        case ImagePart():
            return entry.supports_images
        case VideoPart():
            return entry.supports_video
        case AudioPart():
            return entry.supports_audio
    assert_never(part)


async def read_attachments(question: Question, store: ObjectStore) -> dict[str, Attachment]:
    """Read the objects that go with a question, by name.

    Raises:
        ModelInputUnsupported: one is of another kind than its part says, or all of them are too large.
        StorageError: one cannot be read.
    """
    found: dict[str, Attachment] = {}
    size = 0
    for part in question.parts:
        if isinstance(part, TextPart) or part.object is None or part.object in found:
            continue
        stored = await store.stat(part.object)
        if not _is_of_its_kind(part, stored.content_type):
            raise ModelInputUnsupported(
                f"{part.object} is {stored.content_type}: models do not take that as {part.kind}."
            )
        size += stored.bytes
        if size > _LARGEST:
            raise ModelInputUnsupported(
                f"What goes with the question is larger than {_LARGEST:,} bytes: send less, or a URL of it."
            )
        data = await store.read_range(part.object, 0, stored.bytes)
        found[part.object] = Attachment(stored.content_type, data)
    return found


def _is_of_its_kind(part: ImagePart | VideoPart | AudioPart, content_type: str) -> bool:
    if isinstance(part, AudioPart):
        return content_type in _AUDIO_FORMATS
    return content_type.startswith(f"{part.kind}/")
