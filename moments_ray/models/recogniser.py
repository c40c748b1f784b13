"""A remote recogniser as one of the recognisers there are to choose from."""

from __future__ import annotations

from pathlib import Path

from moments_ray.models.entry import ModelEntry
from moments_ray.models.gateway import Gateway
from moments_ray.models.making import Recording
from moments_ray.models.roles import Role
from moments_ray.settings import Settings
from moments_ray.speech.recogniser import Availability, Progress
from moments_ray.speech.transcript import Transcript


class RemoteRecogniser:
    """Hears the object under a name: its client reads it from the store, wherever it runs."""

    def __init__(self, gateway: Gateway, role: Role, entry: ModelEntry, audio: str) -> None:
        self._gateway = gateway
        self._role = role
        self._entry = entry
        self._audio = audio

    @property
    def key(self) -> str:
        """The model's key."""
        return self._entry.key

    def availability(self, settings: Settings) -> Availability:  # noqa: ARG002 - the protocol's
        """Tell that it is there: only configured models become recognisers."""
        where = self._entry.ssh_host or self._entry.base_url
        return Availability(ok=True, reason=f"it is configured, at {where}")

    async def prepare(self, settings: Settings, progress: Progress | None = None) -> None:
        """Do nothing: it lacks nothing."""

    async def transcribe(
        self,
        audio: Path,  # noqa: ARG002 - it is read from the store
        settings: Settings,
        timeout: float,
        progress: Progress | None = None,  # noqa: ARG002 - it tells of none
    ) -> Transcript:
        """Have the object transcribed.

        Raises:
            ModelError: the model did not answer, or not as it should.
        """
        return await self._gateway.transcribe(
            self._role, self._entry, Recording(audio=self._audio, prompt=settings.speech.prompt), timeout
        )
