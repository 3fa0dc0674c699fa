"""The card of a delivery that needs a hand: what happened, what would be sent instead, and who settles it."""

from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from bot import correcting, delivery, smaller
from bot.card_parts import Say, button
from bot.chat_app import Button, Card, Tone, Weight
from bot.delivery import Delivery, DeliveryState
from bot.outbox import Slot
from bot.trouble import NEEDS_A_HAND, by_hand, to_delete
from moderation import approval
from moderation.post import Post, PostState
from shifts.officer import Officer
from shifts.words import FIRST_LANGUAGE, Words

REASONS: Final = {
    "too long": "too_long",
    "budget": "budget",
    "duplicate": "duplicate",
    "reply": "reply",
    **dict.fromkeys(smaller.PICTURES, "pictures"),
}
"""Which sentence tells what the network said; any other reason is told as its rules."""
_A_SENTENCE: Final = "queue."
"""How a reason begins that is the key of a sentence: what refused a release when it was to leave."""


class TroubleCards:
    """The one page of that card."""

    def __init__(self, words: Words) -> None:
        self._words = words

    async def card(self, session: AsyncSession, slot: Slot, viewer: Officer) -> Card | None:
        """The card; what is settled is told in one line without buttons."""
        row = await session.get(Delivery, slot.subject)
        post = await session.get(Post, row.post_id) if row else None
        if row is None or post is None:
            return None
        say = Say(self._words, viewer.language)
        state = say(delivery.told(row), network=self._network(say, row.network), url=row.url or "")
        if to_delete(row):
            return self._to_delete(say, slot, row, f"{post.number} · {state.strip()}", post)
        if delivery.paused(row) and post.state is not PostState.RECALLED:
            why = say(f"trouble.{(row.reason or '').replace(' ', '_')}")
            return Card(f"{post.number} · {state.strip()}", tone=Tone.AMBER, lines=(why,))
        recalled = post.state is PostState.RECALLED and row.state is not DeliveryState.UNCLEAR
        if row.state not in NEEDS_A_HAND or recalled:
            told = await self._cancelled(session, say, row, post) if row.state is DeliveryState.CANCELLED else ()
            return Card(f"{post.number} · {state.strip()}", tone=Tone.AMBER if told else Tone.GREY, lines=told)
        overtaken = row.state is not DeliveryState.UNCLEAR and await correcting.overtaken(session, post)
        lines, rows = self._lines(say, row, post), self._rows(say, slot, row, post)
        if overtaken:
            lines, rows = (say("trouble.corrected"),), (self._skip(say, slot),)
        quote = smaller.words(approval.text_for(post, row.network), row.offer)
        return Card(f"{post.number} · {state.strip()}", tone=Tone.AMBER, quote=quote, lines=lines, rows=rows)

    async def _cancelled(self, session: AsyncSession, say: Say, row: Delivery, post: Post) -> tuple[str, ...]:
        """Why it was not sent, if that is not what somebody wanted."""
        if await delivery.unsaid(session, row, post):
            return (say("trouble.unsaid"),)
        reason = row.reason or ""
        return (say(reason),) if reason.startswith(_A_SENTENCE) else ()

    def _to_delete(self, say: Say, slot: Slot, row: Delivery, title: str, post: Post) -> Card:
        gone = button(slot, "absent", say("trouble.button.gone"))
        why = say("trouble.delete" if by_hand(row) else "trouble.unreached")
        lines = (why, row.url) if row.url else (why,)
        quote = approval.text_for(post, row.network)
        return Card(title, tone=Tone.AMBER, quote=quote, lines=lines, rows=((gone,),))

    def _lines(self, say: Say, row: Delivery, post: Post) -> tuple[str, ...]:
        match row.state:
            case DeliveryState.REFUSED:
                return (say(f"trouble.{REASONS.get(row.reason or '', 'rules')}"), *self._offered(say, row))
            case DeliveryState.UNCLEAR:
                return (say("trouble.piece" if post.thread else "trouble.unclear"),)
            case _:
                return (say("trouble.stuck"),)

    def _offered(self, say: Say, row: Delivery) -> list[str]:
        """What would be sent instead; its words stand on the card as they would be public."""
        told = [say("trouble.as_here")] if "characters" in row.offer else []
        if "pictures" in row.offer:
            told.append(say("trouble.fewer_pictures", n=row.offer["pictures"]))
        return [*told, say("trouble.smaller_pictures")] if "picture_bytes" in row.offer else told

    def _rows(self, say: Say, slot: Slot, row: Delivery, post: Post) -> tuple[tuple[Button, ...], ...]:
        if row.state is DeliveryState.UNCLEAR:
            there = button(slot, "there", say("trouble.button.there"), "", 0, Weight.MAIN)
            absent = (button(slot, "absent", say("trouble.button.absent")),)
            return ((there,), absent)
        again = button(slot, "again", say("trouble.button.again"))
        if not row.offer:
            return ((again, *self._skip(say, slot)),)
        shown = smaller.digest(row.offer)
        part = button(slot, "smaller", say("trouble.button.smaller"), shown, 0, Weight.MAIN)
        return ((part,), (again, *self._skip(say, slot)))

    def _skip(self, say: Say, slot: Slot) -> tuple[Button, ...]:
        return (button(slot, "skip", say("trouble.button.skip"), "", 0, Weight.DANGER),)

    def _network(self, say: Say, name: str) -> str:
        key = f"network.{name}"
        return say(key) if key in self._words.keys(FIRST_LANGUAGE) else name.capitalize()
