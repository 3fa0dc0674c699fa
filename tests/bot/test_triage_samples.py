"""The replies that judge triage were written before its rules, and never change."""

import hashlib
from collections import Counter

import pytest

from tests.bot.triage_samples import FOLDER, samples

FROZEN = {
    "en": "43728a5b7316bc815edc7c57ec2b67be4098825c0ad8afdbd3643f12bce76181",
    "es": "f30e1c9b7f8788f100e7344f76f2f0d8040d24866919af07d7029ced28df24ae",
    "fr": "243b0e015dca692ec4493c64be6bd97a3bd8650cf159c6a8681b899bed427d68",
}


@pytest.mark.parametrize("language", FROZEN)
def test_the_judged_replies_are_those_that_were_frozen(language: str) -> None:
    assert hashlib.sha256((FOLDER / f"{language}.jsonl").read_bytes()).hexdigest() == FROZEN[language]


def test_there_are_enough_of_every_sort() -> None:
    kinds = Counter(sample.kind for sample in samples())
    assert sum(kinds.values()) >= 330
    assert kinds["criticism"] >= 60
    assert kinds["emergency"] + kinds["suicide"] + kinds["minor"] >= 150
    assert len({sample.text for sample in samples() if sample.kind != "praise"}) >= 520
