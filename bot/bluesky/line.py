"""The line to the network: its remote calls over HTTP, in a session that is kept and renewed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from bot.bluesky.session import Session, SessionFile, session_of
from bot.bluesky.trouble import Expired, Gone, harmless_twice, told, translated
from bot.network import Refused, SignedOut, TryLater

CALL_SECONDS: Final = 12.0
UPLOAD_SECONDS: Final = 20.0
OUT_OF_ORDER: Final = 60.0
SIGN_IN_AGAIN: Final = 120.0
"""Seconds between two attempts to sign in with a password that was refused."""
NO_HELP: Final = 600.0
"""The same where a new session helped nothing: an account may sign in 300 times a day."""

Parameters = Sequence[tuple[str, str]]


class Line:
    """Calls as one account. All raise TryLater, SignedOut and Gone."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        service: str,
        identifier: str,
        password: str,
        state: Path,
        seconds: float = CALL_SECONDS,
    ) -> None:
        self._http = http
        self._service = service.rstrip("/")
        self._identifier = identifier
        self._password = password
        self._file = SessionFile(state, self._service, identifier)
        self._session = self._file.read()
        self._renewing = asyncio.Lock()
        self._seconds = seconds
        self._refused_until = 0.0

    async def us(self) -> Session:
        """The account that we are signed in as."""
        return self._session or await self._renewed(None)

    async def ask(self, method: str, parameters: Parameters) -> dict[str, Any]:
        """A query: who refuses it is out of order."""
        try:
            async with harmless_twice():
                return await self._in_session("GET", method, {"params": list(parameters)}, self._seconds)
        except Refused:
            raise TryLater(OUT_OF_ORDER) from None

    async def act(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        """A procedure. Raises Refused and Unclear as well."""
        return await self._in_session("POST", method, {"json": body}, self._seconds)

    async def upload(self, jpeg: bytes) -> Any:
        """The server's reference to a picture, which it forgets unless a record soon names it. Raises Refused."""
        options = {"data": jpeg, "headers": {"Content-Type": "image/jpeg"}}
        async with harmless_twice(), translated():
            return (await self._in_session("POST", "com.atproto.repo.uploadBlob", options, UPLOAD_SECONDS))["blob"]

    async def _in_session(self, verb: str, method: str, options: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Call, and call again in a new session if this one has ended: then nothing was done."""
        session = await self.us()
        try:
            return await self._call(verb, session.home, method, session.access, options, seconds)
        except Expired:
            session = await self._renewed(session)
        try:
            return await self._call(verb, session.home, method, session.access, options, seconds)
        except Expired:
            self._refused_until = asyncio.get_running_loop().time() + NO_HELP
            raise SignedOut from None

    async def _call(
        self, verb: str, home: str, method: str, token: str | None, options: dict[str, Any], seconds: float
    ) -> dict[str, Any]:
        headers = dict(options.get("headers", {})) | ({"Authorization": f"Bearer {token}"} if token else {})
        limit = aiohttp.ClientTimeout(total=seconds)
        address = f"{home}/xrpc/{method}"
        async with (
            translated(),
            self._http.request(
                verb, address, timeout=limit, allow_redirects=False, **options | {"headers": headers}
            ) as answer,
        ):
            return await told(answer)

    async def _renewed(self, ended: Session | None) -> Session:
        """Another session than the one that has ended: somebody else's new one, a refreshed or a new one."""
        async with self._renewing, harmless_twice(), translated():
            for known in (self._session, self._file.read()):
                if known is not None and known != ended:
                    self._session = known
                    return known
            said = await self._refreshed(ended) if ended else None
            renewed = session_of(said, self._service) if said else None
            if renewed is None or (ended and renewed.home != ended.home):
                # What one server gave is shown to no other: whoever moved signs in anew.
                renewed = session_of(await self._signed_in(), self._service)
            self._file.write(renewed)
            self._session = renewed
            return renewed

    async def _refreshed(self, ended: Session) -> dict[str, Any] | None:
        """None if the server will not have the old session refreshed."""
        method = "com.atproto.server.refreshSession"
        try:
            return await self._call("POST", ended.home, method, ended.refresh, {}, self._seconds)
        except (Expired, Gone, Refused, SignedOut):
            return None

    async def _signed_in(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        if loop.time() < self._refused_until:
            raise SignedOut
        body = {"identifier": self._identifier, "password": self._password}
        method = "com.atproto.server.createSession"
        try:
            return await self._call("POST", self._service, method, None, {"json": body}, self._seconds)
        except (Expired, Gone, Refused, SignedOut):
            self._refused_until = loop.time() + SIGN_IN_AGAIN
            raise SignedOut from None


@asynccontextmanager
async def a_line(
    service: str, identifier: str, password: str, state: Path, seconds: float = CALL_SECONDS
) -> AsyncIterator[Line]:
    """A line that is closed at the end. Nothing is asked before the first call; each may take so many seconds."""
    async with aiohttp.ClientSession() as http:
        yield Line(http, service, identifier, password, state, seconds)
