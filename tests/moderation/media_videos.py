"""Invented videos: a still scene that the camera pans over, with whatever a phone hides in its files."""

import io
import re
import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, Final

import av
import cv2
import numpy as np
from PIL import Image

from moderation.detector import Pixels
from tests.moderation.media_pictures import CANARY, scene


def panned(
    picture: Pixels, size: tuple[int, int], count: int, step: float = 2.0, zoom: float = 0.0
) -> Iterator[Pixels]:
    """`count` frames of `size` over a larger picture: each `step` pixels further right, zooming in by `zoom`."""
    for number in range(count):
        larger = 1 + zoom * number / count
        matrix = np.array([[larger, 0, -step * number], [0, larger, 0]], np.float64)
        yield np.asarray(cv2.warpAffine(picture, matrix, size), np.uint8)


def video(
    frames: Iterable[Pixels],
    kind: str = "mp4",
    codec: str = "libx264",
    rate: int = 15,
    sound: bool = False,
    wide: int = 1,
) -> bytes:
    """A file as a phone would write it, with a title, a place and a date; with `sound` a tone as well.

    `wide`: how often as wide as high each pixel is."""
    stream = io.BytesIO()
    each = iter(frames)
    first = next(each)
    options = {"movflags": "use_metadata_tags"} if kind in {"mp4", "mov"} else {}
    with av.open(stream, "w", format=kind, options=options) as container:
        container.metadata.update(
            title=CANARY, location="+40.4167-003.7033/", creation_time="2031-02-03T04:05:06Z", model=CANARY
        )
        track: Any = container.add_stream(codec, rate=rate)
        track.height, track.width = first.shape[:2]
        track.pix_fmt = "yuv420p"
        track.codec_context.sample_aspect_ratio = Fraction(wide)
        if sound:
            _tone(container)
        for frame in (first, *each):
            container.mux(track.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(track.encode(None))
    return stream.getvalue()


def _tone(container: Any) -> None:
    track = container.add_stream("aac", rate=16_000, layout="mono")
    for number in range(8):
        tone = np.sin(np.arange(1024) / 5, dtype=np.float32)[None] * 0.2
        frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 16_000, number * 1024, Fraction(1, 16_000)
        container.mux(track.encode(frame))
    container.mux(track.encode(None))


def held_upright(mp4: bytes) -> bytes:
    """The same video, with the note that it is to be shown turned by a quarter, clockwise."""
    return held(mp4, (0, 1, -1, 0))


def held(mp4: bytes, how: tuple[int, int, int, int]) -> bytes:
    """The same video, with the note where its right and its lower edge are to be shown: x, y of each."""
    place = mp4.index(b"tkhd") + 4 + 40
    a, b, c, d = (each << 16 for each in how)
    return mp4[:place] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + mp4[place + 36 :]


def with_a_cover(mp4: bytes, still: Pixels) -> bytes:
    """The same video in a file that holds a still as well, which stands for it in lists, as drones write it."""
    stream = io.BytesIO()
    with av.open(io.BytesIO(mp4), "r") as before, av.open(stream, "w", format="mp4") as after:
        film = after.add_stream_from_template(before.streams.video[0])
        cover: Any = after.add_stream("mjpeg")
        cover.height, cover.width = still.shape[:2]
        cover.pix_fmt, cover.disposition = "yuvj420p", av.stream.Disposition.attached_pic
        after.mux(cover.encode(av.VideoFrame.from_ndarray(still, format="rgb24")))
        for packet in before.demux(before.streams.video[0]):
            if packet.dts is not None:
                packet.stream = film
                after.mux(packet)
    return stream.getvalue()


def street(width: int = 480, height: int = 240) -> Pixels:
    """Something to see: a scene with a texture on it, so that the camera can be followed."""
    noise = Image.effect_noise((width // 8, height // 8), 40).resize((width, height)).convert("RGB")
    return np.asarray(Image.blend(scene(width, height), noise, 0.35), np.uint8)


def frames_of(mp4: bytes) -> list[Pixels]:
    with av.open(io.BytesIO(mp4), "r") as container:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]


WIDE = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956))
"""The colours of a picture (BT.709) in the wide ones of a video of high range (BT.2020)."""


ALONE: Final = "log-level=none:bframes=0"
"""A single frame waits for none that come later."""


