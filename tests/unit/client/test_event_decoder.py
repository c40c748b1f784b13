"""Server-sent events, in whatever pieces they arrive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moments_ray.client.event_stream import EventDecoder, StreamedEvent
from moments_ray.errors import ServerBadAnswer


def decoded(*pieces: bytes) -> list[StreamedEvent]:
    decoder = EventDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)]


def test_events_have_an_id_and_data_and_comments_are_passed_over() -> None:
    stream = b': ping\r\n\r\nid: 7\r\nevent: stage.completed\r\ndata: {"a": 1}\r\n\r\ndata:two\ndata: lines\n\n'
    assert decoded(stream) == [StreamedEvent("7", '{"a": 1}', "stage.completed"), StreamedEvent("7", "two\nlines")]


def test_only_line_ends_end_lines() -> None:
    assert decoded("data: a\u2028b\x0bc\x85d\n\n".encode()) == [StreamedEvent("", "a\u2028b\x0bc\x85d")]


def test_an_event_that_is_not_complete_is_none_yet() -> None:
    assert decoded(b"id: 1\ndata: x\n") == []


def test_an_event_without_end_is_refused() -> None:
    with pytest.raises(ServerBadAnswer):
        decoded(*[b"data: " + b"x" * 1_000_000] * 5)
    with pytest.raises(ServerBadAnswer):
        decoded(*[b"data: " + b"x" * 1_000_000 + b"\n"] * 5)


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n")), min_size=1, max_size=5),
    st.sampled_from(["\r\n", "\n", "\r"]),
    st.data(),
)
def test_how_the_bytes_are_parted_makes_no_difference(texts: list[str], end: str, data: st.DataObject) -> None:
    stream = "".join(f"id: {n}{end}data: {text}{end}{end}" for n, text in enumerate(texts)).encode() + b":\n"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert decoded(*pieces) == [StreamedEvent(str(n), text) for n, text in enumerate(texts)]
