"""Photos of people made harder: turned, dark, blurred by motion, half hidden. How much of what was covered still is?

    python benchmarks/media_variants.py [MANIFEST.jsonl] [--quick] [--check] [--pictures N]

Turned pictures may lose 3 points of recall, the others 10. MANIFEST is that of benchmarks/media.py."""

import argparse
import asyncio
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from benchmarks.media import ENOUGH, SAMPLES, SMALL, chosen, mask_of, share
from moderation.media import Photos, Tier

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Edges = list[list[float]]
Variant = Callable[[Pixels, Edges], tuple[Pixels, Edges]]
SETS = ("faces_mask", "faces_wider416")
DARK = 0.25
"""Of the light that there was, with the noise that a phone then adds."""
SMEAR = 0.015
"""The length of the motion, as a share of the long side."""


def as_it_is(picture: Pixels, boxes: Edges) -> tuple[Pixels, Edges]:
    return picture, boxes


def turned_90(picture: Pixels, boxes: Edges) -> tuple[Pixels, Edges]:
    width = picture.shape[1]
    return np.rot90(picture), [[y1, width - x2, y2, width - x1] for x1, y1, x2, y2 in boxes]


def turned_180(picture: Pixels, boxes: Edges) -> tuple[Pixels, Edges]:
    height, width = picture.shape[:2]
    return np.rot90(picture, 2), [[width - x2, height - y2, width - x1, height - y1] for x1, y1, x2, y2 in boxes]


def dark(picture: Pixels, boxes: Edges) -> tuple[Pixels, Edges]:
    noise = np.random.default_rng(7).normal(0, 4, picture.shape)
    return np.clip(picture * DARK + noise, 0, 255).astype(np.uint8), boxes


def smeared(picture: Pixels, boxes: Edges) -> tuple[Pixels, Edges]:
    length = max(3, round(max(picture.shape[:2]) * SMEAR))
    return np.asarray(cv2.blur(picture, (length, 1)), np.uint8), boxes


def half_hidden(picture: Pixels, boxes: Edges) -> tuple[Pixels, Edges]:
    """A scarf over the lower half of every face."""
    hidden = picture.copy()
    for x1, y1, x2, y2 in boxes:
        hidden[round((y1 + y2) / 2) : round(y2), round(x1) : round(x2)] = (60, 70, 90)
    return hidden, boxes


VARIANTS: dict[str, tuple[Variant, float]] = {
    "turned_90": (turned_90, 0.03),
    "turned_180": (turned_180, 0.03),
    "dark": (dark, 0.10),
    "smeared": (smeared, 0.10),
    "half_hidden": (half_hidden, 0.10),
}


async def recall(photos: Photos, rows: list[dict[str, Any]], folder: Path, variant: Variant) -> tuple[int, int]:
    """How many faces of at least SMALL pixels are covered, of how many."""
    covered = true = 0
    for done, row in enumerate(rows):
        print(f"\r{variant.__name__} {done}/{len(rows)} ", end="", file=sys.stderr, flush=True)
        picture = np.asarray(Image.open(folder / row["image"]).convert("RGB"))
        edges = [box["box"] for box in row["boxes"] if not box.get("ignore")]
        changed, moved = variant(
            picture, [edge for edge in edges if min(edge[2] - edge[0], edge[3] - edge[1]) >= SMALL]
        )
        stream = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(changed)).save(stream, "JPEG", quality=92)
        mask = mask_of(await photos.cover(stream.getvalue(), Tier.DEFAULT))
        true += len(moved)
        covered += sum(share(mask, edge) >= ENOUGH for edge in moved)
    return covered, true


async def measure(rows: list[dict[str, Any]], folder: Path, names: list[str]) -> list[str]:
    """Prints a line a variant; gives the bars that are missed."""
    missed = []
    async with Photos(side=None) as photos:
        covered, true = await recall(photos, rows, folder, as_it_is)
        before = covered / true
        print(f"{'as it is':12} {covered:4}/{true:<4} {before:.3f}")
        for name in names:
            variant, most = VARIANTS[name]
            covered, true = await recall(photos, rows, folder, variant)
            print(f"{name:12} {covered:4}/{true:<4} {covered / true:.3f}", flush=True)
            if before - covered / true > most:
                missed.append(f"{name}: {before - covered / true:.3f} less, wanted at most {most}")
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--quick", action="store_true", help="two pictures, turned by 180 degrees")
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--pictures", type=int, default=16, help="of each set")
    options = parser.parse_args()
    if not options.manifest.is_file():
        print("There are no pictures to measure with; name a manifest.")
        return 0
    number = 1 if options.quick else options.pictures
    rows = [
        row for name in SETS for row in [row for row in chosen(options.manifest, False) if row["set"] == name][:number]
    ]
    names = ["turned_180"] if options.quick else list(VARIANTS)
    missed = asyncio.run(measure(rows, options.manifest.parent, names))
    print(*missed, sep="\n") if missed else print("every bar is met")
    return int(options.check and bool(missed))


if __name__ == "__main__":
    sys.exit(main())
