"""The line to X: tweepy's client over a session of our own, and the calls of the API that we make."""

import base64
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import aiohttp
from tweepy.asynchronous import AsyncClient
from yarl import URL

from bot.bounded import body
from bot.network import Refused, TryLater
from bot.x.answer import BUSY_SECONDS, Gone, ReplyNotAllowed, answered, looking, preparing, translated

SIGNED_FOR: Final = "https://api.twitter.com"
"""The address that every call is signed for, wherever it is sent."""
CONNECT_SECONDS: Final = 5.0
CALL_SECONDS: Final = 12.0
"""The publisher gives a whole release 30 seconds."""
PIECE: Final = 2 << 20
"""As many bytes of a video as one call carries."""
PAGE: Final = 100
PAGES: Final = 8
HEARD: Final = ("created_at", "author_id", "lang", "referenced_tweets", "conversation_id", "entities", "note_tweet")
"""What of a mention is read."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Keys:
    """The four parts of X's OAuth 1.0a: of the app, and of the account that posts."""

    api_key: str
    api_secret: str
    access_token: str
    access_secret: str

    def __post_init__(self) -> None:
        if not self.user_id.isdigit():
            raise ValueError("access_token is not one of X's: it starts with the number of the account and a dash")

    @property
    def user_id(self) -> str:
        """The account's number: an access token begins with it."""
        return self.access_token.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Page:
    """Posts, newest first, and the names of their authors by id; `more` asks for what is older, if there is any."""

    posts: Sequence[Json]
    names: Mapping[str, str]
    more: str | None


class Line:
    """The calls. Each raises TryLater, Refused, SignedOut; `post` also Unclear, Duplicate and ReplyNotAllowed."""

    def __init__(self, client: Any, user_id: str) -> None:
        self._client = client
        self.user_id = user_id

    async def post(self, text: str, media: Sequence[str], answers: str | None) -> str:
        """Make a post; gives its id."""
        try:
            with translated(posting=True):
                made = await self._client.create_tweet(
                    text=text, media_ids=list(media) or None, in_reply_to_tweet_id=answers, user_auth=True
                )
                return _number(made["data"]["id"])
        except Gone:
            raise (TryLater(BUSY_SECONDS) if answers is None else ReplyNotAllowed()) from None

    async def upload(self, picture: bytes) -> str:
        """Upload a JPEG in one shot; gives the media id, which X keeps for a day."""
        told = {"media": base64.b64encode(picture).decode(), "media_category": "tweet_image"}
        with preparing():
            made = await self._asked("POST", "/2/media/upload", told)
            return _number(made["data"]["id"])

    async def begin_film(self, video: bytes) -> str:
        """Upload an MP4 piece by piece; gives the media id, which may be used once `film_ready`."""
        told = {"media_type": "video/mp4", "media_category": "tweet_video", "total_bytes": len(video)}
        with preparing():
            begun = await self._asked("POST", "/2/media/upload/initialize", told)
            media = _number(begun["data"]["id"])
            for number, start in enumerate(range(0, len(video), PIECE)):
                piece = {"media": base64.b64encode(video[start : start + PIECE]).decode(), "segment_index": number}
                await self._client.request(
                    "POST", f"/2/media/upload/{media}/append", params={}, json=piece, user_auth=True
                )
            await self._asked("POST", f"/2/media/upload/{media}/finalize", {})
        return media

    async def film_ready(self, media: str) -> float:
        """0 once X has made its sizes of a video; else the seconds after which to ask again. Raises Refused."""
        with preparing():
            asked = {"command": "STATUS", "media_id": media}
            response = await self._client.request("GET", "/2/media/upload", params=asked, user_auth=True)
            working: Json = (await response.json())["data"].get("processing_info", {})
            state, wait = working.get("state", "succeeded"), float(working.get("check_after_secs", 1))
        if state == "failed":
            raise Refused("picture")
        return 0.0 if state == "succeeded" else wait

    async def describe(self, media: str, alt: str) -> None:
        """Give an uploaded picture its alt text."""
        with preparing():
            await self._asked("POST", "/2/media/metadata", {"id": media, "metadata": {"alt_text": {"text": alt}}})

    async def delete(self, post: str) -> bool:
        """Delete a post; False if there is none of this id."""
        try:
            with translated():
                told = await self._client.delete_tweet(post, user_auth=True)
                if told["data"]["deleted"] is not True:
                    raise ValueError("it says nothing of a post that was deleted")
        except Gone:
            return False
        return True

    async def hide(self, post: str, hidden: bool) -> None:
        """Put somebody's reply in a conversation of ours behind X's fold, or take it out; fine if it is gone."""
        try:
            with translated():
                told = await (self._client.hide_reply if hidden else self._client.unhide_reply)(post, user_auth=True)
                if told["data"]["hidden"] is not hidden:
                    raise ValueError("it says nothing of a reply that was hidden or shown")
        except Gone:
            return

    async def own_posts(self, since: datetime) -> list[Json]:
        """Our posts since a time, newest first. An answer without its count tells nothing about what is there."""
        posts: list[Json] = []
        token: str | None = None
        fields = ["created_at", "entities", "attachments", "note_tweet", "referenced_tweets"]
        with looking():
            for _ in range(PAGES):
                page = await self._client.get_users_tweets(
                    self.user_id,
                    max_results=PAGE,
                    pagination_token=token,
                    start_time=since,
                    tweet_fields=fields,
                    user_auth=True,
                )
                posts += _counted(page)
                token = page["meta"].get("next_token")
                if token is None:
                    break
        return posts

    async def newest_mentions(self) -> list[Json]:
        """The newest few mentions of us; X gives no fewer than five at a time."""
        with looking():
            return _counted(await self._client.get_users_mentions(self.user_id, max_results=5, user_auth=True))

    async def mentions(self, after: str | None, before: str | None, most: int, token: str | None) -> Page:
        """Mentions of us between two ids, newest first, at most so many; `token` is that of the page before."""
        with looking():
            page = await self._client.get_users_mentions(
                self.user_id,
                max_results=most,
                since_id=after,
                until_id=before,
                pagination_token=token,
                tweet_fields=list(HEARD),
                expansions=["author_id"],
                user_fields=["username"],
                user_auth=True,
            )
            names = {user["id"]: user["username"] for user in page.get("includes", {}).get("users", [])}
            return Page(_counted(page), names, page["meta"].get("next_token"))

    async def _asked(self, method: str, route: str, told: Json) -> Any:
        """What tweepy has no call for. Empty parameters: without them it cannot sign."""
        response = await self._client.request(method, route, params={}, json=told, user_auth=True)
        return await response.json()


