"""Names that every store accepts, and those that none does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moments_ray.errors import InvalidRequest
from moments_ray.storage.object_store import Checksum, checked_folder, checked_name, checked_prefix, checked_range

SEGMENTS = st.text("abzAZ09_.-", min_size=1, max_size=20).filter(lambda segment: segment not in {".", ".."})


@given(st.lists(SEGMENTS, min_size=1, max_size=5))
def test_letters_digits_dots_dashes_and_underscores_parted_by_slashes_are_names(segments: list[str]) -> None:
    assert checked_name("/".join(segments)) == "/".join(segments)


@pytest.mark.parametrize(
    "name",
    [
        *("", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a/.."),
        *("a b", "a\n", "a\0b", "ä", "a%2fb", "a\\b", "a:b", "a?b", "a~", "$a", "a" * 201, "a/" * 500 + "a"),
    ],
)
def test_what_could_leave_the_store_or_needs_quoting_is_no_name(name: str) -> None:
    with pytest.raises(InvalidRequest, match="is not an object name"):
        checked_name(name)


def test_a_prefix_is_empty_or_the_beginning_of_a_name() -> None:
    assert [checked_prefix(prefix) for prefix in ("", "a", "a/", "a/b.")] == ["", "a", "a/", "a/b."]
    for prefix in ("/", "../", "a//"):
        with pytest.raises(InvalidRequest):
            checked_prefix(prefix)


def test_only_whole_folders_are_deleted_at_once() -> None:
    assert checked_folder("videos/1/") == "videos/1/"
    for prefix in ("", "/", "videos/1", "../"):
        with pytest.raises(InvalidRequest):
            checked_folder(prefix)


def test_ranges_begin_within_and_have_a_length() -> None:
    checked_range(0, None)
    checked_range(5, 0)
    for start, length in ((-1, 1), (0, -1)):
        with pytest.raises(InvalidRequest):
            checked_range(start, length)


@given(st.lists(st.binary(max_size=50)))
def test_a_checksum_does_not_depend_on_how_the_bytes_were_parted(pieces: list[bytes]) -> None:
    parted, whole = Checksum(), Checksum()
    for piece in pieces:
        parted.update(piece)
    whole.update(b"".join(pieces))
    assert str(parted) == str(whole)


def test_the_checksum_is_the_published_one() -> None:
    checksum = Checksum()
    checksum.update(b"123456789")
    assert str(checksum) == "4waSgw=="  # 0xE3069283, the check value of CRC-32/ISCSI
