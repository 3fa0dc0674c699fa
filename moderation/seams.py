"""Edits put into a text so that it still reads: spaces, commas, capitals and hanging words are mended at the seams."""

from collections.abc import Sequence

from moderation.edit import Edit
from moderation.normalise import fold, plain
from moderation.wording import Grammar

_ENDS = ".!?\n"
_LOOSE = ",:;-(/&+"


def apply(clean: str, edits: Sequence[Edit], grammar: Grammar) -> str:
    """`clean` with its edits made. What no edit touches stays letter for letter."""
    if not edits:
        return clean
    public = ""
    at = 0
    for edit in edits:
        public = _joined(public, clean[at : edit.start], after_edit=at > 0)
        public = _with(public, edit.text, clean[edit.end :], grammar)
        at = edit.end
    return _joined(public, clean[at:], after_edit=True, grammar=grammar).strip()


def _with(public: str, text: str, rest: str, grammar: Grammar) -> str:
    """`public` with the replacement of one edit behind it."""
    if not text:
        ends_here = not rest.strip() or rest.lstrip()[0] in ".!?,;:)\n"
        return _without_hanging(public, grammar) if ends_here else public.rstrip(" ")
    starts = _begins_sentence(public)
    spaced = text.strip()
    spaced = spaced[:1].upper() + spaced[1:] if starts else spaced
    glue = "" if not public or public[-1] in " \n([#\"'/" else " "
    return public + glue + spaced


def _without_hanging(public: str, grammar: Grammar) -> str:
    """Without the small words and marks that led up to what is gone."""
    kept = public.rstrip(" ")
    while kept:
        if kept[-1] in _LOOSE:
            kept = kept[:-1].rstrip(" ")
            continue
        word = _last_word(kept)
        if not word or plain(fold(word)) not in grammar.dangling or _begins_sentence(kept[: -len(word)]):
            break
        kept = kept[: -len(word)].rstrip(" ")
    return kept


def _joined(public: str, rest: str, *, after_edit: bool, grammar: Grammar | None = None) -> str:
    """`public` and the untouched `rest` behind it, with one space or none between them."""
    if not after_edit:
        return public + rest
    if _begins_sentence(public):
        body = rest.lstrip(" ,:;-)./&") if public.strip() or rest.strip(" ,:;-)./&!?") else ""
        lead = "" if not public or public[-1] in " \n" else " "
        lead = "\n" if "\n" in rest[: len(rest) - len(rest.lstrip())] and public else lead
        body = body.lstrip("!? \n") if not body.strip("!? \n")[:1] or body[:1] in "!?" else body
        return public + lead + body[:1].upper() + body[1:] if body else public
    return _within(public, rest)


def _within(public: str, rest: str) -> str:
    """`rest` behind an edit in the middle of its sentence."""
    body = rest.lstrip(" ")
    if not body:
        return public
    if body[0] in ":;!?" and rest[0] == " " and public[-1:].isalnum():
        return f"{public} {body}"
    if public[-1:] in ",;:" and body[0] in ",;:.!?":
        return public + body[1:] if body[0] in ",;:" else public[:-1] + body
    if body[0] in ".,;:!?)'\n" or public[-1:] in "([\"'/ ":
        return _closed(public, body)
    return f"{public} {body}"


def _closed(public: str, body: str) -> str:
    """Brackets with nothing left between them go."""
    if body[0] == ")" and public.endswith("("):
        return _joined(public[:-1].rstrip(" "), body[1:], after_edit=True)
    return public + body


def _begins_sentence(public: str) -> bool:
    before = public.rstrip(" \"'¡¿([")
    return not before or before[-1] in _ENDS


def _last_word(text: str) -> str:
    i = len(text)
    while i > 0 and (text[i - 1].isalnum()):
        i -= 1
    return text[i:]
