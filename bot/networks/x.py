"""X: single posts, or threads where they are allowed, each posted once although X keeps no key of ours."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bot.lengths import length
from bot.network import Counting, HeardPage, Limits, Published, Refused, SignedOut, TryLater, Unclear
from bot.prices import price
from bot.rendition import Rendition, alt_text, film, master, rendition
from bot.x.answer import Duplicate, ReplyNotAllowed
from bot.x.attempt import Attempts, XAttempt
from bot.x.budget import Budget, Tariff, micros_of
from bot.x.line import SIGNED_FOR, Keys, Line, open_line
from bot.x.mentions import Mentions
from bot.x.wording import says
from moderation import audit
from moderation.release import Release
from shifts.database import Database, utc_now

SKEW: Final = timedelta(minutes=2)
REMEMBERS: Final = timedelta(hours=24)
"""How far back we look for the post whose words X says it holds already."""
NOT_OURS_SECONDS: Final = 3600.0
RAW_CHARACTERS: Final = 4096
VIDEO_BYTES: Final = 25_000_000
"""X takes far larger ones; the publisher gives a whole release 30 seconds."""
PROCESSING_LOOKS: Final = (0.5, 1.0, 2.0, 4.0)
SETTLE_SECONDS: Final = 30.0
"""An account's own posts may be read behind what it posted; who posts again too soon posts twice."""
_EPOCH: Final = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
"""Where the times in X's ids begin."""


@dataclass(frozen=True, slots=True)
class Switches:
    """What is off unless a person decided otherwise; docs/x.md says why."""

    replies_allowed: bool = False
    hear_replies: bool = False
    under_opener: bool = False
    hear_seconds: float = 60.0
    settle_seconds: float = SETTLE_SECONDS


