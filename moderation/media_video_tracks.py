"""Tracks: what was seen in some frames of a video, linked into things that are covered in all frames between.

Every box lives in the plane of `media_video_motion.py`, in which a thing at rest stays where it is."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from moderation.finding import Box, BoxKind
from moderation.media_boxes import MARGINS, Side, area, clipped, enlarged
from moderation.media_video_motion import Camera, Place, box_at, place_of

HOLD: Final = 500_000
"""A thing is covered this long, in microseconds, before it is first and after it was last seen."""
GAP: Final = 1_000_000
"""Two sightings further apart than this are two things."""
BLIND: Final = 2_000_000
"""Frames with no face between two with faces are covered whole if these are no further apart than this."""
SAME: Final = 0.2
NEAR: Final = 0.6
"""Sightings are one thing if they overlap by more than SAME (IoU), or if centres are nearer than NEAR of a side."""
ABOVE: Final = 0.15
"""A face is covered further upwards than in a photo by this share of its height: a cap or hair tells who it is, too,
and whoever is half hidden behind a face shows above it."""
SLIM: Final = 0.8
"""A face that is seen narrower than this share of its height is cut by a border or half hidden: its margin is that of a
whole one."""
AROUND: Final = 100_000
"""A thing is covered where it was seen so many microseconds earlier and later as well: now it is seen whole, and in the
next frame only half of it."""
GROWTH: Final = 0.35
"""While a thing is held without being seen its box grows by up to this share on each side: people walk."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One frame: its time in microseconds, how it maps to the plane, and what was seen in it."""

    micros: int
    camera: Camera
    boxes: tuple[Box, ...]


@dataclass(slots=True)
class Track:
    """One thing: the frames in which it was seen, and where in the plane."""

    like: Box
    frames: list[int] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)


def tracks_of(frames: Sequence[Seen]) -> list[Track]:
    """Sightings of the same kind that lie near each other, frame by frame, the nearest pair first."""
    tracks: list[Track] = []
    open_ones: list[Track] = []
    for number, frame in enumerate(frames):
        open_ones = [track for track in open_ones if frame.micros - frames[track.frames[-1]].micros <= GAP]
        for box, place, track in _linked(frame, open_ones):
            if track is None:
                begun = Track(box, [number], [place])
                tracks.append(begun)
                open_ones.append(begun)
            else:
                track.frames.append(number)
                track.places.append(place)
    return tracks


def _linked(frame: Seen, tracks: Sequence[Track]) -> list[tuple[Box, Place, Track | None]]:
    places = [frame.camera.moved(place_of(box)) for box in frame.boxes]
    pairs = [
        (likeness(place, track.places[-1]), index, at)
        for index, place in enumerate(places)
        for at, track in enumerate(tracks)
        if track.like.kind == frame.boxes[index].kind
    ]
    chosen: dict[int, Track] = {}
    taken: set[int] = set()
    for score, index, at in sorted(pairs, reverse=True):
        if score > 0 and index not in chosen and at not in taken:
            chosen[index] = tracks[at]
            taken.add(at)
    return [(box, places[index], chosen.get(index)) for index, box in enumerate(frame.boxes)]


def likeness(one: Place, other: Place) -> float:
    """Above 0 if two sightings may be one thing."""
    wide = min(one.x + one.wide, other.x + other.wide) - max(one.x - one.wide, other.x - other.wide)
    high = min(one.y + one.high, other.y + other.high) - max(one.y - one.high, other.y - other.high)
    shared = max(0.0, wide) * max(0.0, high)
    overlap = shared / (4 * (one.wide * one.high + other.wide * other.high) - shared) if shared else 0.0
    if overlap > SAME:
        return 1 + overlap
    side = min(one.wide + one.high, other.wide + other.high)
    away = abs(complex(one.x - other.x, one.y - other.y)) / max(side, 1e-6)
    alike = max(one.wide, other.wide) < 2 * min(one.wide, other.wide)
    return NEAR - away if alike and away < NEAR else 0.0


