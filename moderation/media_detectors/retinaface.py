"""Faces by RetinaFace on MobileNet 0.25 (MIT): quick, good from some 16 pixels up."""

from typing import Final

from moderation import media_weights
from moderation.detector import MediaDetector
from moderation.finding import BoxKind
from moderation.media_anchors import AnchorDetector, Sizes

ANCHORS: Final[Sizes] = ((16, 32), (64, 128), (256, 512))


def load() -> MediaDetector:
    """Raises DetectorFailed if the weights are missing or changed."""
    network = media_weights.session(media_weights.read(media_weights.RETINAFACE))
    return AnchorDetector(network, BoxKind.FACE, "retinaface", (104, 117, 127), ANCHORS)
