"""National identity numbers of Spain, Great Britain, the United States, France and Mexico, and passports and licences.

A wrong check digit changes nothing: a mistyped number still points at one person."""

from moderation.detector import Detector
from moderation.finding import Label
from moderation.patterns import Pattern, Patterns, pattern

_NO = r"""    (?: \s{0,2} (?: numbers? | no\.? | n[º°o]\.? | n[uú]mero | num | card | on | is | was | the | es | era
    | de
    | est | ending | [:\#=(] ) ){0,4} \s{0,2}"""
_DNI = pattern(r"(?<![\w.,]) (?: \d{8} | \d{1,2}\.\d{3}\.\d{3} ) [\s-]? [A-Z] (?!\w)")
_NIE = pattern(r"(?<!\w) [XYZ] [\s.-]? \d{7} [\s.-]? [A-Z] (?!\w)")
_NINO = pattern(r"(?<!\w) [A-Z]{2} [\s-]? \d{2} [\s-]? \d{2} [\s-]? \d{2} [\s-]? [A-Z] (?!\w)")
_SSN = pattern(r"(?<![\w-]) \d{3} (?P<mark>[\s-]) \d{2} (?P=mark) \d{4} (?![\w-])")
_NIR = pattern(r"""
    (?<![\w.,]) [12378] \s? \d{2} \s? (?:0[1-9]|1[0-2]|[2-9]\d) \s? (?:\d{2}|2[AB]) \s? \d{3} \s? \d{3}
    (?: \s? \d{2} )? (?!\w)
""")
_CURP = pattern(r"(?<!\w) [A-Z]{4} \d{6} [HMX] [A-Z]{5} [A-Z\d] \d (?!\w)")
_RFC = pattern(r"(?<!\w) [A-ZÑ&]{4} \d{6} (?=[A-Z\d]{0,2}\d|[A-Z\d]{3}(?!\w)) [A-Z\d]{3} (?!\w)", shout=True)
_LICENCE = pattern(r"(?<!\w) [A-Z9]{5} \s? \d{6} \s? [A-Z9]{2} \s? [A-Z\d]{3} (?!\w)")
_NAMED = pattern(rf"""
    (?<!\w) (?: dni | nie | nif | d\.n\.i\.? | passports? | pasaporte | passeport | ssn | social\ssecurity
    | seguridad\ssocial
    | s[ée]curit[ée]\ssociale | national\sinsurance | nino | nhs | curp | rfc | driv(?:er'?s?|ing)\slicen[cs]e
    | carn[eé]
    | permis(?:o)?\sde\scond\w{{1,8}} | carte\sd'identit[eé] | cni | c[eé]dula | ine | id\scard | green\scard
    | visa\snumber
    | dossier\sétranger | titre\sde\ss[eé]jour ) {_NO}
    (?P<it> (?= [A-Z]{{0,4}} [\s.-]? \d ) [A-Z\d] (?: [\s.-]? [A-Z\d] ){{4,19}} ) (?!\w)
""")


def load() -> Detector:
    kinds = {
        "DNI": _DNI,
        "NIE": _NIE,
        "NINO": _NINO,
        "SSN": _SSN,
        "NIR": _NIR,
        "CURP": _CURP,
        "RFC": _RFC,
        "driving licence": _LICENCE,
    }
    return Patterns(
        [
            *(Pattern(f"identity {name}", Label.ID, regex, hard=True) for name, regex in kinds.items()),
            Pattern("identity named", Label.ID, _NAMED, hard=True, check=lambda match: _digits(match["it"]) >= 4),
        ]
    )


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))
