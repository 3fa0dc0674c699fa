import numpy as np
import pytest

from moderation.finding import Box, BoxKind
from moderation.media_boxes import within
from moderation.media_video_motion import Camera, CameraPath, Place
from moderation.media_video_tracks import Seen, Track, blind_frames, cover_of, tracks_of
from tests.moderation.media_videos import panned, street

SIZE = (640, 360)
RATE = 10


def face(x: int, y: int = 100, side: int = 40, kind: BoxKind = BoxKind.FACE) -> Box:
    return Box(kind, x, y, x + side, y + side, 0.9, "test")


def seen(*boxes: tuple[Box, ...], camera: Camera = Camera()) -> list[Seen]:  # noqa: B008 - it never changes
    return [Seen(number * 1_000_000 // RATE, camera, each) for number, each in enumerate(boxes)]


def covered(frames: list[Seen]) -> list[list[Box]]:
    return cover_of(frames, tracks_of(frames), SIZE)


def test_one_sighting_is_covered_half_a_second_before_and_after() -> None:
    frames = seen(*[()] * 10, (face(200),), *[()] * 10)
    there = [bool(boxes) for boxes in covered(frames)]
    assert there == [5 <= number <= 15 for number in range(21)]


def test_between_two_sightings_a_thing_is_covered_where_it_must_have_been() -> None:
    frames = seen((face(200),), (), (), (), (face(220),))
    for number, boxes in enumerate(covered(frames)):
        assert any(within(face(200 + 5 * number), box) == 1.0 for box in boxes)
    assert len(tracks_of(frames)) == 1


def test_two_people_side_by_side_are_two_tracks() -> None:
    tracks = tracks_of(seen(*[(face(100 + number), face(300 - number)) for number in range(5)]))
    assert [(len(track.frames), track.like.x1) for track in tracks] == [(5, 100), (5, 300)]


def test_a_plate_is_never_taken_for_a_face() -> None:
    assert len(tracks_of(seen((face(100),), (face(100, kind=BoxKind.PLATE),)))) == 2


def test_what_comes_back_after_more_than_a_second_is_another_thing() -> None:
    assert len(tracks_of(seen((face(100),), *[()] * 9, (face(100),)))) == 1
    assert len(tracks_of(seen((face(100),), *[()] * 10, (face(100),)))) == 2


def test_frames_without_a_face_between_two_with_one_are_covered_whole() -> None:
    frames = seen((face(100),), *[()] * 13, (face(500),))
    boxes = covered(frames)
    assert [any(box.x2 - box.x1 == SIZE[0] for box in each) for each in boxes] == [6 <= n <= 8 for n in range(15)]
    assert blind_frames([True, False, True], seen((), (), ())) == [1]
    assert blind_frames([True, *[False] * 30, True], seen(*[()] * 32)) == []
    assert blind_frames([False, True, False], seen((), (), ())) == []


def test_a_thing_at_rest_is_held_where_the_camera_now_sees_it() -> None:
    frames = [
        Seen(number * 100_000, Camera(shift=complex(20 * number, 0)), (face(400),) if number == 2 else ())
        for number in range(6)
    ]
    for number, boxes in enumerate(covered(frames)):
        assert within(face(440 - 20 * number), boxes[0]) == 1.0


def test_the_camera_is_followed_while_it_pans_and_zooms() -> None:
    path, camera = CameraPath(), Camera()
    for frame in panned(street(960, 360), SIZE, 20, step=6, zoom=0.3):
        camera = path.told(frame)
    corner = camera.moved(Place(300, 200, 10, 10))
    larger = 1 + 0.3 * 19 / 20
    assert corner.x == pytest.approx((300 + 6 * 19) / larger, abs=8)
    assert corner.y == pytest.approx(200 / larger, abs=8)


def test_after_a_cut_nothing_is_known_of_the_camera() -> None:
    path = CameraPath()
    path.told(street())
    assert path.told(np.full((240, 480, 3), 128, np.uint8)) == Camera()


def test_a_camera_and_back_is_where_it_was() -> None:
    camera = Camera(1.2 + 0.1j, 30 - 4j)
    place = camera.back().moved(camera.moved(Place(10, 20, 5, 6)))
    assert (place.x, place.y, place.wide, place.high) == pytest.approx((10, 20, 5, 6))
    assert camera.then(camera.back()).factor == pytest.approx(1)


@pytest.mark.parametrize("place", [Place(-500, 100, 20, 20), Place(-40, 100, 10, 30)])
def test_a_track_outside_of_the_picture_covers_nothing(place: Place) -> None:
    frames = seen((), ())
    track = Track(face(100), [0], [place])
    assert cover_of(frames, [track], SIZE) == [[], []]


def test_what_was_just_seen_whole_stays_covered_whole_when_only_half_of_it_is_seen() -> None:
    half = Box(BoxKind.FACE, 200, 100, 240, 112, 0.9, "test")
    frames = seen((half,), (face(200),), (half,), (half,))
    whole = [any(within(face(200), box) == 1.0 for box in boxes) for boxes in covered(frames)]
    assert whole == [True, True, True, False]


def test_a_face_is_covered_with_the_cap_above_it_and_a_plate_is_not() -> None:
    (of_face,), (of_plate,) = covered(seen((face(200),)))[0], covered(seen((face(200, kind=BoxKind.PLATE),)))[0]
    assert within(Box(BoxKind.FACE, 200, 82, 240, 100, 1.0, "truth"), of_face) == 1.0
    assert (of_face.y1, of_face.y2, of_plate.y1) == (82, 152, 84)


def test_a_face_that_the_border_cuts_has_the_margin_of_a_whole_one() -> None:
    cut, whole = Box(BoxKind.FACE, 0, 100, 20, 180, 0.9, "test"), Box(BoxKind.FACE, 200, 100, 264, 180, 0.9, "test")
    first, second = covered(seen((cut, whole)))[0]
    assert (first.x1, first.x2) == (0, 20 + 6 + 14)
    assert (second.x1, second.x2) == (200 - 20, 264 + 20)
