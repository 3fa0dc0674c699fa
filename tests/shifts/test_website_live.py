"""The live stream: what arrives, in which order, and what happens to readers who leave, stall or come back."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request
from sqlalchemy import text

from shifts import timeline
from shifts.database import Database
from shifts.shift import ShiftState
from shifts.website.changes import POLL_SECONDS, Changes
from shifts.website.live import address_of
from shifts.website.site import STREAM
from shifts.website.stream import MAX_UNREAD
from tests.shifts.night import Night, shown, soon


@dataclass
class Told:
    id: str
    event: str
    data: dict[str, Any]


class Listener:
    """A reader of the stream, as a browser is one."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self, seconds: float = 30) -> Told:
        fields: dict[str, str] = {}
        async with asyncio.timeout(seconds):
            async for line in self.response.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                elif "event" in fields:
                    return Told(fields["id"], fields["event"], json.loads(fields["data"]))
                else:
                    fields = {}
        raise EOFError

    async def next_post(self) -> Told:
        """The next event about a post; those about shifts are passed over."""
        told = await self.next()
        while told.event != "post":
            told = await self.next()
        return told


@asynccontextmanager
async def listening(night: Night, path: str = "/live", **headers: str) -> AsyncIterator[Listener]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    timeout = aiohttp.ClientTimeout(total=None)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(night.address + path, headers=named) as response,
    ):
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        assert night.site is not None
        stream = night.site[STREAM]

        async def seated() -> bool:
            return len(stream) > 0

        assert await soon(seated)
        yield Listener(response)


@pytest.fixture
async def night(database: Database, tmp_path: Path) -> AsyncIterator[Night]:
    async with shown(database, tmp_path / "media") as night:
        yield night


async def test_a_post_arrives_rendered(night: Night) -> None:
    await night.open_shift()
    async with listening(night) as reader:
        post = await night.post("Bridge open again.", "traffic")
        told = await reader.next_post()
        assert (told.data["change"], told.data["entry"], told.data["root"]) == ("published", post.id, None)
        assert "Bridge open again." in told.data["html"]


async def test_another_process_is_heard(night: Night) -> None:
    await night.open_shift()
    elsewhere = Night(Database(night.database.url.render_as_string(False)), night.folder, shifts=night.shifts)
    async with listening(night, "/live?lang=es") as reader:
        await elsewhere.post("Written by another process.")
        told = await reader.next_post()
        assert "Written by another process." in told.data["html"]
        assert "lang=es" in told.data["html"]
    await elsewhere.database.close()


async def test_who_comes_back_gets_what_was_missed_once_and_in_order(night: Night) -> None:
    await night.open_shift()
    async with listening(night) as reader:
        await night.post("One.")
        told = await reader.next_post()
        seen = told.id
    posts = [await night.post(f"Missed {number}.") for number in range(3)]
    async with listening(night, Last_Event_ID=seen) as reader:
        posts.append(await night.post("After coming back."))
        arrived = [await reader.next() for _ in posts]
    assert [told.data["entry"] for told in arrived] == [post.id for post in posts]
    assert [int(told.id) for told in arrived] == sorted({int(told.id) for told in arrived})


async def test_who_comes_back_sees_no_word_that_was_withdrawn_meanwhile(night: Night) -> None:
    await night.open_shift()
    post = await night.post("Words to be taken back.")
    await night.withdraw(post)
    async with listening(night, "/live?after=0") as reader:
        arrived = [await reader.next() for _ in range(3)]
    assert "taken back" not in json.dumps([told.data for told in arrived])
    assert arrived[-1].data["change"] == "withdrawn"
    assert "This post was withdrawn at" in arrived[-1].data["html"]


async def test_who_was_away_too_long_is_asked_to_load_the_page_again(night: Night) -> None:
    shift = await night.open_shift()
    async with night.database.transaction() as session:
        for _ in range(150):
            assert shift.id is not None
            await timeline.shift_changed(session, shift.id, night.now)
    async with listening(night, "/live?after=1") as reader:
        assert (await reader.next()).event == "reload"


async def test_freezing_is_told_to_everybody(night: Night) -> None:
    shift = await night.open_shift()
    async with listening(night) as reader:
        await night.set_state(shift, ShiftState.FROZEN)
        told = await reader.next()
        while "paused" not in told.data["now"]:
            told = await reader.next()
        assert told.event == "shift"
        assert "Updates are paused." in told.data["own"]


async def test_a_reader_who_does_not_read_is_dropped_and_the_others_are_served(night: Night) -> None:
    await night.open_shift()
    assert night.site is not None
    stream = night.site[STREAM]
    host, port = night.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.sendall(b"GET /live HTTP/1.1\r\nHost: patrol.example\r\n\r\n")
        async with listening(night) as reader:

            async def both() -> bool:
                return len(stream) == 2

            assert await soon(both)

            async def pushed() -> bool:
                await stream.send(stream.position, lambda _: b": " + b"x" * MAX_UNREAD + b"\n\n")
                return len(stream) == 1

            reading = asyncio.create_task(reader.next_post())
            assert await soon(pushed)
            await night.post("Still served.")
            assert "Still served." in (await reading).data["html"]


