"""Files of URLs: three kinds, read with the number of each entry, whatever is in them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow.parquet import write_table

from moments_ray.corpus.manifest import Line, read_urls
from moments_ray.errors import InvalidRequest, SourceNotFound


def entries(path: Path, column: str = "url") -> list[Line]:
    return list(read_urls(path, column))


def test_text_has_one_a_line_and_may_hold_remarks(tmp_path: Path) -> None:
    path = tmp_path / "urls.txt"
    path.write_bytes(b"\xef\xbb\xbfhttp://a/1\r\n\n# later\n  http://a/2  \nhttp://a/\xff\nhttp://a/\xe2\x80\xa8x")
    assert entries(path) == [
        Line(1, "http://a/1"),
        Line(4, "http://a/2"),
        Line(5, "http://a/\udcff"),
        Line(6, "http://a/\u2028x"),
    ]


def test_csv_has_a_column_of_them_at_the_lines_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "urls.csv"
    path.write_text('title,url\n"two\nlines",http://a/1\n\nshort\nx, http://a/2\n')
    assert entries(path) == [Line(3, "http://a/1"), Line(5, ""), Line(6, "http://a/2")]
    path.write_text(f"url\nhttp://a/1\n{'x' * 200_000}\nhttp://a/2\n")
    assert [line.text[:14] for line in entries(path)] == ["http://a/1", "(field larger ", "http://a/2"]


def test_parquet_has_a_column_of_them_and_is_read_in_batches(tmp_path: Path) -> None:
    path = tmp_path / "urls.parquet"
    urls = [f"http://a/{n}" for n in range(2500)]
    write_table(pa.table({"n": list(range(2502)), "address": [*urls, None, " x "]}), path)
    found = entries(path, "address")
    assert found[:2500] == [Line(n, url) for n, url in enumerate(urls, 1)]
    assert found[2500:] == [Line(2501, ""), Line(2502, "x")]


@pytest.mark.parametrize("name", ["urls.csv", "urls.parquet"])
def test_a_column_that_is_not_there_is_told_with_those_that_are(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if path.suffix == ".csv":
        path.write_text("link,title\n")
    else:
        write_table(pa.table({"link": ["a"], "title": ["b"]}), path)
    with pytest.raises(InvalidRequest, match=r"no column 'url', but link, title: name one of them with --column"):
        entries(path)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match="cannot be read"):
        entries(tmp_path / "nothing.txt")
    with pytest.raises(SourceNotFound, match="cannot be read"):
        entries(tmp_path)
    path = tmp_path / "urls.parquet"
    path.write_text("no parquet")
    with pytest.raises(InvalidRequest, match="cannot be read as Parquet"):
        entries(path)
    empty = tmp_path / "empty.csv"
    empty.touch()
    with pytest.raises(InvalidRequest, match="but none"):
        entries(empty)
