"""NAL units, parameter sets and configuration records of H.264 and HEVC."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from moments_ray.media.native.cutting import h264, hevc, nal
from moments_ray.testing.numbered import make_numbered_video


def extradata(path: Path) -> bytes:
    with av.open(str(path)) as container:
        return container.streams.video[0].codec_context.extradata or b""


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le", "yuv422p", "yuv444p"])
def test_a_record_written_again_is_the_muxer_s_to_the_byte(pixel_format: str, tmp_path: Path) -> None:
    source = make_numbered_video(tmp_path / "a.mp4", frames=2, pixel_format=pixel_format, sound=None)
    record = extradata(source)
    configuration = h264.read_configuration(record)
    assert configuration is not None
    assert configuration.record([]) == record


def test_added_sets_stand_beside_the_source_s_under_a_free_id(tmp_path: Path) -> None:
    first = make_numbered_video(tmp_path / "a.mp4", frames=2, sound=None)
    second = make_numbered_video(tmp_path / "b.mp4", frames=2, sound=None, options={"x264-params": "sps-id=1"})
    one, two = h264.read_configuration(extradata(first)), h264.read_configuration(extradata(second))
    assert one is not None
    assert two is not None
    assert (one.free_id(), two.free_id()) == (1, 0)
    joined = h264.read_configuration(one.record([*two.sequence_sets, *two.picture_sets]))
    assert joined is not None
    assert joined.sequence_sets == one.sequence_sets + two.sequence_sets
    assert joined.picture_sets == one.picture_sets + two.picture_sets
    assert joined.free_id() == 2


def test_a_transport_stream_s_header_reads_as_the_same_sets(tmp_path: Path) -> None:
    boxed = h264.read_configuration(extradata(make_numbered_video(tmp_path / "a.mp4", frames=2, sound=None)))
    plain = h264.read_configuration(extradata(make_numbered_video(tmp_path / "a.ts", frames=2, sound=None)))
    assert boxed is not None
    assert plain is not None
    assert (boxed.sequence_sets, boxed.picture_sets) == (plain.sequence_sets, plain.picture_sets)
    assert (boxed.length_bytes, plain.length_bytes) == (4, 0)


@pytest.mark.parametrize("damaged", [None, b"", b"\1", b"\1" * 7, b"\0\0\0\1", b"\1\x64\0\x1f\xff\xe1\xff\xff"])
def test_what_is_no_header_is_none(damaged: bytes | None) -> None:
    assert h264.read_configuration(damaged) is None
    assert hevc.read_configuration(damaged) is None


def test_units_survive_being_joined_and_split() -> None:
    units = [b"\x65abc", b"\x41" + bytes(range(1, 200)), b"\x06"]
    assert nal.units_of(nal.sample(units), nal.LENGTH_BYTES) == units
    stream = b"\0\0\0\1" + b"\0\0\1".join(units)
    assert nal.units_of(stream, 0) == units


@pytest.mark.parametrize("sample", [b"\0\0\0\5abc", b"\0\0\0\0", b"\0\0\0\1a\xff"])
def test_a_sample_whose_lengths_do_not_fit_is_refused(sample: bytes) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        nal.units_of(sample, 4)


def test_numbers_are_read_across_bytes_that_keep_start_codes_out() -> None:
    payload = nal.Payload(bytes([0b1_010_011_0, 0b0100_0000]))
    assert [payload.number() for _ in range(4)] == [0, 1, 2, 3]
    escaped = nal.Payload(b"\0\0\3\1")
    assert escaped.bits(24) == 1
    with pytest.raises(ValueError, match="ends early"):
        escaped.bits(1)


def test_a_random_access_picture_loses_its_link_and_nothing_else() -> None:
    clean = bytes([hevc.CLEAN_RANDOM_ACCESS << 1, 1, 0xAF, 7])
    broken = hevc.without_link(clean)
    assert hevc.kind(broken) == hevc.BROKEN_LINK_WITHOUT_LEADING
    assert broken[1:] == clean[1:]
    idr = bytes([19 << 1, 1, 0xAF])
    assert hevc.without_link(idr) == idr
