"""Deliveries that need a hand: who is asked, what each answer does, and that nothing goes out that was not shown."""

import hashlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PIL import Image
from sqlmodel import col, select

from bot import delivery, smaller, trouble_taps
from bot.chat_app import Card
from bot.delivery import DELIVERIES, STUCK_AFTER, Delivery, DeliveryState
from bot.desk import Caller
from bot.network import OUT_OF_CREDIT, Counting, Limits, Published, Refused, SignedOut, TryLater
from bot.outbox import Slot, SlotKind
from bot.tap import Tap
from bot.trouble_card import TroubleCards
from moderation.audit import AuditEntry
from moderation.decision import NotAllowed
from moderation.post import POSTS, Post, PostState
from moderation.redaction import Redactor
from moderation.release import ContentHash, PublicPicture, Release
from shifts import roster
from shifts.database import Database, utc_now
from shifts.officer import Account, Officer
from shifts.shift import Duty
from shifts.words import Words
from tests.bot.fault_network import Fault, FaultNetwork
from tests.bot.test_publishing import CONFIG, Desk, a_desk

WORDS = Words.load(CONFIG / "languages")
LONG = "We stopped a van in Riverside tonight. Its driver was reported. Four of its tyres were bald."
ACTIONS = {name: getattr(trouble_taps, name) for name in ("smaller", "again", "skip", "there", "absent")}


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor.load(CONFIG, WORDS, models=False)


@dataclass
class Small(FaultNetwork):
    """It takes 60 characters, and says so only when something is sent; `blind`: it cannot look; `shut`: what it says to
    everything else."""

    blind: bool = False
    shut: Exception | None = None

    async def publish(self, release: Release, key: str, answers: str | None) -> Published:
        if self.shut is not None:
            raise self.shut
        if len(release.text) > self.limits.characters:
            raise Refused("too long")
        return await super().publish(release, key, answers)

    async def find(self, release: Release, key: str, since: datetime) -> Published | None:
        if self.blind:
            raise TryLater(0.0)
        return await super().find(release, key, since)

    async def withdraw(self, published: Published) -> None:
        if self.shut is not None:
            raise self.shut
        await super().withdraw(published)


@dataclass
class Hand:
    """The sergeant who is asked, and the author who never is."""

    desk: Desk
    network: Small

    async def card(self) -> Card:
        """The one card about it, as the sergeant sees it."""
        async with self.desk.database.reading() as session:
            (slot,) = (await session.exec(select(Slot).where(col(Slot.kind) == SlotKind.TROUBLE))).all()
            assert slot.officer_id == "sergeant-1"
            card = await TroubleCards(WORDS).card(session, slot, await session.get_one(Officer, "sergeant-1"))
        assert card is not None
        return card

    async def labels(self) -> list[str]:
        return [button.label for row in (await self.card()).rows for button in row]

    async def arg(self, action: str) -> str:
        """What the button says of what its card shows."""
        tokens = [button.token.split(".") for row in (await self.card()).rows for button in row]
        return next((token[2] for token in tokens if token[1] == action), "")

    async def tap(self, action: str, person: str = "sergeant-1", arg: str | None = None) -> None:
        shown = await self.arg(action) if arg is None else arg
        async with self.desk.database.transaction() as session:
            slot = (await session.exec(select(Slot).where(col(Slot.kind) == SlotKind.TROUBLE))).one()
            desk = SimpleNamespace(networks={"far": self.network.limits})
            account = Account(officer_id=person, app="a", account="1", chat="1", linked_at=self.desk.clock.now)
            caller = Caller(await session.get_one(Officer, person), account)
            tap = Tap(cast(Any, desk), caller, slot, action, shown, 0, self.desk.clock.now)
            await ACTIONS[action](session, tap)

    async def audited(self) -> list[tuple[str, str | None]]:
        async with self.desk.database.reading() as session:
            entries = (await session.exec(select(AuditEntry).order_by(col(AuditEntry.seq)))).all()
        return [(entry.event, entry.actor) for entry in entries if entry.event.startswith("by hand")]


