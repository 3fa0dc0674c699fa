"""The gateway: sessions that can be resumed, dropped, invalidated, and events that are not as promised."""

import asyncio
import json
import secrets
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from tests.fake_discord.world import APPLICATION, BOT_JSON, TOKEN, Json

PRIVATE_MESSAGES = 1 << 12
DISPATCH, IDENTIFY, RESUME, INVALID, HELLO, BEAT, BEATEN = 0, 2, 6, 9, 10, 1, 11
SIGNED_OUT = 4004


@dataclass
class Session:
    id: str
    intents: int
    sent: list[str] = field(default_factory=list)
    socket: web.WebSocketResponse | None = None


class Gateway:
    """One bot's gateway. `identified` and `resumed` count; `connected` is set while somebody listens."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.identified = 0
        self.resumed = 0
        self.connected = asyncio.Event()
        self.url = ""
        self._sending = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def tell(self, event: str, data: Json) -> None:
        """Bring an event to every session, or keep it for one that resumes."""
        for session in self.sessions.values():
            if event.startswith("MESSAGE") and not session.intents & PRIVATE_MESSAGES:
                continue
            self._note(session, event, data)

    async def drop(self, code: int = 4000) -> None:
        """Close every connection; the sessions can be resumed."""
        for session in self.sessions.values():
            if session.socket is not None:
                await session.socket.close(code=code)

    def forget(self) -> None:
        """Whoever resumes is told to start again."""
        self.sessions.clear()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(json.dumps({"op": HELLO, "d": {"heartbeat_interval": 41_250}}))
        session: Session | None = None
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            said = json.loads(message.data)
            if said["op"] == BEAT:
                await socket.send_str(json.dumps({"op": BEATEN}))
            elif said["op"] in (IDENTIFY, RESUME):
                session = await self._begin(socket, said)
        if session is not None and session.socket is socket:
            session.socket = None
            self.connected.clear()
        return socket

    async def _begin(self, socket: web.WebSocketResponse, said: Json) -> Session | None:
        if said["d"]["token"] != TOKEN:
            await socket.close(code=SIGNED_OUT)
            return None
        if said["op"] == RESUME:
            return await self._resume(socket, said["d"])
        self.identified += 1
        session = Session(secrets.token_hex(8), said["d"]["intents"], socket=socket)
        self.sessions = {session.id: session}
        ready = {
            "v": 10,
            "user": BOT_JSON,
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "guilds": [],
            "private_channels": [],
            "application": {"id": str(APPLICATION), "flags": 0},
        }
        self._note(session, "READY", ready)
        self.connected.set()
        return session

    async def _resume(self, socket: web.WebSocketResponse, said: Json) -> Session | None:
        session = self.sessions.get(said["session_id"] or "")
        if session is None:
            await socket.send_str(json.dumps({"op": INVALID, "d": False}))
            return None
        self.resumed += 1
        missed = session.sent[said["seq"] :]
        session.socket = socket
        for text in missed:
            await socket.send_str(text)
        self._note(session, "RESUMED", {})
        self.connected.set()
        return session

    def _note(self, session: Session, event: str, data: Json) -> None:
        text = json.dumps({"op": DISPATCH, "t": event, "s": len(session.sent) + 1, "d": data})
        session.sent.append(text)
        if session.socket is not None and not session.socket.closed:
            task = asyncio.create_task(self._send(session.socket, text))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, socket: web.WebSocketResponse, text: str) -> None:
        async with self._sending:
            if not socket.closed:
                await socket.send_str(text)
