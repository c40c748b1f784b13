"""What a clip is made for: how its pictures are encoded and whether its loudness is evened out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import av
from av.codec import find_best_pix_fmt_of_list
from av.video.frame import VideoFrame

from moments_ray.media.native.cutting.encoders import fastest_h264
from moments_ray.media.native.cutting.orientation import Filters, is_mirrored, turning_filters
from moments_ray.media.native.cutting.reader import PictureReader

_X264 = {"preset": "veryfast", "crf": "18"}
# Without reordering: x265 leaves the decoding time of the first packets unset where a clip is shorter than its delay.
_X265 = {"preset": "superfast", "crf": "20", "x265-params": "log-level=none:pools={threads}:frame-threads=1:bframes=0"}
_VERTICAL = (1080, 1920)
_LARGE_PIXELS = 1920 * 1088
# Transfer functions of high dynamic range (ITU-T H.273): PQ and HLG.
_HDR_TRANSFERS = frozenset({16, 18})
# Frames in, frames out, and only those that are woven of two fields.
_DEINTERLACE = (("bwdif", "mode=send_frame:deint=interlaced"),)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How pictures are encoded: the encoder, its options, and filters (name, arguments) they pass before it.

    ``{threads}`` in an option becomes the number of threads.
    """

    codec: str
    options: dict[str, str]
    pixel_format: str
    filters: Filters = ()
    aspect: Fraction | None = None
    """The shape of one pixel, where it is not known to be square."""
    turned: bool = False
    """Whether the pictures are turned upright by the filters, so that a player must not turn them."""
    lost: str | None = None
    """What of the source cannot be kept."""
    interlaced: bool = False
    """Whether pictures stay woven of two fields."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One of the presets of the public contract.

    ``copies`` tells of a source whether its pictures may stay as they are; ``encoding`` how to encode them if not.
    ``levelled`` sound is brought to -14 LUFS and at most -2 dBTP.
    """

    copies: Callable[[PictureReader], bool]
    encoding: Callable[[PictureReader], Encoding]
    levelled: bool


def _like_source(reader: PictureReader) -> Encoding:
    """Change a source least: its own codec and pixel format where we can write them."""
    first = reader.sample
    pixel_format = first.format.name
    deep = av.VideoFormat(pixel_format).components[0].bits > 8
    codec, options = ("libx265", _X265) if deep or reader.codec.name == "hevc" else ("libx264", _X264)
    if av.VideoFormat(pixel_format).is_rgb and codec == "libx264":
        codec = "libx264rgb"
    pixel_format = _nearest(pixel_format, codec)
    alpha = len(first.format.components) > len(av.VideoFormat(pixel_format).components)
    filters = _even(first.width, first.height, pixel_format)
    options = _within_memory(codec, options, first.width, first.height)
    interlaced = first.interlaced_frame and codec == "libx264"
    encoding = Encoding(codec, options, pixel_format, filters, reader.codec.sample_aspect_ratio, interlaced=interlaced)
    if alpha:
        encoding = replace(encoding, lost="its transparency is not kept, as no MP4 that plays holds it")
    # What no turn can say is done to the pictures themselves.
    return upright(encoding, first) if is_mirrored(first) else encoding


def _nearest(pixel_format: str, codec: str) -> str:
    """Return the format an encoder takes that keeps most of the colour and depth of another."""
    known = [each.name for each in av.Codec(codec, "w").video_formats or ()]
    if pixel_format in known:
        return pixel_format
    best, _ = find_best_pix_fmt_of_list([name for name in known if "yuva" not in name], pixel_format)
    return "yuv420p" if best is None else best.name


