"""Sums of money that somebody lost to a crime."""

from collections.abc import Sequence

from moderation.detector import Detector
from moderation.finding import Action, Finding, Label
from moderation.lexicon import sentences_of
from moderation.patterns import pattern

_SUM = pattern(r"""
    (?<![\w.,]) (?: [£$€] \s? \d{1,3} (?:[.,]?\d{3}){0,3} (?:[.,]\d{1,2})? \s? (?:k|m|grand|million)? (?!\w)
    | \d{1,3} (?:[.,\s]?\d{3}){0,3} (?:[.,]\d{1,2})? \s? (?: € | £ | euros? | pounds? | quid | dollars? | grand
    | pesos ) (?!\w) )
""")
_LOSS = pattern(r"""
    \b (?: victim\w* | v[ií]ctima\w* | faux | fausse | fake | bogus | conned | scam\w* | defraud\w* | fraud\w* | lost
    | stolen | stole | tricked | swindled | robbed
    | taken\sfrom | handed\sover | estaf\w* | timad\w* | robad\w* | perdid\w*
    | enga[ñn]\w*
    | vaciado | arnaqu\w* | escroqu\w* | vol[ée]\w* | perdu\w* | d[ée]rob\w* ) \b
""")


def load() -> Detector:
    return Amounts()


class Amounts:
    def find(self, text: str, language: str) -> Sequence[Finding]:
        losses = [(s, e) for s, e in sentences_of(text) if _LOSS.search(text, s, e)]
        return [
            Finding(*match.span(), Label.REFERENCE, Action.MASK, "amount", instead="large_sum")
            for match in _SUM.finditer(text)
            if any(s <= match.start() < e for s, e in losses)
        ]
