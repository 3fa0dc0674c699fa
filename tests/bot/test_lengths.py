import pytest

from bot import lengths
from bot.lengths import PARSED_AT_MOST, length
from bot.network import Counting, Limits
from tests.cost import cost


def limits(counting: Counting, per_link: int | None = None) -> Limits:
    return Limits(280, counting, 4, 1_000_000, 1000, per_link)


FAMILY = "👨‍👩‍👧"
LINK = "https://example.org/posts/214-and-a-rather-long-end-of-the-address"


@pytest.mark.parametrize(
    ("text", "counting", "expected"),
    [
        ("Road closed", Counting.CODE_POINTS, 11),
        ("Road closed", Counting.GRAPHEMES, 11),
        ("Road closed", Counting.WEIGHTED, 11),
        (FAMILY, Counting.CODE_POINTS, 5),
        (FAMILY, Counting.GRAPHEMES, 1),
        (FAMILY, Counting.WEIGHTED, 2),
        ("e\u0301", Counting.CODE_POINTS, 2),
        ("e\u0301", Counting.GRAPHEMES, 1),
        ("e\u0301", Counting.WEIGHTED, 1),
        ("5 €", Counting.WEIGHTED, 4),
        (LINK, Counting.WEIGHTED, 23),
        ("", Counting.WEIGHTED, 0),
    ],
)
def test_each_network_counts_in_its_own_way(text: str, counting: Counting, expected: int) -> None:
    assert length(text, limits(counting)) == expected


def test_a_link_counts_what_the_network_says_or_else_what_it_is() -> None:
    assert length(f"See {LINK}", limits(Counting.CODE_POINTS, 23)) == 27
    assert length(f"See {LINK}", limits(Counting.CODE_POINTS)) == 4 + len(LINK)


def test_a_text_made_to_be_slow_is_counted_as_quickly_as_any_and_is_never_called_short() -> None:
    hostile, plain = "a." * 20_000, "a " * 20_000
    weighted = limits(Counting.WEIGHTED)
    parsed = lengths._parsed.cache_info().misses
    assert length(hostile, weighted) > 280
    assert lengths._parsed.cache_info().misses == parsed
    assert cost(lambda: length(hostile, weighted)) < 10 * cost(lambda: length(plain, weighted))


def test_a_text_over_the_gate_counts_its_wide_letters_twice() -> None:
    assert length("€" * (PARSED_AT_MOST + 1), limits(Counting.WEIGHTED)) == 2 * (PARSED_AT_MOST + 1)
