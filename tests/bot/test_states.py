import re
from pathlib import Path
from typing import Any

import pytest

from bot.delivery import DELIVERIES
from bot.fixed_answer import FIXED_ANSWERS
from bot.inbox import INBOX
from bot.reply import REPLIES
from moderation.post import PICTURES, POSTS
from shifts.state import Machine

DOCS = Path(__file__).parents[2] / "docs" / "states.md"
MACHINES: dict[str, Machine[Any]] = {
    "Post": POSTS,
    "Picture": PICTURES,
    "Delivery": DELIVERIES,
    "Reply": REPLIES,
    "Inbox item": INBOX,
    "Fixed answer": FIXED_ANSWERS,
}


@pytest.mark.parametrize("heading", MACHINES)
def test_the_picture_shows_the_moves_that_there_are(heading: str) -> None:
    machine = MACHINES[heading]
    section = DOCS.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    pictured = set(re.findall(r"^\s*(\[\*\]|\w+) --> (\w+)", section, re.MULTILINE))
    moves = {(str(a).replace(" ", "_"), str(b).replace(" ", "_")) for a, after in machine.moves.items() for b in after}
    assert pictured == moves | {("[*]", str(machine.first))}
