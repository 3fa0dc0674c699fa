"""Many photos and videos at once, for the command line: covered ones in a folder, and a report of what was covered."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from moderation import media, media_video
from moderation.detector import DetectorFailed
from moderation.finding import Box
from moderation.media import Photos
from moderation.media_decode import PhotoRefused
from moderation.media_job import CoveredPhoto, Tier
from moderation.media_video import Videos
from moderation.media_video_job import CoveredVideo

UNREADABLE: Final = "unreadable"
FAILED: Final = "detector_failed"


async def redact_media(
    paths: Sequence[Path],
    out: Path,
    report: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    screens: bool = False,
) -> int:
    """Cover every file by the default tier, at its full size; folders are walked. Gives how many are without a result.

    `out` gets JPEGs and MP4s named by their hash. `report` gets one line of JSON a file, with boxes as covered, in
    pixels of the upright picture, or with `"out": null` and an `error`; the boxes of a video tell their frame too.
    `progress` is told how many are done, and of how many. `screens`: of photos, screens are covered, too."""
    files = list(_files(paths))
    out.mkdir(parents=True, exist_ok=True)
    without = 0
    async with Photos(side=None, screens=screens) as photos, Videos() as videos:
        with report.open("w", encoding="utf-8") as lines:
            for done, path in enumerate(files):
                progress(done, len(files))
                line = await _line(photos, videos, path, out)
                without += line["out"] is None
                lines.write(json.dumps(line) + "\n")
                lines.flush()
    progress(len(files), len(files))
    return without


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file())
        else:
            yield path


async def _line(photos: Photos, videos: Videos, path: Path, out: Path) -> dict[str, Any]:
    try:
        original = _read(path)
        if media_video.is_video(original):
            return _report_of_video(path, await videos.cover(original), out)
        return _report(path, await photos.cover(original, Tier.DEFAULT), out)
    except OSError:
        return {"path": str(path), "out": None, "error": UNREADABLE}
    except PhotoRefused as refused:
        return {"path": str(path), "out": None, "error": refused.reason}
    except DetectorFailed:
        return {"path": str(path), "out": None, "error": FAILED}


def _read(path: Path) -> bytes:
    if path.stat().st_size > max(media.MOST_BYTES, media_video.MOST_BYTES):
        raise PhotoRefused("too_big")
    return path.read_bytes()


def _report(path: Path, photo: CoveredPhoto, out: Path) -> dict[str, Any]:
    # Named by its content: the name of a file tells of whoever took it, too.
    target = out / f"{photo.sha256}.jpg"
    target.write_bytes(photo.jpeg)
    boxes, left = [_box(box) for box in photo.boxes], [_box(box) for box in photo.leftover]
    return {"path": str(path), "out": str(target), "boxes": boxes, "leftover": left}


def _report_of_video(path: Path, video: CoveredVideo, out: Path) -> dict[str, Any]:
    target, poster = out / f"{video.sha256}.mp4", out / f"{video.sha256}.jpg"
    target.write_bytes(video.mp4)
    poster.write_bytes(video.poster)
    boxes = [
        {**_box(box), "frame": number, "seconds": frame.seconds}
        for number, frame in enumerate(video.frames)
        for box in frame.boxes
    ]
    found = {"leaked_frames": video.leaked_frames, "flashing": video.flashing}
    return {"path": str(path), "out": str(target), "poster": str(poster), "boxes": boxes, **found}


def _box(box: Box) -> dict[str, Any]:
    return {"kind": str(box.kind), "box": [box.x1, box.y1, box.x2, box.y2]}
