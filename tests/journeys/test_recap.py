from functools import partial

from sqlmodel import col, select

from bot.chat_app import Card
from bot.delivery import Delivery, DeliveryState
from moderation.post import Post, PostState
from tests.journeys.stage import Stage, eventually

PARADE = "The parade is over. We will update at 3."
LAST = "Free bike marking at our desk tonight until ten."


async def stands_no_longer(stage: Stage, told: str) -> None:
    """A recap cannot be corrected; with what it tells it goes, and is drafted anew without that."""
    officer, inspector = stage.phone("lima-3"), stage.phone("inspector-1")
    await inspector.send("/correct 4")
    await inspector.reads("correction.thread")
    await officer.send("/recall 1")
    await officer.tap("card.recall.wrong", 1)
    await officer.reads("recap.taken_down", number=4)
    await stage.public(lambda text: PARADE not in text and told not in text)

    async def gone() -> bool | None:
        return (
            not any(PARADE in post.text for post in await stage.platform.public.posts() if not post.withdrawn) or None
        )

    await eventually(gone, lambda: "the retold words stayed")
    _, anew = await inspector.card(lambda c: c.title.startswith("5 ") and bool(c.quote), "the recap anew")
    assert anew.quote is not None
    assert LAST in anew.quote
    assert "parade" not in anew.quote
    async with stage.database.reading() as session:
        recaps = (await session.exec(select(Post).where(col(Post.thread)).order_by(col(Post.number)))).all()
    assert [recap.state for recap in recaps] == [PostState.RECALLED, PostState.WAITING]


async def test_a_night_ends_with_what_it_promised_and_one_tap_tells_it_as_a_thread(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    for number, words in enumerate((PARADE, "Thank you to everyone who waved at us.", LAST), start=1):
        await officer.send(words)
        await sergeant.tap("card.button.publish", number)
        await stage.public(partial(_shown, words))
    await sergeant.tap("shift_card.button.close")

    def promised(card: Card) -> bool:
        return any("We will update at 3." in line and "1:" in line for line in card.lines)

    await sergeant.card(promised, "the promise of post 1")
    inspector = stage.phone("inspector-1")
    await inspector.tap("card.button.publish", 4)
    told = stage.words.count("recap.updates", 3, "en", shift="Night B")
    page = await stage.public(lambda text: told in text)
    assert page.count(PARADE) >= 1

    async def delivered() -> Delivery | None:
        async with stage.database.reading() as session:
            statement = select(Delivery).join(Post).where(Post.number == 4, col(Delivery.network) == "rehearsal")
            row = (await session.exec(statement)).one()
        return row if row.state is DeliveryState.SENT else None

    thread = await eventually(delivered, lambda: "the thread never came to its end")
    newest_first = await stage.platform.public.posts()
    posts = [item for item in reversed(newest_first) if item.id in thread.parts]
    assert [post.answers for post in posts] == [None, *thread.parts[:-1]]
    assert PARADE in posts[1].text
    await stands_no_longer(stage, told)


def _shown(words: str, page: str) -> bool:
    return words in page
