"""The card on which somebody corrects a released post: first what was wrong, then the words as they should be."""

from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import correcting
from bot.card_parts import Say, button
from bot.chat_app import Ask, Card, Tone, Weight
from bot.correcting import WRONG
from bot.outbox import MAIN, Slot
from moderation.post import Post, PostState
from shifts.officer import Officer
from shifts.words import Words

WORDS: Final = "words-"
"""How the page begins that asks for words; the rest of it says what was wrong."""


class CorrectionCards:
    """Both pages of that card."""

    def __init__(self, words: Words) -> None:
        self._words = words

    async def card(self, session: AsyncSession, slot: Slot, viewer: Officer) -> Card | None:
        """The card; None once there is nothing to correct any more."""
        post = await session.get(Post, slot.subject)
        if post is None or post.state is not PostState.RELEASED:
            return None
        say, public = Say(self._words, viewer.language), await correcting.words_of(session, post)
        title = say("correction.title", number=post.number)
        if slot.page.startswith(WORDS):
            back = button(slot, "page", say("card.button.back"), MAIN)
            line = say(f"correction.line.{slot.page.removeprefix(WORDS)}")
            return Card(title, tone=Tone.AMBER, lines=(line,), ask=Ask(say("correction.ask"), public), rows=((back,),))
        rows = [(button(slot, "wrong", say(f"correction.wrong.{wrong}"), wrong),) for wrong in WRONG]
        rows.append((button(slot, "leave", say("correction.leave"), weight=Weight.PLAIN),))
        return Card(title, tone=Tone.AMBER, quote=public, lines=(say("correction.which"),), rows=tuple(rows))