@pytest.fixture
async def hand(database: Database, redactor: Redactor, tmp_path: Path) -> AsyncIterator[Hand]:
    async with a_desk(database, redactor, tmp_path) as desk:
        network = Small(limits=replace(desk.network.limits, characters=60))
        desk.network = network
        cast(dict[str, FaultNetwork], desk.publisher._networks)["far"] = network
        now = utc_now()
        author = await _author(database)
        async with database.transaction() as session:
            told = author.model_dump() | {"id": "sergeant-1", "call_sign": "Sierra 1", "roles": ["sergeant"]}
            session.add(Officer(**told))
            await session.flush()
            await roster.link(session, "sergeant-1", "a", "1", "1", now)
            session.add(Duty(shift_id=1, officer_id="sergeant-1", on_at=now))
        yield Hand(desk, network)


async def _author(database: Database) -> Officer:
    async with database.reading() as session:
        return await session.get_one(Officer, "lima-3")


async def test_what_is_too_long_goes_out_as_the_card_shows_it_and_no_other_way(hand: Hand) -> None:
    await hand.desk.approve(1, LONG)
    await hand.desk.run(2)
    assert await hand.desk.states() == [DeliveryState.REFUSED]
    shown = (await hand.card()).quote
    assert shown == "We stopped a van in Riverside tonight."
    assert await hand.labels() == ["Send smaller", "Try again", "Skip"]
    await hand.tap("smaller")
    await hand.desk.run(2)
    assert hand.network.texts() == [shown]
    assert await hand.desk.states() == [DeliveryState.SENT]
    assert (await hand.card()).rows == ()
    assert await hand.audited() == [("by hand: smaller", "sergeant-1")]


async def test_what_a_card_offered_before_is_not_sent_in_another_size(hand: Hand) -> None:
    await hand.desk.approve(1, LONG)
    await hand.desk.run(2)
    shown = await hand.arg("smaller")
    async with hand.desk.database.transaction() as session:
        row = (await session.exec(select(Delivery))).one()
        row.offer = {"characters": 30}
    with pytest.raises(NotAllowed, match=r"tap\.stale"):
        await hand.tap("smaller", arg=shown)
    assert await hand.desk.states() == [DeliveryState.REFUSED]


async def test_what_is_skipped_is_never_sent(hand: Hand) -> None:
    await hand.desk.approve(1, LONG)
    await hand.desk.run(2)
    await hand.tap("skip")
    await hand.desk.run(3)
    assert hand.network.texts() == []
    assert await hand.desk.states() == [DeliveryState.CANCELLED]
    with pytest.raises(NotAllowed, match=r"tap\.done_already"):
        await hand.tap("again")


async def test_nobody_settles_the_trouble_of_their_own_post(hand: Hand) -> None:
    await hand.desk.approve(1, LONG)
    await hand.desk.run(2)
    with pytest.raises(NotAllowed):
        await hand.tap("smaller", "lima-3")
    assert await hand.desk.states() == [DeliveryState.REFUSED]


async def test_what_breaks_a_rule_can_be_tried_again_but_not_made_smaller(hand: Hand) -> None:
    hand.network.faults = [Fault.REFUSED]
    await hand.desk.approve(1, "All quiet.")
    await hand.desk.run(1)
    assert await hand.labels() == ["Try again", "Skip"]
    await hand.tap("again")
    await hand.desk.run(1)
    assert hand.network.texts() == ["All quiet."]


async def in_doubt(hand: Hand, *faults: Fault) -> None:
    """Sent, not confirmed, and the network does not let us look."""
    hand.network.faults, hand.network.blind = list(faults), True
    await hand.desk.approve(1, "All quiet.")
    await hand.desk.run(1)
    await hand.desk.run(4)
    assert await hand.desk.states() == [DeliveryState.UNCLEAR]
    assert await hand.labels() == ["It is there", "Not there, send again"]


async def test_what_somebody_saw_there_is_not_sent_again_and_can_still_be_taken_back(hand: Hand) -> None:
    await in_doubt(hand, Fault.LOST_AFTER)
    await hand.tap("there")
    await hand.desk.run(3)
    assert await hand.desk.states() == [DeliveryState.SENT]
    assert hand.network.texts() == ["All quiet."]
    hand.network.blind = False
    async with hand.desk.database.transaction() as session:
        row = (await session.exec(select(Delivery))).one()
        await DELIVERIES.move(session, row, DeliveryState.RECALLING)
    await hand.desk.run(1)
    assert hand.network.withdrawn == [row.key]
    assert await hand.desk.states() == [DeliveryState.RECALLED]


