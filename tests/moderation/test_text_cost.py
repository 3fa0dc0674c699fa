"""How much work a text makes, beside plain writing of the same length: a busy machine counts for nothing.

How many milliseconds it is stands in benchmarks/redaction.py."""

import time

import pytest

from benchmarks.texts import hostile
from tests.moderation.text import redact

PLAIN = "We walked through the town tonight and talked to many people about bicycles and lights. "
BUSY = "Stopped a van on Harbour Road, plate AB12 CDE, with Maria Lopez, ring 07700 900123. "
TRIES = 3


@pytest.mark.parametrize("piece", [*hostile.PIECES, "dog was injured "])
def test_no_text_is_much_more_work_than_plain_writing(piece: str) -> None:
    """It is three times as much at the most; a search whose time grows with the square is a hundred times as much."""
    redact("warm", language="en")
    plain, other = (min(cost(hostile.of(text), i) for i in range(TRIES)) for text in (PLAIN, piece))
    assert other < 12 * plain


def test_the_work_grows_with_the_length_of_a_text_and_not_faster() -> None:
    redact("warm", language="en")
    short, long = (min(cost(hostile.of(BUSY, length), i) for i in range(TRIES)) for length in (512, 4096))
    assert long < 8 * 4 * short


def cost(text: str, number: int) -> float:
    """Seconds of this thread alone; with a number before it no text is met twice, which would cost nothing."""
    start = time.thread_time()
    redact(f"{number} {text}")
    return time.thread_time() - start
