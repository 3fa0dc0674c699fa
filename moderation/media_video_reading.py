"""What is written in a video: each piece of writing that was followed is read where it is largest.

Nothing looks for it a second time, and so few lines are read that it takes no time beside the rest."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from moderation.detector import Pixels
from moderation.finding import Box, BoxKind
from moderation.media_boxes import Side, area, clipped
from moderation.media_reading import Reader
from moderation.media_video_motion import box_at
from moderation.media_video_tracks import Seen, Track
from moderation.media_word import Word

MOST: Final = 40
"""Pieces of writing that are read of one video, the largest first."""
LOOKS: Final = 3
"""Sightings of each that are read: where one is blurred another may not be."""


class VideoReading:
    """`told` hears every frame before anything is filled in it; `words` is what was read."""

    def __init__(self, frames: Sequence[Seen], tracks: Sequence[Track], size: Side, reader: Reader) -> None:
        self._reader = reader
        self._wanted: dict[int, list[tuple[int, Box]]] = defaultdict(list)
        self._read: list[Word] = []
        written = [_largest(track, frames, size) for track in tracks if track.like.kind is BoxKind.TEXT]
        for piece, sightings in enumerate(sorted(written, key=lambda each: -_size(each))[:MOST]):
            for number, box in sightings:
                self._wanted[number].append((piece, box))

    def told(self, number: int, pixels: Pixels) -> None:
        """Raises DetectorFailed."""
        wanted = self._wanted.get(number, [])
        for word in self._reader.words(pixels, [box for _, box in wanted]):
            self._read.append(Word(wanted[word.box][0], word.text, word.score))

    @property
    def words(self) -> tuple[Word, ...]:
        """What was read most surely of each piece, each text once."""
        best: dict[int, Word] = {}
        for word in self._read:
            if word.box not in best or word.score > best[word.box].score:
                best[word.box] = word
        return tuple({word.text: best[piece] for piece, word in sorted(best.items())}.values())


def _largest(track: Track, frames: Sequence[Seen], size: Side) -> list[tuple[int, Box]]:
    """The frames in which it was seen largest, and where."""
    seen = [
        (number, clipped(box_at(frames[number].camera.back().moved(place), track.like), size))
        for number, place in zip(track.frames, track.places, strict=True)
    ]
    return sorted((each for each in seen if area(each[1])), key=lambda each: -area(each[1]))[:LOOKS]


def _size(sightings: Sequence[tuple[int, Box]]) -> int:
    return max((area(box) for _, box in sightings), default=0)
