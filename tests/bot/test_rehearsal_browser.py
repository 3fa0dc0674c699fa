"""The rehearsal in a real browser, as an officer and a sergeant use it."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Browser, FilePayload, Locator, Page, expect

from bot.chat_app import AttachmentKind, Card, Edit, Message, Picture
from bot.chat_apps import rehearsal
from bot.network import Network, Unclear
from bot.networks import rehearsal as rehearsal_network
from bot.rehearsal.platform import open_platform
from bot.rehearsal.uploads import MOST_BYTES
from tests.bot.echo import KEY, LIMA, Echo, application, covered_picture
from tests.bot.rehearsal_program import free_port, program
from tests.contracts.test_networks import POST
from tests.moderation.media_videos import panned, street, video

TEXT = "Stopped a van with four bald tyres on Harbour Road."


@dataclass(frozen=True)
class Scene:
    """A program that echoes, and where its page is."""

    echo: Echo
    network: Network
    url: str

    def messages(self) -> list[Message]:
        return [item for item in self.echo.heard if isinstance(item, Message)]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    picture = covered_picture(tmp_path / "covered.jpg")
    async with (
        open_platform(tmp_path / "rehearsal.sqlite", KEY) as platform,
        rehearsal.connect(platform=platform) as app,
        rehearsal_network.connect(platform=platform) as network,
        TestServer(application(platform)) as server,
    ):
        echo = Echo(app, picture)
        running = asyncio.create_task(echo.run())
        yield Scene(echo, network, str(server.make_url("/rehearsal")))
        platform.close()
        await running


@pytest.fixture
async def stage(scene: Scene, browser_page: Page) -> Page:
    await browser_page.goto(scene.url)
    await expect(browser_page.locator(".phone")).to_have_count(2)
    return browser_page


def phone(page: Page, account: str) -> Locator:
    return page.locator(f"#phone-{account}")


def field(page: Page, account: str) -> Locator:
    return phone(page, account).get_by_role("textbox", name="Write a message")


async def write(page: Page, account: str, text: str) -> None:
    await field(page, account).fill(text)
    await field(page, account).press("Enter")


def jpeg(name: str = "night.jpg", colour: str = "navy") -> FilePayload:
    content = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(content, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": content.getvalue()}


async def pick(page: Page, account: str, entry: str, files: list[FilePayload]) -> None:
    async with page.expect_file_chooser() as chooser:
        await phone(page, account).get_by_role("button", name="Attach").click()
        await phone(page, account).get_by_role("menuitem", name=entry).click()
    await (await chooser.value).set_files(files)


async def test_a_message_gets_two_ticks_and_a_card_that_the_sergeant_publishes(stage: Page) -> None:
    await write(stage, "lima3", TEXT)
    await expect(phone(stage, "lima3").get_by_label("received by the bot")).to_be_visible()
    await expect(phone(stage, "lima3").get_by_role("heading", name="214 · Night B")).to_be_visible()
    sergeant = phone(stage, "moss")
    await expect(sergeant.get_by_role("article", name="214 · GREEN (green)")).to_contain_text(TEXT)
    await expect(sergeant.locator("mark")).to_have_text(TEXT[:4])
    buttons = sergeant.get_by_role("group", name="214 · GREEN")
    await expect(buttons.get_by_role("button", name="Publish · 214", exact=True)).to_be_visible()
    await sergeant.get_by_role("button", name="Publish").click()
    await expect(sergeant.get_by_role("status")).to_have_text("Done.")
    await expect(sergeant.get_by_role("heading", name="214 · published")).to_be_visible()
    await expect(sergeant.get_by_role("button", name="Publish")).to_have_count(0)


async def test_what_is_on_the_phones_is_there_after_a_reload(stage: Page) -> None:
    await write(stage, "lima3", TEXT)
    await expect(phone(stage, "moss").get_by_role("button", name="Publish")).to_be_visible()
    await expect(phone(stage, "lima3").get_by_label("received by the bot")).to_be_visible()
    before = await phone(stage, "lima3").get_by_role("log").inner_text()
    await stage.reload()
    await expect(phone(stage, "moss").get_by_role("button", name="Publish")).to_be_visible()
    assert await phone(stage, "lima3").get_by_role("log").inner_text() == before


async def test_two_photos_leave_as_an_album_with_the_words_at_the_first(scene: Scene, stage: Page) -> None:
    await pick(stage, "lima3", "Photo or video", [jpeg(), jpeg("two.jpg", "olive")])
    await write(stage, "lima3", TEXT)
    await expect(phone(stage, "lima3").get_by_alt_text("Photo that you sent")).to_have_count(2)
    await expect(phone(stage, "moss").get_by_alt_text("White van at night, plate covered").first).to_be_visible()
    first, second = scene.messages()
    assert (first.text, second.text) == (TEXT, "")
    assert first.album == second.album is not None
    assert [message.attachments[0].kind for message in (first, second)] == [AttachmentKind.PHOTO] * 2
    assert await scene.echo.app.fetch(second.attachments[0]) == jpeg("two.jpg", "olive")["buffer"]


async def test_a_picture_can_leave_as_a_file(scene: Scene, stage: Page) -> None:
    await pick(stage, "lima3", "Picture as a file", [jpeg()])
    await expect(phone(stage, "lima3").get_by_role("checkbox", name="Send as a file")).to_be_checked()
    await phone(stage, "lima3").get_by_role("button", name="Send", exact=True).click()
    await expect(phone(stage, "lima3").get_by_label("received by the bot")).to_be_visible()
    assert [message.attachments[0].kind for message in scene.messages()] == [AttachmentKind.FILE]


TRANSFER = """async (element, [kind, bytes]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], "night.jpg", {type: "image/jpeg"}));
  const Event = kind === "paste" ? ClipboardEvent : DragEvent;
  const key = kind === "paste" ? "clipboardData" : "dataTransfer";
  element.dispatchEvent(new Event(kind, {[key]: transfer, bubbles: true, cancelable: true}));
}"""


@pytest.mark.parametrize("kind", ["paste", "drop"])
async def test_a_photo_can_be_pasted_and_dropped(scene: Scene, stage: Page, kind: str) -> None:
    await field(stage, "lima3").evaluate(TRANSFER, [kind, list(jpeg()["buffer"])])
    await expect(phone(stage, "lima3").get_by_text("night.jpg")).to_be_visible()
    await write(stage, "lima3", TEXT)
    await expect(phone(stage, "lima3").get_by_alt_text("Photo that you sent")).to_be_visible()
    await expect(phone(stage, "lima3").get_by_label("received by the bot")).to_be_visible()
    assert [len(message.attachments) for message in scene.messages()] == [1]


async def test_a_file_over_thirty_megabytes_gets_a_sentence_and_the_rest_stays(stage: Page) -> None:
    await field(stage, "lima3").fill(TEXT)
    big = await stage.evaluate_handle(
        "size => { const t = new DataTransfer(); t.items.add(new File([new Uint8Array(size)], 'big.jpg')); return t }",
        MOST_BYTES + 1,
    )
    await field(stage, "lima3").dispatch_event("drop", {"dataTransfer": big})
    await expect(phone(stage, "lima3").get_by_role("status")).to_contain_text("more than 30 MB")
    await pick(stage, "lima3", "Photo or video", [jpeg()])
    await expect(phone(stage, "lima3").get_by_text("big.jpg")).to_have_count(0)
    await expect(phone(stage, "lima3").get_by_text("night.jpg")).to_be_visible()
    await expect(field(stage, "lima3")).to_have_value(TEXT)


async def test_arrow_up_changes_ones_last_message(scene: Scene, stage: Page) -> None:
    await write(stage, "lima3", "Road closd")
    await expect(phone(stage, "lima3").get_by_label("received by the bot")).to_be_visible()
    await field(stage, "lima3").press("ArrowUp")
    await expect(phone(stage, "lima3").get_by_text("Change your message")).to_be_visible()
    await write(stage, "lima3", "Road closed")
    await expect(phone(stage, "lima3").locator(".mine")).to_contain_text("Road closed")
    await expect(phone(stage, "lima3").get_by_text("edited")).to_be_visible()
    await expect(phone(stage, "lima3").locator(".mine").get_by_label("received by the bot")).to_be_visible()
    edit = scene.echo.heard[-1]
    assert isinstance(edit, Edit)
    assert (edit.text, edit.message) == ("Road closed", scene.messages()[0].message)


async def test_a_card_that_asks_prefills_the_field_and_says_what_is_answered(scene: Scene, stage: Page) -> None:
    await write(stage, "lima3", TEXT)
    await phone(stage, "lima3").get_by_role("button", name="Change text").click()
    await expect(field(stage, "lima3")).to_have_value("Stopped a van in Riverside.")
    await expect(phone(stage, "lima3").locator(".mode")).to_contain_text("Write the new text of 214")
    await field(stage, "lima3").press("Enter")
    await expect(phone(stage, "lima3").get_by_role("heading", name="214 · changed")).to_be_visible()
    await expect(phone(stage, "lima3").locator(".mode")).to_be_hidden()
    answer = scene.messages()[-1]
    assert answer.text == "Stopped a van in Riverside."
    assert answer.answers is not None


async def test_commands_are_suggested_and_chosen_by_keyboard(scene: Scene, stage: Page) -> None:
    await field(stage, "moss").press_sequentially("/")
    options = phone(stage, "moss").get_by_role("listbox", name="Commands").get_by_role("option")
    await expect(options.filter(has_text="/freeze")).to_be_visible()
    await field(stage, "moss").press_sequentially("fr")
    await expect(options).to_have_count(1)
    await field(stage, "moss").press("Tab")
    await expect(field(stage, "moss")).to_have_value("/freeze ")
    await field(stage, "lima3").press_sequentially("/fr")
    await expect(phone(stage, "lima3").get_by_role("listbox", name="Commands")).to_be_hidden()
    await phone(stage, "lima3").get_by_role("button", name="/on go on shift").click()
    await expect(phone(stage, "lima3").get_by_role("heading", name="You are on Night B")).to_be_visible()


async def test_what_is_written_without_signal_waits_and_then_leaves_once(scene: Scene, stage: Page) -> None:
    await phone(stage, "lima3").get_by_role("button", name="Options of this phone").click()
    await phone(stage, "lima3").get_by_role("menuitem", name="Lose the signal").click()
    await write(stage, "lima3", TEXT)
    await expect(phone(stage, "lima3").get_by_label("waiting to be sent")).to_be_visible()
    await stage.reload()
    await expect(phone(stage, "lima3").get_by_label("received by the bot")).to_be_visible()
    await expect(phone(stage, "lima3").locator(".mine")).to_have_count(1)
    assert [message.text for message in scene.messages()] == [TEXT]


async def test_what_is_written_while_the_program_is_killed_arrives_once_by_itself(
    tmp_path: Path, browser_page: Page
) -> None:
    port = free_port()
    with program(tmp_path, port) as (base, _):
        await browser_page.goto(str(base / "rehearsal"))
        await write(browser_page, "lima3", "before")
        await expect(browser_page.locator(".tick.taken")).to_have_count(1)
    await write(browser_page, "lima3", "while it is gone")
    await expect(browser_page.locator("#phone-lima3 .state")).to_have_text("connecting…")
    await expect(browser_page.locator(".tick.waiting")).to_have_count(1)
    with program(tmp_path, port):
        await expect(browser_page.locator(".tick.taken")).to_have_count(2)
        await expect(browser_page.locator("#phone-lima3 .mine .text")).to_have_text(["before", "while it is gone"])
        await expect(phone(browser_page, "moss").get_by_role("button", name="Publish")).to_have_count(2)


async def test_pins_and_voice_notes_can_be_tried(scene: Scene, stage: Page) -> None:
    for entry in ("Location pin", "Voice note"):
        await phone(stage, "lima3").get_by_role("button", name="Attach").click()
        await phone(stage, "lima3").get_by_role("menuitem", name=entry).click()
        await expect(phone(stage, "lima3").locator(".mine").filter(has_text=entry)).to_be_visible()
    await expect(phone(stage, "lima3").get_by_label("received by the bot")).to_have_count(2)
    kinds = [message.attachments[0].kind for message in scene.messages()]
    assert kinds == [AttachmentKind.LOCATION, AttachmentKind.VOICE]


async def test_phones_can_be_added_swapped_and_put_away_and_are_remembered(stage: Page) -> None:
    await stage.get_by_role("button", name="Add a phone").click()
    await stage.get_by_role("menuitem", name="Insp. Vale").click()
    await phone(stage, "lima3").get_by_role("button", name="Options of this phone").click()
    await phone(stage, "lima3").get_by_role("menuitem", name="A second phone").click()
    await phone(stage, "moss").get_by_role("combobox", name="Who holds this phone").select_option("Lima 4")
    await expect(phone(stage, "lima4")).to_contain_text("Este es el teléfono de Lima 4")
    await phone(stage, "vale").get_by_role("button", name="Options of this phone").click()
    await phone(stage, "vale").get_by_role("menuitem", name="Put this phone away").click()
    await stage.reload()
    await expect(stage.locator(".phone")).to_have_count(3)
    names = [await one.get_attribute("aria-label") for one in await stage.locator(".phone").all()]
    assert names == ["Lima 3", "Lima 4", "Lima 3, phone 2"]


async def test_a_citizen_answers_on_the_panel_and_trouble_can_be_rehearsed(scene: Scene, stage: Page) -> None:
    await scene.network.publish(POST, "k1", None)
    cursor = (await scene.network.replies(None)).cursor
    await stage.get_by_role("tab", name="Networks").click()
    await expect(stage.get_by_text("65/280")).to_be_visible()
    await stage.get_by_role("button", name="Answer as a citizen").click()
    await stage.get_by_role("textbox", name="Name of the citizen").fill("Ines Calder")
    await stage.get_by_role("button", name="Is the road open again?").click()
    await stage.get_by_role("button", name="Send the reply").click()
    await expect(stage.locator(".reply")).to_contain_text("Is the road open again?")
    (heard,) = (await scene.network.replies(cursor)).replies
    assert (heard.author_name, heard.text) == ("Ines Calder", "Is the road open again?")
    await stage.get_by_role("switch", name="Lost reply").focus()
    await stage.keyboard.press("Space")
    await expect(stage.locator(".troubles.on")).to_be_visible()
    with pytest.raises(Unclear):
        await scene.network.publish(POST, "k2", None)
    await expect(stage.locator(".public-post")).to_have_count(2)


async def test_a_covered_video_plays_on_its_card(scene: Scene, stage: Page, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(video(panned(street(), (320, 180), 10), rate=10))
    shown = Picture(covered_picture(tmp_path / "poster.jpg"), "Video of 1 second.", film)
    await scene.echo.app.show(Card("A short film", pictures=(shown,)), LIMA, "film")
    drawn = phone(stage, "lima3").locator("video")
    await expect(drawn).to_have_attribute("aria-label", "Video of 1 second.")
    await drawn.evaluate("film => { film.muted = true; return film.play(); }")
    assert await drawn.evaluate("film => film.videoWidth") == 320


async def test_a_long_night_is_drawn_from_its_end_and_the_rest_when_asked_for(scene: Scene, stage: Page) -> None:
    for number in range(160):
        await scene.echo.app.show(Card(f"Card {number} of the night"), LIMA, f"k{number}")
    await stage.reload()
    await expect(phone(stage, "lima3").get_by_text("Card 159 of the night")).to_be_in_viewport()
    await expect(phone(stage, "lima3").get_by_text("Card 9 of the night")).to_have_count(0)
    await phone(stage, "lima3").get_by_role("button", name="Earlier messages").click()
    await expect(phone(stage, "lima3").get_by_text("Card 9 of the night")).to_have_count(1)
    await expect(phone(stage, "lima3").get_by_role("button", name="Earlier messages")).to_have_count(0)


async def test_a_link_to_the_published_post_opens_beside_the_phones(scene: Scene, stage: Page) -> None:
    link = scene.url.replace("/rehearsal", "/#214")
    await scene.echo.app.show(
        Card("214 · published", lines=(f"page {link}.", "https://[", "See /help or /on/off.")), LIMA, "k"
    )
    await stage.get_by_role("tab", name="Networks").click()
    await phone(stage, "lima3").get_by_role("link").click()
    await expect(stage.locator("iframe")).to_be_visible()
    await expect(stage.locator("iframe")).to_have_attribute("src", "/#214")
    await expect(phone(stage, "lima3").locator(".command")).to_have_text(["/help"])
    await phone(stage, "lima3").get_by_role("button", name="/help").click()
    await expect(field(stage, "lima3")).to_have_value("/help ")


async def test_the_public_page_stands_beside_the_phones(stage: Page) -> None:
    page = stage.frame_locator("iframe[title='Public page']")
    await expect(page.get_by_role("heading", name="Port Alba tonight")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(320, 568), (360, 640)])
async def test_a_small_screen_shows_one_phone_at_a_time_and_counts_what_waits(
    scene: Scene, phone_page: Page, width: int, height: int
) -> None:
    await phone_page.set_viewport_size({"width": width, "height": height})
    await phone_page.goto(scene.url)
    await expect(phone(phone_page, "lima3")).to_be_visible()
    await expect(phone(phone_page, "moss")).to_be_hidden()
    await field(phone_page, "lima3").fill(TEXT)
    await phone(phone_page, "lima3").get_by_role("button", name="Send", exact=True).tap()
    sergeant = phone_page.locator(".view[data-view=moss]")
    await expect(sergeant.locator(".unread")).to_have_text("1")
    await sergeant.tap()
    publish = phone(phone_page, "moss").get_by_role("button", name="Publish")
    await expect(publish).to_be_in_viewport()
    box = await publish.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    await expect(sergeant.locator(".unread")).to_be_hidden()
    assert await phone_page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_screen_reader_and_weak_eyes_are_served(scene: Scene, stage: Page, scheme: str) -> None:
    await stage.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    published = await scene.network.publish(POST, "k1", None)
    await scene.network.withdraw(published)
    await scene.network.publish(POST, "k2", None)
    await pick(stage, "lima3", "Photo or video", [jpeg()])
    await write(stage, "lima3", TEXT)
    await phone(stage, "lima3").get_by_role("button", name="Change text").click()
    await stage.get_by_role("tab", name="Networks").click()
    await stage.get_by_role("button", name="Answer as a citizen").click()
    await expect(phone(stage, "lima3").locator(".mode")).to_be_visible()
    results = await Axe().run(stage)
    found = [(one["id"], [node["html"][:160] for node in one["nodes"]]) for one in results.response["violations"]]
    assert found == []


async def test_nothing_on_the_page_breaks_its_own_strict_policy(scene: Scene, browser: Browser) -> None:
    page = await browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    await page.goto(scene.url)
    await pick(page, "lima3", "Photo or video", [jpeg()])
    await write(page, "lima3", TEXT)
    await phone(page, "moss").get_by_role("button", name="White van at night").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.get_by_role("button", name="Close").click()
    assert said == []
    await page.close()
