"""Train the model of names and places from annotated posts, and print what it finds in the development posts.

Run as `nice -n 19 python -m benchmarks.training.text_model`, some minutes on one core. Writes config/models/."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pycrfsuite

from benchmarks.training.corpus import ROOT, Example, examples
from benchmarks.training.network import Network
from moderation.reading.head import Head, Numbers
from moderation.reading.tagger import LABELS, Tagger
from moderation.reading.tokens import Sort

MODELS = ROOT / "config" / "models"
TRAIN = {"en": ("train_en_tweets", "train_en_places"), "es": ("train_es_tweets",)}
DEV = {"en": ("dev_en_tweets", "dev_en_places"), "es": ("dev_es_tweets",)}
LOWER, UPPER, NOTHING = 0.5, 0.25, 0.35
"""Shares of the posts learned in lower case and in capitals too; of the tokens without a label that the head learns."""
LEARNING = {"c1": 0.05, "c2": 0.02, "max_iterations": 60, "feature.minfreq": 2, "feature.possible_transitions": True}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=MODELS)
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    train = {language: [list(examples(name)) for name in names] for language, names in TRAIN.items()}
    _say("read")
    network, shares = _heads([corpus for corpora in train.values() for corpus in corpora])
    network.save(chosen.out / "head.npz")
    _say("head trained")
    at = 0
    for language, corpora in train.items():
        told = shares[at : at + len(corpora)]
        at += len(corpora)
        _learn(chosen.out / f"{language}.crfsuite", corpora, told)
        _say(f"{language} trained")
        for name in DEV[language]:
            _show(name, Head.load(chosen.out / "head.npz"), Tagger(chosen.out / f"{language}.crfsuite"))
    return 0


def _heads(corpora: Sequence[Sequence[Example]]) -> tuple[Network, list[list[Numbers]]]:
    """The head, and for each example the shares that a head gives which has not learned that post."""
    folds = [_trained(corpora, 1 + fold, lambda row, fold=fold: row % 2 != fold)[1] for fold in (0, 1)]
    whole, _ = _trained(corpora, 0, lambda row: True)
    return whole, [[folds[each.row % 2].shares(each.given.astype(np.float32)) for each in corpus] for corpus in corpora]


def _trained(corpora: Sequence[Sequence[Example]], seed: int, takes: Callable[[int], bool]) -> tuple[Network, Head]:
    chosen = [each for corpus in corpora for each in corpus if each.cased == "orig" and takes(each.row)]
    given = np.concatenate([each.given for each in chosen])
    labels = np.concatenate([np.array(each.labels, np.int64) for each in chosen])
    kept = (labels > 0) | (np.random.default_rng(seed).random(len(labels)) < NOTHING)
    network = Network(given.shape[1], seed)
    return network, network.train(given[kept], labels[kept])


def _learn(file: Path, corpora: Sequence[Sequence[Example]], shares: Sequence[Sequence[Numbers]]) -> None:
    """Corpora that label places alone get their persons from a model of those that label both."""
    trainer = _trainer()
    for corpus, told in zip(corpora[:1], shares, strict=False):
        _append(trainer, corpus, told, [each.labels for each in corpus])
    trainer.train(str(file))
    if len(corpora) == 1:
        return
    first = Tagger(file)
    for corpus, told in zip(corpora[1:], shares[1:], strict=True):
        _append(
            trainer, corpus, told, [_completed(first, each, share) for each, share in zip(corpus, told, strict=True)]
        )
    del first
    trainer.train(str(file))


def _completed(tagger: Tagger, each: Example, shares: Numbers) -> list[int]:
    said = tagger.shares(each.features(shares))
    return [
        label or (1 if s.person > 0.5 else 3 if s.other > 0.5 else 0)
        for label, s in zip(each.labels, said, strict=True)
    ]


def _trainer() -> pycrfsuite.Trainer:
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params(LEARNING)
    return trainer


def _append(
    trainer: pycrfsuite.Trainer, corpus: Sequence[Example], shares: Sequence[Numbers], labels: Sequence[Sequence[int]]
) -> None:
    chance = np.random.default_rng(7).random(len(corpus))
    wanted = {"orig": 1.0, "lower": LOWER, "upper": UPPER}
    for each, told, label, drawn in zip(corpus, shares, labels, chance, strict=True):
        if drawn < wanted[each.cased]:
            trainer.append(pycrfsuite.ItemSequence(each.features(told)), [LABELS[kind] for kind in label])


def _show(corpus: str, head: Head, tagger: Tagger) -> None:
    for cased in ("orig", "lower"):
        dev = list(examples(corpus, (cased,)))
        said = [tagger.shares(each.features(head.shares(each.given.astype(np.float32)))) for each in dev]
        _say(f"{corpus} {cased}")
        for other in (0.0, 0.5, 1.0):
            scores = [[s.person + s.place + other * s.other for s in shares] for shares in said]
            for limit in (0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01):
                _say(f"  other {other:.1f} limit {limit:.2f} " + _found(dev, scores, limit))


def _found(dev: Sequence[Example], scores: Sequence[Sequence[float]], limit: float) -> str:
    found: dict[int, list[bool]] = {1: [], 2: []}
    harmless = over = 0
    for each, score in zip(dev, scores, strict=True):
        masked = _letters((t.start, t.end) for t, s in zip(each.tokens, score, strict=True) if s >= limit)
        named = _letters((start, end) for start, end, _ in each.spans)
        apart = _letters((t.start, t.end) for t in each.tokens if t.sort in (Sort.LINK, Sort.HANDLE))
        masked -= apart
        for start, end, kind in each.spans:
            letters = {i for i in range(start, end) if each.text[i].isalnum()}
            if kind in found:
                found[kind].append(len(letters & masked) >= 0.9 * len(letters))
        plain = {i for i, letter in enumerate(each.text) if letter.isalnum()} - named
        harmless, over = harmless + len(plain), over + len(plain & masked)
    shares = " ".join(f"{LABELS[kind]} {100 * np.mean(hits):5.1f}" for kind, hits in found.items() if hits)
    return f"{shares} over {100 * over / max(harmless, 1):4.1f}"


def _letters(spans: Iterable[tuple[int, int]]) -> set[int]:
    return {i for start, end in spans for i in range(start, end)}


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
