import numpy as np
import pytest

from moderation.detector import Pixels
from moderation.media_video_flashing import Flashing
from tests.moderation.media_videos import panned, street

RATE = 30


def flashed(hertz: float, part: float = 1.0, low: int = 20, high: int = 240) -> list[Pixels]:
    """Two seconds in which a part of the picture goes on and off `hertz` times a second."""
    frames = []
    for number in range(2 * RATE):
        frame = np.full((90, 160, 3), low, np.uint8)
        if int(number / RATE * hertz * 2) % 2:
            frame[:, : int(160 * part)] = high
        frames.append(frame)
    return frames


def flashes(frames: list[Pixels], moving: bool = False) -> bool:
    flashing = Flashing()
    for number, frame in enumerate(frames):
        flashing.told(round(number * 1e6 / RATE), frame, moving)
    return flashing.found


@pytest.mark.parametrize(("hertz", "expected"), [(0.5, False), (2, False), (3, False), (5, True), (10, True)])
def test_more_than_three_flashes_a_second_are_noticed(hertz: float, expected: bool) -> None:
    assert flashes(flashed(hertz)) is expected
    assert flashes(flashed(hertz), moving=True) is expected


def test_a_small_light_and_a_faint_one_are_not_flashing() -> None:
    assert not flashes(flashed(8, part=0.01))
    assert not flashes(flashed(8, low=120, high=130))
    assert flashes(flashed(8, part=0.2))


def test_a_camera_that_pans_over_a_striped_wall_is_not_flashing() -> None:
    picture = street(2000, 180).copy()
    picture[:, ::80] = 255
    for stripe in range(0, 2000, 80):
        picture[:, stripe : stripe + 40] = 250
    frames = list(panned(picture, (320, 180), 60, step=20))
    assert not flashes(frames, moving=True)
    assert flashes(frames)
