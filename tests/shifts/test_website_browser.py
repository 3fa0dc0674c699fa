"""The public timeline as people see it, in a real browser."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from shifts.database import Database
from shifts.shift import ShiftState
from shifts.website.site import STREAM
from tests.shifts.night import Night, busy, shown, soon

ARRIVES = 30_000
"""Milliseconds after which nothing comes any more; how soon it comes is printed by `benchmarks/`."""

TOP_OF_FIRST_SEEN = """() => {
  const seen = [...document.querySelectorAll('.post')].find(post => post.getBoundingClientRect().bottom > 0);
  return [seen.id, seen.getBoundingClientRect().top];
}"""


@pytest.fixture
async def night(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Night]:
    async with shown(sqlite_database, tmp_path / "media") as night:
        yield night


async def open_page(page: Page, night: Night, path: str = "/") -> None:
    """Open a page and wait until it listens."""
    async with page.expect_request(lambda request: "/live" in request.url):
        await page.goto(night.address + path)

    async def listens() -> bool:
        return night.site is not None and len(night.site[STREAM]) > 0

    assert await soon(listens)


async def scrolled(page: Page, condition: str) -> bool:
    """Whether the page gets there; `wait_for_function` would need what our security policy forbids."""

    async def there() -> bool:
        return bool(await page.evaluate(condition))

    return await soon(there)


async def scroll_down(page: Page) -> tuple[str, float]:
    """The first post that can be seen after scrolling down, and where it stands in the window."""
    await page.evaluate("scrollTo(0, 700)")
    assert await scrolled(page, "scrollY > 600")
    return await first_seen(page)


async def first_seen(page: Page) -> tuple[str, float]:
    post, top = await page.evaluate(TOP_OF_FIRST_SEEN)
    return post, top


async def test_at_the_top_a_new_post_appears_and_is_announced(night: Night, browser_page: Page) -> None:
    await busy(night)
    await open_page(browser_page, night)
    await night.post("Harbour Bridge is open again.", "traffic")
    first = browser_page.locator(".post").first
    await expect(first).to_contain_text("Harbour Bridge is open again.", timeout=ARRIVES)
    await expect(browser_page.locator("#announcer")).to_have_text("New post: Harbour Bridge is open again.")
    await expect(browser_page.locator("#pill")).to_be_hidden()


async def test_almost_at_the_top_a_new_post_comes_into_view(night: Night, phone_page: Page) -> None:
    await busy(night)
    await open_page(phone_page, night)
    await phone_page.evaluate("scrollTo(0, 60)")
    post = await night.post("In view.")
    await expect(phone_page.locator(f"#post-{post.id}")).to_be_in_viewport(timeout=ARRIVES)


async def test_who_has_marked_words_is_not_pushed_away(night: Night, browser_page: Page) -> None:
    await busy(night)
    await open_page(browser_page, night)
    await browser_page.locator(".text").first.dblclick()
    before = await first_seen(browser_page)
    await night.post("Another.")
    await expect(browser_page.locator("#pill")).to_have_text("1 new post", timeout=ARRIVES)
    assert await first_seen(browser_page) == before


async def test_further_down_nothing_moves_and_a_pill_says_what_is_new(night: Night, phone_page: Page) -> None:
    posts = await busy(night)
    await open_page(phone_page, night)
    before = await scroll_down(phone_page)
    await night.post("One.")
    await night.post("An answer far below.", answers=posts["lights"])
    pill = phone_page.locator("#pill")
    await expect(pill).to_have_text("2 new posts", timeout=ARRIVES)
    await expect(phone_page).to_have_title("(2) Live from patrol · Port Alba Police")
    assert await first_seen(phone_page) == before
    await pill.click()
    await expect(phone_page.locator(".post").first).to_contain_text("One.")
    await expect(phone_page.locator(f"#thread-{posts['lights'].id} .answers")).to_contain_text("An answer far below.")
    assert await scrolled(phone_page, "scrollY < 10")
    await expect(pill).to_be_hidden()
    await expect(phone_page).to_have_title("Live from patrol · Port Alba Police")


async def test_a_correction_above_does_not_move_what_is_being_read(night: Night, browser_page: Page) -> None:
    posts = await busy(night)
    await open_page(browser_page, night)
    before = await scroll_down(browser_page)
    await night.correct(posts["market"], "It opens at nine. " * 20)
    await expect(browser_page.locator(f"#post-{posts['market'].id}")).to_contain_text(
        "It opens at nine", timeout=ARRIVES
    )
    # Browsers scroll by whole pixels.
    after = await first_seen(browser_page)
    assert after[0] == before[0]
    assert abs(after[1] - before[1]) <= 1


async def test_a_withdrawn_post_becomes_a_tombstone_before_ones_eyes(night: Night, browser_page: Page) -> None:
    posts = await busy(night)
    await open_page(browser_page, night)
    await night.withdraw(posts["van"])
    shown_post = browser_page.locator(f"#post-{posts['van'].id}")
    await expect(shown_post).to_contain_text("This post was withdrawn at", timeout=ARRIVES)
    await expect(shown_post).not_to_contain_text("tyres")
    await expect(shown_post.locator("img")).to_have_count(0)
    await expect(browser_page.locator(f"#thread-{posts['van'].id}")).to_contain_text("worn tyres count")


async def test_what_is_withdrawn_while_it_waits_is_never_shown(night: Night, browser_page: Page) -> None:
    await busy(night)
    await open_page(browser_page, night)
    await scroll_down(browser_page)
    post = await night.post("Words to be taken back.")
    await expect(browser_page.locator("#pill")).to_be_visible(timeout=ARRIVES)
    await night.withdraw(post)
    marker = await night.post("Another.")
    await expect(browser_page.locator("#pill")).to_have_text("2 new posts", timeout=ARRIVES)
    await browser_page.locator("#pill").click()
    await expect(browser_page.locator(f"#post-{marker.id}")).to_be_visible()
    await expect(browser_page.locator("#posts")).not_to_contain_text("taken back")


async def test_freezing_and_resuming_show_at_once(night: Night, browser_page: Page) -> None:
    await busy(night)
    await open_page(browser_page, night)
    board = browser_page.locator("#board")
    await expect(board).to_contain_text("On patrol now")
    await night.set_state(night.shifts[0], ShiftState.FROZEN)
    await expect(board).to_contain_text("Updates are paused.", timeout=ARRIVES)
    await night.set_state(night.shifts[0], ShiftState.LIVE)
    await expect(board).to_contain_text("On patrol now", timeout=ARRIVES)


async def test_a_page_takes_only_what_belongs_on_it(night: Night, browser_page: Page) -> None:
    posts = await busy(night)
    await open_page(browser_page, night, "/area/riverside")
    await night.post("Not here.", area="old-town")
    await night.post("Under the van.", answers=posts["van"], area=None)
    await night.post("By the river.", area="riverside")
    await expect(browser_page.locator(".post").first).to_contain_text("By the river.", timeout=ARRIVES)
    await expect(browser_page.locator("#posts")).to_contain_text("Under the van.")
    await expect(browser_page.locator("#posts")).not_to_contain_text("Not here.")


async def test_after_the_server_was_away_nothing_is_missing(night: Night, browser_page: Page) -> None:
    await busy(night)
    await open_page(browser_page, night)
    assert night.site is not None
    for reader in tuple(night.site[STREAM]._readers):
        reader.transport.abort()
        reader.gone.set()
    await night.post("Published while nobody was connected.")
    await expect(browser_page.locator(".post").first).to_contain_text("Published while nobody", timeout=ARRIVES)
    await expect(browser_page.locator(".post", has_text="Published while nobody")).to_have_count(1)


async def test_without_script_all_can_be_read(night: Night, browser: Browser) -> None:
    posts = await busy(night)
    context = await browser.new_context(java_script_enabled=False, locale="es-ES")
    page = await context.new_page()
    await page.goto(night.address)
    await expect(page.locator(".post")).to_have_count(len(posts))
    await expect(page.locator(".post").first.locator("time")).to_have_text("sáb 21 nov, 21:35")
    await expect(page.locator("#pill")).to_be_hidden()
    await page.get_by_role("link", name="Ribera").first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Ribera")
    await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("/", ShiftState.LIVE),
        ("/", ShiftState.FROZEN),
        ("/shift/1", ShiftState.ENDED),
        ("/p/203", ShiftState.LIVE),
        ("/about", ShiftState.LIVE),
        ("/nothing", ShiftState.LIVE),
    ],
)
async def test_nothing_stands_in_the_way_of_anybody(
    night: Night, browser: Browser, scheme: Any, path: str, state: ShiftState
) -> None:
    await busy(night)
    await night.set_state(night.shifts[0], state)
    context = await browser.new_context(color_scheme=scheme, viewport={"width": 390, "height": 844})
    page = await context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "Security Policy" in message.text else None)
    await page.goto(night.address + path)
    results = await Axe().run(page)
    assert [violation["id"] for violation in results.response["violations"]] == []
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    assert refused == []
    await context.close()


async def test_letters_that_turn_the_reading_direction_stay_within_their_post(night: Night, browser_page: Page) -> None:
    await night.open_shift()
    await night.post("\u202egnisrever <img src=x onerror=alert(1)>", byline="\u202eamiL")
    await browser_page.goto(night.address)
    number = browser_page.locator(".number").first
    byline = browser_page.locator(".signed span").first
    right, left = await number.bounding_box(), await byline.bounding_box()
    assert right is not None
    assert left is not None
    assert left["x"] < right["x"]
    await expect(browser_page.locator(".post img")).to_have_count(0)


async def test_the_keyboard_reaches_the_posts_first(night: Night, browser_page: Page) -> None:
    await busy(night)
    await browser_page.goto(night.address)
    await browser_page.keyboard.press("Tab")
    skip = browser_page.get_by_role("link", name="Skip to the posts")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await browser_page.keyboard.press("Enter")
    await expect(browser_page.locator("main")).to_be_focused()
