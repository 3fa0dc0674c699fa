"""Cards on a phone: shown, changed in place and taken away.

A card is one message wherever that can be: text, or a photo with the text as its caption. Several pictures, or a text
too long for a caption, stand as messages of their own above it. What Telegram can not change in place (a message can
not become an album) is taken away here and reported as CardGone, so that it is shown anew."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from telegram import LinkPreviewOptions, Message, ReplyParameters
from telegram.constants import ParseMode

from bot.chat_app import AttachmentRefused, Card, CardGone, CardId, ChatAppDown, ChatGone, ChatId, Picture
from bot.telegram.card_name import CardName
from bot.telegram.line import Line
from bot.telegram.page import CAPTION, fits_caption, page
from bot.telegram.pictures import VIDEO_NAME, Pictures, Shot, bar
from bot.telegram.trouble import Deleted, TooOld, Unchanged, WrongKind, translated

REMEMBERED = 2000
ALBUM = 10
LOOKED_AT = 100
"""So many numbers are asked for; a message that a killed process sent stands right after those that it knew."""
SIDE_BY_SIDE = 10
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Cards:
    """Every card of one bot. What it remembers only saves uploads and repeats; nothing is lost with it."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._pictures = Pictures()
        self._shown: OrderedDict[tuple[ChatId, str], CardId] = OrderedDict()
        self._faces: OrderedDict[tuple[ChatId, int], str] = OrderedDict()

    async def show(self, card: Card, chat: ChatId, key: str) -> CardId:
        """Show a card; the same key again gives the card that stands there, while this process remembers it."""
        if (chat, key) in self._shown:
            return self._shown[chat, key]
        if not card.pictures:
            name = await self._send_text(card, chat, ())
        elif len(card.pictures) == 1 and fits_caption(card):
            name = await self._send_photo(card, chat)
        else:
            name = await self._send_apart(card, chat)
        self._shown[chat, key] = name.id
        if len(self._shown) > REMEMBERED:
            self._shown.popitem(last=False)
        return name.id

    async def replace(self, card_id: CardId, chat: ChatId, card: Card) -> None:
        """Change a card in place. Raises CardGone when it is not there, or has to be shown anew and is taken away."""
        name = CardName.read(card_id)
        try:
            if name.above:
                await self._replace_apart(name, chat, card)
            else:
                await self._replace_single(name, chat, card)
        except CardGone:
            self._forget(card_id, chat)
            with suppress(ChatAppDown, ChatGone, CardGone):
                await self.remove(card_id, chat)
            raise

    async def remove(self, card_id: CardId, chat: ChatId) -> None:
        """Take a card away with its pictures. Raises CardGone if it is too old for that: its buttons are gone then."""
        name = CardName.read(card_id)
        self._forget(card_id, chat)
        too_old = False
        for message in name.messages:
            too_old |= not await self._delete(chat, message)
        if too_old:
            await self._take_buttons(chat, name.main)
            raise CardGone

    async def sweep(self, chat: ChatId, after: CardId | None, newest: CardId, known: Collection[CardId]) -> None:
        """Take away what we sent to a chat between two cards and nobody knows of.

        Telegram lists no messages, but numbers those of all our chats one after the other, and lets us change ours
        alone: so each number in between that is no known card is asked for, those next to `after` first."""
        named = {number for card in (newest, *known) if card[:1].isdecimal() for number in CardName.read(card).messages}
        end = min(CardName.read(newest).messages)
        first = end - LOOKED_AT if after is None else CardName.read(after).main + 1
        unknown = [number for number in range(max(first, 1), end) if number not in named][:LOOKED_AT]
        for start in range(0, len(unknown), SIDE_BY_SIDE):
            batch = unknown[start : start + SIDE_BY_SIDE]
            await asyncio.gather(*(self._take_ours(chat, number) for number in batch))

    async def _take_ours(self, chat: ChatId, message: int) -> None:
        try:
            with suppress(Unchanged), translated():
                await self._line.edit_message_reply_markup(int(chat), message)
        except CardGone:  # somebody else's, of another chat, or gone
            return
        await self._delete(chat, message)

    async def _send_text(self, card: Card, chat: ChatId, above: tuple[int, ...]) -> CardName:
        shown = page(card, CardName(0, above).link)
        with translated():
            sent = await self._line.send_message(
                int(chat),
                shown.html,
                parse_mode=ParseMode.HTML,
                reply_markup=shown.keyboard,
                link_preview_options=NO_PREVIEW,
                reply_parameters=ReplyParameters(above[0], allow_sending_without_reply=True) if above else None,
            )
        return CardName(sent.message_id, above)

    async def _send_photo(self, card: Card, chat: ChatId) -> CardName:
        shown = page(card, limit=CAPTION)
        shot = await self._pictures.to_send(card.pictures[0])
        with self._uploading(shot.digest):
            sent = await self._send_one(
                shot, chat, caption=shown.html, parse_mode=ParseMode.HTML, reply_markup=shown.keyboard
            )
        self._stands(chat, sent, shot.digest)
        return CardName(sent.message_id)

    async def _send_one(self, shot: Shot, chat: ChatId, **shown: Any) -> Message:
        if shot.film:
            return await self._line.send_video(
                int(chat), shot.content, supports_streaming=True, filename=VIDEO_NAME, **shown
            )
        return await self._line.send_photo(int(chat), shot.content, **shown)

    async def _send_apart(self, card: Card, chat: ChatId) -> CardName:
        """Pictures, then the card; when the card can not follow, the pictures do not stay without it."""
        above: list[int] = []
        try:
            for first in range(0, len(card.pictures), ALBUM):
                above += await self._send_album(card.pictures[first : first + ALBUM], chat)
            return await self._send_text(card, chat, tuple(above))
        except (ChatAppDown, OSError):
            with suppress(ChatAppDown, ChatGone):
                for message in above:
                    await self._delete(chat, message)
            raise

    async def _send_album(self, pictures: Sequence[Picture], chat: ChatId) -> list[int]:
        ready = [await self._pictures.to_send(picture) for picture in pictures]
        with self._uploading(*(shot.digest for shot in ready)):
            if len(ready) == 1:
                sent = [await self._send_one(ready[0], chat)]
            else:
                sent = list(await self._line.send_media_group(int(chat), [shot.as_media() for shot in ready]))
        for message, shot in zip(sent, ready, strict=True):
            self._stands(chat, message, shot.digest)
        return [message.message_id for message in sent]

    async def _replace_single(self, name: CardName, chat: ChatId, card: Card) -> None:
        if not card.pictures:
            await self._become_text(name, chat, card)
        elif len(card.pictures) == 1 and fits_caption(card):
            await self._become_photo(name, chat, card, await self._pictures.to_send(card.pictures[0]))
        else:
            raise CardGone

    async def _replace_apart(self, name: CardName, chat: ChatId, card: Card) -> None:
        if len(card.pictures) > len(name.above):
            raise CardGone
        for message, picture in zip(name.above, card.pictures, strict=False):
            await self._change_picture(chat, message, picture)
        for message in name.above[len(card.pictures) :]:
            await self._delete(chat, message)
        with suppress(Unchanged):
            await self._edit_text(name, chat, card)

    async def _become_text(self, name: CardName, chat: ChatId, card: Card) -> None:
        """A photo stays a photo: without pictures it becomes a strip in the card's colour."""
        strip = f"strip {card.tone}"
        if self._faces.get((chat, name.main)) == strip:
            if not fits_caption(card):
                raise CardGone
            await self._become_photo(name, chat, card, Shot(strip, b""))
            return
        try:
            await self._edit_text(name, chat, card)
        except Unchanged:
            return
        except WrongKind:
            if not fits_caption(card):
                raise CardGone from None
            await self._become_photo(name, chat, card, Shot(strip, bar(card.tone)))

    async def _become_photo(self, name: CardName, chat: ChatId, card: Card, shot: Shot) -> None:
        """Only the caption is sent when the message is known to hold this picture already."""
        shown = page(card, limit=CAPTION)
        place = (int(chat), name.main)
        with suppress(Unchanged), self._uploading(shot.digest):
            if self._faces.get((chat, name.main)) == shot.digest:
                await self._line.edit_message_caption(
                    *place, caption=shown.html, parse_mode=ParseMode.HTML, reply_markup=shown.keyboard
                )
                return
            media = shot.as_media(shown.html, ParseMode.HTML)
            changed = await self._line.edit_message_media(media, *place, reply_markup=shown.keyboard)
            self._stands(chat, changed, shot.digest)

    async def _change_picture(self, chat: ChatId, message: int, picture: Picture) -> None:
        shot = await self._pictures.to_send(picture)
        if self._faces.get((chat, message)) == shot.digest:
            return
        with suppress(Unchanged), self._uploading(shot.digest):
            changed = await self._line.edit_message_media(shot.as_media(), int(chat), message)
            self._stands(chat, changed, shot.digest)

    async def _edit_text(self, name: CardName, chat: ChatId, card: Card) -> None:
        shown = page(card, name.link)
        with translated():
            await self._line.edit_message_text(
                shown.html,
                int(chat),
                name.main,
                parse_mode=ParseMode.HTML,
                reply_markup=shown.keyboard,
                link_preview_options=NO_PREVIEW,
            )

    async def _delete(self, chat: ChatId, message: int) -> bool:
        """Whether the message is gone now."""
        self._faces.pop((chat, message), None)
        try:
            with translated():
                await self._line.delete_message(int(chat), message)
        except Deleted:
            return True
        except TooOld:
            return False
        return True

    async def _take_buttons(self, chat: ChatId, message: int) -> None:
        with suppress(Unchanged, CardGone), translated():
            await self._line.edit_message_reply_markup(int(chat), message)

    @contextmanager
    def _uploading(self, *digests: str) -> Iterator[None]:
        """A file that Telegram forgot is uploaded by the next try."""
        try:
            with translated():
                yield
        except AttachmentRefused:
            for digest in digests:
                self._pictures.forget(digest)
            raise ChatAppDown from None
        except WrongKind:
            raise CardGone from None

    def _stands(self, chat: ChatId, message: Message | bool, digest: str) -> None:
        """Remember what a message shows, and Telegram's name for that picture."""
        if isinstance(message, bool) or not (message.photo or message.video):
            return
        self._pictures.sent(digest, message.video.file_id if message.video else message.photo[-1].file_id)
        self._faces[chat, message.message_id] = digest
        if len(self._faces) > REMEMBERED:
            self._faces.popitem(last=False)

    def _forget(self, card_id: CardId, chat: ChatId) -> None:
        """A card that is gone is shown anew, even under its old key."""
        for place in [place for place, there in self._shown.items() if there == card_id and place[0] == chat]:
            del self._shown[place]
