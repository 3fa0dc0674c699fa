"""One video from its file to its covered MP4: look at the frames, link what was seen, fill, encode, and look again."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from moderation.detector import DetectorFailed, Pixels
from moderation.finding import Box
from moderation.media_boxes import Side, merged
from moderation.media_cover import fill, in_output
from moderation.media_passes import Sight, Stage
from moderation.media_reading import Reader
from moderation.media_video_decode import Frame, VideoFrames, VideoRefused
from moderation.media_video_encode import VideoEncoder
from moderation.media_video_flashing import Flashing
from moderation.media_video_job import CoveredFrame, CoveredVideo, Leak, Thing, VideoJob
from moderation.media_video_motion import CameraPath
from moderation.media_video_poster import Poster
from moderation.media_video_reading import VideoReading
from moderation.media_video_tracks import Seen, cover_of, tracks_of

LOOKED: Final = 0.6
WRITTEN: Final = 0.7
"""How much of the work is done when all frames were looked at, and when the video is written."""
GONE: Final = 0.8
"""Something of which less than this share is filled is not covered."""
STILL: Final = 1 / 1000
"""A camera that moves by less than this share of the width, or turns or zooms by less, stands still."""
AGAIN: Final = 2
"""How often what the second pass sees is covered as well, before it is reported as leaked."""

Told = Callable[[float], None]
Boxes = list[tuple[Box, ...]]
"""What is covered in each frame."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What the first pass saw of a video."""

    size: Side
    format: str
    frames: tuple[Seen, ...]

    def moved(self, number: int) -> bool:
        """Whether the camera moved before a frame."""
        here, before = self.frames[number].camera, self.frames[max(0, number - 1)].camera
        step = here.then(before.back())
        return abs(step.shift) > STILL * self.size[0] or abs(step.factor - 1) > STILL


@dataclass(frozen=True, slots=True)
class Checked:
    """What the second pass saw of a finished video."""

    leaks: tuple[Leak, ...]
    flashing: bool
    poster: Poster


class VideoCovering:
    """`sight` loads the detectors, or gives those that are loaded; `reader` what reads writing."""

    def __init__(self, sight: Callable[[], Sight], reader: Callable[[], Reader] = Reader.load) -> None:
        self._sight = sight
        self._reader = reader

    def cover(self, job: VideoJob, told: Told = lambda _: None) -> CoveredVideo:
        """`told` hears often how much is done, 0 to 1. Raises VideoRefused, DetectorFailed."""
        watched = self._watched(job.original, told)
        boxes = _boxes_of(watched, job)
        reading = VideoReading(watched.frames, tracks_of(watched.frames), watched.size, self._reader())
        mp4 = _written(job.original, watched, boxes, told, reading.told)
        checked = self._checked(mp4, watched, boxes, range(len(boxes)), told)
        for _ in range(AGAIN):
            if not checked.leaks:
                break
            watched = _with_leaks(watched, checked.leaks)
            boxes = _with_more(boxes, _boxes_of(watched, job))
            mp4 = _written(job.original, watched, boxes, told)
            # The other frames were looked at, and nothing in them has come open since.
            checked = self._checked(mp4, watched, boxes, {leak.frame for leak in checked.leaks}, told)
        poster = checked.poster.jpeg(self._sight())
        return replace(_finished(watched, boxes, mp4, checked, poster), words=reading.words)

    def _watched(self, original: bytes, told: Told) -> Watched:
        """The first pass: each detector looks at the frames that are its own, and the camera is followed."""
        camera, seen = CameraPath(), list[Seen]()
        last: Frame | None = None
        with VideoFrames(original) as frames:
            for number, frame in enumerate(frames):
                boxes = self._sight().look(frame.pixels, Stage.VIDEO, frame=number)
                seen.append(Seen(frame.micros, camera.told(frame.pixels), tuple(boxes)))
                told(LOOKED * min(1.0, frame.micros / 1e6 / frames.seconds))
                last = frame
            # What came into view after a detector looked last: all of them look at the last frame.
            if last is None:
                raise VideoRefused("video_damaged")
            boxes = merged(seen[-1].boxes, self._sight().look(last.pixels, Stage.VIDEO))
            seen[-1] = replace(seen[-1], boxes=tuple(boxes))
            return Watched(frames.size, frames.format, tuple(seen))

    def _checked(self, mp4: bytes, watched: Watched, boxes: Boxes, numbers: Collection[int], told: Told) -> Checked:
        """The second pass, over the finished file as the public gets it; detectors look at the frames of `numbers`."""
        flashing, leaks, poster = Flashing(), list[Leak](), Poster(len(boxes))
        chosen = frozenset(numbers)
        with VideoFrames(mp4) as frames:
            for number, frame in enumerate(frames):
                flashing.told(frame.micros, frame.pixels, watched.moved(number))
                # The poster goes to networks by itself: no detector leaves that frame out.
                alone = poster.asks_for(number)
                left = self._left_over(frame, number, boxes[number], alone) if alone or number in chosen else []
                leaks += left
                if not left:
                    poster.told(number, frame.pixels, boxes[number])
                told(WRITTEN + (1 - WRITTEN) * number / len(boxes))
        return Checked(tuple(leaks), flashing.found, poster)

    def _left_over(self, frame: Frame, number: int, boxes: Sequence[Box], whole: bool) -> list[Leak]:
        """`whole`: every detector looks, however seldom it does otherwise."""
        filled = np.zeros(frame.pixels.shape[:2], np.uint8)
        for box in boxes:
            filled[box.y1 : box.y2, box.x1 : box.x2] = 1
        seen = self._sight().look(frame.pixels, Stage.VIDEO_SECOND, frame=None if whole else number)
        left = [box for box in seen if filled[box.y1 : box.y2, box.x1 : box.x2].mean() < GONE]
        return [Leak(number, frame.micros / 1e6, box) for box in left]


