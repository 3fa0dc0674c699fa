import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from moderation.media_batch import redact_media
from moderation.media_cover import is_bare
from moderation.media_mp4 import is_bare as is_bare_mp4
from tests.moderation.media_pictures import CANARY, heic_of_a_camera, jpeg_of_a_camera, saved, scene, with_words
from tests.moderation.media_videos import video


def lines(report: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in report.read_text("utf-8").splitlines()]


async def test_every_file_gets_a_covered_picture_at_its_full_size_or_a_reason(tmp_path: Path) -> None:
    sent = tmp_path / "sent" / "by-marlow"
    sent.mkdir(parents=True)
    (sent / "a.jpg").write_bytes(jpeg_of_a_camera(with_words("AB12 CDE", (640, 480))[0].rotate(90, expand=True), 6))
    (sent / "b.heic").write_bytes(heic_of_a_camera(scene()))
    (sent / "c.txt").write_text("hello")
    big = tmp_path / "big.jpg"
    big.write_bytes(saved(scene(), "JPEG") + bytes(31_000_000))
    told: list[tuple[int, int]] = []
    without = await redact_media(
        [tmp_path / "sent", big, tmp_path / "gone.png"],
        tmp_path / "out",
        tmp_path / "report.jsonl",
        lambda done, total: told.append((done, total)),
    )
    first, second, *others = lines(tmp_path / "report.jsonl")
    assert [other["error"] for other in others] == ["not_a_picture", "too_big", "unreadable"]
    assert [other["out"] for other in others] == [None, None, None]
    assert without == 3
    assert told == [(done, 5) for done in range(6)]
    assert Image.open(first["out"]).size == (640, 480)
    assert any(box["kind"] in {"text", "plate"} for box in first["boxes"])
    assert first["leftover"] == []
    for box in first["boxes"]:
        x1, y1, x2, y2 = box["box"]
        assert 0 <= x1 < x2 <= 640
        assert 0 <= y1 < y2 <= 480
    assert len(list((tmp_path / "out").iterdir())) == 2
    for line in (first, second):
        written = Path(line["out"])
        assert is_bare(written.read_bytes())
        assert CANARY.encode() not in written.read_bytes()
        assert "marlow" not in written.name
        assert Image.open(io.BytesIO(written.read_bytes())).format == "JPEG"


async def test_a_video_gets_a_covered_video_a_poster_and_boxes_with_their_frames(tmp_path: Path) -> None:
    (tmp_path / "night.mov").write_bytes(video([np.asarray(with_words("AB12 CDE", (480, 360))[0])] * 6, "mov"))
    assert await redact_media([tmp_path / "night.mov"], tmp_path / "out", tmp_path / "report.jsonl") == 0
    (line,) = lines(tmp_path / "report.jsonl")
    assert is_bare_mp4(Path(line["out"]).read_bytes())
    assert is_bare(Path(line["poster"]).read_bytes())
    assert {box["frame"] for box in line["boxes"]} == set(range(6))
    assert (line["leaked_frames"], line["flashing"]) == ([], False)