async def test_what_somebody_saw_there_and_nobody_finds_is_left_to_a_person_to_delete(hand: Hand) -> None:
    await in_doubt(hand, Fault.LOST_AFTER)
    await hand.tap("there")
    there, hand.network.seen = hand.network.seen, []
    hand.network.blind = False
    await recall(hand)
    await hand.desk.run(2)
    assert (await hand.card()).rows == ()
    with pytest.raises(NotAllowed, match=r"tap\.done_already"):
        await hand.tap("absent")
    await hand.desk.run(2)
    assert await hand.desk.states() == [DeliveryState.RECALLING]
    assert (await hand.labels(), (await hand.card()).quote) == (["It is gone"], there[0][1])
    await hand.tap("absent")
    await hand.desk.run(2)
    assert (await hand.desk.states(), hand.network.withdrawn) == ([DeliveryState.RECALLED], [])
    assert (await hand.card()).rows == ()


@pytest.mark.parametrize(
    ("shut", "state", "why"),
    [
        (SignedOut(), "far: waiting, our account there does not work", "signed_out"),
        (TryLater(900.0, OUT_OF_CREDIT), "far: waiting, its credit is used up", "credit"),
        (TryLater(900.0), "far: waiting, it takes no more for now", "busy"),
    ],
)
async def test_an_account_that_does_not_work_is_told_on_one_card_and_goes_on_once_it_is_mended(
    hand: Hand, shut: Exception, state: str, why: str
) -> None:
    await hand.desk.approve(1, "All quiet.")
    await hand.desk.approve(2, "Still quiet.")
    hand.network.shut = shut
    await hand.desk.run(1)
    async with hand.desk.database.transaction() as session:
        (await session.exec(select(Delivery).where(col(Delivery.tries) > 0))).one().tries = STUCK_AFTER
    hand.desk.clock.on(hours=3)
    await hand.desk.run(1)
    assert await hand.desk.states() == [DeliveryState.DUE] * 2, "it is waited for, however long it takes"
    card = await hand.card()
    assert (card.title.lower(), card.lines) == (f"1 · {state}", (WORDS.say(f"trouble.{why}", "en"),))
    hand.network.shut = None
    hand.desk.clock.on(minutes=20)
    await hand.desk.run(2)
    assert hand.network.texts() == ["All quiet.", "Still quiet."]
    assert (await hand.card()).title == "1 · Far: published https://far.example/tp-1-far"


@pytest.mark.parametrize(("shut", "rounds"), [(SignedOut(), 1), (TryLater(3600.0), 1), (TryLater(5.0), 4)])
async def test_a_recall_that_does_not_reach_a_network_is_told_with_where_it_stands(
    hand: Hand, shut: Exception, rounds: int
) -> None:
    await hand.desk.approve(1, "All quiet.")
    await hand.desk.run(1)
    await recall(hand)
    hand.network.shut = shut
    await hand.desk.run(rounds)
    assert await hand.labels() == ["It is gone"]
    assert (await hand.card()).lines == (WORDS.say("trouble.unreached", "en"), "https://far.example/tp-1-far")
    await hand.tap("absent")
    assert (await hand.desk.states(), (await hand.card()).rows) == ([DeliveryState.RECALLED], ())


async def test_a_recall_that_gets_through_late_needs_nobody_any_more(hand: Hand) -> None:
    await hand.desk.approve(1, "All quiet.")
    await hand.desk.run(1)
    await recall(hand)
    hand.network.shut = SignedOut()
    await hand.desk.run(2)
    hand.network.shut = None
    await hand.desk.run(2)
    assert (await hand.desk.states(), (await hand.card()).rows) == ([DeliveryState.RECALLED], ())


def test_what_is_tried_again_at_once_is_spread_and_never_before_the_time_that_was_asked_for() -> None:
    for asked in (None, 5.0, 60.0, 900.0):
        lucks = [delivery.patience(3, asked, luck / 10) for luck in range(11)]
        assert len(set(lucks)) == 11
        assert min(lucks) >= timedelta(seconds=asked or 0)


async def a_thread_in_doubt(hand: Hand, *faults: Fault) -> None:
    hand.network.limits = replace(hand.network.limits, threads=True)
    hand.network.faults, hand.network.blind = list(faults), True
    await hand.desk.approve(1, "One.\n\nTwo.\n\nThree.", thread=True)
    await hand.desk.run(5)
    assert await hand.labels() == ["It is there", "Not there, send again"]


