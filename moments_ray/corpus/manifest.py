"""Manifests: files of URLs, read as they are needed; text, a URL a line, or CSV and Parquet, a column of them."""

from __future__ import annotations

import csv
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pyarrow import ArrowException
from pyarrow.parquet import ParquetFile

from moments_ray.errors import InvalidRequest, MomentsError, SourceNotFound
from moments_ray.ids import fingerprint
from moments_ray.media.guard import canonical_url
from moments_ray.storage.object_store import ObjectStore

FOLDER = "manifests/"
SUFFIXES = (".txt", ".csv", ".parquet")
_BATCH_ROWS = 1000
_LONGEST_SHOWN = 4096  # characters of a line that is no URL


@dataclass(frozen=True)
class Line:
    """One entry of a file, which may be nonsense; ``number`` is its line, or its row in a Parquet file, from 1."""

    number: int
    text: str


@dataclass(frozen=True)
class Entry:
    """A line of a manifest with its source in canonical form, or with why it has none."""

    line: int
    source: str
    canonical: str | None = None
    problem: MomentsError | None = None

    @property
    def source_hash(self) -> str | None:
        """What tells sources apart."""
        return None if self.canonical is None else fingerprint(self.canonical)


def entries_of(lines: Sequence[Line]) -> list[Entry]:
    """Tell nonsense from URLs."""
    return [_entry(line) for line in lines]


def _entry(line: Line) -> Entry:
    try:
        return Entry(line.number, line.text, canonical=canonical_url(line.text))
    except MomentsError as error:
        shown = (
            line.text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")[:_LONGEST_SHOWN]
        )
        return Entry(line.number, shown, problem=error)


async def store_manifest(store: ObjectStore, path: Path, suffix: str) -> str:
    """Store a file of URLs under the name that its bytes have, and return that.

    Raises:
        InvalidRequest: its suffix says that it is something else.
    """
    if suffix not in SUFFIXES:
        raise InvalidRequest(f"A manifest is text, CSV or Parquet, and ends with one of {', '.join(SUFFIXES)}.")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    name = f"{FOLDER}{digest}/list{suffix}"
    await store.put_file(name, path, content_type="application/octet-stream")
    return name


@asynccontextmanager
async def local_manifest(store: ObjectStore, name: str) -> AsyncIterator[Path]:
    """Give a manifest as a file of this machine.

    Raises:
        ObjectMissing: there is no such one.
    """
    in_place = await store.in_place(name)
    if in_place is not None:
        yield in_place
        return
    with tempfile.TemporaryDirectory(prefix="moments-manifest-") as directory:
        path = Path(directory) / Path(name).name
        await store.get_file(name, path)
        yield path


def read_urls(path: Path, column: str) -> Iterator[Line]:
    """Yield the entries of a file, whose kind its suffix tells.

    Raises:
        SourceNotFound: it cannot be read.
        InvalidRequest: it has no such column, or is not what its suffix says.
    """
    try:
        match path.suffix.lower():
            case ".parquet":
                yield from _parquet(path, column)
            case ".csv":
                yield from _csv(path, column)
            case _:
                yield from _text(path)
    except OSError as error:
        raise SourceNotFound(f"The file {path} cannot be read: {error.strerror or error}") from error


def _text(path: Path) -> Iterator[Line]:
    # Bytes that are no UTF-8 come as surrogates, and no URL has those.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n") as file:
        for number, line in enumerate(file, 1):
            text = line.strip()
            if text and not text.startswith("#"):
                yield Line(number, text)


def _csv(path: Path, column: str) -> Iterator[Line]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file)
        header = [name.strip() for name in next(reader, [])]
        at = _place(column, header, path)
        while True:
            try:
                row = next(reader, None)
            except csv.Error as error:
                yield Line(reader.line_num, f"({error})")
                continue
            if row is None:
                return
            if row:
                yield Line(reader.line_num, row[at].strip() if at < len(row) else "")


def _parquet(path: Path, column: str) -> Iterator[Line]:
    number = 0
    try:
        with ParquetFile(path) as file:
            _place(column, file.schema_arrow.names, path)
            for batch in file.iter_batches(_BATCH_ROWS, columns=[column]):
                for value in batch.column(0):
                    number += 1
                    yield Line(number, str(value.as_py() or "").strip())
    except ArrowException as error:
        raise InvalidRequest(f"{path} cannot be read as Parquet: {str(error).splitlines()[0][:200]}") from error


def _place(column: str, names: list[str], path: Path) -> int:
    if column not in names:
        there = ", ".join(names[:20]) or "none"
        raise InvalidRequest(f"{path} has no column {column!r}, but {there}: name one of them with --column.")
    return names.index(column)
