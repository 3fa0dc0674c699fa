"""The rehearsal as a chat app: phones on a page of this machine, for training and trying out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.chat_app import Attachment, AttachmentRefused, Card, CardId, ChatId, Choice, Incoming
from bot.rehearsal.phones import Arrival
from bot.rehearsal.platform import Platform
from bot.rehearsal.uploads import MOST_BYTES

__all__ = ["MOST_BYTES", "Rehearsal", "connect"]


class Rehearsal:
    """The chat app over a platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def incoming(self) -> AsyncIterator[Incoming]:
        """Everything that the phones send, again from the first that was not taken after a restart."""
        while not self._platform.closed:
            self._platform.arrived.clear()
            arrival = await self._platform.phones.first_untaken()
            if arrival is None:
                await self._platform.arrived.wait()
            else:
                yield arrival.incoming
                await self._take(arrival)

    async def fetch(self, attachment: Attachment) -> bytes:
        """The bytes of an upload. Raises AttachmentRefused."""
        if not attachment.ref:
            raise AttachmentRefused("nothing to fetch")
        return await self._platform.uploads.read(attachment.ref)

    async def answer(self, choice: Choice, sentence: str | None) -> None:
        """A passing note on the phone; it is not kept."""
        self._platform.tell_tapped(choice.chat, choice.card, choice.token, sentence)

    async def show(self, card: Card, chat: ChatId, key: str) -> CardId:
        """Show a card once for a key."""
        item = await self._platform.phones.show(chat, card, key, self._platform.now())
        self._platform.tell_item(item)
        return CardId(item.id)

    async def replace(self, card_id: CardId, chat: ChatId, card: Card) -> None:
        """Change a card in place. Raises CardGone."""
        self._platform.tell_item(await self._platform.phones.replace(chat, card_id, card))

    async def remove(self, card_id: CardId, chat: ChatId) -> None:
        """Take a card away, with its words."""
        await self._platform.phones.remove_card(chat, card_id)
        self._platform.tell_gone(chat, card_id)

    async def _take(self, arrival: Arrival) -> None:
        await self._platform.phones.take(arrival)
        item = await self._platform.phones.item(arrival.item)
        if isinstance(arrival.incoming, Choice):
            choice = arrival.incoming
            self._platform.tell_tapped(choice.chat, choice.card, choice.token, None)
        else:
            self._platform.tell_item(item)


@asynccontextmanager
async def connect(*, platform: Platform) -> AsyncIterator[Rehearsal]:
    """The chat app of a platform that is open already."""
    yield Rehearsal(platform)
