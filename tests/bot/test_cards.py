import itertools
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from bot import shift_cards
from bot.author_card import AuthorCards
from bot.card_parts import rounded
from bot.chat_app import Card, Tone
from bot.decider_card import DeciderCards
from bot.delivery import Delivery, DeliveryState
from bot.discord_app.page import page as on_discord
from bot.fix_page import read
from bot.greens import AT_MOST, Green, that_fit
from bot.judging import FACES
from bot.network import Counting, Limits
from bot.outbox import Slot, SlotKind
from bot.telegram.page import page as on_telegram
from bot.view import PostView, Setting, ShiftView
from moderation.finding import BoxKind, Label
from moderation.post import Happened, PictureState, Post, PostPicture, PostState, Wait
from shifts.areas import Areas
from shifts.officer import Officer
from shifts.shift import Shift, ShiftState
from shifts.words import Words

NOW = datetime(2026, 11, 21, 21, 3, tzinfo=UTC)
WORDS = Words.load(Path(__file__).parents[2] / "config" / "languages")
AREAS = Areas.load(Path(__file__).parents[2] / "config")
LANGUAGES = ("en", "es", "fr")
REMOVED = "Zzyzx Marlowstreet 12345"
SOURCE = f"We stopped a van at {REMOVED} tonight."
TEXT = "We stopped a van in Riverside tonight with the Extraordinarily-Longworded Rovers."
SUGGESTED = (TEXT.index("Extraordinarily"), TEXT.index(" Rovers"))
LONGEST_LABEL = 30
LONGEST_TOKEN = 40
REASONS = [
    {"code": "a", "verdict": "FLAG", "category": "A", "words": "policy.reasons.place", "tick": "policy.ticks.verified"},
    {"code": "b", "verdict": "ESC", "category": "J", "words": "policy.reasons.death", "role": "press"},
    {"code": "c", "verdict": "BLOCK", "category": "C", "words": "policy.reasons.domestic",
     "template": "policy.templates.helpline"},
]  # fmt: skip
AUTHOR_PAGES = ("main", "change", "alt", "kind", "when", "fix", "fix-1", "add-1", "add-1-5")
DECIDER_PAGES = (
    "main", "edit", "own", "alt", "ticks", "words", "back", "redactions", "wait", "recall",
    "fix", "fix-1", "add-1", "add-1-5", "lift-1-0",
)  # fmt: skip
LIMITS = {
    "timeline": Limits(2000, Counting.CODE_POINTS, 4, 10**7, 1500, own=True),
    "mastodon": Limits(60, Counting.CODE_POINTS, 4, 10**7, 1500),
    "x": Limits(280, Counting.CODE_POINTS, 4, 10**7, 1500, dollars=0.015),
    "hilltop": Limits(500, Counting.CODE_POINTS, 4, 10**7, 1500),
}


def officer(name: str, language: str, *roles: str) -> Officer:
    return Officer(
        id=name, unit="b", call_sign=f"Lima {name}", name="", roles=list(roles), language=language,
        accredited_until=NOW + timedelta(days=9),
    )  # fmt: skip


def shift_row() -> Shift:
    return Shift(id=1, unit="b", name="Night B", state=ShiftState.LIVE, starts_at=NOW, ends_at=NOW)


def post_row(state: PostState, **values: Any) -> Post:
    at = SOURCE.index(REMOVED)
    redaction = {
        "number": 1, "key": "k", "label": "LOCATION", "replacement": "in Riverside", "hard": False, "lifted": False,
        "start": at, "end": at + len(REMOVED),
    }  # fmt: skip
    told: dict[str, Any] = {
        "id": 1, "number": 214, "author_id": "a", "shift_id": 1, "state": state, "app": "r", "chat": "a",
        "message": "m", "source_id": "s", "original_id": "s", "prepare_at": NOW, "text": TEXT, "verdict": "ESC",
        "drafted": 1, "prepared": 1, "reasons": REASONS, "networks": list(LIMITS), "kind": "patrol",
        "redactions": [redaction, {**redaction, "number": 2, "label": "PLATE", "replacement": "", "hard": True}],
        "suggestions": [{**redaction, "key": "s", "start": SUGGESTED[0], "end": SUGGESTED[1]}],
        "sent_at": NOW - timedelta(minutes=20), "received_at": NOW, "happened": Happened.THIRTY, "wait": Wait.SCENE,
        "embargo_until": NOW + timedelta(minutes=15), "before_edit": "We stopped a car.", "approved_by": "b",
        "undo_until": NOW + timedelta(seconds=8), "approvals": ["b"], "claimed_by": "b",
        "claimed_until": NOW + timedelta(minutes=1), "outcome": "tone",
    }  # fmt: skip
    return Post(**(told | values))


