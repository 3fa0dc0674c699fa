"""Sound: a covered video gets that of its original back, written anew, where a person wants it to be heard."""

import io
import json
import subprocess
from fractions import Fraction
from typing import Any, Final

import av
import av.error
import numpy as np

from moderation.detector import DetectorFailed
from moderation.media_mp4 import is_bare, quick_to_start
from moderation.media_video_decode import command
from moderation.media_video_job import SoundJob

SECONDS: Final = 60
RATE: Final = 48_000
CHANNELS: Final = 2
PIECE: Final = 1024
"""As many samples as a frame of AAC holds."""
PLAIN: Final = {"fflags": "+bitexact"}


def heard(job: SoundJob) -> bytes:
    """The MP4 with the sound that was asked for; without one if the original is silent. Raises DetectorFailed."""
    samples = b"" if job.original is None else sound_of(job.original)
    try:
        mp4 = _written(job.mp4, np.frombuffer(samples, np.int16).reshape(1, -1))
    except av.error.FFmpegError as error:
        raise DetectorFailed("the sound of a video cannot be written") from error
    if not is_bare(mp4, sound=bool(samples)):
        raise DetectorFailed("the finished video holds more than a video and its sound")
    return mp4


def sound_of(original: bytes) -> bytes:
    """Samples of 16 bits, two channels in turn, from the first frame on; nothing if a file has none, or none that we
    can read. An untrusted file is opened in a child process alone. Raises DetectorFailed."""
    try:
        child = subprocess.run(
            [*command(), "sound"], input=original, capture_output=True, timeout=SECONDS, env={}, check=False
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise DetectorFailed("the sound of a video cannot be read") from error
    head, _, samples = child.stdout.partition(b"\n")
    if child.returncode != 0 or "refused" in json.loads(head or b'{"refused": ""}'):
        return b""
    return samples[: len(samples) // (2 * CHANNELS) * 2 * CHANNELS]


def _written(mp4: bytes, samples: "np.ndarray[Any, np.dtype[np.int16]]") -> bytes:
    stream = io.BytesIO()
    with (
        av.open(io.BytesIO(mp4), "r", format="mov") as before,
        av.open(stream, "w", format="mp4", options=PLAIN) as after,
    ):
        film = before.streams.video[0]
        copied = after.add_stream_from_template(film)
        sound: Any = None
        if samples.size:
            sound = after.add_stream("aac", rate=RATE, layout="stereo", options={"flags": "+bitexact"})
        for packet in before.demux(film):
            if packet.dts is not None:
                packet.stream = copied
                after.mux(packet)
        for begin in range(0, samples.shape[1], PIECE * CHANNELS):
            piece = samples[:, begin : begin + PIECE * CHANNELS]
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format="s16", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE, begin // CHANNELS, Fraction(1, RATE)
            after.mux(sound.encode(frame))
        if sound is not None:
            after.mux(sound.encode(None))
    return quick_to_start(stream.getvalue())
