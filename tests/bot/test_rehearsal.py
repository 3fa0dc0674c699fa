"""The rehearsal without a browser: what it keeps, whom it lets in, what it seals."""

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from aiohttp.test_utils import TestServer
from yarl import URL

from bot.chat_app import AccountId, AttachmentKind, AttachmentRefused, Card, CardId, ChatId, Edit, Message
from bot.chat_apps import rehearsal
from bot.networks import rehearsal as network
from bot.rehearsal.platform import Platform, open_platform
from bot.rehearsal.seal import WrongKey
from bot.rehearsal.uploads import MOST_BYTES, shown_as
from tests.bot.echo import KEY, LIMA, application
from tests.bot.rehearsal_client import PageClient, open_page
from tests.bot.rehearsal_program import free_port, program
from tests.contracts.test_networks import POST

JPEG = b"\xff\xd8\xff" + b"night" * 100
START = datetime(2026, 11, 21, 21, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def platform(tmp_path: Path, clock: Clock) -> AsyncIterator[Platform]:
    async with open_platform(tmp_path / "rehearsal.sqlite", KEY, clock) as opened:
        yield opened


@pytest.fixture
async def base(platform: Platform) -> AsyncIterator[URL]:
    async with TestServer(application(platform)) as server:
        yield server.make_url("/")


@pytest.fixture
async def page(base: URL) -> AsyncIterator[PageClient]:
    async with open_page(base, "lima3") as opened:
        yield opened


async def test_a_program_killed_in_the_middle_loses_no_message_and_no_card(tmp_path: Path) -> None:
    sent = []
    for turn in range(3):
        with program(tmp_path, free_port()) as (base, running):
            async with open_page(base, "lima4") as page:
                for number in range(5):
                    sent.append(f"message {turn}.{number}")
                    await page.send(sent[-1])
                running.send_signal(signal.SIGKILL)
    with program(tmp_path, free_port()) as (base, _):
        async with open_page(base, "lima4") as page, open_page(base, "moss") as sergeant:
            sent.append((await page.send("the last"))["sent"]["text"])
            await sergeant.when(lambda: len(sergeant.items) == len(sent))
            await page.when(lambda: all(item.get("taken", True) for item in page.items.values()))
            texts = [item["sent"]["text"] for item in page.items.values() if item["kind"] == "sent"]
            quotes = ["".join(piece["text"] for piece in card["card"]["quote"]) for card in await sergeant.cards()]
    assert texts == quotes == sent


async def test_a_message_has_two_ticks_once_the_program_took_it(platform: Platform, page: PageClient) -> None:
    item = await page.send("Road closed")
    assert item["taken"] is False
    async with rehearsal.connect(platform=platform) as app:
        incoming = app.incoming()
        await anext(incoming)
        await page.catch_up()
        assert page.items[item["id"]]["taken"] is False
        await page.send("Road open")
        await anext(incoming)
        await page.catch_up()
    assert page.items[item["id"]]["taken"] is True


async def test_a_page_that_sends_again_after_a_lost_answer_says_it_once(platform: Platform, page: PageClient) -> None:
    for _ in range(3):
        await page.ask("send", text="Road closed", files=[], nonce="one-and-the-same")
    await page.send("Road open")
    async with rehearsal.connect(platform=platform) as app:
        incoming = app.incoming()
        heard = [await anext(incoming), await anext(incoming)]
    assert [item.text for item in heard if isinstance(item, Message)] == ["Road closed", "Road open"]
    assert len(page.items) == 2


async def test_what_a_phone_wrote_is_there_on_every_page_and_after_a_reload(base: URL, page: PageClient) -> None:
    async with open_page(base, "lima3") as other:
        await page.send("Road closed")
        await other.catch_up()
        assert [item["sent"]["text"] for item in other.items.values()] == ["Road closed"]
    async with open_page(base, "lima3") as later:
        assert later.items == page.items
    async with open_page(base, "lima4") as stranger:
        assert stranger.items == {}


async def test_an_edit_changes_the_message_on_the_phone_and_arrives(platform: Platform, page: PageClient) -> None:
    item = await page.send("Road closd")
    await page.ask("edit", message=item["id"], text="Road closed")
    assert page.items[item["id"]]["sent"]["text"] == "Road closed"
    async with rehearsal.connect(platform=platform) as app:
        incoming = app.incoming()
        await anext(incoming)
        edit = await anext(incoming)
    assert isinstance(edit, Edit)
    assert (edit.message, edit.text) == (item["id"], "Road closed")


async def test_a_pin_and_a_voice_note_arrive_without_a_place_or_a_sound(platform: Platform, page: PageClient) -> None:
    await page.send("", [{"kind": "location"}])
    await page.send("", [{"kind": "voice"}])
    async with rehearsal.connect(platform=platform) as app:
        incoming = app.incoming()
        heard = [await anext(incoming), await anext(incoming)]
        kinds = [item.attachments[0] for item in heard if isinstance(item, Message)]
        assert [(kind.kind, kind.ref) for kind in kinds] == [(AttachmentKind.LOCATION, ""), (AttachmentKind.VOICE, "")]
        with pytest.raises(AttachmentRefused):
            await app.fetch(kinds[1])


async def test_one_byte_too_many_gets_one_sentence_and_loses_nothing_else(platform: Platform, page: PageClient) -> None:
    response = await page.upload(bytes(MOST_BYTES + 1))
    assert response.status == 413
    assert "30 MB" in (await response.json())["sentence"]
    exact = await page.upload(bytes(MOST_BYTES))
    assert await platform.uploads.size((await exact.json())["ref"], LIMA) == MOST_BYTES
    assert (await page.send("Road closed"))["sent"]["text"] == "Road closed"


async def test_nothing_that_a_person_sent_lies_readable_on_the_disk(tmp_path: Path, page: PageClient) -> None:
    photo = await page.photo(JPEG)
    item = await page.send("Marlow at 14 Elm Street", [photo])
    await page.ask("edit", message=item["id"], text="Marlow at 15 Elm Street")
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"upload" in kept
    for words in (b"Marlow", b"Elm Street", b"nightnight", b"night.jpg"):
        assert words not in kept


async def test_another_key_opens_nothing(tmp_path: Path) -> None:
    async with open_platform(tmp_path / "rehearsal.sqlite", KEY):
        pass
    with pytest.raises(WrongKey):
        async with open_platform(tmp_path / "rehearsal.sqlite", bytes(32)):
            pass


async def test_an_upload_goes_when_its_message_is_removed(platform: Platform, page: PageClient) -> None:
    photo = await page.photo(JPEG)
    item = await page.send("A photo", [photo])
    assert await platform.uploads.read(photo["ref"]) == JPEG
    await page.ask("remove", message=item["id"])
    assert item["id"] not in page.items
    with pytest.raises(AttachmentRefused):
        await platform.uploads.read(photo["ref"])


async def test_an_upload_is_kept_for_a_day_and_no_longer(platform: Platform, clock: Clock) -> None:
    ref = await platform.uploads.add(LIMA, JPEG, clock.now)
    assert await platform.uploads.purge(START + timedelta(hours=23, minutes=59)) == 0
    assert await platform.uploads.read(ref) == JPEG
    assert await platform.uploads.purge(START + timedelta(hours=24)) == 1
    with pytest.raises(AttachmentRefused):
        await platform.uploads.read(ref)


async def test_a_phone_cannot_send_what_another_phone_uploaded(page: PageClient, base: URL) -> None:
    photo = await page.photo(JPEG)
    async with open_page(base, "lima4") as other:
        told = await other.ask("send", text="Mine", files=[photo])
        assert told["is"] == "refused"
        assert other.items == {}


async def test_a_tap_is_answered_with_a_note_on_that_phone_only(
    platform: Platform, page: PageClient, base: URL
) -> None:
    async with rehearsal.connect(platform=platform) as app, open_page(base, "lima4") as other:
        card = await app.show(Card("214"), LIMA, "k1")
        await page.ask("tap", card=card, token="a1")
        choice = await anext(app.incoming())
        assert not isinstance(choice, Message | Edit)
        await app.answer(choice, "Already decided by Sgt Moss.")
        await page.catch_up()
        await other.catch_up()
    assert page.notes == ["Already decided by Sgt Moss."]
    assert other.notes == []


async def test_a_picture_is_only_shown_as_the_picture_that_it_is(page: PageClient) -> None:
    svg = await page.photo(b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>")
    jpeg = await page.photo(JPEG)
    async with page.session.get(page.base / f"rehearsal/upload/{svg['ref']}") as refused:
        assert refused.status == 404
    async with page.session.get(page.base / f"rehearsal/upload/{jpeg['ref']}") as shown:
        assert (shown.content_type, await shown.read()) == ("image/jpeg", JPEG)
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown_as(b"RIFF....WEBPVP8 ") == "image/webp"


PATHS = ("rehearsal", "rehearsal/static/page.js", "rehearsal/live", "rehearsal/upload/x", "rehearsal/picture/x/0")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "host", ["patrol.example", "127.0.0.1.patrol.example", "10.0.0.7:8000", "localhost.evil.example"]
)
async def test_a_name_of_another_machine_is_refused(base: URL, path: str, host: str) -> None:
    async with ClientSession() as session, session.get(base / path, headers={"Host": host}) as response:
        assert response.status == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
async def test_the_names_of_this_machine_are_let_in(base: URL, host: str) -> None:
    headers = {"Host": f"{host}:{base.port}"}
    async with ClientSession() as session, session.get(base / "rehearsal", headers=headers) as response:
        assert response.status == 200
        assert "script-src 'self';" in response.headers["Content-Security-Policy"]


async def test_somebody_behind_a_proxy_is_refused(base: URL) -> None:
    headers = {"X-Forwarded-For": "192.0.2.7"}
    async with ClientSession() as session, session.get(base / "rehearsal", headers=headers) as response:
        assert response.status == 403


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "https://127.0.0.1", "http://127.0.0.1:1"])
async def test_a_page_of_another_origin_gets_no_line_and_uploads_nothing(base: URL, origin: str | None) -> None:
    headers = {"Origin": origin} if origin else {}
    async with ClientSession() as session:
        with pytest.raises(WSServerHandshakeError) as refused:
            await session.ws_connect(base / "rehearsal/live", headers=headers)
        assert refused.value.status == 403
        url = (base / "rehearsal/upload").with_query(chat="lima3")
        async with session.post(url, data=JPEG, headers=headers) as response:
            assert response.status == 403