def cover_of(frames: Sequence[Seen], tracks: Sequence[Track], size: Side) -> list[list[Box]]:
    """What is covered in each frame: every track with its margin, held before, between and after its sightings."""
    boxes: list[list[Box]] = [[] for _ in frames]
    for track in tracks:
        for number, place in _held(track, frames):
            box = _with_margin(box_at(frames[number].camera.back().moved(place), track.like), size)
            if area(box):
                boxes[number].append(box)
    for number in blind_frames([any(box.kind == BoxKind.FACE for box in each) for each in boxes], frames):
        boxes[number].append(clipped(Box(BoxKind.FACE, 0, 0, *size, 1.0, "tracks"), size))
    return boxes


def _with_margin(box: Box, size: Side) -> Box:
    wider = enlarged(box, size)
    if box.kind != BoxKind.FACE or not area(wider):
        return wider
    wide, high = box.x2 - box.x1, box.y2 - box.y1
    more = max(0, math.ceil((SLIM * high - wide) * MARGINS[BoxKind.FACE][0]))
    return clipped(replace(wider, x1=wider.x1 - more, x2=wider.x2 + more, y1=wider.y1 - math.ceil(high * ABOVE)), size)


def _held(track: Track, frames: Sequence[Seen]) -> list[tuple[int, Place]]:
    """Every frame in which a track is covered, and where in the plane."""
    first, last = track.frames[0], track.frames[-1]
    begin, end = frames[first].micros, frames[last].micros
    held = []
    for number in range(first - 1, -1, -1):
        if begin - frames[number].micros > HOLD:
            break
        held.append((number, _grown(track.places[0], (begin - frames[number].micros) / HOLD)))
    held += _between(track, frames)
    for number in range(last + 1, len(frames)):
        if frames[number].micros - end > HOLD:
            break
        held.append((number, _grown(track.places[-1], (frames[number].micros - end) / HOLD)))
    return held


def _between(track: Track, frames: Sequence[Seen]) -> list[tuple[int, Place]]:
    found = []
    steps = zip(track.frames, track.frames[1:], track.places, track.places[1:], strict=False)
    for start, stop, here, there in steps:
        for number in range(start, stop):
            share = (frames[number].micros - frames[start].micros) / (frames[stop].micros - frames[start].micros)
            found.append((number, _mixed(here, there, share)))
    found.append((track.frames[-1], track.places[-1]))
    return [(number, _with_others(place, track, frames, number)) for number, place in found]


def _with_others(place: Place, track: Track, frames: Sequence[Seen], number: int) -> Place:
    """A place, and those where it was seen just before and after."""
    first = bisect_left(track.frames, frames[number].micros - AROUND, key=lambda each: frames[each].micros)
    last = bisect_right(track.frames, frames[number].micros + AROUND, key=lambda each: frames[each].micros)
    all_of_them = [place, *track.places[first:last]]
    left, right = min(each.x - each.wide for each in all_of_them), max(each.x + each.wide for each in all_of_them)
    top, bottom = min(each.y - each.high for each in all_of_them), max(each.y + each.high for each in all_of_them)
    return Place((left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2)


def _mixed(here: Place, there: Place, share: float) -> Place:
    """Between two sightings; of the sizes the larger one."""
    return Place(
        here.x + (there.x - here.x) * share,
        here.y + (there.y - here.y) * share,
        max(here.wide, there.wide),
        max(here.high, there.high),
    )


def _grown(place: Place, share: float) -> Place:
    by = 1 + 2 * GROWTH * min(share, 1.0)
    return replace(place, wide=place.wide * by, high=place.high * by)


def blind_frames(faces: Sequence[bool], frames: Sequence[Seen]) -> list[int]:
    """Frames without a face between two with one that follow each other closely: something was missed there."""
    blind: list[int] = []
    last: int | None = None
    for number, there in enumerate(faces):
        if not there:
            continue
        if last is not None and frames[number].micros - frames[last].micros <= BLIND:
            blind += range(last + 1, number)
        last = number
    return blind