class X:
    """The network over a line."""

    def __init__(
        self,
        line: Line,
        database: Database,
        media: Path,
        tariff: Tariff,
        switches: Switches,
        clock: Callable[[], datetime],
    ) -> None:
        self._line = line
        self._database = database
        self._media = media
        self._clock = clock
        self._switches = switches
        self._budget = Budget(database, tariff, clock)
        self._attempts = Attempts(database, self._budget, clock)
        self._mentions = Mentions(line, self._budget, switches.hear_seconds)
        self._limits = _limits(tariff, switches)
        self._films: dict[str, str] = {}

    @property
    def limits(self) -> Limits:
        return self._limits

    async def publish(self, release: Release, key: str, answers: str | None) -> Published:
        """Post once. An earlier attempt that nobody confirmed is looked for first.

        Raises TryLater, Refused ("too long", "budget", "duplicate", "reply", ...), SignedOut, Unclear."""
        pictures = await self._checked(release, answers)
        earlier = await self._attempts.of(key)
        if earlier is not None:
            there = await self._earlier(release, key, earlier)
            if there is not None:
                return there
        video = await asyncio.to_thread(film, self._media, release.pictures, self._limits.video_bytes)
        post, alts = self._prices(release, described=video is None)
        await self._attempts.begin(key, post, alts)
        try:
            media = await self._media_ids(release, key, pictures, video)
        except (TryLater, Refused, SignedOut, asyncio.CancelledError):
            await self._attempts.end(key, in_doubt=earlier is not None)  # nothing was posted, however it ended
            raise
        try:
            post_id = await self._posted(release, media, answers)
        except (TryLater, Refused, SignedOut) as error:
            if isinstance(error, Refused):
                self._films.pop(key, None)  # X may have forgotten it by now: another try uploads it anew
            await self._attempts.end(key, in_doubt=earlier is not None)
            raise
        except Duplicate:
            return await self._duplicate(release, key, earlier)
        await self._attempts.done(key, post_id)
        self._films.pop(key, None)
        await self._record(release, pictures if video is None else [])
        return _published(post_id)

    async def find(self, release: Release, key: str, since: datetime) -> Published | None:
        """Our post with these words and so many pictures since a time. Raises TryLater, SignedOut."""
        mine, _ = await self._look(release, key, since)
        return None if mine is None else await self._found(key, mine)

    async def withdraw(self, published: Published) -> None:
        """Delete it; fine if it is gone. Raises TryLater, SignedOut."""
        if not published.id.isdigit():
            return  # no post of X has such an id
        try:
            deleted = await self._line.delete(published.id)
        except Refused:
            raise TryLater(NOT_OURS_SECONDS) from None
        if deleted:
            await self._budget.count(self._budget.tariff.delete)

    async def hide(self, heard_id: str, under: str) -> None:
        """Put a reply behind X's fold: it stays a click away. Raises TryLater, Refused, SignedOut."""
        await self._line.hide(heard_id, True)

    async def show_again(self, heard_id: str, under: str) -> None:
        """Take it out again. Raises TryLater, Refused, SignedOut."""
        await self._line.hide(heard_id, False)

    async def replies(self, cursor: str | None) -> HeardPage:
        """Mentions since `cursor` that answer a post; nothing while hearing is off. Raises TryLater, SignedOut."""
        return await self._mentions.since(cursor) if self._switches.hear_replies else HeardPage((), cursor)

    # Before the call

    async def _checked(self, release: Release, answers: str | None) -> list[Rendition]:
        """The pictures as X takes them. Raises Refused for what X would never take."""
        if len(release.text) > RAW_CHARACTERS or length(release.text, self._limits) > self._limits.characters:
            raise Refused("too long")
        if len(release.pictures) > self._limits.pictures:
            raise Refused("too many pictures")
        if answers and release.reply is not None and not self._switches.replies_allowed:
            raise Refused("reply")  # an answer that stands alone would say something that nobody approved
        return [await asyncio.to_thread(self._rendition, release, number) for number in range(len(release.pictures))]

    def _rendition(self, release: Release, number: int) -> Rendition:
        return rendition(master(self._media, release.pictures[number]), self._limits.picture_bytes)

    def _prices(self, release: Release, described: bool) -> tuple[int, int]:
        """Millionths of a dollar: the post itself, its alt texts. X takes none for a video."""
        alt_texts = sum(1 for picture in release.pictures if picture.alt and described)
        return micros_of(price(release.text, 0, self._limits)), micros_of(self._limits.alt_dollars) * alt_texts

    # The call

    async def _media_ids(self, release: Release, key: str, pictures: list[Rendition], video: bytes | None) -> list[str]:
        """Upload just before posting: media ids do not last. Each alt text is charged at once."""
        if video is not None:
            return [await self._film(key, video)]
        media: list[str] = []
        for picture, made in zip(release.pictures, pictures, strict=True):
            media.append(await self._line.upload(made.jpeg))
            if picture.alt:
                await self._line.describe(media[-1], alt_text(picture.alt, self._limits.alt_characters))
                await self._attempts.charged(key, micros_of(self._limits.alt_dollars))
        return media

    async def _film(self, key: str, video: bytes) -> str:
        """The media id of an uploaded video that is ready; a second try uses the first one's. Raises TryLater."""
        if key not in self._films:
            self._films[key] = await self._line.begin_film(video)
        for pause in PROCESSING_LOOKS:
            wait = await self._line.film_ready(self._films[key])
            if not wait:
                return self._films[key]
            await asyncio.sleep(min(wait, pause))
        raise TryLater(PROCESSING_LOOKS[-1])

    async def _posted(self, release: Release, media: list[str], answers: str | None) -> str:
        """Post under `answers` where that is allowed; a post of a thread also stands alone. A correction is always
        tried under what it corrects: X may take it, and asks nothing for saying no."""
        allowed = self._switches.replies_allowed or self._switches.under_opener or release.correction is not None
        if answers is None or not allowed:
            return await self._alone(release, media)
        try:
            return await self._line.post(release.text, media, answers)
        except ReplyNotAllowed:
            if release.reply is not None:
                raise Refused("reply") from None
            return await self._alone(release, media)

    async def _alone(self, release: Release, media: list[str]) -> str:
        try:
            return await self._line.post(release.text, media, None)
        except ReplyNotAllowed:
            raise Refused("policy") from None

    async def _record(self, release: Release, pictures: list[Rendition]) -> None:
        """Audit how the pictures that left were made from the approved ones."""
        made = {
            picture.sha256: rendered.recipe
            for picture, rendered in zip(release.pictures, pictures, strict=False)
            if rendered.recipe != "as approved"
        }
        if made:
            async with self._database.transaction() as session:
                subject = f"post {release.number}"
                await audit.record(session, self._clock(), "rendition", subject, network=release.network, recipes=made)

    # In doubt

    async def _earlier(self, release: Release, key: str, earlier: XAttempt) -> Published | None:
        if earlier.published_id is not None:
            return _published(earlier.published_id)
        mine, _ = await self._look(release, key, earlier.tried_at - SKEW)
        return None if mine is None else await self._found(key, mine)

    async def _duplicate(self, release: Release, key: str, earlier: XAttempt | None) -> Published:
        """X holds these words: from our own earlier attempt, or from another post, which makes this one impossible."""
        try:
            since = (earlier.tried_at if earlier else self._clock()) - REMEMBERS
            mine, others = await self._look(release, key, since, earlier.tried_at if earlier else release.approved_at)
        except (TryLater, SignedOut):
            raise Unclear from None
        if mine is not None:
            return await self._found(key, mine)
        if earlier is not None and not others:
            raise Unclear
        await self._attempts.end(key, in_doubt=False)
        raise Refused("duplicate")

    async def _look(
        self, release: Release, key: str, since: datetime, mine_since: datetime | None = None
    ) -> tuple[str | None, set[str]]:
        """The oldest post with this content that can be ours, and those of other keys with the same content."""
        posts = await self._line.own_posts(since)
        await self._budget.count(len(posts) * self._budget.tariff.read)
        same = [str(post["id"]) for post in posts if says(post, release.text, len(release.pictures))]
        others = await self._attempts.of_others(key, same)
        earliest = since if mine_since is None else mine_since - SKEW
        mine = [post for post in same if post not in others and _at(post) >= earliest]
        return (min(mine, key=int) if mine else None), others

    async def _found(self, key: str, post_id: str) -> Published:
        await self._attempts.done(key, post_id)
        return _published(post_id)


