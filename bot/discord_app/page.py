"""How a card reads in Discord: one message of components within the platform's limits."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import discord
from discord import ui

from bot.chat_app import Button, Card, Tone, Weight
from bot.discord_app.markup import MORE, escape, quoted, short, size, sound, visible

TEXT: Final = 4000
"""All the words of one message together."""
TITLE: Final = 1000
LABEL: Final = 80
ASK: Final = 600
PICTURES: Final = 10
CUT: Final = " […]"
PREFILL: Final = 7
"""The number of the component that holds what the form is filled with, so that it is found after a restart."""
WRITE: Final = "write"
"""What the button that opens the form is called; every other button is `<place>:<token>`."""

_A_ROW: Final = 5
_ROOM: Final = 31
"""Rows and buttons together, of the 40 components of a message: the box, its texts and the form take the others."""
_BUTTONS: Final = 25

_Key = tuple[str | None, str, Weight]
_Row = tuple[_Key, ...]

SIGNS: Final = {Tone.PLAIN: "🔹", Tone.GREEN: "🟢", Tone.AMBER: "🟠", Tone.RED: "🔴", Tone.GREY: "⚪"}
COLOURS: Final = {
    Tone.PLAIN: 0x3A6EA5,
    Tone.GREEN: 0x2E7D32,
    Tone.AMBER: 0xEF8C00,
    Tone.RED: 0xB71C1C,
    Tone.GREY: 0x787878,
}
STYLES: Final = {
    Weight.PLAIN: discord.ButtonStyle.secondary,
    Weight.MAIN: discord.ButtonStyle.primary,
    Weight.DANGER: discord.ButtonStyle.danger,
}


@dataclass(frozen=True, slots=True)
class Page:
    """A card as one message, without the bytes of its pictures. Two equal pages look the same.

    `body` stands under the pictures; `alts` are the texts of the pictures; the token None opens the form."""

    colour: int
    title: str
    body: str
    prefill: str
    alts: tuple[str, ...]
    rows: tuple[_Row, ...]

    def view(self, files: Sequence[str]) -> ui.LayoutView:
        """The components, with these file names for pictures. Stopped: presses are heard by the line, not by it."""
        box: ui.Container[ui.LayoutView] = ui.Container(accent_colour=self.colour)
        box.add_item(ui.TextDisplay(self.title))
        if files:
            media = [
                discord.MediaGalleryItem(f"attachment://{name}", description=alt or None)
                for name, alt in zip(files, self.alts, strict=True)
            ]
            box.add_item(ui.MediaGallery(*media))
        if visible(self.body):
            box.add_item(ui.TextDisplay(self.body))
        if self.prefill:
            box.add_item(ui.TextDisplay(self.prefill, id=PREFILL))
        for row in self._buttons():
            box.add_item(ui.ActionRow(*row))
        view = ui.LayoutView(timeout=None)
        view.add_item(box)
        view.stop()
        return view

    def _buttons(self) -> Iterator[list[ui.Button[ui.LayoutView]]]:
        place = 0
        for row in self.rows:
            keys: list[ui.Button[ui.LayoutView]] = []
            for token, label, weight in row:
                name = WRITE if token is None else f"{place}:{token}"
                keys.append(ui.Button(style=STYLES[weight], label=label, custom_id=name))
                place += 1
            yield keys


def page(card: Card, write: str) -> Page:
    """A card as one message; `write` is what the button that opens the form says.

    What is too long loses first what the form shows anyway, then its lines from the last one up. Only a quote that is
    too long by itself is cut, with a sign. A card that lost lines or words of its quote loses its main buttons as well:
    nobody publishes what they can not read whole."""
    for shorter in _versions(card):
        shown = _page(shorter, write)
        if _length(shown) <= TEXT:
            return shown
    return _page(_with_cut_quote(card, write), write)


def _versions(card: Card) -> Iterator[Card]:
    yield card
    if card.ask and card.ask.prefill:
        card = replace(card, ask=replace(card.ask, prefill=""))
        yield card
    for kept in range(len(card.lines) - 1, -1, -1):
        yield replace(card, lines=(*card.lines[:kept], MORE), rows=_without_main(card))


def _with_cut_quote(card: Card, write: str) -> Card:
    ask = replace(card.ask, prefill="") if card.ask else None
    quote = card.quote or ""
    bare = replace(card, lines=(), ask=ask, rows=_without_main(card))

    def length(kept: int) -> int:
        return _length(_page(replace(bare, quote=quote[:kept] + CUT), write))

    kept = bisect_right(range(len(quote)), TEXT, key=length) - 1
    return replace(bare, quote=quote[: max(kept, 0)] + CUT)


def _without_main(card: Card) -> tuple[tuple[Button, ...], ...]:
    return tuple(tuple(button for button in row if button.weight is not Weight.MAIN) for row in card.rows)


def _page(card: Card, write: str) -> Page:
    return Page(
        colour=COLOURS[card.tone],
        title=_title(card),
        body="\n".join(_body(card)),
        prefill=_prefill(card),
        alts=tuple(short(picture.alt, 1024) for picture in card.pictures[:PICTURES]),
        rows=tuple(_rows(card, write)),
    )


def _title(card: Card) -> str:
    """A card of one sentence is easier to read when it is not bold all over."""
    title = escape(short(card.title, TITLE)).strip()
    alone = card.quote is None and not card.lines and card.ask is None
    return f"{SIGNS[card.tone]} {title}" if alone or not visible(title) else f"{SIGNS[card.tone]} **{title}**"


def _body(card: Card) -> Iterator[str]:
    if card.quote is not None:
        yield quoted(sound(card.quote), card.marks)
    yield from (escape(sound(line)) for line in card.lines)
    if card.ask is not None:
        yield f"✏️ {escape(short(card.ask.label, ASK))}"


def _prefill(card: Card) -> str:
    prefill = sound(card.ask.prefill) if card.ask else ""
    return escape(prefill) if visible(prefill) else ""


def _rows(card: Card, write: str) -> Iterator[_Row]:
    """The form's button stands in a row of its own; then the card's rows, filled up where they are too many."""
    if card.ask is not None:
        yield ((None, write, Weight.MAIN),)
    keys = [[_key(button) for button in row] for row in card.rows]
    rows = [row[start : start + _A_ROW] for row in keys for start in range(0, len(row), _A_ROW)]
    if sum(1 + len(row) for row in rows) > _ROOM:
        every = [key for row in rows for key in row][:_BUTTONS]
        rows = [every[start : start + _A_ROW] for start in range(0, len(every), _A_ROW)]
    yield from (tuple(row) for row in rows)


def _key(button: Button) -> _Key:
    label = short(button.label, LABEL).strip()
    return button.token, label if visible(label) else MORE, button.weight


def _length(shown: Page) -> int:
    return size(shown.title) + size(shown.body) + size(shown.prefill)