def of_high_range(picture: Pixels, transfer: str) -> bytes:
    """A clip as phones film it with ten bits ("hlg", "pq"), of something as bright as this picture on white paper."""
    shown = picture / 255
    linear = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    light = 203 * linear @ np.array(WIDE).T
    if transfer == "pq":
        power = (light / 10_000) ** 0.1593017578125
        signal = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    else:
        scene = (light / 1000) ** (1 / 1.2)
        high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
        signal = np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)
    frame = av.VideoFrame.from_ndarray(np.round(signal * 65535).astype(np.uint16), format="rgb48le")
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        meant = {"pq": "smpte2084", "hlg": "arib-std-b67"}[transfer]
        colours = f"colorprim=bt2020:transfer={meant}:colormatrix=bt2020nc"
        track: Any = container.add_stream("libx265", rate=15, options={"x265-params": f"{colours}:{ALONE}"})
        track.height, track.width = picture.shape[:2]
        track.pix_fmt = "yuv420p10le"
        container.mux(track.encode(frame.reformat(format="yuv420p10le", dst_colorspace=9, dst_color_range="MPEG")))
        container.mux(track.encode(None))
    return stream.getvalue()


Bits = tuple[tuple[int, int], ...]
"""How many bits, and the number in them; 0 bits: as many as the number needs (Exp-Golomb)."""
TWO_LAYERS: Final[Bits] = ((4, 0), (1, 1), (1, 1), (6, 1), (3, 0), (1, 1), (16, 0xFFFF))
ORDER: Final[Bits] = ((1, 1), (0, 4), (0, 0), (0, 0), (6, 1), (0, 1), (1, 1), (1, 1), (1, 0), (1, 1), (1, 1))
TWO_VIEWS: Final[Bits] = (
    *((8, 90), (1, 0), (16, 1 << 14), (3, 0), (1, 0), (1, 1), (4, 1), (1, 0), (1, 1), (1, 1), (1, 0), (1, 0), (1, 1)),
    *((0, 1), (0, 0), (2, 0), (1, 1), (1, 1), (0, 0), (16, 128), (16, 128), (1, 1), (2, 1), (4, 0), (4, 0), (1, 0)),
    *((1, 0), (1, 0), (1, 0), (0, 4), (0, 4), (0, 0), (0, 0), (0, 0), (1, 1), (2, 0), (0, 0), (1, 0)),
)
START: Final = b"\0\0\0\1"


def spatial() -> bytes:
    """Two frames as phones film them for both eyes: MV-HEVC, of which the second view is announced and left out."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        options = {"x265-params": f"{ALONE}:repeat-headers=1"}
        track: Any = container.add_stream("libx265", rate=15, options=options)
        track.height = track.width = 128
        track.pix_fmt, track.codec_context.codec_tag = "yuv420p", "hev1"
        frames = [
            av.VideoFrame.from_ndarray(np.full((128, 128, 3), grey, np.uint8), format="rgb24") for grey in (0, 99)
        ]
        for packet in [*(each for frame in frames for each in track.encode(frame)), *track.encode(None)]:
            units = [unit for unit in bytes(packet).replace(START, START[1:]).split(START[1:]) if unit]
            made = av.Packet(b"".join(START + (_of_two(unit) if unit[0] >> 1 == 32 else unit) for unit in units))
            made.pts, made.dts, made.time_base = packet.pts, packet.dts, packet.time_base
            made.stream, made.is_keyframe = track, packet.is_keyframe
            container.mux(made)
    return stream.getvalue()


def _of_two(parameters: bytes) -> bytes:
    """The video parameter set of one view as one of two."""
    old = "".join(f"{byte:08b}" for byte in parameters[2:].replace(b"\0\0\3", b"\0\0"))
    begin = _bits(TWO_LAYERS) + old[32:128] + _bits(ORDER)
    bits = begin + "1" * (-len(begin) % 8) + _bits(TWO_VIEWS) + "1"
    bits += "0" * (-len(bits) % 8)
    raw = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    return parameters[:2] + re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", raw)


def _bits(parts: Bits) -> str:
    return "".join(
        f"{value:0{size}b}" if size else f"{value + 1:0{2 * (value + 1).bit_length() - 1}b}" for size, value in parts
    )
