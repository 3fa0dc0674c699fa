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
from moderation.reading.head import Head
from moderation.reading.tagger import LABELS

MODELS = ROOT / "config" / "models"
TRAIN = {
    "en": ("train_en_tweets", "patrol_en", "train_en_places"),
    "es": ("train_es_tweets", "patrol_es"),
    "fr": ("patrol_fr",),
}
PLACES_ALONE = ("train_en_places",)
"""Corpora in which only places are labelled."""
TAKEN, NOTHING = {"orig": 1.0, "lower": 0.5, "upper": 0.25}, 0.5
"""Shares of the posts that are learned in each case of letters; of the tokens without a label that the head learns."""
LEARNING = {"c1": 0.1, "c2": 0.1, "max_iterations": 40, "feature.minfreq": 3, "feature.possible_transitions": True}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=MODELS)
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    train = {name: list(examples(name)) for names in TRAIN.values() for name in names}
    _say("read")
    heads = _halves([each for name, posts in train.items() if name not in PLACES_ALONE for each in posts])
    for each in (each for name in PLACES_ALONE for each in train[name]):
        each.labels = _completed(each, heads[each.row % 2])
    _trained([each for posts in train.values() for each in posts], 0).save(chosen.out / "head.npz")
    _say("head trained")
    lessons = {name: _lessons(posts, heads) for name, posts in train.items()}
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


def _halves(posts: Sequence[Example]) -> list[Head]:
    """Two heads that have each learned half of the posts, so that each can judge the other half."""
    networks = [_trained([each for each in posts if each.row % 2 != half], 1 + half) for half in (0, 1)]
    return [Head(*network.weights) for network in networks]


def _trained(posts: Sequence[Example], seed: int) -> Network:
    chosen = [each for each in posts if each.cased == "orig"]
    given = np.concatenate([each.given for each in chosen])
    labels = np.concatenate([np.array(each.labels, np.int64) for each in chosen])
    kept = (labels > 0) | (np.random.default_rng(seed).random(len(labels)) < NOTHING)
    network = Network(given.shape[1], seed)
    network.train(given[kept], labels[kept])
    return network


def _lessons(corpus: Sequence[Example], heads: Sequence[Head]) -> list[Lesson]:
    """What the head says of a post comes from one that has not learned it."""
    chance = np.random.default_rng(7).random(len(corpus))
    return [
        Lesson(_told(each, heads[each.row % 2]), each.labels)
        for each, drawn in zip(corpus, chance, strict=True)
        if drawn < TAKEN[each.cased]
    ]


def _told(each: Example, head: Head) -> list[list[str]]:
    """The features of a post; the same word is kept once for all posts."""
    return [[*map(sys.intern, told)] for told in each.features(head.shares(each.given.astype(np.float32)))]


def _learn(file: Path, lessons: Sequence[Lesson]) -> None:
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params(LEARNING)
    for lesson in lessons:
        trainer.append(pycrfsuite.ItemSequence(lesson.features), [LABELS[kind] for kind in lesson.labels])
    trainer.train(str(file))


def _completed(post: Example, head: Head) -> list[int]:
    """The labels of a post of a corpus that labels places alone, with the other names that `head` is sure of."""
    sure = head.shares(post.given.astype(np.float32))
    return [
        label or (int(share.argmax()) if share.max() > 0.6 else 0)
        for label, share in zip(post.labels, sure, strict=True)
    ]


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