@pytest.mark.parametrize("name", ["..%2fpage.py", "nothing.js", "page.html", "%2e%2e%2f%2e%2e%2fchat_app.py"])
async def test_only_the_files_of_the_page_are_served(base: URL, name: str) -> None:
    async with ClientSession() as session, session.get(URL(f"{base}rehearsal/static/{name}", encoded=True)) as response:
        assert response.status == 404


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "[]",
        "7",
        '{"do": "send"}',
        '{"do": "send", "chat": "nobody", "text": "x", "files": [], "nonce": "12345678"}',
        '{"do": "send", "chat": "lima3", "text": "x", "files": [{"kind": "gun"}], "nonce": "12345678"}',
        '{"do": "send", "chat": "lima3", "text": "\\ud800", "files": [], "nonce": "12345678"}',
        '{"do": "send", "chat": "lima3", "text": "x", "files": [], "nonce": "short"}',
        '{"do": "reply", "post": "none", "name": "Ines", "text": "x", "nonce": "12345678"}',
        '{"do": "switch", "trouble": "fire", "on": true}',
        '{"do": "format the disk"}',
    ],
)
async def test_what_makes_no_sense_is_refused_and_the_page_goes_on(page: PageClient, frame: str) -> None:
    await page.socket.send_str(frame)
    await page.until(lambda event: event["is"] == "refused")
    assert page.items == {}
    assert (await page.send("Road closed"))["kind"] == "sent"


