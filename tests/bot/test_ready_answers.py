"""The sentences that are ready to answer with: nothing is taken out of them, in any language."""

from pathlib import Path

import pytest

from bot.card_parts import LABEL
from bot.outbox import Slot, SlotKind
from bot.reply import Reply
from bot.reply_cards import READY, READY_WORDS, ready_card
from moderation.policy import Verdict
from moderation.post import Post
from moderation.redaction import Context, Redactor
from shifts.officer import Officer
from shifts.words import Words

CONFIG = Path(__file__).parents[2] / "config"
WORDS = Words.load(CONFIG / "languages")


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor.load(CONFIG, WORDS, models=False)


@pytest.mark.parametrize("language", WORDS.languages)
def test_each_is_public_as_it_stands(redactor: Redactor, language: str) -> None:
    for name in READY:
        said = WORDS.say(f"{READY_WORDS}.{name}", language)
        looked = redactor.redact(said, Context(language=None, overlays=("uk", "es", "fr"), own_public_text=True))
        assert (looked.text, looked.verdict, looked.suggestions) == (said, Verdict.PASS, ())
        assert looked.language == language


def test_they_stand_whole_on_the_card_in_the_language_of_the_post() -> None:
    slot = Slot(id=7, officer_id="a", app="r", chat="c", kind=SlotKind.REPLY, subject=1, page="ready")
    viewer, post = Officer.model_construct(language="en"), Post.model_construct(language="fr")
    card = ready_card(WORDS, slot, viewer, "1 · Ada", Reply.model_construct(id=1, text="Merci !"), post)
    whole = [WORDS.say(f"{READY_WORDS}.{name}", "fr") for name in READY]
    assert [line.strip("“”") for line in card.lines[1:]] == whole
    labels = [row[0].label for row in card.rows]
    assert [label for label in labels[:-1] if len(label) > LABEL] == []
    assert (labels[0], labels[-1]) == (whole[0], "Back")
    assert [row[0].token for row in card.rows[:-1]] == [f"7.ready.{name}.0" for name in READY]
