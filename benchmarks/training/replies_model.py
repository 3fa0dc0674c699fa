"""Teaches the second judge of replies from the invented replies beside this file, and writes config/models/replies.npz.

Run as `OPENBLAS_NUM_THREADS=1 nice -n 19 python -m benchmarks.training.replies_model`; two minutes of one core (many
with more threads, which wait for each other), the same file every time."""

import re
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.training.layers import Labels, Learning, network, softmax
from bot.triage_features import PIECES, Encoder, Numbers, pieces
from bot.triage_labels import About
from moderation.normalise import look_at, plain
from tests.bot.triage_samples import later

FOLDER: Final = Path(__file__).parent / "replies"
OUT: Final = Path(__file__).resolve().parents[2] / "config" / "models" / "replies.npz"
LABELS: Final = tuple(About)
KINDS: Final = {"suicide": "crisis"}
SEEDS: Final = (0, 1, 2, 3, 4, 5)
HOW: Final = Learning()
PIECE_PASSES, PIECE_RATE = 5, 0.5

Lesson = tuple[str, About]


def lessons() -> list[Lesson]:
    """The invented replies with what they are about, and those that the rules learnt from."""
    told: list[Lesson] = []
    for path in sorted(FOLDER.glob("*.txt")):
        about = About.OTHER
        for line in path.read_text("utf-8").splitlines():
            if line.startswith("["):
                about = About(line.strip("[]"))
            elif line:
                told.append((line, about))
    return told + [(sample.text, About(KINDS.get(sample.kind, sample.kind))) for sample in later()]


def written(text: str, dice: np.random.Generator) -> list[str]:
    """A reply as others would type it: with a capital and a full stop, without marks and accents, in a hurry."""
    bare = re.sub(r"[^\w\s]", "", plain(text.lower()))
    return [text, f"{text[0].upper()}{text[1:]}.", bare, _hurried(text, dice)]


def _hurried(text: str, dice: np.random.Generator) -> str:
    letters = list(text)
    for _ in range(max(1, len(letters) // 22)):
        if len(letters) < 4:
            break
        at = int(dice.integers(0, len(letters) - 1))
        match int(dice.integers(3)):
            case 0:
                letters[at : at + 2] = letters[at : at + 2][::-1]
            case 1:
                del letters[at]
            case _:
                letters.insert(at, letters[at])
    return "".join(letters)


def linear(found: list[NDArray[np.int64]], labels: Labels) -> tuple[Numbers, Numbers]:
    """A weight a label for each piece, by plain descent."""
    dice = np.random.default_rng(0)
    weights, bias = np.zeros((PIECES, len(LABELS)), np.float32), np.zeros(len(LABELS), np.float32)
    for turn in range(PIECE_PASSES):
        for i in dice.permutation(len(found)):
            places = found[i]
            scale = np.float32(1 / np.sqrt(max(1, len(places))))
            shares = softmax((weights[places].sum(axis=0) * scale + bias)[None])[0]
            shares[labels[i]] -= 1
            weights[places] -= (PIECE_RATE * (1 - turn / PIECE_PASSES) * scale) * shares
            bias -= np.float32(0.01) * shares
    return weights, bias


def main() -> None:
    dice = np.random.default_rng(1)
    told = lessons()
    typed = [(look_at(way).folded, about) for text, about in told for way in written(text, dice)]
    labels = np.array([LABELS.index(about) for _, about in typed], np.int64)
    print(f"{len(told)} replies, written {len(typed)} ways", flush=True)
    meanings = Encoder().meanings([text for text, _ in typed])
    stored: dict[str, NDArray[np.generic]] = {
        "labels": np.array([about.value for about in LABELS]),
        "networks": np.array(len(SEEDS)),
    }
    for number, seed in enumerate(SEEDS):
        for name, part in zip("abcd", network(meanings, labels, len(LABELS), seed, HOW), strict=True):
            stored[f"{name}{number}"] = part.astype(np.float16)
        print(f"network {number + 1} of {len(SEEDS)}", flush=True)
    weights, bias = linear([pieces(text) for text, _ in typed], labels)
    stored |= {"pieces": weights.astype(np.float16), "bias": bias.astype(np.float16)}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(OUT, allow_pickle=False, **stored)
    print(f"wrote {OUT.name}: {OUT.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
