"""How a card reads in Discord, and that words stay words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat_app import Ask, Button, Card, Weight
from bot.discord_app.markup import escape, quoted, size, unescape
from bot.discord_app.page import TEXT, Page, page
from tests.bot.discord_stage import CARD

SPECIAL = st.text(st.sampled_from("ab \n\\`*_~|<>[]()#@:.+-1x/"), max_size=40)


def body(card: Card) -> str:
    return page(card, "Write…").body


def labels(shown: Page) -> list[str]:
    return [label for row in shown.rows for _, label, _ in row]


@pytest.mark.parametrize(
    ("words", "markup"),
    [
        ("*loud* and _low_", r"\*loud\* and \_low\_"),
        ("||hidden||", r"\|\|hidden\|\|"),
        ("<@1001> <t:0:R>", r"\<@1001> \<t:0:R>"),
        ("@everyone, @here", r"\@everyone, \@here"),
        ("[here](https://bad.example)", r"\[here](https://bad.example)"),
        ("# loud\n- one\n1. first\n> said", "\\# loud\n\\- one\n1\\. first\n\\> said"),
        (".5 km, 3.5 m", ".5 km, 3.5 m"),
        ("back\\slash `code`", r"back\\slash \`code\`"),
        ("https://page.example/a_b_c", "https://page.example/a_b_c"),
    ],
)
def test_words_stay_words(words: str, markup: str) -> None:
    assert escape(words) == markup


@given(SPECIAL)
def test_what_was_escaped_can_be_read_back(words: str) -> None:
    assert unescape(escape(words)) == words


def test_marks_are_underlined_and_each_line_is_quoted() -> None:
    assert quoted("near Harbour\nRoad now", [(5, 17), (18, 21)]) == "> near __Harbour__\n> __Road__ __now__"


def test_marks_that_touch_are_one() -> None:
    assert quoted("abcdef", [(1, 3), (3, 5), (2, 4)]) == "> a__bcde__f"


def test_a_card_that_is_too_long_loses_lines_and_main_buttons_and_keeps_its_quote() -> None:
    quote = "word " * 600
    shown = page(replace(CARD, quote=quote, lines=("first line", "long " * 400)), "Write…")
    assert quote.strip() in shown.body
    assert "first line" in shown.body
    assert "long" not in shown.body
    assert labels(shown) == ["Drop"]


def test_what_the_form_shows_anyway_goes_before_the_lines() -> None:
    shown = page(replace(CARD, lines=("a line",), ask=Ask("Write", "words " * 800)), "Write…")
    assert "a line" in shown.body
    assert shown.prefill == ""
    assert labels(shown) == ["Write…", "Publish", "Drop"]


def test_a_quote_that_does_not_fit_is_cut_with_a_sign_and_can_not_be_published() -> None:
    shown = page(replace(CARD, quote="*word* " * 1000), "Write…")
    assert shown.body.endswith("[…]")
    assert 3900 < size(shown.title) + size(shown.body) <= TEXT
    assert labels(shown) == ["Drop"]


def test_many_buttons_are_filled_into_what_a_message_holds() -> None:
    rows = tuple((Button(f"t{number}", f"b{number}"),) for number in range(40))
    shown = page(replace(CARD, rows=rows), "Write…")
    assert labels(shown) == [f"b{number}" for number in range(25)]
    assert max(len(row) for row in shown.rows) == 5


def test_the_same_token_twice_makes_two_buttons() -> None:
    shown = page(replace(CARD, rows=((Button("t", "a"), Button("t", "b", Weight.DANGER)),)), "Write…")
    names = [part.custom_id for part in shown.view(()).walk_children() if hasattr(part, "custom_id")]
    assert names == ["0:t", "1:t"]


def test_a_card_of_one_sentence_is_not_loud() -> None:
    assert page(Card("You are off shift."), "Write…").title == "🔹 You are off shift."
