"""The files of the directory store: objects under their own names, a record beside each, one commit for both.

An object is a file ``objects/NAME`` and a record ``records/NAME.json``. They change together: a commit file,
whose appearance is the decision, is carried out by whoever holds the lock next if its writer died, and becomes the
record in its last step. Nothing here is asynchronous.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from moments_ray.errors import ObjectExists
from moments_ray.process.file_lock import FileLock
from moments_ray.storage.blocking import missing

_COMMIT = ".commit"


class Record(BaseModel):
    """What the store knows of an object, and how it came to be: which file was moved to its place."""

    model_config = ConfigDict(frozen=True)

    name: str
    bytes: int
    checksum: str
    content_type: str
    moved_from: str
    source: str | None = None


class ObjectFiles:
    """The directory of one store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._objects = root / "objects"
        self._records = root / "records"
        self._staging = root / "staging"

    def prepare(self) -> None:
        """Make the directory and clear away what killed writers left."""
        for directory in (self._objects, self._records, self._staging):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            for left in self._staging.iterdir():
                with FileLock(left) as writer:
                    if writer.try_acquire():
                        left.unlink()

    @contextlib.contextmanager
    def staged(self) -> Iterator[tuple[Path, int]]:
        """Give a new file to write, as path and descriptor; unless published it is gone afterwards."""
        path = self._staging / secrets.token_hex(16)
        with self._locked(shared=True):  # whoever clears away is not between the file and its lock
            writer = FileLock(path)
            writer.try_acquire()
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            yield path, descriptor
        finally:
            path.unlink(missing_ok=True)
            os.close(descriptor)
            writer.close()

    def publish(self, record: Record, *, if_absent: bool) -> None:
        """Move a complete file, with its record, to its object's place.

        Raises:
            ObjectExists: there is one and ``if_absent`` was asked, or the name is both an object's and a folder's.
        """
        with self._locked():
            if if_absent and self._read(record.name) is not None:
                raise ObjectExists(f"There is an object {record.name!r} already.", {"name": record.name})
            self._commit(record)

    def promote(self, source: str, target: str) -> Record:
        """Move an object to another name; if that was done before, return what is there.

        Raises:
            ObjectMissing: there is neither.
        """
        with self._locked():
            found = self._read(source)
            if found is None:
                done = self._read(target)
                if done is None:
                    raise missing(source)
                return done
            moved = {"name": target, "moved_from": self._relative(self._object_path(source)), "source": source}
            record = found.model_copy(update=moved)
            self._commit(record)
            self._prune(source)
            return record

    def open(self, name: str) -> tuple[Record, int]:
        """Return an object's record and a descriptor of its bytes, which belong together; the caller closes it.

        Raises:
            ObjectMissing: there is no such object.
        """
        with self._locked(shared=True):
            record = self._read(name)
            if record is None:
                raise missing(name)
            return record, os.open(self._object_path(name), os.O_RDONLY | os.O_CLOEXEC)

    def record(self, name: str) -> Record:
        """Return an object's record.

        Raises:
            ObjectMissing: there is no such object.
        """
        record, descriptor = self.open(name)
        os.close(descriptor)
        return record

    def path(self, name: str) -> Path:
        """Return the object's own file.

        Raises:
            ObjectMissing: there is no such object.
        """
        self.record(name)
        return self._object_path(name)

    def delete(self, name: str) -> None:
        """Remove an object and the folders it leaves empty."""
        with self._locked():
            with contextlib.suppress(NotADirectoryError, IsADirectoryError):
                self._object_path(name).unlink(missing_ok=True)
            # Last: killed before this, we leave a record without a file: no object, but found and deleted again.
            with contextlib.suppress(NotADirectoryError):
                self._record_path(name).unlink(missing_ok=True)
            self._prune(name)

    def names(self, prefix: str) -> Iterator[str]:
        """Iterate over the names that begin with a prefix, in order."""
        folder, _, _ = prefix.rpartition("/")
        yield from (name for name in _walk(self._records / folder, folder) if name.startswith(prefix))

    def _commit(self, record: Record) -> None:
        """Decide that a file is an object from now on, and carry that out."""
        (self.root / record.moved_from).stat()  # a commit is carried out in any case: it must not promise what is gone
        target = self._object_path(record.name)
        try:
            for path in (target, self._record_path(record.name)):
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise _clash(record.name) from None
        if target.is_dir():
            raise _clash(record.name)
        unfinished = self._staging / secrets.token_hex(16)
        try:
            with unfinished.open("w", encoding="utf-8") as file:
                file.write(record.model_dump_json())
                file.flush()
                os.fsync(file.fileno())
            commit = unfinished.rename(unfinished.with_suffix(_COMMIT))
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        self._carry_out(commit, record)

    def _carry_out(self, commit: Path, record: Record) -> None:
        """Do what a commit says; each step may have been done before."""
        if record.source is not None:
            self._record_path(record.source).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            (self.root / record.moved_from).replace(self._object_path(record.name))
        _sync_directory(self._object_path(record.name).parent)
        commit.replace(self._record_path(record.name))
        _sync_directory(self._record_path(record.name).parent)

    @contextlib.contextmanager
    def _locked(self, *, shared: bool = False) -> Iterator[None]:
        with FileLock(self.root / "lock") as lock:
            lock.wait(shared=shared)
            while commits := list(self._staging.glob(f"*{_COMMIT}")):
                lock.wait()
                for commit in commits:
                    with contextlib.suppress(FileNotFoundError):  # carried out while the lock changed its kind
                        self._carry_out(commit, Record.model_validate_json(commit.read_bytes()))
                lock.wait(shared=shared)
            yield

    def _prune(self, name: str) -> None:
        for top, path in ((self._objects, self._object_path(name)), (self._records, self._record_path(name))):
            for folder in path.parents:
                if folder == top:
                    break
                try:
                    folder.rmdir()
                except (FileNotFoundError, NotADirectoryError):
                    continue
                except OSError:  # not empty
                    break

    def _read(self, name: str) -> Record | None:
        """Return the record of an object that has both its parts."""
        try:
            record = Record.model_validate_json(self._record_path(name).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        return record if self._object_path(name).is_file() else None

    def _object_path(self, name: str) -> Path:
        return self._objects / name

    def _record_path(self, name: str) -> Path:
        return self._records / f"{name}.json"

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self.root))


def _walk(directory: Path, name: str) -> Iterator[str]:
    """Iterate over the names of the records below a directory, ordered as whole names are."""
    try:
        with os.scandir(directory) as found:
            entries = [(f"{entry.name}/" if entry.is_dir() else entry.name.removesuffix(".json")) for entry in found]
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in sorted(entries):
        whole = f"{name}/{entry}" if name else entry
        if entry.endswith("/"):
            yield from _walk(directory / entry, whole.removesuffix("/"))
        else:
            yield whole


def _clash(name: str) -> ObjectExists:
    return ObjectExists(
        f"{name!r} cannot be stored: in a directory a name cannot be an object's and a folder's at once.",
        {"name": name},
    )


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
