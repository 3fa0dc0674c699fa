"""Writing in a picture: what the text rules make of what was read, box by box. The words are kept nowhere."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from moderation.detector import DetectorFailed
from moderation.finding import Action, Box, BoxKind, Finding
from moderation.media_word import Word
from moderation.own_reasons import FAILED, STILL_THERE
from moderation.policy import PostKind, Verdict
from moderation.redaction import Context, Redacted

LEGIBLE: Final = 0.5
"""What was read with less certainty is no writing that rules could judge; it is covered like all of it."""
MOST_LETTERS: Final = 2000


@dataclass(frozen=True, slots=True)
class Writing:
    """`kinds` counts what was found. `hard` are indexes of boxes that nobody may leave open. `forbidden`: nobody could
    publish these words as a post, which is so of documents and of the screens of systems."""

    kinds: dict[str, int]
    hard: frozenset[int]
    forbidden: bool = False


async def judged(
    words: Sequence[Word],
    boxes: Sequence[Box],
    redact: Callable[[str, Context], Awaitable[Redacted]],
    overlays: tuple[str, ...],
) -> Writing:
    """What may be left open of what was read. Raises DetectorFailed."""
    lines = [word for word in words if word.score >= LEGIBLE]
    hard = {word.box for word in words if word.score < LEGIBLE and any(map(str.isdigit, word.text))}
    if not lines:
        return Writing({}, frozenset(hard))
    text = "\n".join(word.text for word in lines)
    looked = await redact(text[:MOST_LETTERS], Context(kind=PostKind.PATROL, overlays=overlays))
    if any(reason.code == FAILED for reason in looked.reasons):
        raise DetectorFailed("writing in a picture was not examined")
    hard |= _with_hard_findings(lines, looked.findings)
    # What could not be reworded says nothing of what stands there.
    forbidden = any(each.verdict is Verdict.BLOCK and each.code != STILL_THERE for each in looked.reasons)
    if forbidden:
        hard |= {index for index, box in enumerate(boxes) if box.kind is BoxKind.TEXT}
    kinds = Counter(finding.label.value for finding in looked.findings if finding.action is Action.MASK)
    return Writing(dict(sorted(kinds.items())), frozenset(hard), forbidden)


def _with_hard_findings(lines: Sequence[Word], findings: Sequence[Finding]) -> set[int]:
    """The boxes of lines that a hard finding touches, and of those that were too many to be looked at."""
    ends = list(accumulate(len(word.text) + 1 for word in lines))
    return {
        word.box
        for word, start, end in zip(lines, [0, *ends], ends, strict=False)
        if end > MOST_LETTERS or any(f.hard and f.start < end - 1 and start < f.end for f in findings)
    }
