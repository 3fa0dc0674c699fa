"""Train the model of names and places from annotated posts.

Run as `nice -n 19 python -m benchmarks.training.text_model`, some minutes on one core. Writes config/models/."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pycrfsuite

from benchmarks.training.corpus import ROOT, Example, examples
from benchmarks.training.network import Network
from moderation.reading.head import Head, Numbers
from moderation.reading.tagger import LABELS

MODELS = ROOT / "config" / "models"
TRAIN = {
    "en": ("train_en_tweets", "patrol_en", "train_en_places"),
    "es": ("train_es_tweets", "patrol_es"),
    "fr": ("patrol_fr",),
}
PLACES_ALONE = ("train_en_places",)
"""Corpora in which only places are labelled."""
NOTHING = 0.5
"""Share of the tokens without a label that the heads learn."""
LEARNING = {"c1": 0.1, "c2": 0.1, "max_iterations": 40, "feature.minfreq": 3, "feature.possible_transitions": True}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=MODELS)
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    train = {name: list(examples(name)) for names in TRAIN.values() for name in names}
    _say("read")
    halves = _halves([each for name, posts in train.items() if name not in PLACES_ALONE for each in posts])
    for each in (each for name in PLACES_ALONE for each in train[name]):
        each.labels = _completed(each, halves[each.row % 2])
    whole = _trained([each for posts in train.values() for each in posts], 0)
    for network, name in zip(whole, ("rampart", "encoder"), strict=True):
        network.save(chosen.out / f"{name}.npz")
    _say("heads trained")
    lessons = {name: [_lesson(each, halves[each.row % 2]) for each in posts] for name, posts in train.items()}
    for language, names in TRAIN.items():
        learned = [lesson for name in names for lesson in lessons[name]]
        if language == "fr":
            learned += [lesson for name in ("train_en_tweets", "train_es_tweets") for lesson in lessons[name][::3]]
        _learn(chosen.out / f"{language}.crfsuite", learned)
        _say(f"{language} trained")
    return 0


@dataclass(frozen=True, slots=True)
class Lesson:
    """One post for a tagger."""

    features: list[list[str]]
    labels: list[int]


Heads = tuple[Head, Head]
"""On Rampart, and on the encoder."""


def _halves(posts: Sequence[Example]) -> list[Heads]:
    """Two pairs of heads that have each learned half of the posts, so that each can judge the other half."""
    pairs = [_trained([each for each in posts if each.row % 2 != half], 1 + half) for half in (0, 1)]
    return [(Head(*first.weights), Head(*second.weights)) for first, second in pairs]


def _trained(posts: Sequence[Example], seed: int) -> tuple[Network, Network]:
    """Rampart reads no capitals, so its head learns each post once."""
    once = [each for each in posts if each.cased == "orig"]
    first = _network([each.given for each in once], [each.labels for each in once], seed)
    return first, _network([each.encoded for each in posts], [each.labels for each in posts], seed)


def _network(given: Sequence[Numbers], labelled: Sequence[Sequence[int]], seed: int) -> Network:
    labels = np.concatenate([np.array(each, np.int64) for each in labelled])
    kept = (labels > 0) | (np.random.default_rng(seed).random(len(labels)) < NOTHING)
    read = np.concatenate(given)[kept].astype(np.float16)
    network = Network(read.shape[1], seed)
    network.train(read, labels[kept])
    return network


def _lesson(post: Example, heads: Heads) -> Lesson:
    """What the heads say of a post comes from a pair that has not learned it. The same word is kept once for all."""
    told = post.features(*_said(post, heads))
    return Lesson([[*map(sys.intern, each)] for each in told], post.labels)


def _said(post: Example, heads: Heads) -> tuple[Numbers, Numbers]:
    given, encoded = post.given.astype(np.float32), post.encoded.astype(np.float32)
    return heads[0].shares(given), heads[1].shares(encoded)


def _learn(file: Path, lessons: Sequence[Lesson]) -> None:
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params(LEARNING)
    for lesson in lessons:
        trainer.append(pycrfsuite.ItemSequence(lesson.features), [LABELS[kind] for kind in lesson.labels])
    trainer.train(str(file))


def _completed(post: Example, heads: Heads) -> list[int]:
    """The labels of a post of a corpus that labels places alone, with the other names that both heads are sure of."""
    sure = np.mean(_said(post, heads), axis=0)
    return [
        label or (int(share.argmax()) if share.max() > 0.6 else 0)
        for label, share in zip(post.labels, sure, strict=True)
    ]


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