def picture_row(number: int = 1) -> PostPicture:
    boxes = [
        {"kind": kind.value, "x1": 1, "y1": 1, "x2": 9, "y2": 9, "score": 1.0, "detector": "d"} for kind in BoxKind
    ]
    return PostPicture(
        id=number, post_id=1, part=str(number), state=PictureState.FINISHED, kind="photo", sha256="0" * 64, width=90,
        height=90, boxes=boxes, counts={kind.value: 2 for kind in BoxKind}, added=boxes[-1:], lifted=[2],
        leftover=1, alt="A white van.",
    )  # fmt: skip


def view(kind: SlotKind, state: PostState, page: str, language: str, **values: Any) -> PostView:
    viewer = officer("a" if kind is SlotKind.AUTHOR else "i", language, "sergeant")
    slot = Slot(id=123456, officer_id=viewer.id, app="r", chat="c", kind=kind, subject=1, page=page)
    deliveries = [
        Delivery(id=i, post_id=1, network=n, key=n, state=s, due_at=NOW, url="https://social.example/1")
        for i, (n, s) in enumerate(zip(itertools.cycle(LIMITS), DeliveryState, strict=False))
    ]
    reply = SimpleNamespace(author_name="Ada", text="What happened?")
    told: dict[str, Any] = {
        "setting": Setting(ZoneInfo("Europe/Madrid"), LIMITS, Path("media"), AREAS, 2000, 8.0),
        "slot": slot, "viewer": viewer, "now": NOW, "post": post_row(state), "author": officer("a", language),
        "shift": shift_row(), "pictures": [picture_row(), picture_row(2)], "deliveries": deliveries,
        "people": {"b": officer("b", language, "sergeant")}, "own_words": None, "reply": reply,
        "source": SOURCE if kind is SlotKind.AUTHOR else None, "refused": ["media.damaged"],
    }  # fmt: skip
    return PostView(**(told | values))


def every_card(language: str) -> Iterator[tuple[str, Card]]:
    for state in PostState:
        for page in AUTHOR_PAGES:
            yield f"author {state} {page}", AuthorCards(WORDS).author(view(SlotKind.AUTHOR, state, page, language))
        for page in DECIDER_PAGES:
            yield f"decider {state} {page}", DeciderCards(WORDS).decider(view(SlotKind.DECIDER, state, page, language))
    for of_shift in ShiftState:
        yield f"shift {of_shift}", shift_cards.shift(WORDS, shift_view(language, of_shift))
    yield "queue", shift_cards.queue(WORDS, shift_view(language, ShiftState.LIVE))
    yield "handover", shift_cards.handover(WORDS, shift_view(language, ShiftState.ENDED))