async def test_a_further_phone_of_a_person_has_its_own_account(platform: Platform, base: URL) -> None:
    async with open_page(base, "lima3+2") as page:
        await page.send("/start ABC")
    async with rehearsal.connect(platform=platform) as app:
        heard = await anext(app.incoming())
    assert (heard.account, heard.chat) == ("lima3+2", "lima3+2")


async def test_the_panel_shows_what_was_published_and_how_long_it_is(platform: Platform, page: PageClient) -> None:
    async with network.connect(platform=platform) as public:
        published = await public.publish(POST, "k1", None)
        await page.until(lambda event: event["is"] == "public")
        (post,) = page.public["posts"]
        assert post["text"] == POST.text
        assert [(one["network"], one["length"], one["most"]) for one in post["lengths"]] == [
            ("Mastodon", 65, 500),
            ("X", 65, 280),
            ("Bluesky", 65, 300),
        ]
        start = await public.replies(None)
        await page.ask("reply", post=published.id, name="Ines", text="Thank you!")
        (heard,) = (await public.replies(start.cursor)).replies
        assert (heard.text, heard.answers) == ("Thank you!", published.id)
        await public.withdraw(published)
        await page.until(lambda event: event["is"] == "public" and event["posts"][0]["withdrawn"] is not None)


async def test_a_page_that_does_not_read_is_sent_away_rather_than_filled(platform: Platform) -> None:
    with platform.page() as slow:
        slow.chats.add(ChatId("lima3"))
        for number in range(5000):
            platform.tell_gone(ChatId("lima3"), str(number))
        assert slow.events.qsize() <= 2000
        assert None in [slow.events.get_nowait() for _ in range(slow.events.qsize())]


async def test_a_cancelled_write_neither_half_happens_nor_blocks_the_next(platform: Platform, page: PageClient) -> None:
    for steps in range(12):
        sending = asyncio.create_task(platform.phones.tap(AccountId("lima3"), CardId("x"), "a1", f"cut {steps}", START))
        for _ in range(steps):
            await asyncio.sleep(0)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    assert (await page.send("Road closed"))["kind"] == "sent"
