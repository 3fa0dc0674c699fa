"""What the card says a post costs."""

import pytest

from bot.network import Counting, Limits
from bot.prices import price

CHARGES = Limits(280, Counting.WEIGHTED, 4, 5_000_000, 1000, dollars=0.015, link_dollars=0.2, alt_dollars=0.005)


@pytest.mark.parametrize(
    ("text", "alt_texts", "dollars"),
    [
        ("All quiet in Riverside.", 0, 0.015),
        ("All quiet in Riverside.", 2, 0.025),
        ("Advice: https://example.org/locks", 0, 0.2),
        ("A bare name is a link too: example.org", 1, 0.205),
        ("No space.After a stop", 0, 0.015),
        ("a." * 1000, 0, 0.015),
    ],
)
def test_a_link_and_each_alt_text_are_priced(text: str, alt_texts: int, dollars: float) -> None:
    assert price(text, alt_texts, CHARGES) == pytest.approx(dollars)


def test_a_network_that_charges_nothing_costs_nothing() -> None:
    assert price("https://example.org", 4, Limits(500, Counting.CODE_POINTS, 4, 1, 1)) == 0.0