def _boxes_of(watched: Watched, job: VideoJob) -> Boxes:
    """What is covered in each frame: what was followed, then what a person added."""
    followed = cover_of(watched.frames, tracks_of(watched.frames), watched.size)
    return [in_output((*each, *job.added), watched.size, watched.size) for each in followed]


def _with_leaks(watched: Watched, leaks: Sequence[Leak]) -> Watched:
    """As if the first pass had seen what the second one did."""
    frames = list(watched.frames)
    for leak in leaks:
        frames[leak.frame] = replace(frames[leak.frame], boxes=(*frames[leak.frame].boxes, leak.box))
    return replace(watched, frames=tuple(frames))


def _with_more(boxes: Boxes, more: Boxes) -> Boxes:
    """What was covered stays so, however the tracks are linked now."""
    return [tuple(dict.fromkeys((*each, *new))) for each, new in zip(boxes, more, strict=True)]


def _written(
    original: bytes,
    watched: Watched,
    boxes: Boxes,
    told: Told,
    shown: Callable[[int, Pixels], None] = lambda _number, _pixels: None,
) -> bytes:
    """The file is decoded once more, so that no frame of it lies anywhere in between; `shown` sees each uncovered."""
    count = 0
    with VideoEncoder(watched.size) as encoder, VideoFrames(original) as frames:
        for frame, seen, each in zip(frames, watched.frames, boxes, strict=False):
            if frame.micros != seen.micros:
                break
            shown(count, frame.pixels)
            pixels = frame.pixels.copy()
            for box in each:
                fill(pixels, box)
            encoder.add(frame.micros, pixels)
            count += 1
            told(LOOKED + (WRITTEN - LOOKED) * count / len(boxes))
        if count != len(boxes):
            raise DetectorFailed("the frames of a video are not the same twice")
        return encoder.finished()


def _finished(watched: Watched, boxes: Boxes, mp4: bytes, checked: Checked, poster: bytes) -> CoveredVideo:
    times = [seen.micros / 1e6 for seen in watched.frames]
    things = [
        Thing(track.like.kind, times[track.frames[0]], times[track.frames[-1]]) for track in tracks_of(watched.frames)
    ]
    return CoveredVideo(
        mp4=mp4,
        sha256=hashlib.sha256(mp4).hexdigest(),
        width=watched.size[0],
        height=watched.size[1],
        seconds=times[-1],
        poster=poster,
        frames=tuple(CoveredFrame(at, each) for at, each in zip(times, boxes, strict=True)),
        things=tuple(things),
        leaks=checked.leaks,
        flashing=checked.flashing,
        source_format=watched.format,
    )
