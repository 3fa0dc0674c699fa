"""What X makes of a text, undone."""

from typing import Any

import pytest

from bot.x.wording import heard, says, wording

PICTURE_PAGE = "https://x.com/force/status/1/photo/1"


def post(text: str, *links: dict[str, str], pictures: int = 0) -> dict[str, Any]:
    media = {"attachments": {"media_keys": [f"3_{number}" for number in range(pictures)]}} if pictures else {}
    return {"text": text, "entities": {"urls": list(links)}, **media}


@pytest.mark.parametrize("more", [{"media_key": "3_0"}, {}], ids=["with its key", "without"])
def test_the_link_to_a_posts_own_picture_is_not_of_its_words(more: dict[str, str]) -> None:
    link = {"url": "https://t.co/a", "expanded_url": PICTURE_PAGE, **more}
    assert says(post("All quiet. https://t.co/a", link, pictures=1), "All quiet.", 1)


def test_a_link_is_the_same_with_and_without_protocol_and_last_slash() -> None:
    assert wording("See https://example.org/ now") == wording("See example.org now")
    assert wording("See example.org/a") != wording("See example.org/b")


def test_a_long_text_is_read_where_x_keeps_the_whole_of_it() -> None:
    long = {"text": "The begin…", "note_tweet": {"text": "The beginning &amp; the end"}}
    assert heard(long) == "The beginning & the end"


def test_only_the_names_before_an_answer_go() -> None:
    assert heard({"text": "@Force @Ines thank you @Marlow"}) == "thank you @Marlow"
    assert heard({"text": "@Force"}) == "@Force"
