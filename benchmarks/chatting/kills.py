"""The whole program is killed again and again in the middle of many interactions."""

import sys
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Final

from benchmarks.chatting.ground import ROOT, database_in
from moderation.post import Post, PostState
from shifts.database import Database
from tests.bot import test_whole_bot_killed as killed
from tests.fake_telegram.server import FakeTelegram
from tests.journeys.stage import free_port

MIXED: Final = {"message": 500, "edit": 180, "publish": 220, "drop": 100}
MIXED_QUICK: Final = {"message": 30, "edit": 10, "publish": 14, "drop": 6}


async def kills(folder: Path, updates: Mapping[str, int], times: int) -> dict[str, float]:
    """Everybody writes, changes, drops and publishes at once; in the end everything has to be there once and true."""
    (folder / "data").mkdir(parents=True)
    database = Database(database_in(folder / "data"))
    await killed.begin(database)
    async with FakeTelegram().serving() as fake:
        told = {"token": fake.token, "base_url": fake.base_url, "port": free_port(), "config": ROOT / "config"}
        (folder / "patrol.toml").write_text(killed.CONFIG.format(**told), "utf-8")
        sent = await killed.play(database, fake, folder, updates, times)
        felt = [
            await _felt("something was lost", killed.check_inbox(database, sent, updates)),
            await _felt("something was decided twice or never", killed.check_posts(database, sent)),
            await _felt("something is public twice or never", killed.check_public(database)),
            await _felt("a card is not true", _no_card_twice(killed.check_cards(database, fake))),
        ]
        published = len(await killed.rows(database, Post, Post.state == PostState.RELEASED))
    await database.close()
    return {
        "mixed interactions": sum(updates.values()),
        "of them published": published,
        "kills": times,
        "ways in which kills were felt": sum(felt),
    }


async def _no_card_twice(check: Awaitable[int]) -> None:
    twice = await check
    assert twice == 0, f"{twice} stand twice"


async def _felt(what: str, check: Awaitable[object]) -> bool:
    """Whether something was lost, repeated or untrue."""
    try:
        await check
    except AssertionError as error:
        print(f"{what}: {error}"[:300], file=sys.stderr)
        return True
    return False
