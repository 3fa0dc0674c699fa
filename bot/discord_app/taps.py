"""Taps, commands and forms: acknowledged when they are committed, or just before the platform's patience ends."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import discord
from discord import InteractionType, ui

from bot.chat_app import CardId, Choice, Incoming, Message
from bot.discord_app.inbox import Arrival, Inbox
from bot.discord_app.marks import Marks
from bot.discord_app.markup import escape, short, unescape
from bot.discord_app.page import PREFILL, WRITE
from bot.discord_app.reading import microseconds, pressed, said
from bot.discord_app.slash import typed
from bot.discord_app.trouble import UNREACHABLE, reason
from shifts.words import Words

PATIENCE: Final = 2.0
"""Seconds; the platform wants a first answer within three, and the way there and back takes its part."""

ANSWER_SECONDS: Final = 14 * 60.0
"""How long the platform takes answers to a press, nearly."""

WORDS_OF_A_FORM: Final = 4000
REMEMBERED: Final = 1000
NOTE: Final = 1500

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Tap:
    interaction: discord.Interaction
    committed: asyncio.Event = field(default_factory=asyncio.Event)
    answering: asyncio.Lock = field(default_factory=asyncio.Lock)


class Taps:
    """What people press. The platform forgets a press after three seconds, and its answer line after 15 minutes."""

    def __init__(
        self,
        inbox: Inbox,
        marks: Marks,
        words: Words,
        prefill: Callable[[CardId], str | None],
        asked: Callable[[CardId, str], str | None],
        patience: float = PATIENCE,
    ) -> None:
        self._inbox = inbox
        self._marks = marks
        self._words = words
        self._prefill = prefill
        self._asked = asked
        self._patience = patience
        self._open: OrderedDict[str, _Tap] = OrderedDict()

    async def heard(self, interaction: discord.Interaction) -> None:
        """Anything that somebody pressed in a private chat."""
        if interaction.guild_id is not None or interaction.channel_id is None:
            return
        data: Mapping[str, Any] = interaction.data or {}
        name = str(data.get("custom_id", ""))
        match interaction.type:
            case InteractionType.component if name == WRITE:
                await self._open_form(interaction)
            case InteractionType.component:
                token = name.partition(":")[2]
                await self._take(interaction, pressed(interaction, token), token)
            case InteractionType.modal_submit:
                await self._take(interaction, said(interaction, _filled_in(data), CardId(name.partition(":")[2])))
            case InteractionType.application_command:
                await self._take(interaction, said(interaction, typed(data)))
            case _:
                return

    async def answer(self, choice: Choice, sentence: str | None) -> None:
        """Say something to whoever pressed, for their eyes only. What is too old is let go."""
        tap = self._open.pop(choice.id, None)
        if tap is None:
            return
        tap.committed.set()
        if sentence is not None:
            await self._said(tap, sentence)

    async def _take(self, interaction: discord.Interaction, item: Incoming | None, token: str = "") -> None:
        if item is None or interaction.channel_id is None:
            return
        tap = _Tap(interaction)
        self._open[item.id] = tap
        if len(self._open) > REMEMBERED:
            self._open.popitem(last=False)
        at = microseconds(interaction.created_at)

        async def taken() -> None:
            tap.committed.set()

        self._inbox.hear(Arrival(item, interaction.channel_id, interaction.id, at, taken=taken))
        self._marks.speaks(interaction.channel_id, self._language(interaction))
        await self._ask_at_once(tap, token)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                await tap.committed.wait()
        await self._acknowledge(tap, item)

    async def _acknowledge(self, tap: _Tap, item: Incoming) -> None:
        is_command = tap.interaction.type is InteractionType.application_command
        async with tap.answering:
            if not tap.interaction.response.is_done() and not (is_command and tap.committed.is_set()):
                await _tried(lambda: tap.interaction.response.defer(ephemeral=is_command, thinking=is_command))
        if is_command:
            await self._say_taken(tap)
        if isinstance(item, Message):
            self._open.pop(item.id, None)

    async def _say_taken(self, tap: _Tap) -> None:
        """A command ends with a word for its author alone: the platform shows "thinking" until there is one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await tap.committed.wait()
                await self._said(tap, self._words.say("discord.taken", self._language(tap.interaction)))

    async def _said(self, tap: _Tap, sentence: str) -> None:
        note, quiet = escape(short(sentence, NOTE)), discord.AllowedMentions.none()
        async with tap.answering:
            if tap.interaction.response.is_done():
                await _tried(lambda: tap.interaction.followup.send(note, ephemeral=True, allowed_mentions=quiet))
            else:
                respond = tap.interaction.response.send_message
                await _tried(lambda: respond(note, ephemeral=True, allowed_mentions=quiet))

    async def _open_form(self, interaction: discord.Interaction) -> None:
        """The form must be the first answer; it is filled from what this process knows, else from the card itself."""
        message = interaction.message
        if message is None or interaction.channel_id is None:
            return
        card = CardId(str(message.id))
        prefill = self._prefill(card)
        self._marks.speaks(interaction.channel_id, self._language(interaction))
        await self._show_form(interaction, card, _on_the_card(message.components) if prefill is None else prefill)

    async def _ask_at_once(self, tap: _Tap, token: str) -> None:
        """A button that asks for words opens its form, which saves a press; what the press itself does is done besides.

        After a restart nobody here knows the words, and the card asks for them."""
        card = CardId(str(tap.interaction.message.id if tap.interaction.message else 0))
        prefill = self._asked(card, token)
        if prefill is None:
            return
        async with tap.answering:
            if not tap.interaction.response.is_done():
                await self._show_form(tap.interaction, card, prefill)

    async def _show_form(self, interaction: discord.Interaction, card: CardId, prefill: str) -> None:
        title = short(self._words.say("discord.form", self._language(interaction)), 45)
        form = _Form(title, f"{WRITE}:{card}", prefill)
        await _tried(lambda: interaction.response.send_modal(form))

    def _language(self, interaction: discord.Interaction) -> str:
        return self._words.known(interaction.locale.value)


class _Form(ui.Modal):
    """One field with the words to change. Stopped: what is filled in is heard by the line, so after a restart too."""

    def __init__(self, title: str, name: str, prefill: str) -> None:
        super().__init__(title=title, custom_id=name, timeout=None)
        field_of_words: ui.TextInput[ui.Modal] = ui.TextInput(
            custom_id="words",
            style=discord.TextStyle.paragraph,
            default=prefill[:WORDS_OF_A_FORM] or None,
            max_length=WORDS_OF_A_FORM,
        )
        self.add_item(ui.Label(text=title, component=field_of_words))
        self.stop()


async def _tried(call: Callable[[], Awaitable[object]]) -> None:
    """An answer that does not arrive is let go: the card itself shows what came of the press."""
    try:
        await call()
    except UNREACHABLE as error:
        log.info("a press was not answered: %s", reason(error))


def _on_the_card(components: list[Any]) -> str:
    for component in _inside(components):
        if isinstance(component, discord.TextDisplay) and component.id == PREFILL:
            return unescape(component.content)
    return ""


def _inside(components: list[Any]) -> Iterator[Any]:
    for component in components:
        yield component
        yield from _inside(list(getattr(component, "children", ())))


def _filled_in(data: Mapping[str, Any]) -> str:
    """What was written into the form's only field."""
    for part in data.get("components", ()):
        found: Mapping[str, Any] = part.get("component") or next(iter(part.get("components", ())), {})
        if "value" in found:
            return str(found["value"])
    return ""
