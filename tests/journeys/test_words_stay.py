"""What is taken out of what an officer writes stays with the officer: in no log, row, card, page or payload."""

import logging

import pytest
from sqlmodel import SQLModel

from tests.journeys.stage import PICTURES, Phone, Stage
from tests.moderation.media_pictures import jpeg_of_a_camera, scene

POST = "A quiet walk on #HarbourRoad tonight, ring 07700 900123."
RIGHT = "A quiet walk along Dock Lane this evening, write to jo.bloggs@mail.example."
APPEAL = "Have you seen this blue van, plate AB12 CDE? It belongs to Mrs Okafor. Ring 101 if you do."
TRAILER = "Checked a trailer tonight, everything in order."
ALT = "A trailer in front of 14 Acacia Avenue, plate 4821 KLM."
GONE = (
    "HarbourRoad",
    "Harbour Road",
    "07700 900123",
    "Dock Lane",
    "jo.bloggs",
    "AB12 CDE",
    "Okafor",
    "Acacia",
    "4821 K",
)


async def correct(phone: Phone, number: int, text: str) -> None:
    await phone.send(f"/correct {number}")
    await phone.tap("correction.wrong.place", number)
    card, _ = await phone.card(lambda c: c.ask is not None and c.title.startswith(f"{number} "), "what to write")
    await phone.send(text, answers=card)


async def describe(phone: Phone, number: int, text: str) -> None:
    card = await phone.tap("card.button.alt", number, PICTURES)
    await phone.card(lambda c: c.ask is not None and c.title.startswith(f"{number} "), "what to describe")
    await phone.send(text, answers=card)


async def rows(stage: Stage) -> str:
    """Every row of the database, as text."""
    async with stage.database.reading() as session:
        connection = await session.connection()
        tables = [await connection.execute(table.select()) for table in SQLModel.metadata.sorted_tables]
        return "\n".join(str(row) for table in tables for row in table.all())


async def test_what_is_taken_out_is_in_no_log_row_card_page_or_payload(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    for ours in ("bot", "moderation", "shifts"):
        caplog.set_level(logging.DEBUG, ours)
    sergeant = await stage.open_shift("lima-3", "lima-4")
    officer = stage.phone("lima-3")
    await officer.send(TRAILER, jpeg_of_a_camera(scene(640, 480)), as_file=True)
    await officer.send(POST)
    await sergeant.tap("card.button.publish", 2)
    await stage.public(lambda text: "A quiet walk in Riverside" in text)
    await correct(officer, 2, RIGHT)
    await sergeant.tap("card.button.publish", 3)
    page = await stage.public(lambda text: "this evening" in text)
    await officer.send(APPEAL)
    await officer.tap("card.button.appeal", 4)
    await sergeant.card(lambda c: c.title.startswith("4 ") and bool(c.quote), "the appeal")
    await describe(officer, 1, ALT)
    await sergeant.card(lambda c: "A trailer" in f"{c.pictures}", "the description", PICTURES)
    others = [stage.phone(name) for name in ("sergeant-1", "lima-4", "inspector-1", "press-1")]
    told = {
        "logs": "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records if _is_ours(record)),
        "cards": "\n".join([f"{await phone.cards()}" for phone in others]),
        "page": page + await stage.page("/feed.json") + await stage.page("/feed.atom"),
        "payload": "\n".join(f"{post}" for post in await stage.platform.public.posts()),
        "rows": await rows(stage),
    }
    assert {place: len(text) > 100 for place, text in told.items()} == dict.fromkeys(told, True)
    assert [(place, word) for place, text in told.items() for word in GONE if word in text] == []


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.startswith(("bot", "moderation", "shifts"))
