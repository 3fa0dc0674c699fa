"""The decoder of untrusted videos: a program of its own, which `media_video_decode.py` runs with `python -I`.

It reads a file from standard input. To standard output goes one line of JSON ({"width", "height", "seconds",
"format"} or {"refused"}), then for each frame its time (microseconds, eight bytes, big end first) and raw RGB, then END
and again one line of JSON ({"frames"} or {"refused"}). It imports nothing of ours: a hostile file reaches nothing."""

import ctypes
import functools
import importlib
import io
import itertools
import json
import math
import pkgutil
import resource
import sys
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import av
import av.error
import numpy as np
from av.sidedata.sidedata import Type

MEMORY: Final = 2 * 1024**3
CPU_SECONDS: Final = 20
CPU_PER_SECOND: Final = 5
"""Processor seconds for a file, and for each second of what it says that it lasts."""
MOST_BYTES: Final = 120_000_000
MOST_SECONDS: Final = 60.5
LONG_SIDE, SHORT_SIDE = 1920, 1080
"""Larger frames are made smaller."""
MOST_SIDE: Final = 8192
LEAST_SIDE: Final = 32
WIDEST: Final = 2
"""How often as wide as high (or as high as wide) a pixel may be; what says more is believed to have square ones."""
FRAME_SECONDS: Final = 1 / 31
"""Frames that come quicker one after the other are left out: thirty a second are enough."""
CODECS: Final = ("h264", "hevc", "vp9")
PQ, HLG = 16, 18
"""How a video of high range says which light its numbers mean (H.273); all others are left as they are."""
BRIGHTEST, WHITE = 1000, 203
"""The light (cd/m²) above which more of it makes no difference, and that of white paper."""
STEPS: Final = 4000
"""Steps of light up to white."""
KNEE: Final = 0.7
"""What is brighter than this share of white is pressed together, so that lamps and skies stay more than white."""
PLAIN_COLOURS: Final = ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187))
"""The wide colours of such a video (BT.2020) in those of a picture (BT.709)."""
END: Final = b"\xff" * 8
SOUND_RATE: Final = 48_000
SOUND_BYTES: Final = 4
"""For each moment: two channels of 16 bits."""
MOST_SOUND: Final = int(MOST_SECONDS * SOUND_RATE) * SOUND_BYTES
OPEN: Final = 3
NEW_USERS_AND_NO_NETWORK: Final = 0x10000000 | 0x40000000
NO_NEW_RIGHTS: Final = 38
OPTIONS: Final = {
    "protocol_whitelist": "none",
    "enable_drefs": "0",
    "use_absolute_path": "0",
    "probesize": "10000000",
    "analyzeduration": "5000000",
}
"""No file names another one, and little is read before a frame must come."""


class RefusedError(Exception):
    """`args[0]` is the reason, a key below [media] in config/languages."""


def prepare() -> None:
    """Every part of PyAV is imported while files can still be opened, and used once."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name not in ("av.__main__", "av.datasets"):
            importlib.import_module(module.name)
    av.logging.set_level(None)
    np.rot90(av.VideoFrame(64, 64, "yuv420p").to_ndarray(format="rgb24"))


def lock_down() -> None:
    """Caps on memory and time; no further file or socket can be opened; where the system allows it, no network."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, allowed(MOST_SECONDS) + 1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN, OPEN))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    system = ctypes.CDLL(None)
    system.prctl(NO_NEW_RIGHTS, 1, 0, 0, 0)
    system.unshare(NEW_USERS_AND_NO_NETWORK)


def allowed(seconds: float) -> int:
    """The processor seconds that a video of this length may take."""
    return int(CPU_SECONDS + CPU_PER_SECOND * seconds)


def kind_of(data: bytes) -> str:
    """The container by content, never by name, as FFmpeg calls it. Raises RefusedError."""
    if data[4:8] == b"ftyp":
        return "mov"
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    raise RefusedError("not_a_video")


def length_of(container: "av.container.InputContainer") -> float:
    """In seconds, as the file says; the longest that is allowed if it does not say. Raises RefusedError."""
    seconds = (container.duration or 0) / av.time_base
    if seconds > MOST_SECONDS:
        raise RefusedError("video_too_long")
    return seconds if seconds > 0 else MOST_SECONDS


def film_of(container: "av.container.InputContainer") -> "av.video.stream.VideoStream":
    """The one video in a file; the still that stands for it in a list of files is none. Raises RefusedError."""
    cover = av.stream.Disposition.attached_pic
    films = [each for each in container.streams.video if not each.disposition & cover]
    if len(films) != 1:
        raise RefusedError("not_a_video")
    return films[0]