def _for_web(reader: PictureReader) -> Encoding:
    """H.264 in 8 bits 4:2:0, upright, in colours that every screen shows."""
    first = reader.sample
    width, height = _upright(first)
    filters = (*_frames(first), *turning_filters(first), *_even(width, height, "yuv420p"), *_standard_colours(first))
    encoder = fastest_h264()
    options = _within_memory(encoder.codec, encoder.options, width, height)
    return Encoding(encoder.codec, options, encoder.pixel_format, filters, _aspect(reader, first), turned=True)


def _for_phones(reader: PictureReader) -> Encoding:
    """The middle of the picture, filling an upright screen."""
    first = reader.sample
    width, height = _upright(first)
    aspect = _aspect(reader, first) or 1
    across, down = _VERTICAL
    wide = min(width, int(height * across / down / aspect)) // 2 * 2
    high = min(height, int(width * aspect * down / across)) // 2 * 2
    crop = ("crop", f"{wide}:{high}")
    scale = ("scale", f"{across}:{down}:flags=bicubic")
    filters = (*_frames(first), *turning_filters(first), crop, scale, ("setsar", "1"), *_standard_colours(first))
    encoder = fastest_h264()
    return Encoding(encoder.codec, encoder.options, encoder.pixel_format, filters, turned=True)


def _plays_anywhere(reader: PictureReader) -> bool:
    first = reader.sample
    as_is = not (first.rotation or is_mirrored(first) or first.interlaced_frame)
    return reader.codec.name == "h264" and first.format.name == "yuv420p" and as_is


PRESETS = {
    "source": Preset(lambda _reader: True, _like_source, levelled=False),
    "web": Preset(_plays_anywhere, _for_web, levelled=True),
    "vertical": Preset(lambda _reader: False, _for_phones, levelled=True),
}


def _within_memory(codec: str, options: dict[str, str], width: int, height: int) -> dict[str, str]:
    """Have an encoder keep few pictures where they are large: of 4K it would hold half a gigabyte or more."""
    if width * height <= _LARGE_PIXELS:
        return options
    if codec == "libx265":
        return options | {"x265-params": f"{options['x265-params']}:rc-lookahead=0"}
    return options | {"rc-lookahead": "0", "bf": "0"} if codec == "libx264" else options


def upright(encoding: Encoding, first: VideoFrame) -> Encoding:
    """Return an encoding whose filters turn the pictures, as ``first`` says, where it left that to the player."""
    if encoding.turned:
        return encoding
    aspect = 1 / encoding.aspect if encoding.aspect and first.rotation % 180 else encoding.aspect
    filters = (*encoding.filters, *turning_filters(first))
    return replace(encoding, filters=filters, aspect=aspect, turned=True)


def _frames(first: VideoFrame) -> Filters:
    """Make whole frames of interlaced ones, which screens would show as combs."""
    return _DEINTERLACE if first.interlaced_frame else ()


def _aspect(reader: PictureReader, first: VideoFrame) -> Fraction | None:
    """Return the shape of one pixel as it is seen."""
    aspect = reader.codec.sample_aspect_ratio or None
    return 1 / aspect if aspect is not None and first.rotation % 180 else aspect


def _upright(first: VideoFrame) -> tuple[int, int]:
    return (first.height, first.width) if first.rotation % 180 else (first.width, first.height)


def _standard_colours(first: VideoFrame) -> Filters:
    """Bring high dynamic range into the standard one; leave the rest as it is."""
    if first.color_trc not in _HDR_TRANSFERS:
        return ()
    return (("scale", "out_primaries=bt709:out_transfer=bt709:out_color_matrix=bt709:out_range=tv"),)


def _even(width: int, height: int, pixel_format: str) -> Filters:
    """Drop the last column or row where the pixel format stores colour for pairs of them and the size is odd."""
    chroma = av.VideoFormat(pixel_format, width, height).components[1:2]
    wide = width % 2 and any(plane.width < width for plane in chroma)
    high = height % 2 and any(plane.height < height for plane in chroma)
    return (("crop", f"{width - bool(wide)}:{height - bool(high)}:0:0"),) if wide or high else ()
