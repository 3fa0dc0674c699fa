"""What Discord delivers, read into the port's words. Vendor objects end here."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import discord
from discord.utils import snowflake_time

from bot.chat_app import AccountId, Attachment, AttachmentKind, CardId, ChatId, Choice, Edit, Message
from bot.discord_app.inbox import Arrival

POISON: Final = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What reading something that is not as promised may raise."""

_WRITTEN: Final = (discord.MessageType.default, discord.MessageType.reply)
_PREFIXES: Final = {
    "image/": AttachmentKind.PHOTO,
    "video/": AttachmentKind.VIDEO,
    "audio/": AttachmentKind.VOICE,
}


def written(message: discord.Message, ours: int) -> Arrival | None:
    """A message in a private chat, or None for what is not for us: our own, other bots', servers', notices.

    `ours` is the bot's own account."""
    if not _from_a_person(message, ours):
        return None
    attachments = tuple(_attachments(message))
    if not message.content and not attachments:
        return None
    item = Message(
        id=f"{message.channel.id}.{message.id}",
        account=AccountId(str(message.author.id)),
        chat=ChatId(str(message.channel.id)),
        message=str(message.id),
        sent_at=message.created_at,
        text=message.content,
        attachments=attachments,
        answers=_answers(message, ours),
    )
    at = message.edited_at or message.created_at
    return Arrival(item, message.channel.id, message.id, microseconds(at), message.id)


def changed(message: discord.Message, ours: int) -> Arrival | None:
    """An edit of a message, or None: links that unfold come as updates too, without a time."""
    edited_at = message.edited_at
    if edited_at is None or not _from_a_person(message, ours):
        return None
    at = microseconds(edited_at)
    item = Edit(
        id=f"{message.channel.id}.{message.id}.{at}",
        account=AccountId(str(message.author.id)),
        chat=ChatId(str(message.channel.id)),
        message=str(message.id),
        sent_at=edited_at,
        text=message.content,
    )
    return Arrival(item, message.channel.id, discord.utils.time_snowflake(edited_at), at)


def damaged(raw: Mapping[str, Any], chat: int, ours: int) -> Arrival | None:
    """A message of which a part is new to the library or broken: the words and the person still count.

    That part becomes something that we do not take, and the person is told so. May raise any of POISON."""
    number, author = int(raw["id"]), raw["author"]
    if author.get("bot") or int(author["id"]) == ours:
        return None
    item = Message(
        id=f"{chat}.{number}",
        account=AccountId(str(int(author["id"]))),
        chat=ChatId(str(chat)),
        message=str(number),
        sent_at=snowflake_time(number),
        text=str(raw.get("content") or ""),
        attachments=(Attachment(AttachmentKind.OTHER),),
    )
    return Arrival(item, chat, number, microseconds(item.sent_at), number)


def pressed(interaction: discord.Interaction, token: str) -> Choice | None:
    """A button of a card, or None where the platform does not say which card."""
    if interaction.message is None or interaction.channel_id is None:
        return None
    return Choice(
        id=f"tap.{interaction.id}",
        account=AccountId(str(interaction.user.id)),
        chat=ChatId(str(interaction.channel_id)),
        card=CardId(str(interaction.message.id)),
        token=token,
        sent_at=interaction.created_at,
    )


def said(interaction: discord.Interaction, text: str, answers: CardId | None = None) -> Message | None:
    """A command, or what was written into a form."""
    if interaction.channel_id is None:
        return None
    return Message(
        id=f"said.{interaction.id}",
        account=AccountId(str(interaction.user.id)),
        chat=ChatId(str(interaction.channel_id)),
        message=str(interaction.id),
        sent_at=interaction.created_at,
        text=text,
        answers=answers,
    )


def microseconds(at: datetime) -> int:
    """Since 1970; as exact as the platform's own times."""
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _from_a_person(message: discord.Message, ours: int) -> bool:
    return (
        message.guild is None
        and not message.author.bot
        and message.author.id != ours
        and message.webhook_id is None
        and message.type in _WRITTEN
    )


def _answers(message: discord.Message, ours: int) -> CardId | None:
    reference = message.reference
    if message.type is not discord.MessageType.reply or reference is None or reference.message_id is None:
        return None
    answered = reference.resolved
    if isinstance(answered, discord.Message) and answered.author.id != ours:
        return None
    return CardId(str(reference.message_id))


def _attachments(message: discord.Message) -> Iterator[Attachment]:
    for attachment in message.attachments:
        ref = f"{message.channel.id}/{message.id}/{attachment.id}"
        yield Attachment(_kind(attachment), ref, attachment.size)
    if message.stickers or message.poll or message.message_snapshots:
        yield Attachment(AttachmentKind.OTHER)


def _kind(attachment: discord.Attachment) -> AttachmentKind:
    if attachment.is_voice_message():
        return AttachmentKind.VOICE
    told = attachment.content_type or ""
    return next((kind for prefix, kind in _PREFIXES.items() if told.startswith(prefix)), AttachmentKind.FILE)
