"""However somebody decorates a text that is held or blocked, the verdict gets no milder."""

from collections.abc import Callable
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.policy import Verdict
from tests.moderation.text import SAMPLES, json_lines, redact, redactor

ALIKE = dict(zip("aeopcxyisjABEHKMOPTXkmtb", "аеорсхуіѕјАВЕНКМОРТХкмтв", strict=True))
SMALL = dict(zip("abcdefghijklmnoprtuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ", strict=True))
WITHIN = ("\u200b", "\u200d", "\u200c", "\u00ad", "\u2060", "\ufeff", "\u0336", "&shy;", "&#8203;")
BETWEEN = (" ", "  ", "\t", "\u00a0", "\n", " \n", "\r\n", "\u2028", " 🚓 ", " 😂 ", "🚓", "&nbsp;", "_", " * ", "... ")
CASES: tuple[Callable[[str], str], ...] = (str, str.upper, str.lower, str.title)
AROUND = (
    "{}",
    "{} 😂🚓",
    "🚨 {}",
    "{}\n\n#TweetPatrol",
    "Buenas noches a todos. {}",
    "Quiet so far. {}",
    "*{}*",
    "&quot;{}&quot;",
)


@cache
def kept() -> list[tuple[str, int]]:
    """The samples that nobody publishes as they are, with how severe that is."""
    texts = [row["text"] for row in json_lines(SAMPLES / "moderated.jsonl")]
    judged = [(text, redact(text).verdict.severity) for text in texts]
    return [(text, severity) for text, severity in judged if severity >= Verdict.HOLD.severity]


@st.composite
def decorated(draw: st.DrawFn) -> tuple[str, str, int]:
    """A sample, the same decorated in one or two ways, and its severity."""
    text, severity = draw(st.sampled_from(kept()))
    case, around = draw(st.sampled_from(CASES)), draw(st.sampled_from(AROUND))
    spaces = st.lists(st.sampled_from((draw(st.sampled_from(BETWEEN)), " ")), min_size=60, max_size=60)
    letters = draw(st.sets(st.integers(0, 400), max_size=30))
    trick = draw(st.sampled_from((*WITHIN, "alike", "small")))
    words = _tricked(case(text), letters, trick).split(" ")
    joined = words[0] + "".join(space + word for space, word in zip(draw(spaces), words[1:], strict=False))
    return text, around.format(joined), severity


def _tricked(text: str, at: set[int], trick: str) -> str:
    """The letters at these places look otherwise, or have something invisible behind them."""
    return "".join(_as(letter, trick) if i in at and letter.isalpha() else letter for i, letter in enumerate(text))


def _as(letter: str, trick: str) -> str:
    alike = {"alike": ALIKE, "small": SMALL}.get(trick)
    return letter + trick if alike is None else alike.get(letter, letter)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(decorated())
def test_a_decorated_text_is_judged_no_milder(sample: tuple[str, str, int]) -> None:
    plain, text, severity = sample
    assert redact(text).verdict.severity >= severity, plain


def test_what_stands_between_words_hides_no_number_and_moves_no_finding() -> None:
    for text in (
        "Card 4539  1488  0343 6467.",
        "Card_4539_1488_0343_6467",
        "Card 4539 1488 🚓 0343\n6467",
        "*4539* *1488* *0343* *6467*",
    ):
        assert redact(text).verdict is Verdict.BLOCK
        assert redactor().remaining(text, "en")
    (plate,) = (r.finding for r in redact("Van  🚓 AB12 🚓 CDE  seen.").redactions if r.hard)
    assert "Van  🚓 AB12 🚓 CDE  seen."[plate.start : plate.end].endswith("AB12 🚓 CDE")


def test_a_sentence_in_another_language_is_looked_at_in_it() -> None:
    for text in ("Buenas noches a todos. Undercover colleague waves hello.", "Good night all. Le suspect a avoué."):
        assert redact(text).verdict is Verdict.BLOCK


def test_lines_of_their_own_are_not_read_as_one() -> None:
    for text in ("Quiet so far.\n\nStay safe.", "Leave them room\nA quiet night so far.", "R&D &amp; tea: 3 &lt; 4"):
        assert redact(text).verdict is Verdict.PASS
    assert redact("R&D &amp; tea").text == "R&D & tea"