def stream_of(container: "av.container.InputContainer") -> "av.video.stream.VideoStream":
    """The one video in a file, its claims checked, nothing decoded yet. Raises RefusedError."""
    stream = film_of(container)
    if stream.codec_context.name not in CODECS:
        raise RefusedError("not_a_video")
    width, height = stream.codec_context.width, stream.codec_context.height
    if max(width, height) > MOST_SIDE:
        raise RefusedError("video_too_large")
    if min(size_of(width, height)) < LEAST_SIDE:
        raise RefusedError("video_damaged")
    # One thread: what is allowed in memory and time is measured in one.
    stream.thread_type = "NONE"
    stream.codec_context.thread_count = 1
    return stream


def size_of(width: int, height: int) -> tuple[int, int]:
    """Even sides, at most 1920 by 1080 or 1080 by 1920."""
    factor = min(1.0, LONG_SIDE / max(width, height), SHORT_SIDE / min(width, height))
    return max(2, int(width * factor) // 2 * 2), max(2, int(height * factor) // 2 * 2)


def frames_of(container: "av.container.InputContainer", stream: "av.video.stream.VideoStream") -> "Iterator[Frame]":
    """At most thirty frames a second, with their times from zero. Raises RefusedError."""
    first, last = None, -1.0
    for number, frame in enumerate(container.decode(stream)):
        at = number / 30 if frame.pts is None else frame.time
        first = at if first is None else first
        if not -1 <= at - first <= MOST_SECONDS:
            raise RefusedError("video_too_long")
        if at - first - last >= FRAME_SECONDS or last < 0:
            last = max(0.0, at - first)
            yield round(last * 1_000_000), frame


class Held(NamedTuple):
    """How a camera was held: frames are mirrored (left to right), then turned by quarters, against the clock.

    `wide`: how often as wide as high each pixel is."""

    mirrored: bool
    turns: int
    wide: float


def held(stream: "av.video.stream.VideoStream", frame: "av.VideoFrame") -> Held:
    """What a file says of it; a matrix that says nothing is left alone."""
    ratio = float(stream.sample_aspect_ratio or 1)
    wide = ratio if 1 / WIDEST <= ratio <= WIDEST else 1.0
    try:
        noted: Any = frame.side_data
    except ValueError:
        # The library knows not every kind of note: of spatial videos each frame has one that it cannot name.
        return Held(False, round(frame.rotation / 90) % 4, wide)
    if Type.DISPLAYMATRIX not in noted:
        return Held(False, 0, wide)
    matrix = np.frombuffer(noted[Type.DISPLAYMATRIX], np.int32)
    right, down, _, across, below = (int(value) for value in matrix[:5])
    mirrored = right * below < down * across
    angle = math.atan2(-down, -right) if mirrored else math.atan2(down, right)
    return Held(mirrored, -round(angle / (math.pi / 2)) % 4, wide)


def light(signal: "np.ndarray", transfer: int) -> "np.ndarray":
    """The light (cd/m²) that signals from 0 to 1 mean: BT.2100, on a screen of 1,000 cd/m².

    Of HLG about: the standard bends the light of all three channels together, which makes strong colours a little
    weaker than here and takes twice the time."""
    if transfer == PQ:
        power = signal ** (1 / 78.84375)
        return 10_000 * (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12)
    return BRIGHTEST * scene**1.2


@functools.cache
def shades(transfer: int) -> "tuple[np.ndarray, np.ndarray]":
    """How much light of each channel of a picture is in each channel of a video, and what light looks like."""
    levels = np.minimum(light(np.arange(256) / 255, transfer), BRIGHTEST) / WHITE * STEPS
    parts = np.round(np.array(PLAIN_COLOURS)[:, :, None] * levels).astype(np.int32)
    seen = np.arange(BRIGHTEST * STEPS // WHITE + 1) / STEPS
    pressed = np.where(seen < KNEE, seen, 1 - (1 - KNEE) * np.exp((KNEE - seen) / (1 - KNEE)))
    shown = np.where(pressed <= 0.0031308, 12.92 * pressed, 1.055 * pressed ** (1 / 2.4) - 0.055)
    return parts, np.round(shown * 255).astype(np.uint8)


def in_plain_colours(pixels: "np.ndarray", transfer: int) -> "np.ndarray":
    """A frame of high range as a screen without it shows it; any other as it is."""
    if transfer not in (PQ, HLG):
        return pixels
    parts, shown = shades(transfer)
    plain = np.empty_like(pixels)
    for channel in range(3):
        found = sum(parts[channel, other][pixels[:, :, other]] for other in range(3))
        plain[:, :, channel] = shown[np.clip(found, 0, len(shown) - 1)]
    return plain


def upright(frame: "av.VideoFrame", how: Held) -> "np.ndarray":
    """Raw RGB of one frame as one holds the phone, in square pixels."""
    width, height = size_of(round(frame.width * how.wide), frame.height)
    pixels = in_plain_colours(frame.to_ndarray(format="rgb24", width=width, height=height), int(frame.color_trc))
    return np.ascontiguousarray(np.rot90(pixels[:, ::-1] if how.mirrored else pixels, how.turns))


def send(head: dict[str, object]) -> None:
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n")
    sys.stdout.buffer.flush()


def send_frames(stream: "av.video.stream.VideoStream", frames: "Iterator[Frame]", kind: str, seconds: float) -> int:
    """The head (`seconds`: how long the file says that it lasts), then frame after frame. Gives how many."""
    first = next(frames, None)
    if first is None:
        raise RefusedError("video_damaged")
    how = held(stream, first[1])
    height, width = upright(first[1], how).shape[:2]
    if min(height, width) < LEAST_SIDE:
        raise RefusedError("video_damaged")
    send({"width": width, "height": height, "seconds": seconds, "format": kind})
    count = 0
    for at, frame in itertools.chain((first,), frames):
        pixels = upright(frame, how)
        if pixels.shape[:2] != (height, width):
            raise RefusedError("video_damaged")
        sys.stdout.buffer.write(at.to_bytes(8, "big"))
        sys.stdout.buffer.write(pixels.data)
        count += 1
    return count


def answer(data: bytes) -> dict[str, object]:
    """Sends what a file holds; gives the last line."""
    try:
        if len(data) > MOST_BYTES:
            raise RefusedError("video_too_big")
        kind = kind_of(data)
        with av.open(io.BytesIO(data), "r", format=kind, options=OPTIONS) as container:
            seconds = length_of(container)
            resource.setrlimit(resource.RLIMIT_CPU, (allowed(seconds), allowed(MOST_SECONDS) + 1))
            stream = stream_of(container)
            return {"frames": send_frames(stream, frames_of(container, stream), kind, seconds)}
    except RefusedError as error:
        return {"refused": error.args[0]}
    except MemoryError:
        return {"refused": "video_too_heavy"}
    except BrokenPipeError:
        raise
    except Exception:  # noqa: BLE001 - whatever a library makes of a hostile file, it is the file's fault
        return {"refused": "video_damaged"}


Frame = tuple[int, "av.VideoFrame"]


def begin_of(stream: "av.stream.Stream") -> float:
    """When a track begins, in seconds."""
    return float((stream.start_time or 0) * (stream.time_base or 0))


def samples_of(container: "av.container.InputContainer") -> Iterator[bytes]:
    """Sound from the first frame of the video on: 48,000 times a second two samples of 16 bits."""
    heard, seen = container.streams.audio[0], film_of(container)
    heard.codec_context.thread_count = 1
    skip = round((begin_of(heard) - begin_of(seen)) * SOUND_RATE) * SOUND_BYTES
    if skip > 0:
        yield bytes(min(skip, MOST_SOUND))
    left = max(0, -skip)
    resampler = av.AudioResampler(format="s16", layout="stereo", rate=SOUND_RATE)
    for frame in itertools.chain(container.decode(heard), (None,)):
        for piece in resampler.resample(frame):
            samples = piece.to_ndarray().tobytes()
            yield samples[left:]
            left = max(0, left - len(samples))


def sound(data: bytes) -> bytes:
    """What `... sound` gives: a line of JSON ({} or {"refused"}), and the samples."""
    try:
        with av.open(io.BytesIO(data), "r", format=kind_of(data), options=OPTIONS) as container:
            resource.setrlimit(resource.RLIMIT_CPU, (allowed(MOST_SECONDS), allowed(MOST_SECONDS) + 1))
            if not container.streams.audio:
                raise RefusedError("no_sound")
            heard = bytearray()
            for piece in samples_of(container):
                heard += piece
                if len(heard) >= MOST_SOUND:
                    break
            return b"{}\n" + bytes(heard[:MOST_SOUND])
    except Exception:  # noqa: BLE001 - whatever a library makes of a hostile file, it is the file's fault
        return b'{"refused": "no_sound"}\n'


def main() -> None:
    prepare()
    lock_down()
    if sys.argv[1:] == ["sound"]:
        sys.stdout.buffer.write(sound(sys.stdin.buffer.read(MOST_BYTES + 1)))
        return
    last = answer(sys.stdin.buffer.read(MOST_BYTES + 1))
    sys.stdout.buffer.write(END)
    send(last)


if __name__ == "__main__":
    main()
