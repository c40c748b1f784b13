"""The groups of settings: nodes, workers, media, speech, storage and the API."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Group(BaseModel):
    """A named group of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NodeResources(Group):
    """What one node offers its stages; ``cluster.yaml`` carries the same names."""

    audio_extraction: int = Field(2, ge=1, description="audio extractions at once")
    clip_extraction: int = Field(4, ge=1, description="clip extractions at once")
    minimum_cpus: int = Field(8, ge=1, description="logical CPUs of a local node; encoder threads follow real cores")


class DatabaseSettings(Group):
    """How a process keeps its connections to PostgreSQL."""

    pgbouncer: bool = Field(False, description="DATABASE_URL is a PgBouncer in transaction mode")
    connections: int = Field(10, ge=1, description="connections one process may have open at once")
    idle_seconds: float = Field(5.0, gt=0, description="a process that asked nothing for so long keeps no connection")


class WorkerSettings(Group):
    """How pipeline workers take, keep and give up runs."""

    runs_at_once: int = Field(2, ge=1, description="runs one worker executes at a time")
    heartbeat_seconds: float = Field(10.0, gt=0, description="how often a lease is renewed")
    lease_seconds: float = Field(60.0, gt=0, description="idle time after which a run is taken from its worker")
    lock_seconds: float = Field(1800.0, gt=0, description="life of a video's lock without renewal")
    sweep_seconds: float = Field(15.0, gt=0, description="how often lost work is looked for")
    unclaimed_seconds: float = Field(
        30.0, gt=0, description="time after which a queued run that no worker took is enqueued again"
    )
    cancel_poll_seconds: float = Field(0.5, gt=0, description="how often the cancel flag is looked at")
    cancel_grace_seconds: float = Field(3.0, gt=0, description="time a cancelled stage has to stop by itself")
    drain_seconds: float = Field(20.0, ge=0, description="time running stages have to finish on SIGTERM")
    max_crashes: int = Field(3, ge=1, description="crashes in a row without progress, after which a run fails")
    capacity_wait_seconds: float = Field(600.0, gt=0, description="time a stage may wait for a node that fits it")


class RetrySettings(Group):
    """Backoff between tries of a stage."""

    first_delay_seconds: float = Field(1.0, ge=0)
    factor: float = Field(2.0, ge=1)
    longest_delay_seconds: float = Field(60.0, ge=0)
    attempts: dict[str, int] = Field(default_factory=dict, description="tries a stage, by stage name, over its own")


class DownloadSettings(Group):
    """What may be fetched, and how much of it."""

    max_bytes: int = Field(8 * 1024**3, gt=0)
    timeout_seconds: float = Field(1800.0, gt=0)
    min_bytes_per_second: int = Field(1024, ge=0, description="a download that is slower for 30 s fails")
    max_redirects: int = Field(5, ge=0)
    allowed_ports: tuple[int, ...] = Field((80, 443), description="of public addresses")
    allow_private_addresses: bool = Field(
        False, description="fetch from loopback and private networks, at any port: tests only"
    )


class MediaSettings(Group):
    """Limits on media; over them is ``media.limits_exceeded``."""

    max_duration_seconds: float = Field(12 * 3600.0, gt=0)
    max_pixels: int = Field(35_389_440, gt=0, description="8192 x 4320")
    max_streams: int = Field(32, gt=0)
    max_memory_bytes: int = Field(1_500_000_000, gt=0, description="address space of one media process")
    max_scratch_bytes: int = Field(32 * 1024**3, gt=0, description="largest file a media process may write")
    probe_timeout_seconds: float = Field(60.0, gt=0)
    kill_grace_seconds: float = Field(
        0.5, ge=0, description="between SIGTERM and SIGKILL, within worker.cancel_grace_seconds"
    )
    encoder_threads: int = Field(0, ge=0, description="0: follow the stage's CPUs and the machine's cores")
    beats: Literal["numpy", "librosa"] = Field("numpy", description="who finds beats; librosa is of the extra audio")


WhisperSize = Literal["tiny", "base", "small", "medium", "large"]


class SpeechSettings(Group):
    """How speech becomes words."""

    model_size: WhisperSize | None = Field(
        None, description="of Whisper, where nobody asks for another; unset: tiny.en for English, base for the rest"
    )
    transcriber: str | None = Field(None, description="force one recogniser; unset: choose by what is there")
    weights_timeout_seconds: float = Field(8.0, gt=0, description="longest wait for the host of model weights")
    weights_url: str = Field("https://huggingface.co", description="that host: a Hugging Face hub or a mirror of it")
    whisper_model: str | None = Field(
        None, description="a directory with a CTranslate2 model, or one in the hub's cache; unset: tiny.en and base"
    )
    hot_words: tuple[str, ...] = Field(
        (), description='names and terms that will be said, for a Whisper: ["Kubernetes"]'
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where Whisper runs; auto: a GPU if there is one"
    )
    gpu_share: float = Field(
        0.25, ge=0, le=1, description="of a GPU that TRANSCRIPTION asks Ray for, where a node offers one; 0: none"
    )
    keep_seconds: float = Field(
        300.0, ge=0, description="a model on a GPU stays loaded so long without work; 0: it is loaded for each video"
    )
    threads: int = Field(0, ge=0, description="of Whisper on CPUs; 0: follow the stage's CPUs and the machine's cores")

    @property
    def prompt(self) -> str | None:
        """The hot words as a Whisper is given them."""
        return ", ".join(self.hot_words) or None


class AnalysisSettings(Group):
    """How a talk is analysed where no chat model is asked."""

    sentiment_model: str | None = Field(
        None,
        description="a text classifier of transformers, in a directory or the hub's cache, that says how sentences "
        "feel; unset: VADER, for English",
    )


class StorageSettings(Group):
    """The object store and the node's cache of it."""

    signed_url_seconds: int = Field(3600, gt=0)
    shared: bool = Field(
        False, description="without a bucket: every machine sees the same MOMENTS_HOME, such as by NFS"
    )
    cache_bytes: int = Field(20 * 1024**3, gt=0, description="bound of one node's cache of sources")


Origin = Annotated[str, Field(pattern=r"^(\*|https?://[A-Za-z0-9.:\[\]-]+)$")]


class ApiSettings(Group):
    """How much a client of the API may ask, and which web pages may read its answers."""

    requests_per_minute: int = Field(12_000, ge=0, description="of one key, or of one address without; 0: any number")
    deletion_timeout_seconds: float = Field(
        8.0, gt=0, description="a DELETE waits so long for the runs of a video to stop"
    )
    max_sockets: int = Field(2000, ge=1, description="WebSockets that one replica has open; over it is 1013")
    cors_origins: tuple[Origin, ...] = Field((), description='web origins that may use the API: ["https://HOST"]')
