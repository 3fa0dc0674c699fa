"""How a card is named: the message with the buttons, and the pictures that stand above it as messages of their own."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from telegram import MessageEntity

from bot.chat_app import CardId

LINK = "tg://card?with="
"""The sign of a card with pictures above it is a link of this kind: so an answer or a tap names the whole card."""

_LINK = re.compile(r"tg://card\?with=(\d+(?:-\d+)*)")


@dataclass(frozen=True, slots=True)
class CardName:
    """`main` is the message that is edited and tapped; `above` are its pictures, empty if the picture is in `main`."""

    main: int
    above: tuple[int, ...] = ()

    @classmethod
    def read(cls, card_id: CardId) -> Self:
        """The inverse of `id`. Raises ValueError for what is no card of ours."""
        main, _, above = card_id.partition("+")
        return cls(int(main), tuple(int(part) for part in above.split(",") if part))

    @classmethod
    def of_message(cls, main: int, entities: Iterable[MessageEntity]) -> Self:
        """The name of a card from a message of ours, as it comes back with a tap or an answer."""
        for entity in entities:
            found = _LINK.fullmatch(entity.url or "")
            if found:
                return cls(main, tuple(int(part) for part in found[1].split("-")))
        return cls(main)

    @property
    def id(self) -> CardId:
        above = ",".join(str(part) for part in self.above)
        return CardId(f"{self.main}+{above}" if above else str(self.main))

    @property
    def link(self) -> str | None:
        return LINK + "-".join(str(part) for part in self.above) if self.above else None

    @property
    def messages(self) -> tuple[int, ...]:
        return (self.main, *self.above)
