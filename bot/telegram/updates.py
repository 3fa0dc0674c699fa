"""What Telegram delivers, read into the port's words. Coordinates, numbers and vendor objects end here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from telegram import Bot, CallbackQuery, Update
from telegram import Message as TelegramMessage
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot.chat_app import AccountId, Attachment, AttachmentKind, CardId, ChatId, Choice, Edit, Incoming, Message
from bot.telegram.card_name import CardName

WANTED = ("message", "edited_message", "callback_query")
"""Telegram remembers what it was asked for last, so this is said with every poll."""

POISON = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError, RecursionError, TelegramError)
"""What reading an update that is not as promised may raise."""

_PLAIN = ("message_id", "date", "chat", "from", "text", "caption", "media_group_id")
_NOT_TAKEN = ("poll", "contact", "sticker", "dice", "game", "story", "paid_media", "checklist")


def read(raw: Mapping[str, Any], bot: Bot, heard_at: datetime) -> Incoming | None:
    """One update, or None for what is not for us: groups, channels, service messages. May raise any of POISON.

    Where a part of it is new to the library or broken, the words and the person still count: that part becomes
    something that we do not take, and the person is told so."""
    try:
        update = Update.de_json(dict(raw), bot)
    except POISON:
        if "message" not in raw:
            raise
        return _message(_plain(raw, bot), (Attachment(AttachmentKind.OTHER),))
    if update.callback_query:
        return _choice(update.callback_query, heard_at)
    if update.edited_message:
        return _edit(update.edited_message, update.update_id)
    return _message(update.message, tuple(_attachments(update.message))) if update.message else None


def _plain(raw: Mapping[str, Any], bot: Bot) -> TelegramMessage:
    message = raw["message"]
    return TelegramMessage.de_json({name: message[name] for name in _PLAIN if name in message}, bot)


def _message(message: TelegramMessage, attachments: tuple[Attachment, ...]) -> Message | None:
    if not _private(message) or not (attachments or message.text or message.caption):
        return None
    return Message(
        id=f"{message.chat.id}.{message.message_id}",
        account=_account(message),
        chat=ChatId(str(message.chat.id)),
        message=str(message.message_id),
        sent_at=message.date,
        text=message.text or message.caption or "",
        attachments=attachments,
        album=message.media_group_id,
        answers=_answers(message),
    )


def _edit(message: TelegramMessage, update_id: int) -> Edit | None:
    """A live location moves by edits: those are nobody's words. Two edits may share a second, hence the update's id."""
    if not _private(message) or message.location:
        return None
    edited_at = message.edit_date or message.date
    return Edit(
        id=f"{message.chat.id}.{message.message_id}.{int(edited_at.timestamp())}.{update_id}",
        account=_account(message),
        chat=ChatId(str(message.chat.id)),
        message=str(message.message_id),
        sent_at=edited_at,
        text=message.text or message.caption or "",
    )


def _choice(query: CallbackQuery, heard_at: datetime) -> Choice | None:
    """A tap carries no time of its own; its card may be one that Telegram no longer shows us."""
    message = query.message
    if message is None or query.data is None or message.chat.type != ChatType.PRIVATE:
        return None
    card = _card(message) if isinstance(message, TelegramMessage) else CardName(message.message_id).id
    return Choice(
        id=f"tap.{query.id}",
        account=AccountId(str(query.from_user.id)),
        chat=ChatId(str(message.chat.id)),
        card=card,
        token=query.data,
        sent_at=heard_at,
    )


def _private(message: TelegramMessage) -> bool:
    return message.chat.type == ChatType.PRIVATE and message.from_user is not None


def _account(message: TelegramMessage) -> AccountId:
    return AccountId(str(message.from_user.id if message.from_user else message.chat.id))


def _answers(message: TelegramMessage) -> CardId | None:
    answered = message.reply_to_message
    if answered is None or answered.from_user is None or not answered.from_user.is_bot:
        return None
    return _card(answered)


def _card(message: TelegramMessage) -> CardId:
    return CardName.of_message(message.message_id, message.entities).id


def _attachments(message: TelegramMessage) -> list[Attachment]:
    """At most one a message: Telegram sends an album as one message for each picture."""
    if message.location or message.venue:
        return [Attachment(AttachmentKind.LOCATION)]
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return [Attachment(AttachmentKind.PHOTO, largest.file_id, largest.file_size)]
    film = message.animation or message.video or message.video_note
    if film:
        return [Attachment(AttachmentKind.VIDEO, film.file_id, film.file_size)]
    sound = message.voice or message.audio
    if sound:
        return [Attachment(AttachmentKind.VOICE, sound.file_id, sound.file_size)]
    if message.document:
        return [Attachment(AttachmentKind.FILE, message.document.file_id, message.document.file_size)]
    other = any(getattr(message, part) for part in _NOT_TAKEN)
    return [Attachment(AttachmentKind.OTHER)] if other else []
