"""Numbers of the police's own papers: incident logs, custody, crime references, case files, collar numbers."""

from moderation.detector import Detector
from moderation.finding import Label
from moderation.patterns import Pattern, Patterns, pattern

_NO = r"""    (?: \s{0,2} (?: ref(?:erence|erencia)?\.? | record | numbers? | no\.? | n[º°o]\.? | n[uú]mero | num
    | is | was
    | es | file | de | [:\#=(] ) ){0,4} \s{0,2}"""
_NUMBER = r"(?P<number> [A-Z]{0,4} [/-]? \d (?: [\s]? [A-Z\d/.-] ){0,2} [A-Z\d/-]{0,16} )"
_PAPER = pattern(rf"""
    (?<!\w) (?: cad | custody | crime | incident | log | case | occurrence | urn | pnc(?:\s?id)? | niche | exhibit
    | warrant | event | job | storm | charge
    | atestado | diligencias | expediente | denuncia | sumario | procedimiento | nig | intervenci[oó]n
    | proc[eé]dure | proc[eè]s-verbal | pv | dossier | main\scourante | fiche ) {_NO} {_NUMBER} (?!\w)
""")
_REFERENCE = pattern(rf"(?<!\w) (?: ref(?:erence|erencia|\.)? | r[eé]f(?:[eé]rence)?\.? ) {_NO} {_NUMBER} (?!\w)")
_COLLAR = pattern(r"""
    (?<!\w) (?: collar | shoulder | badge | warrant | placa | carn[eé]\sprofesional | matricule | tip | nip )
    (?:\s(?:number|no\.?|n[º°]\.?|n[uú]mero))? \s? [:\#]? \s? [A-Z]{0,3} \d{2,7} [A-Z]? (?!\w)
""")
_SERIAL = pattern(r"""
    (?<!\w) (?: frame | serial | chassis | ch[âa]ssis | vin | imei | bastidor | n[uú]mero\sde\sserie
    | num[ée]ro\sde\ss[ée]rie )
    (?: \s{0,2} (?: numbers? | no\.? | n[º°o]\.? | n[uú]mero | num[ée]ro | is | es | [:\#] ) ){0,3}
    \s{0,2} (?P<it> (?=[A-Z-]{0,16}\d) [A-Z0-9-]{5,20} ) (?!\w)
""")
_CRIME = pattern(r"(?<![\w/]) \d{2,3} / \d{3,7} / \d{2} (?![\w/])")
_UNITS = frozenset("am pm h hrs hours min mins minutes km miles years days weeks x".split())


def load() -> Detector:
    return Patterns(
        [
            Pattern("paper", Label.REFERENCE, _PAPER, check=lambda match: _is_number(match["number"])),
            Pattern("paper", Label.REFERENCE, _REFERENCE, check=lambda match: _is_number(match["number"])),
            Pattern("collar number", Label.REFERENCE, _COLLAR),
            Pattern("paper", Label.REFERENCE, _CRIME),
            Pattern("serial number", Label.REFERENCE, _SERIAL),
        ]
    )


def _is_number(number: str) -> bool:
    """At least three digits: "log 5" and "event 2026" name no file."""
    digits = [letter for letter in number if letter.isdigit()]
    years = len(digits) == 4 and "".join(digits[:2]) in ("19", "20") and number.isdigit()
    return len(digits) >= 3 and not years