def _published(post_id: str) -> Published:
    return Published(post_id, f"https://x.com/i/status/{post_id}", _at(post_id))


def _at(post_id: str) -> datetime:
    """When a post was made: its id says so, to the millisecond."""
    return _EPOCH + timedelta(milliseconds=int(post_id) >> 22)


def _limits(tariff: Tariff, switches: Switches) -> Limits:
    return Limits(
        characters=280,
        counting=Counting.WEIGHTED,
        pictures=4,
        picture_bytes=5_000_000,
        alt_characters=1000,
        per_link=23,
        dollars=tariff.post,
        link_dollars=tariff.link,
        alt_dollars=tariff.alt,
        threads=switches.replies_allowed,
        under_opener=switches.under_opener,
        settle=switches.settle_seconds,
        video_bytes=VIDEO_BYTES,
        hides=True,
    )


def _tariff(spending: Mapping[str, float] | None) -> Tariff:
    try:
        return Tariff(**(spending or {}))
    except TypeError:
        raise ValueError("spending takes the prices that docs/x.md lists, each a number of dollars") from None


def _keys(keys: Mapping[str, str]) -> Keys:
    try:
        return Keys(**keys)
    except TypeError:
        raise ValueError("keys takes api_key, api_secret, access_token and access_secret") from None


def limits(
    *,
    keys: Mapping[str, str],
    base_url: str = SIGNED_FOR,
    replies_allowed: bool = False,
    hear_replies: bool = False,
    hear_seconds: float = 60.0,
    under_opener: bool = False,
    settle_seconds: float = SETTLE_SECONDS,
    spending: Mapping[str, float] | None = None,
) -> Limits:
    """What X takes, from its table in the configuration. Raises ValueError."""
    _keys(keys)
    return _limits(
        _tariff(spending), Switches(replies_allowed, hear_replies, under_opener, hear_seconds, settle_seconds)
    )


@asynccontextmanager
async def connect(  # noqa: PLR0913  each is a setting of its table in the configuration, checked by its name
    *,
    database: Database,
    media: Path,
    keys: Mapping[str, str],
    base_url: str = SIGNED_FOR,
    replies_allowed: bool = False,
    hear_replies: bool = False,
    hear_seconds: float = 60.0,
    under_opener: bool = False,
    settle_seconds: float = SETTLE_SECONDS,
    spending: Mapping[str, float] | None = None,
) -> AsyncIterator[X]:
    """An account by its keys; asks X nothing yet. Raises ValueError for settings that can not work.

    `keys`: api_key, api_secret, access_token, access_secret. `spending`: the fields of `Tariff`. `base_url` may name a
    proxy or a server of one's own. `hear_seconds`: the least time between two questions for mentions;
    `settle_seconds`: how long nobody looks for a post that X may have taken. The
    others are the switches of docs/x.md."""
    if urlsplit(base_url).scheme not in {"http", "https"}:
        raise ValueError("base_url is the http or https address of X's API")
    chosen = Switches(replies_allowed, hear_replies, under_opener, hear_seconds, settle_seconds)
    async with open_line(_keys(keys), base_url) as line:
        yield X(line, database, media, _tariff(spending), chosen, utc_now)
