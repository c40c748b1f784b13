"""Opens a source by the rules of ``media.source`` and chooses the picture in it, in a child process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import av.error
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from moments_ray.errors import MediaError, MediaLimitsExceeded, ObjectMissing, UnsupportedMedia

if TYPE_CHECKING:
    from io import BufferedIOBase

    from moments_ray.media.source import SourceOptions

# A cover, a strip of previews or a still is not what the viewer watches.
_NOT_MOVING = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image | Disposition.dependent
_MICROSECOND = Fraction(1, 1_000_000)


@contextmanager
def open_source(source: SourceOptions, file: BufferedIOBase | None = None) -> Iterator[InputContainer]:
    """Open a source within its limits, read through ``file`` where one is given.

    Raises UnsupportedMedia for what libav cannot read as one of our formats, and ObjectMissing for a file that was
    removed.
    """
    try:
        container: InputContainer = av.open(  # type: ignore[assignment]  # its stubs lose the mode for a file object
            source["url"] if file is None else file,
            container_options=source["container_options"],
            # For every decoder that libav opens to find out what the streams are.
            options={"max_pixels": str(source["max_pixels"]), "threads": "1"},
            metadata_errors="replace",
        )
    except av.error.MemoryError as error:
        raise MediaLimitsExceeded("The file needs more memory to open, or has more streams, than allowed.") from error
    except av.error.FileNotFoundError as error:
        raise ObjectMissing("The file was removed while it was needed.") from error
    except av.error.FFmpegError as error:
        raise UnsupportedMedia("This is not a video in a format we read.", {"reason": str(error)}) from error
    with container:
        # Fonts attached to a film are no streams to us.
        count = len(container.streams) - len(container.streams.attachments)
        if count > source["max_streams"]:
            raise MediaLimitsExceeded(f"The file has {count} streams; the limit is {source['max_streams']}.")
        yield container


def moving_picture(container: InputContainer) -> VideoStream:
    """Choose the video stream to work on: default before others, then the largest, then the first.

    Covers, preview strips and single pictures beside a real video do not count. Raises UnsupportedMedia if none is
    left.
    """
    candidates = [stream for stream in container.streams.video if not stream.disposition & _NOT_MOVING]
    moving = [stream for stream in candidates if stream.frames != 1] or candidates
    if not moving:
        if container.streams.audio:
            raise UnsupportedMedia("This file has sound but no moving picture; moments are found in videos only.")
        raise UnsupportedMedia("This file has no moving picture.")
    return max(
        moving,
        key=lambda stream: (bool(stream.disposition & Disposition.default), _pixels(stream), -stream.index),
    )


def _pixels(stream: VideoStream) -> int:
    # Without a decoder for its codec a stream has no size, not even an attribute for it.
    return stream.codec_context.width * stream.codec_context.height if stream.codec_context is not None else 0


def require_decodable(stream: VideoStream, source: SourceOptions) -> None:
    """Raise UnsupportedMedia or MediaLimitsExceeded unless frames of this stream may be decoded here."""
    if stream.codec_context is None:
        raise UnsupportedMedia("The picture is coded in a way that we have no decoder for.")
    width, height = stream.codec_context.width, stream.codec_context.height
    if not width or not height:
        # A decoder that met its limit forgets the size.
        width, height = _declared_size(stream.index, source)
    if width * height > source["max_pixels"]:
        raise MediaLimitsExceeded(f"The picture is {width} x {height}; the limit is {source['max_pixels']} pixels.")
    if width <= 0 or height <= 0:
        raise UnsupportedMedia("The size of the picture cannot be read; the file may be damaged.")


def _declared_size(index: int, source: SourceOptions) -> tuple[int, int]:
    """Read the width and height (pixels) in a stream's headers, with no limit and no picture decoded."""
    with av.open(
        source["url"],
        container_options=source["container_options"],
        options={"skip_frame": "all", "threads": "1"},
        metadata_errors="replace",
    ) as container:
        (stream,) = container.streams.get(index)
        if not isinstance(stream, VideoStream):
            return 0, 0
        return stream.codec_context.width, stream.codec_context.height


def origin(container: InputContainer) -> Fraction:
    """Return the container time (seconds) that we call 0."""
    return Fraction(container.start_time or 0) * _MICROSECOND


def frame_seconds(frame: VideoFrame, start: Fraction) -> Fraction:
    """Return a frame's position in seconds from the start of the source."""
    if frame.pts is None or frame.time_base is None:
        raise MediaError("A picture of the video has no time.")
    return frame.pts * frame.time_base - start
