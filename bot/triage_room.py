"""The triage room: a workroom that loads the second judge once, so that no loop waits for it."""

from functools import partial
from pathlib import Path
from typing import Final

from bot.triage_model import Model, Shares
from moderation.workroom import Patience, Workroom

PATIENCE: Final = Patience(seconds=5, loading=60)


class TriageRoom:
    """Asks the model of the other process; `folder` holds its weights."""

    def __init__(self, folder: Path) -> None:
        self._room = Workroom("the second judge of replies", partial(Model, folder), PATIENCE)

    async def weigh(self, text: str) -> Shares:
        """How likely each label is. Raises DetectorFailed if the process died or hung; it is started anew."""
        return await self._room.ask(Model.weigh, text)

    def close(self) -> None:
        self._room.close()
