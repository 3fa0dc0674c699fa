"""Encoding: covered frames become a new MP4 that holds one H.264 video and nothing else."""

import io
from fractions import Fraction
from types import TracebackType
from typing import Final

import av
import av.error
from av.bitstream import BitStreamFilterContext
from av.video.reformatter import ColorRange, Colorspace

from moderation.detector import DetectorFailed, Pixels
from moderation.media_boxes import Side
from moderation.media_mp4 import is_bare, quick_to_start

RATE: Final = 30
TICKS: Final = 90_000
"""Times are counted in this part of a second."""
OPTIONS: Final = {"preset": "veryfast", "crf": "23", "bf": "0"}
KEYFRAMES: Final = 60
PLAIN: Final = {"fflags": "+bitexact"}
WITHOUT_NOTES: Final = "filter_units=remove_types=6"
"""x264 writes its settings into the stream, as a note (SEI)."""


class VideoEncoder:
    """`with VideoEncoder(size) as encoder: encoder.add(micros, pixels)`, then `encoder.finished()`.

    Raises DetectorFailed."""

    def __init__(self, size: Side) -> None:
        self._file = io.BytesIO()
        self._container = av.open(self._file, "w", format="mp4", options=PLAIN)
        self._stream = self._container.add_stream("libx264", rate=RATE, options=OPTIONS)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, TICKS)
        self._stream.codec_context.thread_count = 1
        self._stream.codec_context.gop_size = KEYFRAMES
        self._stream.codec_context.colorspace = Colorspace.ITU709
        self._stream.codec_context.color_range = ColorRange.MPEG
        self._notes = BitStreamFilterContext(WITHOUT_NOTES, in_stream=self._stream)

    def __enter__(self) -> "VideoEncoder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._container.close()

    def add(self, micros: int, pixels: Pixels) -> None:
        """One frame, with its time from the start of the video."""
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
        frame.pts = round(micros * TICKS / 1_000_000)
        frame.time_base = Fraction(1, TICKS)
        self._encode(frame)

    def finished(self) -> bytes:
        """The whole file."""
        self._encode(None)
        for packet in self._notes.filter(None):
            self._container.mux(packet)
        self._container.close()
        mp4 = quick_to_start(self._file.getvalue())
        if not is_bare(mp4):
            raise DetectorFailed("the finished video holds more than a video")
        return mp4

    def _encode(self, frame: av.VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(frame):
                for kept in self._notes.filter(packet):
                    self._container.mux(kept)
        except av.error.FFmpegError as error:
            raise DetectorFailed("the video cannot be written") from error
