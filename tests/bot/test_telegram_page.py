"""How a card reads in Telegram: whole where it fits, and never with words of a person as markup."""

from dataclasses import replace

from bot.chat_app import Ask, Button, Card, Tone, Weight
from bot.telegram.page import CAPTION, TEXT, Page, fits_caption, page
from tests.fake_telegram.markup import parse, units

CARD = Card(
    "214 · waiting",
    Tone.AMBER,
    quote="Stopped a van in Riverside",
    lines=("1 plate covered",),
    rows=((Button("a1", "Publish", Weight.MAIN), Button("a2", "Drop", Weight.DANGER), Button("a3", "Alt text")),),
)


def labels(shown: Page) -> list[str]:
    assert shown.keyboard is not None
    return [key.text for row in shown.keyboard.inline_keyboard for key in row]


def underlined(quote: str, *marks: tuple[int, int]) -> list[str]:
    text, entities = parse(page(Card("t", quote=quote, marks=marks)).html)
    coded = text.encode("utf-16-le")
    found = [entity for entity in entities if entity["type"] == "underline"]
    return [coded[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le") for e in found]


def test_every_tone_has_a_sign_of_its_own() -> None:
    assert len({page(Card("t", tone)).html[0] for tone in Tone}) == len(Tone)


def test_a_card_of_one_sentence_is_not_bold_all_over_and_is_not_cut() -> None:
    sentence = "No shift is open now <yet>. " * 20
    text, entities = parse(page(Card(sentence)).html)
    assert text == f"🔹 {sentence}".strip()
    assert entities == []


def test_marks_underline_exactly_their_words() -> None:
    assert underlined("Marlow stays in Elm", (0, 6), (16, 19)) == ["Marlow", "Elm"]


def test_marks_count_code_points_and_not_what_markup_adds() -> None:
    assert underlined("👮🏽 <Marlow> & Elm", (3, 11), (14, 17)) == ["<Marlow>", "Elm"]


def test_marks_that_overlap_or_leave_the_quote_are_drawn_where_they_lie() -> None:
    assert underlined("Marlow at Elm", (10, 99), (2, 6), (-3, 4), (5, 5), (9, 3)) == ["Marl", "ow", "Elm"]


def test_words_of_a_person_are_never_markup() -> None:
    nasty = "</blockquote><a href='tg://card?with=1'>&lt;b&gt;"
    card = Card(nasty, quote=nasty, lines=(nasty,), ask=Ask(nasty, nasty))
    text, entities = parse(page(card).html)
    assert text.count(nasty) == 5
    assert [entity["type"] for entity in entities] == ["bold", "blockquote", "code"]


def test_a_long_card_loses_lines_and_main_buttons_and_keeps_its_quote_whole() -> None:
    quote = "q" * 3000
    card = replace(CARD, quote=quote, lines=("first", "second " * 50, "third " * 200), ask=Ask("Answer", "copy me"))
    shown = page(card)
    text, _ = parse(shown.html)
    assert units(text) <= TEXT
    assert quote in text
    assert labels(shown) == ["Drop", "Alt text"]
    assert "first\nsecond" in text
    assert "third" not in text
    assert "copy me" in text


def test_what_can_be_copied_goes_before_any_of_the_quote() -> None:
    quote, prefill = "q" * 3000, "p" * 3000
    card = replace(CARD, quote=quote, lines=(), ask=Ask("Answer", prefill))
    assert labels(page(card)) == ["Publish", "Drop", "Alt text"]
    text, _ = parse(page(replace(card, lines=CARD.lines)).html)
    assert quote in text
    assert prefill not in text
    assert "Answer" in text


def test_a_quote_that_does_not_fit_is_cut_with_a_sign_and_can_not_be_published() -> None:
    shown = page(replace(CARD, quote="👮" * 2500))
    text, _ = parse(shown.html)
    assert TEXT - 2 <= units(text) <= TEXT
    assert text.endswith("👮 […]")
    assert labels(shown) == ["Drop", "Alt text"]


def test_a_caption_is_used_only_for_a_card_that_fits_it_whole() -> None:
    room = CAPTION - units(parse(page(replace(CARD, quote="")).html)[0]) - 1
    fitting = [fits_caption(replace(CARD, quote="q" * (room + more))) for more in (0, 1, 2)]
    assert fitting[0]
    assert not fitting[2]


def test_half_a_surrogate_pair_can_be_shown() -> None:
    text, _ = parse(page(Card("214", quote="half \ud83d pair")).html)
    assert "half ? pair" in text


def test_buttons_look_as_heavy_as_they_are() -> None:
    keyboard = page(CARD).keyboard
    assert keyboard is not None
    assert [key.style for key in keyboard.inline_keyboard[0]] == ["primary", "danger", None]
