"""Any card at all is taken by every chat app, whatever is in it."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.chat_app import (
    Ask,
    Button,
    Card,
    Tone,
    Weight,
)
from tests.contracts.chat_app_harness import HARNESSES, change, three_pictures

OFFICER = 1001


NASTY = st.sampled_from(
    ["<b>", "</blockquote>", "&amp;", "&lt;", '"', "\u202e", "\u200b", "👮🏽‍♀️", "\n", "\x00", "é", "`*_["]
)
WORDS = st.lists(st.one_of(NASTY, st.text(max_size=12)), max_size=12).map("".join)
LABELS = st.lists(WORDS, min_size=1, max_size=3)


@st.composite
def cards(draw: st.DrawFn) -> Card:
    quote = draw(st.one_of(st.none(), WORDS, st.integers(900, 3000).map("x< ".__mul__)))
    length = len(quote or "")
    ends = st.integers(-2, length + 2)
    rows = draw(st.lists(LABELS, max_size=3))
    ask = draw(st.one_of(st.none(), st.builds(Ask, WORDS, WORDS)))
    return Card(
        title=draw(WORDS),
        tone=draw(st.sampled_from(Tone)),
        quote=quote,
        marks=tuple(draw(st.lists(st.tuples(ends, ends), max_size=4))),
        lines=tuple(draw(st.lists(st.one_of(WORDS, st.just("long " * 300)), max_size=6))),
        ask=ask,
        rows=tuple(tuple(Button("t" * 40, label, draw(st.sampled_from(Weight))) for label in row) for row in rows),
    )


@pytest.mark.parametrize("name", HARNESSES)
@given(card=cards(), pictured=st.booleans())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_card_is_accepted_and_can_be_changed_and_taken_away(
    name: str, tmp_path: Path, card: Card, pictured: bool
) -> None:
    async def told() -> None:
        async with HARNESSES[name](tmp_path) as harness, harness.connect() as app:
            officer = harness.person(OFFICER)
            shown = replace(card, pictures=three_pictures(tmp_path)[:1]) if pictured else card
            card_id = await app.show(shown, officer.chat, "k1")
            assert len(await officer.cards()) == 1
            card_id = await change(app, card_id, officer.chat, replace(card, title="later"))
            assert "later" in (await officer.cards())[0].text
            await app.remove(card_id, officer.chat)
            assert await officer.cards() == []

    asyncio.run(told())
