"""The pages of *Fix picture*, as a card's slot names them: which picture, what is done to it, in which cell."""

from dataclasses import dataclass
from typing import Final

LOOK: Final = "fix"
ADD: Final = "add"
LIFT: Final = "lift"


@dataclass(frozen=True, slots=True)
class FixPage:
    """LOOK: its numbered boxes (`picture` None: choose one first). ADD: the grid, inside a `cell` of 1 to 9 or over all
    of it. LIFT: asks about the box with the index `cell`."""

    what: str
    picture: int | None = None
    cell: int | None = None

    def __str__(self) -> str:
        return "-".join(str(part) for part in (self.what, self.picture, self.cell) if part is not None)


def read(page: str) -> FixPage | None:
    """The page that a slot names; None if it is about something else."""
    what, *numbers = page.split("-")
    if what not in (LOOK, ADD, LIFT) or len(numbers) > 2 or not all(number.isdecimal() for number in numbers):
        return None
    picture, cell = (*(int(number) for number in numbers), None, None)[:2]
    return FixPage(what, picture, cell)
