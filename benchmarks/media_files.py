"""Files: what a camera hid in a thousand of them is gone, and five hundred malformed or hostile ones do no harm.

    python benchmarks/media_files.py [--quick] [--check] [--files N] [--hostile N]

The files are generated, in every format. exiftool (`make system`) reads what came out, if it is there."""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.media import peak
from moderation.media import DetectorFailed, PhotoRefused, Photos, Tier
from moderation.media_video import Videos
from tests.moderation import exiftool
from tests.moderation.media_pictures import CANARY, OF_A_CAMERA, jpeg_that_claims, png_that_claims, scene
from tests.moderation.media_videos import panned, street, video

VIDEOS: Final = (("mp4", "libx264"), ("mov", "libx264"), ("mp4", "libx265"), ("webm", "libvpx-vp9"))
MOST_SECONDS, MOST_MEGABYTES = 45.0, 2400


def picture(number: int) -> Image.Image:
    """Some small picture, another one for each number."""
    chance = random.Random(number)
    image = scene(chance.randrange(48, 97), chance.randrange(48, 97))
    return image.rotate(chance.choice((0, 90, 180)), expand=True)


def of_a_camera(number: int) -> bytes:
    kinds = list(OF_A_CAMERA)
    return OF_A_CAMERA[kinds[number % len(kinds)]](picture(number))


def hostile(number: int) -> bytes:
    """A file made wrong in one of eight ways."""
    chance = random.Random(number)
    whole = bytearray(of_a_camera(number))
    match number % 8:
        case 0:
            return bytes(whole[: chance.randrange(1, len(whole))])
        case 1 | 2 | 3:
            for _ in range(chance.choice((1, 5, 50, 500))):
                whole[chance.randrange(len(whole))] = chance.randrange(256)
            return bytes(whole)
        case 4:
            return png_that_claims(chance.randrange(1, 60_000), chance.randrange(1, 60_000))
        case 5:
            return jpeg_that_claims(chance.randrange(1, 65_000), chance.randrange(1, 65_000))
        case 6:
            return bytes(whole[:16]) + chance.randbytes(chance.randrange(2000))
        case _:
            other = of_a_camera(number + 1)
            return bytes(whole[: len(whole) // 2]) + other


def wrong_video(number: int) -> bytes:
    chance = random.Random(number)
    whole = bytearray(video(panned(street(), (96, 64), 4), *VIDEOS[number % len(VIDEOS)]))
    if number % 3 == 0:
        return bytes(whole[: chance.randrange(20, len(whole))])
    for _ in range(chance.choice((1, 20, 300))):
        whole[chance.randrange(8, len(whole))] = chance.randrange(256)
    return bytes(whole)


async def clean(files: int, out: Path) -> None:
    """Covers pictures and a few videos into a folder."""
    async with Photos() as photos, Videos() as videos:
        for number in range(files - len(VIDEOS)):
            print(f"\r{number}/{files} files", end="", file=sys.stderr, flush=True)
            photo = await photos.cover(of_a_camera(number), Tier.FAST)
            (out / f"{number}.jpg").write_bytes(photo.jpeg)
        for number, (kind, codec) in enumerate(VIDEOS):
            covered = await videos.cover(video(panned(street(), (96, 64), 4), kind, codec))
            (out / f"{number}.mp4").write_bytes(covered.mp4)
            (out / f"poster{number}.jpg").write_bytes(covered.poster)
    print(file=sys.stderr)


def left_in(out: Path) -> list[str]:
    """Every file in which something telling is left, by its bytes and by exiftool."""
    left = [path.name for path in out.iterdir() if CANARY.encode() in path.read_bytes()]
    if not exiftool.is_there():
        print("exiftool is not there: `make system` installs it")
        return left
    read = exiftool.read(out)
    print(f"exiftool read {len(read)} files; {len({key for each in read for key in each})} different fields")
    return left + exiftool.telling(read)


async def withstand(number: int) -> tuple[Counter[str], float, int]:
    """What became of hostile files, the longest time that one took, and the most memory, in megabytes."""
    outcomes: Counter[str] = Counter()
    longest, most = 0.0, 0
    async with Photos() as photos, Videos() as videos:
        for each in range(number):
            print(f"\r{each}/{number} hostile files", end="", file=sys.stderr, flush=True)
            began = time.perf_counter()
            try:
                if each % 10 == 9:
                    await videos.cover(wrong_video(each))
                else:
                    await photos.cover(hostile(each), Tier.FAST)
                outcomes["cleaned"] += 1
            except PhotoRefused as refused:
                outcomes[refused.reason] += 1
            except DetectorFailed:
                outcomes["FAILED"] += 1
            longest = max(longest, time.perf_counter() - began)
            most = max(most, peak(photos.pid) if photos.pid else 0)
        after = await photos.cover(of_a_camera(0), Tier.FAST)
        assert np.asarray(after.width) > 0
    print(file=sys.stderr)
    return outcomes, longest, most


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="12 files and 10 hostile ones")
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--hostile", type=int, default=500)
    options = parser.parse_args()
    files, wrong = (12, 10) if options.quick else (options.files, options.hostile)
    with tempfile.TemporaryDirectory() as out:
        asyncio.run(clean(files, Path(out)))
        left = left_in(Path(out))
    outcomes, longest, most = asyncio.run(withstand(wrong))
    print(*left, sep="\n")
    print("hostile files: " + ", ".join(f"{reason} {n}" for reason, n in outcomes.most_common()))
    print(f"files={files} left={len(left)} hostile={wrong} longest_seconds={longest:.1f} peak_megabytes={most}")
    bad = bool(left) or "FAILED" in outcomes or longest > MOST_SECONDS or most > MOST_MEGABYTES
    print("a bar is missed" if bad else "every bar is met")
    return int(options.check and bad)


if __name__ == "__main__":
    sys.exit(main())
