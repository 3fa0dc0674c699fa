"""Mentions of our account, as replies to what we published."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

import mastodon
from mastodon.return_types import Account, Notification, Status

from bot.mastodon_network.plain import plain, without_greeting
from bot.mastodon_network.trouble import Gone, meaning
from bot.network import Heard, HeardPage, TryLater, Unclear

T = TypeVar("T")

PAGE: Final = 40
LOOKS: Final = 3
"""So many threads are read for one page: an account may ask 300 things in five minutes, and has to post as well."""
REMEMBERED: Final = 10_000

_log = logging.getLogger(__name__)


class _Busy(Exception):
    """The instance says no more about threads now."""


class Threads:
    """Under which status of ours other statuses stand, as far as we have learnt; the latest are remembered."""

    def __init__(self) -> None:
        self._ours: dict[str, str | None] = {}

    def learn(self, ids: Iterable[str], ours: str | None) -> None:
        for one in ids:
            self._ours[one] = ours
        while len(self._ours) > REMEMBERED:
            del self._ours[next(iter(self._ours))]

    def known(self, id_: str) -> bool:
        return id_ in self._ours

    def ours(self, id_: str) -> str | None:
        return self._ours[id_]


def newest(client: mastodon.Mastodon) -> str:
    """The id to listen from when nobody has listened before."""
    return max((str(one.id) for one in client.notifications(types=["mention"], limit=1)), key=_order, default="0")


def heard_since(client: mastodon.Mastodon, us: Account, cursor: str, threads: Threads) -> HeardPage:
    """The replies of one page after `cursor`, oldest first. Pages go forward from it, so that none is left out.

    What answers us is heard at once. Of what answers others the thread is read first, if it is not known; what is too
    much for now is left for the next time, and only in a crowd of more than a page told as an aside: somebody behind
    it may be in danger."""
    page = client.notifications(types=["mention"], min_id=cursor, limit=PAGE)
    found = sorted((one for one in page if _order(str(one.id)) > _order(cursor)), key=lambda one: _order(str(one.id)))
    crowd = len(page) >= PAGE
    waiting = _look(client, us, found, threads)
    replies: list[Heard] = []
    whole = True
    for one in found:
        later = str(one.id) in waiting and not crowd
        whole = whole and not later
        heard = None if later else _guarded(_heard, us, one, threads)
        replies += [heard] if heard is not None else []
        cursor = str(one.id) if whole else cursor
    return HeardPage(tuple(replies), cursor, more=crowd)


def _look(client: mastodon.Mastodon, us: Account, found: Sequence[Notification], threads: Threads) -> set[str]:
    """Read the threads that are not known; gives the ids of the mentions that have to wait for that."""
    waiting: set[str] = set()
    looks = 0
    for one in found:
        if not _guarded(_is_unknown, us, one, threads):
            continue
        if waiting or looks >= LOOKS:
            waiting.add(str(one.id))
            continue
        looks += 1
        try:
            _guarded(_learn, client, us, one, threads)
        except _Busy:
            waiting.add(str(one.id))
    return waiting


def _guarded(read: Callable[..., T], *told: object) -> T | None:
    """What is made of something the instance tells; None of what no instance should tell, for the others are heard."""
    try:
        return read(*told)
    except (mastodon.MastodonError, _Busy):
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one, somebody in danger may have written another
        _log.error("a mention could not be read", extra={"error": type(error).__name__})
        return None


def _is_unknown(us: Account, one: Notification, threads: Threads) -> bool:
    """Whether a mention answers somebody else, and nobody knows under what."""
    status = one.status
    if status is None or status.in_reply_to_id is None or str(status.in_reply_to_account_id) == str(us.id):
        return False
    return not threads.known(str(status.in_reply_to_id))


def _learn(client: mastodon.Mastodon, us: Account, one: Notification, threads: Threads) -> None:
    """Read what a mention stands under. The nearest status of ours above each is the one it belongs to."""
    ours: str | None = None
    if one.status is None:
        return
    parent = str(one.status.in_reply_to_id)
    for above in _above(client, one.status):
        ours = str(above.id) if str(above.account.id) == str(us.id) else ours
        threads.learn([str(above.id)], ours)
    threads.learn([parent], ours)


def words_now(client: mastodon.Mastodon, us: Account, id_: str) -> str | None:
    """The words of a status as they are now; None if it is gone."""
    try:
        status: Status = client.status(id_)
    except mastodon.MastodonError as error:
        if isinstance(meaning(error, None), Gone):
            return None
        raise
    return _words(status, us.username)


def _order(id_: str) -> tuple[int, str]:
    """Ids are numbers without an end on some servers and sortable texts of one length on others."""
    return len(id_), id_


def _heard(us: Account, notification: Notification, threads: Threads) -> Heard | None:
    status = notification.status
    if status is None:
        return None
    answers = _ours(us, status, threads)
    if not _is_unknown(us, notification, threads):
        threads.learn([str(status.id)], answers)
    author = status.account
    return Heard(
        id=str(status.id),
        answers=answers,
        author=str(author.id),
        author_name=plain(author.display_name or "") or author.username,
        text=_words(status, us.username),
        at=aware(status.created_at),
        url=status.url,
        language=status.language,
        aside=answers is None and status.in_reply_to_id is not None,
    )


def _ours(us: Account, status: Status, threads: Threads) -> str | None:
    """The nearest status of ours that this one stands under, if any is known."""
    if status.in_reply_to_id is None:
        return None
    parent = str(status.in_reply_to_id)
    if str(status.in_reply_to_account_id) == str(us.id):
        return parent
    return threads.ours(parent) if threads.known(parent) else None


def _above(client: mastodon.Mastodon, status: Status) -> Sequence[Status]:
    """What it stands under, from the top; nothing if that cannot be read. Raises _Busy."""
    try:
        above: Sequence[Status] = client.status_context(status.id).ancestors
    except mastodon.MastodonError as error:
        if isinstance(meaning(error, None), TryLater | Unclear):
            raise _Busy from None
        return ()
    return above


def _words(status: Status, name: str) -> str:
    words = without_greeting(plain(status.content), name)
    warning = plain(status.spoiler_text or "")
    return f"{warning}\n\n{words}" if warning else words


def aware(at: datetime) -> datetime:
    """A time of the library's, which is in UTC whether it says so or not."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