def shift_view(language: str, state: ShiftState) -> ShiftView:
    slot = Slot(id=123456, officer_id="i", app="r", chat="c", kind=SlotKind.QUEUE, subject=1)
    shift = shift_row().model_copy(update={"state": state})
    setting = Setting(ZoneInfo("Europe/Madrid"), LIMITS, Path("media"), AREAS, 2000, 8.0)
    post = post_row(PostState.WAITING)
    return ShiftView(
        setting=setting, slot=slot, viewer=officer("i", language, "inspector"), now=NOW, shift=shift,
        on_it=[officer("b", language, "sergeant")], waiting=[post], greens=[Green(post, [picture_row()])],
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_every_card_can_be_said_and_fits_a_phone(language: str) -> None:
    seen = dict(every_card(language))
    buttons = [(name, button) for name, card in seen.items() for row in card.rows for button in row]
    assert len(seen) > 200
    assert [(name, b.label) for name, b in buttons if not 1 <= len(b.label) <= LONGEST_LABEL] == []
    rows = [(name, row) for name, card in seen.items() for row in card.rows]
    longest = {2: 21, 3: 13, 4: 9}
    assert [(name, b.label) for name, row in rows for b in row if len(b.label) > longest.get(len(row), 30)] == []
    assert max(len(row) for _, row in rows) >= 3
    assert [(name, b.token) for name, b in buttons if len(b.token) > LONGEST_TOKEN or not b.token.isascii()] == []
    assert [name for name, card in seen.items() if "{" in said(card) or not card.title] == []
    assert [name for name, card in seen.items() if len(card.title) > 80] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_removed_words_stand_on_their_authors_card_alone(language: str) -> None:
    showing = {name for name, card in every_card(language) if any(word in said(card) for word in REMOVED.split())}
    assert any(name.startswith("author") for name in showing)
    assert [name for name in showing if not name.startswith("author")] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_finding_and_of_box_has_a_name(language: str) -> None:
    keys = WORDS.keys(language)
    assert {f"card.label.{label}" for label in Label} <= keys
    assert {f"card.box_kind.{kind}" for kind in BoxKind} <= keys
    assert {f"card.when.{when}" for when in Happened} <= keys
    assert {f"card.box.{kind}.one" for kind in BoxKind} <= keys
    assert {f"card.delivery.{state}" for state in DeliveryState} <= keys


def test_networks_are_called_as_people_call_them() -> None:
    card = DeciderCards(WORDS).decider(view(SlotKind.DECIDER, PostState.WAITING, "main", "en"))
    line = next(line for line in card.lines if line.startswith("page"))
    assert line == f"page · Mastodon {len(TEXT)}/60 · X {len(TEXT)}/280, about $0.015 · Hilltop {len(TEXT)}/500"
    assert WORDS.say("card.too_long", "en", networks="Mastodon") in card.lines


def test_a_green_card_is_one_tap() -> None:
    plain = post_row(
        PostState.WAITING, verdict="REDACT", reasons=[], suggestions=[], approvals=[], claimed_by=None,
        wait=Wait.NONE, embargo_until=None, networks=["timeline"],
    )  # fmt: skip
    shown = replace(view(SlotKind.DECIDER, PostState.WAITING, "main", "en"), post=plain, pictures=[])
    card = DeciderCards(WORDS).decider(shown)
    first = card.rows[0][0]
    assert (card.tone, first.label) == (Tone.GREEN, "Publish")
    assert "Removed: 1 place → “in Riverside”, 1 plate" in card.lines
    assert {"Not found: name, minor", "Words to look at: none"} <= set(card.lines)
    assert card.title == "214 · GREEN · Lima a, Night B · 21:43"


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({"redactions": [{"label": "PERSON", "lifted": True, "replacement": ""}]}, "Not found: minor"),
        ({"reasons": [{"code": "minor", "category": "D", "verdict": "REDACT", "words": "policy.reasons.minor"}]},
         "Not found: name"),
        ({"reasons": [asdict(FACES)]}, "Not found: name"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_only_if_it_is_not_there(found: dict[str, Any], line: str) -> None:
    plain = post_row(PostState.WAITING, **{"redactions": [], "reasons": [], "suggestions": [], **found})
    card = DeciderCards(WORDS).decider(view(SlotKind.DECIDER, PostState.WAITING, "main", "en", post=plain, pictures=[]))
    assert [said for said in card.lines if said.startswith("Not found")] == [line]
    unread = post_row(PostState.WAITING, prepared=0)
    card = DeciderCards(WORDS).decider(view(SlotKind.DECIDER, PostState.WAITING, "main", "en", post=unread))
    assert [said for said in card.lines if said.startswith(("Not found", "Words to look"))] == []


def test_who_agreed_is_told_and_offered_no_second_yes() -> None:
    waiting = view(SlotKind.DECIDER, PostState.WAITING, "main", "en", pictures=[])
    said_yes = replace(waiting, viewer=officer("b", "en", "sergeant"))
    card = DeciderCards(WORDS).decider(said_yes)
    assert "1 of 2: Lima b agrees. The second one: press office." in card.lines
    assert all(button.label != "Publish" for row in card.rows for button in row)


@pytest.mark.parametrize("role", ["inspector", "press"])
def test_whoever_has_to_settle_one_of_several_holds_can_say_so_in_any_order(role: str) -> None:
    holds = [{**REASONS[1], "code": each, "verdict": "HOLD", "role": each} for each in ("inspector", "press")]
    held = post_row(PostState.WAITING, reasons=holds, approvals=[])
    waiting = view(SlotKind.DECIDER, PostState.WAITING, "main", "en", post=held, viewer=officer("i", "en", role))
    card = DeciderCards(WORDS).decider(waiting)
    assert card.rows[0][0].label == WORDS.say("card.button.met", "en")
    assert WORDS.say("card.held", "en", roles="inspector, press office") in card.lines


def test_after_the_named_role_any_sergeant_is_the_second() -> None:
    people = {"b": officer("b", "en", "press")}
    waiting = view(SlotKind.DECIDER, PostState.WAITING, "main", "en", pictures=[], people=people)
    card = DeciderCards(WORDS).decider(waiting)
    assert "1 of 2: Lima b agrees. The second one: sergeant." in card.lines


def test_whatever_asks_for_words_may_open_a_form_at_once() -> None:
    pages = {
        page: DeciderCards(WORDS).decider(view(SlotKind.DECIDER, PostState.WAITING, page, "en"))
        for page in DECIDER_PAGES
    }
    asking = {page: [b.label for row in card.rows for b in row if b.asks] for page, card in pages.items()}
    assert asking["main"] == ["Edit"]
    assert asking["back"] == ["In my own words…"]


def test_a_lock_is_told_in_words() -> None:
    card = DeciderCards(WORDS).decider(view(SlotKind.DECIDER, PostState.WAITING, "redactions", "en"))
    assert card.lines == ("1 place → in Riverside", "2 plate → – 🔒 cannot be lifted")


def test_a_long_queue_says_how_many_more_wait() -> None:
    waiting = [post_row(PostState.WAITING, number=number) for number in range(1, 24)]
    card = shift_cards.queue(WORDS, replace(shift_view("en", ShiftState.LIVE), waiting=waiting, greens=[]))
    assert len(card.lines) == 21
    assert (card.lines[0], card.lines[-1]) == ("1 · red · 0 min (22:03) · Lima b is on it", "and 3 more")


@pytest.mark.parametrize("page", ["main", "ticks", "words"])
def test_every_page_that_publishes_shows_the_description_that_it_vouches_for(page: str) -> None:
    post = post_row(PostState.WAITING, verdict="REDACT", reasons=[], suggestions=[], networks=["page"], approvals=[])
    card = DeciderCards(WORDS).decider(view(SlotKind.DECIDER, PostState.WAITING, page, "en", post=post))
    assert any(button.label == "Publish" for row in card.rows for button in row)
    assert {WORDS.say("card.alt", "en", alt="A white van."), WORDS.say("card.vouched", "en")} <= set(card.lines)


def test_what_one_tap_publishes_together_is_shown_with_its_descriptions() -> None:
    card = shift_cards.queue(WORDS, shift_view("en", ShiftState.LIVE))
    assert any(WORDS.say("card.alt", "en", alt="A white van.") in line for line in card.lines)
    assert card.lines[-1] == WORDS.say("card.vouched", "en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("words", "described"), [(280, 0), (280, 100), (270, 2), (160, 20), (2000, 1000), (1, 3000)])
def test_the_longest_card_that_publishes_several_fits_both_apps(language: str, words: int, described: int) -> None:
    area = max((each.id for each in AREAS.every), key=lambda one: len(AREAS.public_name(one, language)))
    told = {"verdict": "DIVERT", "kind": "appeal", "area": area}
    waiting = [
        post_row(PostState.WAITING, number=9100 + n, text=f"{9100 + n}".ljust(words, "w"), **told) for n in range(24)
    ]
    shown = picture_row()
    shown.alt = "d" * described
    pictures = [shown] * 4 if described else []
    offered = that_fit([Green(post, pictures, "Constable 4417") for post in waiting[: AT_MOST + 1]])
    card = shift_cards.queue(WORDS, replace(shift_view(language, ShiftState.LIVE), waiting=waiting, greens=offered))
    discord, telegram = on_discord(card, "Write…"), on_telegram(card)
    assert bool(offered) is (described < 1000)
    assert {line for line in card.lines if line not in telegram.html or line not in discord.body} == set()
    assert (len(discord.rows), telegram.keyboard is not None) == (len(card.rows), bool(card.rows))


def test_descriptions_are_the_last_that_a_long_card_loses() -> None:
    post = post_row(PostState.WAITING, verdict="REDACT", reasons=[], suggestions=[], networks=["page"], approvals=[])
    for page in ("main", "ticks", "words"):
        lines = DeciderCards(WORDS).decider(view(SlotKind.DECIDER, PostState.WAITING, page, "en", post=post)).lines
        vouched = lines.index(WORDS.say("card.vouched", "en"))
        assert {line for line in lines[:vouched] if "white van" in line}
        assert not {line for line in lines[vouched:] if "white van" in line}
        assert lines.index(WORDS.say("card.beside", "en", parts="Patrol · no name · English")) > vouched


def test_both_cards_say_that_only_the_first_picture_of_a_moving_one_is_used() -> None:
    sentence = WORDS.say("card.first_frame", "en")
    for moved in (True, False):
        shown = picture_row()
        shown.first_frame = moved
        author = view(SlotKind.AUTHOR, PostState.WAITING, "main", "en", pictures=[shown])
        decider = view(SlotKind.DECIDER, PostState.WAITING, "main", "en", pictures=[shown])
        cards = AuthorCards(WORDS).author(author), DeciderCards(WORDS).decider(decider)
        assert [sentence in card.lines for card in cards] == [moved] * 2


@pytest.mark.parametrize("page", ["fixed", "fix-a", "add-1-2-3", "fix--1", "main", "lift-"])
def test_a_page_that_is_none_shows_no_picture_to_fix(page: str) -> None:
    assert read(page) is None


def test_a_time_is_told_to_the_quarter_of_an_hour() -> None:
    assert [rounded(NOW.replace(minute=minute)).minute for minute in (3, 8, 22, 53)] == [0, 15, 15, 0]


def said(card: Card) -> str:
    buttons = [button.label for row in card.rows for button in row]
    ask = (card.ask.label, card.ask.prefill) if card.ask else ()
    alts = [picture.alt for picture in card.pictures]
    return "\n".join(cast("list[str]", [card.title, card.quote or "", *card.lines, *ask, *buttons, *alts]))
