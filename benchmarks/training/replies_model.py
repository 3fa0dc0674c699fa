"""Teaches the second judge of replies from the invented replies beside this file, and writes config/models/replies.npz.

Run as `OPENBLAS_NUM_THREADS=1 nice -n 19 python -m benchmarks.training.replies_model`; two minutes of one core (many
with more threads, which wait for each other), the same file every time."""

import re
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.triage_features import PIECES, Encoder, Numbers, pieces
from bot.triage_labels import About
from moderation.normalise import look_at, plain
from tests.bot.triage_samples import later

FOLDER: Final = Path(__file__).parent / "replies"
OUT: Final = Path(__file__).resolve().parents[2] / "config" / "models" / "replies.npz"
LABELS: Final = tuple(About)
KINDS: Final = {"suicide": "crisis"}
SEEDS: Final = (0, 1, 2)
HIDDEN, BATCH, PASSES, RATE, DECAY, DROPPED = 128, 128, 25, 3e-3, 3e-2, 0.3
PIECE_PASSES, PIECE_RATE = 5, 0.5

Labels = NDArray[np.int64]
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


def network(meanings: Numbers, labels: Labels, seed: int) -> list[Numbers]:
    """One hidden layer, by Adam with weight decay and dropped neurons."""
    dice = np.random.default_rng(seed)
    spread = 1 / np.sqrt(meanings.shape[1])
    parts: list[Numbers] = [
        (dice.normal(0, spread, (meanings.shape[1], HIDDEN)) * 4).astype(np.float32),
        np.zeros(HIDDEN, np.float32),
        dice.normal(0, 1 / np.sqrt(HIDDEN), (HIDDEN, len(LABELS))).astype(np.float32),
        np.zeros(len(LABELS), np.float32),
    ]
    means, squares = [np.zeros_like(p) for p in parts], [np.zeros_like(p) for p in parts]
    step = 0
    for turn in range(PASSES):
        order = dice.permutation(len(meanings))
        for start in range(0, len(order), BATCH):
            step += 1
            chosen = order[start : start + BATCH]
            slopes = _slopes(parts, meanings[chosen], labels[chosen], dice)
            _move(parts, slopes, means, squares, step, RATE * (1 - turn / PASSES))
    return parts


def _slopes(parts: list[Numbers], given: Numbers, labels: Labels, dice: np.random.Generator) -> list[Numbers]:
    hidden = np.maximum(given @ parts[0] + parts[1], 0)
    kept = ((dice.random(hidden.shape, dtype=np.float32) > DROPPED) / np.float32(1 - DROPPED)).astype(np.float32)
    shares = softmax((hidden * kept) @ parts[2] + parts[3])
    shares[np.arange(len(labels)), labels] -= 1
    off = (shares / np.float32(len(labels))).astype(np.float32)
    back = (off @ parts[2].T) * kept * (hidden > 0)
    return [given.T @ back, back.sum(axis=0), (hidden * kept).T @ off, off.sum(axis=0)]


def _move(
    parts: list[Numbers], slopes: list[Numbers], means: list[Numbers], squares: list[Numbers], step: int, rate: float
) -> None:
    for i, slope in enumerate(slopes):
        means[i] = 0.9 * means[i] + 0.1 * slope
        squares[i] = 0.999 * squares[i] + 0.001 * slope * slope
        by = means[i] / (1 - 0.9**step) / (np.sqrt(squares[i] / (1 - 0.999**step)) + 1e-8)
        decay = DECAY * parts[i] if i in (0, 2) else 0
        parts[i] = (parts[i] - rate * (by + decay)).astype(np.float32)


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


def softmax(logits: Numbers) -> Numbers:
    shares: Numbers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


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
        for name, part in zip("abcd", network(meanings, labels, seed), strict=True):
            stored[f"{name}{number}"] = part.astype(np.float16)
        print(f"network {number + 1} of {len(SEEDS)}", flush=True)
    weights, bias = linear([pieces(text) for text, _ in typed], labels)
    stored |= {"pieces": weights.astype(np.float16), "bias": bias.astype(np.float16)}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(OUT, allow_pickle=False, **stored)
    print(f"wrote {OUT.name}: {OUT.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
