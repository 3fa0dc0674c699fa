"""How far each chat has been taken: the small file from which what was missed is read back after a stop."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS chat (
    id INTEGER PRIMARY KEY, after INTEGER NOT NULL, edits_after INTEGER NOT NULL, language TEXT);
CREATE TABLE IF NOT EXISTS commands (application INTEGER PRIMARY KEY, digest TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """Everything up to the message `after` was taken; edits up to `edits_after`, microseconds since 1970."""

    after: int
    edits_after: int


class Marks:
    """One SQLite file of ids and times; no words. Writes take microseconds and survive a kill.

    After a power cut the last marks may be missing: then some messages arrive again, under the same ids."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=NORMAL")
        self._file.executescript(_SCHEMA)
        rows = self._file.execute("SELECT id, after, edits_after FROM chat").fetchall()
        self._known = {chat: Mark(after, edits_after) for chat, after, edits_after in rows}

    def chats(self) -> dict[int, Mark]:
        """Every chat that is known."""
        return dict(self._known)

    def know(self, chat: int, after: int, at: int) -> None:
        """A chat is heard of for the first time: what comes after this message must not be missed."""
        if chat not in self._known:
            self._known[chat] = Mark(after, at)
            self._file.execute("INSERT OR IGNORE INTO chat VALUES (?, ?, ?, NULL)", (chat, after, at))

    def take(self, chat: int, message: int, at: int) -> None:
        """A message or an edit is in safe hands. Marks only move on."""
        known = self._known.get(chat, Mark(0, 0))
        moved = Mark(max(known.after, message), max(known.edits_after, at))
        if moved != known:
            self._known[chat] = moved
            self._file.execute(
                "INSERT INTO chat VALUES (?, ?, ?, NULL) ON CONFLICT (id) DO UPDATE SET after = excluded.after, "
                "edits_after = excluded.edits_after",
                (chat, moved.after, moved.edits_after),
            )

    def speaks(self, chat: int, language: str) -> None:
        """The language in which somebody uses their app; the chat must be known."""
        self._file.execute(
            "UPDATE chat SET language = ? WHERE id = ? AND language IS NOT ?", (language, chat, language)
        )

    def language(self, chat: int) -> str | None:
        """The language of a chat, if somebody pressed a button there."""
        row = self._file.execute("SELECT language FROM chat WHERE id = ?", (chat,)).fetchone()
        return row[0] if row else None

    def commands(self, application: int) -> str | None:
        """The digest of the commands that the platform shows."""
        row = self._file.execute("SELECT digest FROM commands WHERE application = ?", (application,)).fetchone()
        return row[0] if row else None

    def keep_commands(self, application: int, digest: str) -> None:
        """The platform shows these commands now."""
        self._file.execute("INSERT OR REPLACE INTO commands VALUES (?, ?)", (application, digest))

    def close(self) -> None:
        self._file.close()
