"""What stands in a public text where words were taken out: it is told why, and it reads."""

import pytest

from moderation.finding import Action, Finding, Label
from moderation.policy import Verdict
from moderation.screening import cut_first
from tests.moderation.text import redact


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("Arrested a Romanian man.", "Arrested man."),
        ("Victim Mary Brown was robbed.", "Victim was robbed."),
        ("Burglary at 12 Mill Lane. Road closed.", "Burglary in North Park. Road closed."),
        ("A quiet walk by 12 St. Mary Lane.", "A quiet walk in our area."),
    ],
)
def test_a_text_reads_where_something_was_taken_out(text: str, public: str) -> None:
    assert redact(text).text == public


def test_a_name_inside_a_phrase_that_goes_leaves_it_as_hard_as_it_was() -> None:
    name = Finding(2, 10, Label.PERSON, Action.MASK, "name", hard=True, instead="person")
    cut = Finding(0, 10, Label.POLICY, Action.MASK, "origin")
    elsewhere = Finding(20, 25, Label.PERSON, Action.MASK, "name", instead="person")
    assert [(f.rule, f.hard) for f in cut_first([name, elsewhere], [cut])] == [("name", False), ("origin", True)]


@pytest.mark.parametrize("text", ["Vote Labour", "VOTE LABOUR", "Votez Contre", "Votad Sumar"])
def test_a_few_words_of_no_language_are_looked_at_in_all_of_them(text: str) -> None:
    assert redact(text).verdict is Verdict.BLOCK
