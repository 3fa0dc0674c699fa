"""A card that is longer than a chat app can show: it is read part by part, and its last part publishes."""

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import parts
from bot.author_card import AuthorCards
from bot.chat_app import Button, Card, Weight
from bot.decider_card import DeciderCards
from bot.discord_app.markup import unescape as plain
from bot.discord_app.page import page as on_discord
from bot.outbox import MAIN, SlotKind
from bot.telegram.page import page as on_telegram
from bot.view import PostView
from moderation import approval
from moderation.post import PostState, Wait
from tests.bot.test_cards import LANGUAGES, WORDS, picture_row, post_row, view

TEXT = " ".join(f"word{number}" for number in range(180))
ALTS = [" ".join(f"alt{which}-{number}" for number in range(170)) for which in (1, 2)]
WORD = st.sampled_from(
    ["fine", "*_*", "<b>", "👮🏽‍♀️", "1. one", "\n- two", "https://a.example/_x_", "ñandú", "x" * 900]
)
SAID = st.lists(WORD, max_size=400).map(" ".join)


@given(st.one_of(st.none(), SAID), st.lists(SAID, max_size=6), st.integers(0, 40))
@settings(max_examples=150, deadline=None)
def test_every_part_fits_every_chat_app_and_nothing_is_left_out(
    quote: str | None, lines: list[str], marked: int
) -> None:
    marks = tuple((at, at + 4) for at in range(0, 8 * marked, 8) if at + 4 <= len(quote or ""))
    row = (Button("1.publish.x.1", "Publish", Weight.MAIN), Button("1.page.edit.1", "Edit"))
    card = Card("214 · " + "n" * 200, quote=quote, marks=marks, lines=tuple(lines), rows=(row,))
    made = parts.parts(card)
    assert "".join(part.quote or "" for part in made) == (quote or "")
    assert "".join(line for part in made for line in part.lines) == "".join(lines)
    assert sum(end - start for part in made for start, end in part.marks) == 4 * len(marks)
    for part in made:
        keyboard = on_telegram(part, "https://t.me/c/1").keyboard
        assert keyboard is not None
        assert [key.text for row in keyboard.inline_keyboard for key in row] == ["Publish", "Edit"]
        assert [label for row in on_discord(part, "Write").rows for _, label, _ in row] == ["Publish", "Edit"]


def long_view(language: str, page: str) -> PostView:
    """A post of 4,000 characters with its descriptions: more than any message of a chat app holds with its reasons."""
    nobody: dict[str, Any] = {"suggestions": [], "approvals": [], "claimed_by": None}
    post = post_row(PostState.WAITING, text=TEXT, verdict="REDACT", reasons=[], networks=["page"], **nobody)
    pictures = [picture_row(number) for number in (1, 2)]
    for picture, alt in zip(pictures, ALTS, strict=True):
        picture.alt = alt
    return view(SlotKind.DECIDER, PostState.WAITING, page, language, post=post, pictures=pictures)


def pressed(card: Card, action: str) -> Button | None:
    return next((one for row in card.rows for one in row if one.token.split(".")[1] == action), None)


def read_on(card: Card) -> str | None:
    """The page that *Read on* turns to."""
    labels = [WORDS.say("card.button.read_on", language) for language in LANGUAGES]
    return next((one.token.split(".")[2] for row in card.rows for one in row if one.label in labels), None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_long_post_is_published_from_where_all_of_it_has_been_shown(language: str) -> None:
    cards, page = [], MAIN
    while True:
        cards.append(DeciderCards(WORDS).decider(long_view(language, page)))
        following = read_on(cards[-1])
        if following is None:
            break
        assert (pressed(cards[-1], "publish"), len(following) <= 40) == (None, True)
        page = following
    assert len(cards) > 1
    assert pressed(cards[-1], "publish") is not None
    for shown in (
        [re.sub("<[^>]+>", "", unescape(on_telegram(card).html)) for card in cards],
        [plain(on_discord(card, "").body) for card in cards],
    ):
        assert all(said in "\n".join(shown) for said in (TEXT, *ALTS))
    assert all(len(one.token) <= 40 for card in cards for row in card.rows for one in row)


def test_who_reads_on_in_a_post_that_was_changed_begins_anew() -> None:
    first = DeciderCards(WORDS).decider(long_view("en", MAIN))
    page = read_on(first)
    assert page is not None
    second = long_view("en", page)
    assert DeciderCards(WORDS).decider(second).title.endswith("2/2")
    second.post.text = TEXT.replace("word7 ", "word8 ")
    again = DeciderCards(WORDS).decider(second)
    assert (again.title, again.quote, read_on(again)) != (first.title, first.quote, page)
    assert again.title.endswith("1/2")
    assert DeciderCards(WORDS).decider(replace(second, post=long_view("en", MAIN).post)).title.endswith("2/2")


def test_the_page_with_ticks_is_read_in_parts_as_well() -> None:
    told = long_view("en", "ticks")
    told.post.reasons = [
        {"code": "a", "verdict": "FLAG", "words": "policy.reasons.place", "tick": "policy.ticks.verified"}
    ]
    told.post.ticks = ["policy.ticks.verified"]
    card = DeciderCards(WORDS).decider(told)
    page = read_on(card)
    assert (pressed(card, "publish"), page is not None and parts.base(page)) == (None, "ticks")
    told.slot.page = page or ""
    last = DeciderCards(WORDS).decider(told)
    publish = pressed(last, "publish")
    assert publish is not None
    assert publish.token.split(".")[2] == approval.seen(told.post, told.pictures, told.author.byline)
    assert pressed(last, "tick") is not None


def test_an_officer_says_from_a_long_card_as_well_that_they_are_clear_of_the_scene() -> None:
    seen = long_view("en", MAIN)
    seen.post.wait, seen.post.wait_over_at = Wait.SCENE, None
    seen.slot.kind = SlotKind.AUTHOR
    card = AuthorCards(WORDS).author(seen)
    assert len(parts.parts(card)) > 1
    clear = WORDS.say("card.button.clear", "en")
    keyboard = on_telegram(card, "https://t.me/c/1").keyboard
    assert keyboard is not None
    assert clear in [key.text for row in keyboard.inline_keyboard for key in row]
    assert clear in [label for row in on_discord(card, "Write").rows for _, label, _ in row]
