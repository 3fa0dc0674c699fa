"""How a card reads in Telegram: its HTML within the platform's length, and its buttons."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import KeyboardButtonStyle

from bot.chat_app import Ask, Button, Card, Tone, Weight

TEXT = 4096
CAPTION = 1024
TITLE = 1000
"""Some cards are one sentence, and that is their title."""
LABEL = 64
ASK = 600
MORE = "…"
CUT = " […]"

SIGNS = {Tone.PLAIN: "🔹", Tone.GREEN: "🟢", Tone.AMBER: "🟠", Tone.RED: "🔴", Tone.GREY: "⚪"}
STYLES = {
    Weight.PLAIN: None,
    Weight.MAIN: KeyboardButtonStyle.PRIMARY,
    Weight.DANGER: KeyboardButtonStyle.DANGER,
}


@dataclass(frozen=True, slots=True)
class Page:
    """A card as one message: HTML, and the keyboard under it. Two equal pages look the same."""

    html: str
    keyboard: InlineKeyboardMarkup | None


@dataclass(frozen=True, slots=True)
class _Part:
    plain: str
    html: str


def fits_caption(card: Card) -> bool:
    """Whether the whole card can stand under a picture, in one message."""
    return _size(_parts(card, None)) <= CAPTION


def page(card: Card, link: str | None = None, limit: int = TEXT) -> Page:
    """A card as one message of at most `limit` characters.

    What is too long loses its lines from the last one up, then what could be copied. Only a quote that is too long by
    itself is cut, with a sign. A card that lost lines or words of its quote loses its main buttons as well: nobody
    publishes what they can not read whole."""
    for shorter in _versions(card):
        parts = _parts(shorter, link)
        if _size(parts) <= limit:
            return Page(_html(parts), _keyboard(shorter.rows))
    parts = _parts(_with_cut_quote(card, limit), link)
    return Page(_html(parts), _keyboard(_without_main(card.rows)))


def short(sentence: str, units: int) -> str:
    """A sentence within a number of UTF-16 units, its end cut off with a sign."""
    sentence = sound(sentence)
    if _units(sentence) <= units:
        return sentence
    return _first(sentence, units - len(MORE)) + MORE


def sound(text: str) -> str:
    """Text that can be sent: half a surrogate pair, which JSON may hold, can not."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def _versions(card: Card) -> Iterator[Card]:
    yield card
    for kept in range(len(card.lines) - 1, -1, -1):
        yield replace(card, lines=(*card.lines[:kept], MORE), rows=_without_main(card.rows))
    if card.ask:
        rows = _without_main(card.rows) if card.lines else card.rows
        yield replace(card, lines=(), ask=replace(card.ask, prefill=""), rows=rows)


def _with_cut_quote(card: Card, limit: int) -> Card:
    ask = replace(card.ask, prefill="") if card.ask else None
    bare = replace(card, lines=(), ask=ask, quote=CUT)
    room = limit - _size(_parts(bare, None))
    return replace(bare, quote=_first(sound(card.quote or ""), room) + CUT)


def _parts(card: Card, link: str | None) -> list[_Part]:
    alone = card.quote is None and not card.lines and card.ask is None
    parts = [_sentence(card) if alone and link is None else _title(card, link)]
    if card.quote is not None:
        parts.append(_quote(sound(card.quote), card.marks))
    parts += [_Part(line, escape(line, quote=False)) for line in map(sound, card.lines)]
    return parts + list(_ask(card.ask))


def _title(card: Card, link: str | None) -> _Part:
    sign, title = SIGNS[card.tone], short(card.title, TITLE)
    anchor = f'<a href="{escape(link)}">{sign}</a>' if link else sign
    return _Part(f"{sign} {title}", f"{anchor} <b>{escape(title, quote=False)}</b>")


def _sentence(card: Card) -> _Part:
    """A card of one sentence is easier to read when it is not bold all over."""
    said = f"{SIGNS[card.tone]} {short(card.title, TITLE)}"
    return _Part(said, escape(said, quote=False))


def _quote(quote: str, marks: Sequence[tuple[int, int]]) -> _Part:
    pieces, at = [], 0
    for start, end in _apart(marks, len(quote)):
        pieces += [escape(quote[at:start], quote=False), f"<u>{escape(quote[start:end], quote=False)}</u>"]
        at = end
    pieces.append(escape(quote[at:], quote=False))
    return _Part(quote, f"<blockquote>{''.join(pieces)}</blockquote>")


def _ask(ask: Ask | None) -> Iterator[_Part]:
    if ask is None:
        return
    label = "✏️ " + short(ask.label, ASK)
    yield _Part(label, escape(label, quote=False))
    if ask.prefill:
        prefill = sound(ask.prefill)
        yield _Part(prefill, f"<code>{escape(prefill, quote=False)}</code>")


def _apart(marks: Sequence[tuple[int, int]], length: int) -> Iterator[tuple[int, int]]:
    """Marks in order, clipped to the quote, none over another."""
    at = 0
    for start, end in sorted(marks):
        first, last = max(start, at, 0), min(end, length)
        if first < last:
            yield first, last
            at = last


def _keyboard(rows: Sequence[Sequence[Button]]) -> InlineKeyboardMarkup | None:
    keys = [[_key(button) for button in row] for row in rows if row]
    return InlineKeyboardMarkup(keys) if keys else None


def _key(button: Button) -> InlineKeyboardButton:
    label = short(button.label, LABEL).strip() or MORE
    return InlineKeyboardButton(label, callback_data=button.token, style=STYLES[button.weight])


def _without_main(rows: Sequence[Sequence[Button]]) -> tuple[tuple[Button, ...], ...]:
    return tuple(tuple(button for button in row if button.weight is not Weight.MAIN) for row in rows)


def _html(parts: Sequence[_Part]) -> str:
    return "\n".join(part.html for part in parts)


def _size(parts: Sequence[_Part]) -> int:
    return sum(_units(part.plain) + 1 for part in parts) - 1


def _units(text: str) -> int:
    """UTF-16 units, as Telegram counts offsets: never fewer than its characters."""
    return len(text.encode("utf-16-le")) // 2


def _first(text: str, units: int) -> str:
    return text.encode("utf-16-le")[: max(units, 0) * 2].decode("utf-16-le", "ignore")
