"""Write config/names/ordinary.txt: words that are hardly ever part of a name, counted in the annotated posts, and those
of Faker's plain sentences."""

import json
import re
from collections import Counter
from collections.abc import Iterator

from faker import Faker

from benchmarks.training.corpus import CORPORA, LISTS, ROOT
from benchmarks.training.patrol_posts import FOLDER
from moderation.normalise import look_at, plain
from moderation.reading.tokens import Sort, tokens_of

TARGET = ROOT / "config" / "names" / "ordinary.txt"
HEAD = "# Words that are hardly ever names: counted in annotated posts, of benchmarks/training/patrol, of Faker (MIT)."
TRAIN = ("train_en_tweets", "train_es_tweets")
SEEN, NAMED = 6, 0.03
"""How often a word was seen at least, and in what share of that as part of a name at most."""


def main() -> None:
    seen, named = Counter[str](), Counter[str]()
    for word, in_name in _words():
        seen[word] += 1
        named[word] += in_name
    often = {word for word, count in seen.items() if count >= SEEN and named[word] <= NAMED * count}
    known = {word for word in (*often, *_plain_words()) if not LISTS.knows_capital(word)}
    ordinary = known | set(_patrol_words())
    TARGET.write_text("\n".join([HEAD, *sorted(ordinary)]) + "\n", "utf-8")


def _words() -> Iterator[tuple[str, bool]]:
    for corpus in TRAIN:
        for line in (CORPORA / f"{corpus}.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            seen = look_at(row["text"])
            spans = [seen.seen(s["start"], s["end"]) for s in row["spans"] if s["label"] != "USERNAME"]
            for token in tokens_of(seen.folded):
                if token.sort is Sort.WORD and len(token.written) > 1:
                    yield plain(token.written), any(token.start < end and start < token.end for start, end in spans)


def _plain_words() -> Iterator[str]:
    """The words that Faker makes its plain sentences of."""
    for locale in ("en_US", "es_ES", "fr_FR"):
        for words in (lorem.word_list for lorem in Faker(locale).get_providers() if "lorem" in type(lorem).__module__):
            yield from (plain(word) for word in words if word.isalpha() and word.islower())


def _patrol_words() -> Iterator[str]:
    for file in FOLDER.glob("*.txt"):
        for token in tokens_of(re.sub(r"\{\w+\}", " ", file.read_text("utf-8"))):
            word = plain(token.written)
            if token.sort is Sort.WORD and not token.written[1:].isupper() and not LISTS.knows_capital(word):
                yield word


if __name__ == "__main__":
    main()
