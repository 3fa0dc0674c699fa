"""A card that a killed program showed without keeping its name."""

from bot.chat_app import CardId
from shifts.database import utc_now
from tests.journeys.stage import Stage

STOPPED = "Stopped a van with four bald tyres."


async def test_a_card_that_stands_twice_goes_when_it_is_pressed_and_the_living_one_stays(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(STOPPED)
    living, card = await sergeant.card(lambda shown: sergeant.button(shown, "Publish") is not None)
    double = await stage.platform.phones.show(sergeant.chat, card, "shown by a killed program", utc_now())
    button = sergeant.button(card, "Publish")
    assert button is not None
    await sergeant.press(CardId(double.id), button.token)
    await officer.sees("card.state.released", 1)
    assert double.id not in [card_id for card_id, _ in await sergeant.cards()]
    assert living in [card_id for card_id, _ in await sergeant.cards()]
