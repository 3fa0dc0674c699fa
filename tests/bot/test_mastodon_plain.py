"""HTML of instances as plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mastodon_network.plain import plain, same_words, without_greeting

TRICKS = [
    ("<p>One</p><p>Two<br />Three</p>", "One\n\nTwo\nThree"),
    ("<p>Fish &amp; chips &lt;3</p>", "Fish & chips <3"),
    (
        '<a href="x"><span class="invisible">https://</span><span>news.example/a</span><span>?b=1&amp;c=2</span></a>',
        "https://news.example/a?b=1&c=2",
    ),
    ("<script>alert(1)</script><p>Hello<style>p{}</style></p>", "Hello"),
    ("<p>Hello\x00 \u202eolleh\u202c</p>", "Hello olleh"),
    ('<p onclick="x()">Hello<img src=x onerror=alert(1)></p>', "Hello"),
    ("<p>never closed <b>bold", "never closed bold"),
    ("", ""),
]


@pytest.mark.parametrize(("html", "text"), TRICKS)
def test_only_words_are_left(html: str, text: str) -> None:
    assert plain(html) == text


@given(st.text(max_size=200))
def test_no_markup_survives_whatever_is_sent(words: str) -> None:
    read = plain(f"<p>{words}</p>")
    assert "\x00" not in read
    assert "\u202e" not in read


def test_our_own_handle_in_front_is_left_out_and_others_stay() -> None:
    assert without_greeting("@patrol @marlow is it open?", "patrol") == "@marlow is it open?"
    assert without_greeting("@Patrol@mastodon.example is it open?", "patrol") == "is it open?"
    assert without_greeting("@patrols are you there?", "patrol") == "@patrols are you there?"


def test_words_are_the_same_whatever_an_instance_does_to_space_and_handles() -> None:
    assert same_words("Road  closed.\n\nThanks @marlow@far.example", "Road closed. Thanks @marlow")
    assert not same_words("Road closed.", "Road closed")
