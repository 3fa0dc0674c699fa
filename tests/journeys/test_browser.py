"""The main job in a real browser: the rehearsal's phones in one tab, the public page open in another."""

from datetime import timedelta
from pathlib import Path

from playwright.async_api import Locator, Page
from sqlmodel import select

from bot.delivery import Delivery
from moderation.decision import Decision, DecisionKind
from moderation.post import Post
from tests.journeys.stage import Stage, play, stage_settings
from tests.moderation.media_pictures import CANARY, jpeg_of_a_camera, with_words

WORDS = "Stopped a van with four bald tyres on Harbour Road, plate AB12 CDE. Call 07700 900123."
REMOVED = ("Harbour", "AB12", "CDE", "07700", "900123", CANARY)


def phone(page: Page, account: str) -> Locator:
    return page.locator(f"#phone-{account}")


async def say(where: Locator, words: str) -> None:
    box = where.get_by_role("textbox", name="Write a message")
    await box.fill(words)
    await box.press("Enter")


async def test_an_approved_post_comes_to_the_open_public_page_without_a_reload_after_the_undo_window(
    engine_database_url: str, tmp_path: Path, browser_page: Page
) -> None:
    undo = 3.0
    async with play(stage_settings(engine_database_url, tmp_path / "data", undo_seconds=undo)) as stage:
        public = await browser_page.context.new_page()
        await public.goto(stage.url)
        await browser_page.goto(f"{stage.url}/rehearsal")
        await published(stage, browser_page, public, tmp_path, undo)
        for path in ("/", "/p/1", "/feed.atom", "/feed.json"):
            page = await stage.page(path)
            assert "in Riverside" in page
            assert not any(removed in page for removed in REMOVED)


async def published(stage: Stage, page: Page, public: Page, tmp_path: Path, undo: float) -> None:
    photo = tmp_path / "van.jpg"
    photo.write_bytes(jpeg_of_a_camera(with_words("AB12 CDE")[0]))
    sergeant, officer = phone(page, "sergeant-1"), phone(page, "lima-2")
    await sergeant.get_by_role("button", name="Open shift").click()
    await say(officer, "/on")
    await officer.get_by_text("Night B").first.wait_for()
    async with page.expect_file_chooser() as chooser:
        await officer.get_by_role("button", name="Attach").click()
        await officer.get_by_role("menuitem", name="File").click()
    await (await chooser.value).set_files(photo)
    await say(officer, WORDS)
    button = sergeant.get_by_role("button", name="Publish")
    await button.wait_for(timeout=90_000)
    assert await public.get_by_text("in Riverside").count() == 0
    await button.click()
    await sergeant.get_by_role("button", name="No such words can be read").click()
    await button.click()
    await public.get_by_text("in Riverside").first.wait_for(timeout=30_000)
    await left_after_the_undo_window(stage, timedelta(seconds=undo))
    picture = await public.locator("main img").first.get_attribute("src")
    assert picture
    content = await (await public.request.get(stage.url + picture)).body()
    assert CANARY.encode() not in content
    assert b"Exif" not in content


async def left_after_the_undo_window(stage: Stage, undo: timedelta) -> None:
    """The sergeant had all of it after the tap, and nothing was so much as begun before it was over."""
    async with stage.database.reading() as session:
        decided = (await session.exec(select(Decision).where(Decision.kind == DecisionKind.PUBLISH))).one()
        post = (await session.exec(select(Post))).one()
        deliveries = (await session.exec(select(Delivery))).all()
    assert post.undo_until is not None
    assert post.undo_until - decided.at >= undo
    assert deliveries
    assert all(d.first_sent_at is None or d.first_sent_at >= post.undo_until for d in deliveries)
    assert any(d.published_at is not None and d.published_at >= post.undo_until for d in deliveries)