@pytest.mark.parametrize("before", [0, 1, 2])
async def test_a_thread_goes_on_after_a_piece_that_somebody_saw_there_and_all_of_it_can_be_taken_back(
    hand: Hand, before: int
) -> None:
    await a_thread_in_doubt(hand, *[Fault.NONE] * before, Fault.LOST_AFTER)
    await hand.tap("there")
    await hand.desk.run(3)
    assert (hand.network.texts(), await hand.desk.states()) == (["One.", "Two.", "Three."], [DeliveryState.SENT])
    await recall(hand)
    await hand.desk.run(2)
    assert await hand.desk.states() == [DeliveryState.RECALLING]
    hand.network.blind = False
    await hand.desk.run(2)
    assert await hand.desk.states() == [DeliveryState.RECALLED]
    assert set(hand.network.withdrawn) == {key for key, _ in hand.network.seen}


async def test_a_piece_of_a_thread_that_somebody_did_not_find_is_sent_once_more(hand: Hand) -> None:
    await a_thread_in_doubt(hand, Fault.NONE, Fault.LOST_BEFORE)
    await hand.tap("absent")
    await hand.desk.run(3)
    assert hand.network.texts() == ["One.", "Two.", "Three."]


async def recall(hand: Hand) -> None:
    async with hand.desk.database.transaction() as session:
        post = (await session.exec(select(Post))).one()
        await POSTS.move(session, post, PostState.RECALLED)
        await delivery.recall(session, post, hand.desk.clock.now)


async def test_what_somebody_did_not_find_is_sent_once_more(hand: Hand) -> None:
    await in_doubt(hand, Fault.LOST_BEFORE)
    await hand.tap("absent")
    await hand.desk.run(1)
    assert hand.network.texts() == ["All quiet."]
    assert await hand.desk.states() == [DeliveryState.SENT]


async def test_what_is_looked_for_at_this_moment_cannot_be_settled(hand: Hand) -> None:
    await in_doubt(hand, Fault.LOST_AFTER)
    (row,) = await hand.desk.rows()
    hand.desk.clock.on(seconds=61)
    assert await hand.desk.publisher._intend(row.id or 0) is not None
    with pytest.raises(NotAllowed, match=r"trouble\.looking"):
        await hand.tap("absent")


RELEASE = Release(
    post=1, number=1, network="far", shift=1, kind="patrol", language="en", text="Two photos of the van.",
    pictures=(), area=None, byline=None, approved_at=utc_now(), content=ContentHash("0" * 64),
)  # fmt: skip
TAKES = Limits(500, Counting.CODE_POINTS, 1, 10_000_000, 1500)


async def test_pictures_are_left_out_or_made_smaller_until_the_words_stand_alone(tmp_path: Path) -> None:
    picture = _picture(tmp_path, 1600)
    two = replace(RELEASE, pictures=(picture, picture))
    assert smaller.offer("too many pictures", two, TAKES, tmp_path) == {"pictures": 1}
    one = await smaller.cut(two, {"pictures": 1}, tmp_path)
    offered = smaller.offer("picture too large", one, TAKES, tmp_path)
    made = await smaller.cut(one, offered, tmp_path)
    (kept,) = made.pictures
    assert (tmp_path / f"{kept.sha256}.jpg").stat().st_size <= offered["picture_bytes"]
    assert kept.alt == picture.alt
    tiny = replace(RELEASE, pictures=(_picture(tmp_path, 64),))
    assert smaller.offer("picture", tiny, TAKES, tmp_path) == {"pictures": 0}
    assert smaller.offer("policy", two, TAKES, tmp_path) == {}
    assert smaller.offer("too long", RELEASE, TAKES, tmp_path) == {}


def _picture(folder: Path, side: int) -> PublicPicture:
    data = random.Random(7).randbytes(side * side * 3)
    path = folder / "draft.jpg"
    Image.frombytes("RGB", (side, side), data).save(path, "JPEG", quality=90)
    name = hashlib.sha256(path.read_bytes()).hexdigest()
    path.rename(folder / f"{name}.jpg")
    return PublicPicture(name, side, side, "A white van.")


async def test_named_pieces_are_taken_back_although_nobody_can_look_for_the_one_that_was_seen(
    hand: Hand,
) -> None:
    await a_thread_in_doubt(hand, Fault.NONE, Fault.LOST_AFTER)
    await hand.tap("there")
    await hand.desk.run(3)
    keys = [key for key, _ in hand.network.seen]
    await recall(hand)
    await hand.desk.run(6)
    hand.network.withdrawn, before = [], set(hand.network.withdrawn)
    await hand.tap("absent")
    assert before >= {keys[0], keys[2]}
