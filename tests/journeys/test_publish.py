from tests.journeys.stage import Stage

STOPPED = "Stopped a van with four bald tyres on Harbour Road, plate AB12 CDE. Call me on 07700 900123."


async def test_an_approved_post_appears_on_the_public_page_without_what_was_removed(stage: Stage) -> None:
    sergeant = await stage.open_shift("lima-3")
    officer = stage.phone("lima-3")
    await officer.send(STOPPED)
    waiting = await officer.sees("card.state.waiting", 1)
    assert any("Harbour Road" in line for line in waiting.lines)
    shown = await sergeant.sees("card.tone.green", 1)
    assert shown.quote is not None
    for removed in ("Harbour", "AB12", "CDE", "07700", "900123"):
        assert removed not in f"{shown}"
    assert "in Riverside" in shown.quote
    await sergeant.tap("card.button.publish", 1)
    page = await stage.public(lambda text: shown.quote is not None and shown.quote in text)
    await officer.sees("card.state.released", 1)
    for path in ("/", "/p/1", "/feed.atom", "/feed.json"):
        page = await stage.page(path)
        assert "in Riverside" in page
        for removed in ("Harbour", "AB12", "07700"):
            assert removed not in page