@asynccontextmanager
async def open_line(keys: Keys, base_url: str, seconds: float = CALL_SECONDS) -> AsyncIterator[Line]:
    """A line that asks nothing yet. `base_url` may name a proxy or a server of one's own; `seconds` are for a call."""
    for name in ("tweepy", "oauthlib"):
        # At DEBUG they log the header that signs, and what it signs.
        logging.getLogger(name).setLevel(logging.WARNING)
    client: Any = AsyncClient(
        consumer_key=keys.api_key,
        consumer_secret=keys.api_secret,
        access_token=keys.access_token,
        access_token_secret=keys.access_secret,
        return_type=dict,
    )
    # A connection for each call: a kept one that X has closed meanwhile would leave a post unclear for nothing.
    connector = aiohttp.TCPConnector(force_close=True)
    timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, middlewares=[_through(URL(base_url))]
    ) as session:
        client.session = session
        yield Line(client, keys.user_id)


def _number(told: Any) -> str:
    """An id of X's. Raises ValueError."""
    return str(int(told))


def _counted(page: Json) -> list[Json]:
    """The posts of a page. Raises ValueError where it does not say that there are none: X also answers "200" with an
    error and nothing else."""
    posts = list(page.get("data", []))
    if bool(posts) is not (int(page["meta"]["result_count"]) > 0):
        raise ValueError("another count than X says")
    return posts


def _through(base: URL) -> aiohttp.ClientMiddlewareType:
    """Send every call to `base`, and raise every answer that is no success before tweepy trips over its body."""

    async def send(request: aiohttp.ClientRequest, call: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        if str(base.origin()) != SIGNED_FOR:
            request.url = request.url.with_scheme(base.scheme).with_host(base.host or "").with_port(base.port)
        response = await call(request)
        if 200 <= response.status < 300:
            response._body = await body(response)
            return response
        raise await answered(response)

    return send
