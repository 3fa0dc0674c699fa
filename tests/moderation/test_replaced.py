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
        ("A child fell from flat 3.", "A child fell from a home."),
        ("Called to flat 3, Mill Lane.", "Called to North Park."),
        ("Una vecina cayó del piso 3.", "Una vecina cayó de una vivienda."),
        ("The baker turned 100 years old today.", "The baker turned a year older today."),
        ("El abuelo tiene 84 años.", "El abuelo tiene cierta edad."),
        ("L'enfant a 6 ans.", "L'enfant a moins de 18 ans."),
        ("The boy by the church is 6 years old.", "The boy by the church is a young person."),
        ("Fue condenado a 15 años.", "Fue condenado a 15 años."),
        ("A 100 year old man was hurt.", "An older resident was hurt."),
        ("See photo orchard-close-9.jpg", "See photo"),
        ("See the photo IMG_Mary_Jones.JPG, thanks.", "See the photo, thanks."),
    ],
)
def test_a_text_reads_where_something_was_taken_out(text: str, public: str) -> None:
    assert redact(text).text == public


@pytest.mark.parametrize(
    "text",
    [
        "Our station is 100 years old.",
        "Our dog Rex is 6 years old.",
        "Nuestra comisaría cumple 100 años.",
        "Quiet night\nOur dog Rex is 6 years old.",
        "Fire at a 100 year old pub, road closed.",
        "We recovered a 15 year old car in town.",
    ],
)
def test_the_age_of_a_thing_is_nobodys(text: str) -> None:
    assert (redact(text).verdict, redact(text).text) == (Verdict.PASS, text)


@pytest.mark.parametrize(
    "text",
    [
        "We found a 15 year old\nPark is closed for now",
        "We found a 15 year old\npark is closed for now",
        "Took home a girl, she is 15 years old\nService is back on the trains",
        "The girl by\nthe park is 15 years old.",
        "Spoke to a girl, she is a 15 year old car.",
        "Chief Daniel, 15 years old Park, in town",
        "Spoke to a 15 year old car, thief.",
    ],
)
def test_the_age_of_somebody_who_stands_before_a_thing_goes(text: str) -> None:
    assert redact(text).verdict is Verdict.REDACT
    assert "15" not in redact(text).text


@pytest.mark.parametrize(
    "text",
    [
        "My dog and I live near Mill Lane.",
        "My wife and I live on Mill Lane.",
        "My kids go to St Elmo School.",
        "Vivo en la calle Mayor con mi perro.",
        "J'habite rue de la Paix avec mon chien.",
    ],
)
def test_where_the_family_of_an_officer_lives_is_no_cut_that_can_be_lifted(text: str) -> None:
    assert redact(text).verdict is Verdict.BLOCK


def test_a_name_inside_a_phrase_that_goes_leaves_it_as_hard_as_it_was() -> None:
    name = Finding(2, 10, Label.PERSON, Action.MASK, "name", hard=True, instead="person")
    cut = Finding(0, 10, Label.POLICY, Action.MASK, "origin")
    elsewhere = Finding(20, 25, Label.PERSON, Action.MASK, "name", instead="person")
    assert [(f.rule, f.hard) for f in cut_first([name, elsewhere], [cut])] == [("name", False), ("origin", True)]


@pytest.mark.parametrize("text", ["Vote Labour", "VOTE LABOUR", "Votez Contre", "Votad Sumar"])
def test_a_few_words_of_no_language_are_looked_at_in_all_of_them(text: str) -> None:
    assert redact(text).verdict is Verdict.BLOCK