async def test_a_reader_behind_an_old_proxy_is_served_too(night: Night) -> None:
    await night.open_shift()
    host, port = night.address.removeprefix("http://").split(":")
    async with asyncio.timeout(30):
        incoming, outgoing = await asyncio.open_connection(host, int(port))
        outgoing.write(b"GET /live?after=0 HTTP/1.0\r\nHost: patrol.example\r\n\r\n")
        head = await incoming.readuntil(b"\r\n\r\n")
        assert b"chunked" not in head
        assert (await incoming.readuntil(b"\n\n")).startswith(b"retry: ")
        assert (await incoming.readuntil(b"\n\n")).startswith(b"id: 1\nevent: shift\n")
        outgoing.close()


async def test_a_reader_who_leaves_is_forgotten(night: Night) -> None:
    async with listening(night):
        pass
    assert night.site is not None
    stream = night.site[STREAM]

    async def empty() -> bool:
        return len(stream) == 0

    assert await soon(empty)


async def test_one_address_has_so_many_places_and_no_more(sqlite_database: Database, tmp_path: Path) -> None:
    async with (
        shown(sqlite_database, tmp_path / "media", readers_per_address=2) as night,
        listening(night),
        listening(night),
        aiohttp.ClientSession() as session,
    ):
        response = await session.get(night.address + "/live")
        assert (response.status, response.headers["Retry-After"]) == (503, "30")


def test_addresses_are_believed_from_our_own_proxy_only() -> None:
    said = "198.51.100.7, 2001:db8:1:2:3::4"
    request = make_mocked_request("GET", "/live", headers={"X-Forwarded-For": said})
    assert address_of(request, 1) == "2001:db8:1:2::"
    assert address_of(request, 2) == "198.51.100.7"
    assert address_of(request, 0) not in said


async def test_readers_do_not_hold_up_a_shutdown(database: Database, tmp_path: Path) -> None:
    an_hour = 3600
    async with asyncio.timeout(60), AsyncExitStack() as readers:
        async with shown(database, tmp_path / "media", shutdown_seconds=an_hour) as night:
            reader = await readers.enter_async_context(listening(night))
        with pytest.raises(EOFError):
            await reader.next()


async def test_a_change_wakes_us_where_the_database_can_call_and_is_asked_for_within_a_second_elsewhere(
    database: Database, tmp_path: Path
) -> None:
    assert POLL_SECONDS < 1
    night, an_hour = Night(database, tmp_path), 3600
    changes = Changes(database, safety_seconds=an_hour)
    seen = changes.watch()
    async with asyncio.timeout(60):
        first = await anext(seen)
        await night.open_shift()
        assert await anext(seen) > first
    changes.stop()
    with pytest.raises(StopAsyncIteration):
        await anext(seen)


async def test_changes_are_heard_again_after_the_connection_was_cut(tmp_path: Path, postgresql: Any) -> None:
    with postgresql.new_database() as url:
        database = Database(url)
        changes = Changes(database)
        seen = changes.watch()
        night = Night(database, tmp_path)
        first = await anext(seen)

        async def cut() -> bool:
            listening = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            async with database.transaction() as session:
                return (await (await session.connection()).execute(text(listening))).scalar() is True

        assert await soon(cut)
        await night.open_shift()
        async with asyncio.timeout(30):
            assert await anext(seen) == first + 1
        changes.stop()
        with pytest.raises(StopAsyncIteration):
            await anext(seen)
        await database.close()


async def test_change_ids_become_visible_in_order(database: Database, tmp_path: Path) -> None:
    night = Night(database, tmp_path)
    shift = await night.open_shift()
    seen: list[int] = []

    async def write() -> None:
        for _ in range(10):
            async with database.transaction() as session:
                assert shift.id is not None
                await timeline.shift_changed(session, shift.id, night.now)
                await asyncio.sleep(0)

    changes = Changes(database, poll_seconds=0.001)

    async def look() -> None:
        newest = 0
        async for latest in changes.watch():
            async with database.reading() as session:
                rows = await (await session.connection()).execute(
                    text("SELECT id FROM timeline_change WHERE id > :newest AND id <= :latest"),
                    {"newest": newest, "latest": latest},
                )
                seen.extend(sorted(rows.scalars()))
            newest = latest
            if len(seen) == 41:
                changes.stop()

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(look())
        for _ in range(4):
            group.create_task(write())
    assert len(seen) == 41
    assert seen == sorted(seen)
