"""A fixed text goes out as the press office approved it, or not at all."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from moderation.template import Approval, Template, Templates, TemplatesWrong, Thread, content_of, release

THREAD = Thread(post=1, number=214, shift=3, network="somewhere", reply=7)
TEXT = Template("emergency", {"en": "Call 112.", "es": "Llame al 112."}, life_risk=True)
APPROVAL = Approval("press-1", date(2026, 11, 1), content_of(TEXT))
CONFIG = Path(__file__).resolve().parents[2] / "config" / "templates.toml"


def test_a_release_carries_the_text_in_the_language_of_who_wrote() -> None:
    made = release(TEXT, APPROVAL, THREAD, "es")
    assert (made.text, made.language, made.reply, made.content) == ("Llame al 112.", "es", 7, APPROVAL.content)


def test_an_unknown_language_gets_the_first_text() -> None:
    assert release(TEXT, APPROVAL, THREAD, "de").text == "Call 112."


@pytest.mark.parametrize(
    "changed",
    [
        replace(TEXT, texts={**TEXT.texts, "en": "Call 112!"}),
        replace(TEXT, texts={"en": "Call 112."}),
        replace(TEXT, name="crisis"),
        replace(TEXT, life_risk=False),
    ],
)
def test_a_text_that_was_changed_after_its_approval_is_no_release(changed: Template) -> None:
    with pytest.raises(TemplatesWrong):
        release(changed, APPROVAL, THREAD, "en")


def test_every_fixed_text_of_the_force_is_approved() -> None:
    assert set(Templates.load(CONFIG).approved) == {"emergency", "crisis", "tip", "sighting", "evidence"}


def test_a_file_whose_text_was_changed_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "templates.toml"
    path.write_text(CONFIG.read_text("utf-8").replace("call 112 now", "call 112"), "utf-8")
    with pytest.raises(TemplatesWrong, match="content ="):
        Templates.load(path)


def test_a_text_that_nobody_approved_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "templates.toml"
    path.write_text('[tip]\n[tip.text]\nen = "Thank you."\n', "utf-8")
    with pytest.raises(TemplatesWrong, match="Nobody"):
        Templates.load(path)
