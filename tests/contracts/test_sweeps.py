"""A card that a killed process sent without keeping its name goes when it is shown again, and nothing else does."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat_app import Button, Card, Sweeps, Weight
from tests.contracts.chat_app_harness import HARNESSES, Harness

OFFICER, SERGEANT = 1001, 1002
LOST = Card("214 · waiting", quote="Road closed.", rows=((Button("a1", "Publish", Weight.MAIN),),))


@pytest.fixture(params=HARNESSES)
async def harness(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Harness]:
    async with HARNESSES[request.param](tmp_path) as started:
        yield started


@pytest.mark.parametrize("first", [False, True], ids=["after others", "the first of all"])
async def test_a_card_whose_name_was_lost_goes_when_it_is_shown_again(harness: Harness, first: bool) -> None:
    officer, sergeant = harness.person(OFFICER), harness.person(SERGEANT)
    await officer.writes("Road closed.")
    await sergeant.writes("Here.")
    async with harness.connect() as app:
        earlier = None if first else await app.show(Card("213 · waiting"), officer.chat, "k1")
        await app.show(LOST, officer.chat, "k2")
    await officer.writes("Road closed for an hour.")
    async with harness.connect() as app:
        sweeps = isinstance(app, Sweeps)
        beside = await app.show(Card("215 · waiting"), sergeant.chat, "k3")
        between = await app.show(Card("216 · waiting"), officer.chat, "k4")
        # Where the platform itself knows a key again, the one of before is tried; elsewhere it has been forgotten.
        newest = await app.show(LOST, officer.chat, "k5" if sweeps else "k2")
        if isinstance(app, Sweeps):
            assert len(await officer.cards()) == (3 if first else 4)
            for _ in range(2):
                await app.sweep(officer.chat, earlier, newest, {beside, between})
    titles = {card.text.strip("▫️ ").partition(" ·")[0].split()[-1] for card in await officer.cards()}
    assert titles == ({"214", "216"} if first else {"213", "214", "216"})
    assert len(await officer.cards()) == len(titles)
    assert len(await sergeant.cards()) == 1
