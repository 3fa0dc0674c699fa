"""Who can be played on the page: the people that the program links to their phones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.chat_app import AccountId

_SECOND = re.compile(r"\+[2-9]$")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to play. `roles` as in the roster; `language` is their own.

    `account` is linked to its officer by the program. "<account>+2" is a further phone of the same person, which is
    not linked until it sends an invitation code."""

    account: AccountId
    name: str
    roles: tuple[str, ...]
    language: str


def owner(account: str, people: Sequence[Person]) -> Person | None:
    """Whose phone this is; None if it is nobody's."""
    first = _SECOND.sub("", account)
    return next((person for person in people if person.account == first), None)
