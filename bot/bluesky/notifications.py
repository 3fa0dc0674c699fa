"""Notifications as replies: the server lists them from the newest back, so the cursor is what is known already."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bot.bluesky.line import OUT_OF_ORDER, Line
from bot.bluesky.trouble import Gone, harmless_twice, translated
from bot.heard_words import harmless
from bot.network import Heard, HeardPage, TryLater

LIST: Final = "app.bsky.notification.listNotifications"
PAGE: Final = 100
POSTS: Final = 25
"""As many as the server shows at once."""
MOST_PAGES: Final = 50
BEGINNING: Final = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Notification:
    """What of a notification we read. `subject` is the post of ours that it is about."""

    uri: str
    author: str
    handle: str
    name: str
    text: str
    parent: str
    root: str
    subject: str
    at: datetime
    language: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """The newest page as it was: marks of what was on it, and the time of its end, if there was more behind it.

    A reply whose author's clock is slow appears in the middle of the page, and is still new."""

    end: datetime
    marks: frozenset[str]

    @classmethod
    def of(cls, page: Sequence[Notification]) -> "Known":
        end = min((one.at for one in page), default=BEGINNING) if len(page) >= PAGE else BEGINNING
        return cls(end, frozenset(_mark(one.uri) for one in page))

    @classmethod
    def read(cls, cursor: str) -> "Known":
        end, _, marks = cursor.partition(" ")
        return cls(datetime.fromisoformat(end), frozenset(marks.split()))

    def written(self) -> str:
        return " ".join((self.end.isoformat(), *sorted(self.marks)))

    def new(self, page: Iterable[Notification]) -> list[Notification]:
        return [one for one in page if one.at > self.end and _mark(one.uri) not in self.marks]


async def heard_since(line: Line, cursor: str | None) -> HeardPage:
    """Every reply that the cursor does not know, oldest first."""
    newest, behind = await _page(line, None)
    if cursor is None:
        return HeardPage((), Known.of(newest).written())
    known = Known.read(cursor)
    found = known.new(newest)
    page = newest
    for _ in range(MOST_PAGES - 1):
        if behind is None or len(known.new(page)) < len(page):
            break
        page, behind = await _page(line, behind)
        found += known.new(page)
    us = (await line.us()).did
    replies = [_heard(one, us) for one in reversed(found)]
    return HeardPage(tuple(replies), Known.of(newest).written())


async def words_now(line: Line, uris: Sequence[str]) -> dict[str, str | None]:
    """The words of posts as they are now; None for those that are gone. Raises TryLater, SignedOut."""
    now: dict[str, str | None] = dict.fromkeys(uris)
    for start in range(0, len(uris), POSTS):
        asked = [("uris", uri) for uri in uris[start : start + POSTS]]
        try:
            said = await line.ask("app.bsky.feed.getPosts", asked)
        except Gone:
            raise TryLater(OUT_OF_ORDER) from None
        async with harmless_twice(), translated():
            now |= {str(one["uri"]): harmless(str(one["record"].get("text", ""))) for one in said["posts"]}
    return now


async def _page(line: Line, cursor: str | None) -> tuple[list[Notification], str | None]:
    """A page of notifications, and the server's cursor to what is behind it."""
    asked = [("limit", str(PAGE)), ("reasons", "reply"), ("reasons", "mention")]
    try:
        said = await line.ask(LIST, [*asked, ("cursor", cursor)] if cursor else asked)
    except Gone:
        raise TryLater(OUT_OF_ORDER) from None
    async with harmless_twice(), translated():
        page = [_notification(entry) for entry in said["notifications"]]
        behind = said.get("cursor")
        return page, str(behind) if behind and page else None


def _notification(entry: dict[str, Any]) -> Notification:
    """Raises LookupError or ValueError for what is no notification; a stranger's record may be anything."""
    record, author = _table(entry, "record"), entry["author"]
    reply = _table(record, "reply")
    return Notification(
        uri=entry["uri"],
        author=author["did"],
        handle=author.get("handle") or author["did"],
        name=harmless(author.get("displayName") or "").strip(),
        text=harmless(str(record.get("text", ""))),
        parent=str(_table(reply, "parent").get("uri", "")),
        root=str(_table(reply, "root").get("uri", "")),
        subject=str(entry.get("reasonSubject") or ""),
        at=datetime.fromisoformat(entry["indexedAt"]).astimezone(UTC),
        language=_language(record),
    )


def _language(record: dict[str, Any]) -> str | None:
    told = record.get("langs")
    return str(told[0]) if isinstance(told, list) and told else None


def _table(entry: dict[str, Any], name: str) -> dict[str, Any]:
    inner = entry.get(name)
    return inner if isinstance(inner, dict) else {}


def _heard(one: Notification, us: str) -> Heard:
    """A reply to the nearest post of ours that it stands under, or a mention under no post of ours."""
    ours = [uri for uri in (one.parent, one.subject, one.root) if uri.startswith(f"at://{us}/")]
    url = f"https://bsky.app/profile/{one.handle}/post/{one.uri.rsplit('/', 1)[-1]}"
    answers = ours[0] if ours else None
    aside = bool(one.parent) and not ours
    name = one.name or one.handle
    return Heard(one.uri, answers, one.author, name, one.text, one.at, url, one.language, aside=aside)


def _mark(uri: str) -> str:
    return hashlib.sha256(uri.encode()).hexdigest()[:10]
