"""Mentions of our account, as replies to what we published."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import mastodon
from mastodon.return_types import Account, Notification, Status

from bot.mastodon_network.plain import plain, without_greeting
from bot.mastodon_network.trouble import Gone, meaning
from bot.network import Heard, HeardPage

PAGE: Final = 40
MOST_PAGES: Final = 10


def newest(client: mastodon.Mastodon) -> str:
    """The id to listen from when nobody has listened before."""
    return max((str(one.id) for one in client.notifications(types=["mention"], limit=1)), key=_order, default="0")


def heard_since(client: mastodon.Mastodon, us: Account, cursor: str) -> HeardPage:
    """Every reply after `cursor`, oldest first. Pages go forward from it, so that none is left out."""
    replies: list[Heard] = []
    for _ in range(MOST_PAGES):
        page = client.notifications(types=["mention"], min_id=cursor, limit=PAGE)
        found = sorted(
            (one for one in page if _order(str(one.id)) > _order(cursor)), key=lambda one: _order(str(one.id))
        )
        replies += [heard for one in found if (heard := _heard(client, us, one)) is not None]
        cursor = str(found[-1].id) if found else cursor
        if len(page) < PAGE:
            break
    return HeardPage(tuple(replies), cursor)


def now(client: mastodon.Mastodon, us: Account, ids: Sequence[str]) -> dict[str, str | None]:
    """The words of statuses as they are now; None for those that are gone."""
    return {id_: _words_now(client, us, id_) for id_ in ids}


def _words_now(client: mastodon.Mastodon, us: Account, id_: str) -> str | None:
    try:
        status: Status = client.status(id_)
    except mastodon.MastodonError as error:
        if isinstance(meaning(error, None, 0.0), Gone):
            return None
        raise
    return _words(status, us.username)


def _order(id_: str) -> tuple[int, str]:
    """Ids are numbers without an end on some servers and sortable texts of one length on others."""
    return len(id_), id_


def _heard(client: mastodon.Mastodon, us: Account, notification: Notification) -> Heard | None:
    status = notification.status
    if status is None:
        return None
    answers = _ours(client, us, status)
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


def _ours(client: mastodon.Mastodon, us: Account, status: Status) -> str | None:
    """The nearest status of ours that this one stands under, if any."""
    if status.in_reply_to_id is None:
        return None
    if str(status.in_reply_to_account_id) == str(us.id):
        return str(status.in_reply_to_id)
    return next((str(one.id) for one in reversed(_above(client, status)) if str(one.account.id) == str(us.id)), None)


def _above(client: mastodon.Mastodon, status: Status) -> Sequence[Status]:
    try:
        above: Sequence[Status] = client.status_context(status.id).ancestors
    except mastodon.MastodonError as error:
        if isinstance(meaning(error, None, 0.0), Gone):
            return ()
        raise
    return above


def _words(status: Status, name: str) -> str:
    words = without_greeting(plain(status.content), name)
    warning = plain(status.spoiler_text or "")
    return f"{warning}\n\n{words}" if warning else words


def aware(at: datetime) -> datetime:
    """A time of the library's, which is in UTC whether it says so or not."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
