"""The line to an instance: Mastodon.py in a thread of its own, one call after the other, each with an end."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import mastodon
import requests

from bot import retry_after
from bot.bounded import MOST_BYTES, PIECE
from bot.mastodon_network.trouble import Gone, meaning
from bot.network import Refused, TryLater, Unclear

T = TypeVar("T")

READ_SECONDS: Final = 15.0
WHOLE_SECONDS: Final = 20.0
AFTER_DOUBT: Final = 3.0
OUT_OF_ORDER: Final = 60.0
ANOTHER_SHAPE: Final = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What reading an answer raises that is none of Mastodon's, although it is JSON."""
VERSION: Final = "4.3.0"
"""Told to the library, which would otherwise ask the instance before an upload."""


class Line:
    """Calls are made in their order: whoever looks after an unclear call looks after that call has ended."""

    def __init__(self, base_url: str, token: str, seconds: float) -> None:
        self._session = _Session(seconds)
        self._client = mastodon.Mastodon(
            access_token=token,
            api_base_url=base_url,
            ratelimit_method="throw",
            request_timeout=READ_SECONDS,
            mastodon_version=VERSION,
            version_check_mode="created",
            session=self._session,
            user_agent="tweetpatrol",
        )
        self._thread = ThreadPoolExecutor(1, "mastodon")

    async def act(self, call: Callable[[mastodon.Mastodon], T]) -> T:
        """A call that changes something. Raises TryLater, Refused, SignedOut, Gone, Unclear."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._translated, call)

    async def ask(self, call: Callable[[mastodon.Mastodon], T]) -> T:
        """A call that may be repeated. Raises TryLater, Refused, SignedOut, Gone."""
        try:
            return await self.act(call)
        except Unclear:
            raise TryLater(AFTER_DOUBT) from None

    async def look(self, call: Callable[[mastodon.Mastodon], T]) -> T:
        """A question that has an answer: who refuses it is out of order. Raises TryLater, SignedOut."""
        try:
            return await self.ask(call)
        except (Gone, Refused):
            raise TryLater(OUT_OF_ORDER) from None

    def close(self) -> None:
        """Start no further call; one that is under way ends by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._session.close()

    def _translated(self, call: Callable[[mastodon.Mastodon], T]) -> T:
        try:
            return call(self._client)
        except mastodon.MastodonError as error:
            # The chain is cut on purpose: the library's own errors quote what the server said.
            raise meaning(error, self._session.asked) from None
        except ANOTHER_SHAPE:
            raise Unclear from None


@asynccontextmanager
async def a_line(base_url: str, token: str, seconds: float = WHOLE_SECONDS) -> AsyncIterator[Line]:
    """A line that is closed at the end; an answer may take so many seconds as a whole."""
    line = Line(base_url, token, seconds)
    try:
        yield line
    finally:
        line.close()


class _Session(requests.Session):
    """Follows redirects of questions alone (one would turn a post into a question), and waits for no endless body."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self.asked: float | None = None
        """The seconds that the last answer asked for."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        end = time.monotonic() + self._seconds
        follow = options.get("allow_redirects", True) and request.method == "GET"
        response = super().send(request, **{**options, "stream": True, "allow_redirects": follow})
        self.asked = _asked(response.headers)
        # Where the library cannot read it, it takes whatever was answered for a refusal, also a post that was made.
        response.headers.pop("X-RateLimit-Reset", None)
        if response._content is False:  # else a redirect led here, and this method has read it
            response._content = _body(response, end)
        return response


def _asked(headers: Mapping[str, str]) -> float | None:
    reset = retry_after.until(headers, "X-RateLimit-Reset")
    return retry_after.seconds(headers) if reset is None else reset


def _body(response: requests.Response, end: float) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := response.raw.read1(PIECE, decode_content=True):
        pieces.append(piece)
        size += len(piece)
        if size > MOST_BYTES or time.monotonic() > end:
            response.close()
            raise requests.exceptions.ReadTimeout
    response.close()
    return b"".join(pieces)
