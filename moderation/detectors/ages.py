"""Ages of people: under 18 a young person, over 64 an older one, and any other age that is not an arrested adult's."""

import re
from collections.abc import Iterator, Sequence

from moderation.detector import Detector
from moderation.finding import Action, Finding, Label
from moderation.lexicon import sentences_of
from moderation.normalise import plain
from moderation.patterns import pattern

_NOUN = r"""    (?: man | woman | lady | male | female | girl | boy | lad | lass | teen(?:ager)? | youth | child
    | kid | person
    | gentleman | bloke | resident
    | pensioner | driver | passenger | pedestrian | cyclist | student | pupil | resident | son | daughter | mother
    | father | mum | dad | nan | gran )"""
_EN = (
    pattern(rf"""
        (?<![\w.,]) (?P<article> (?: an? | the | his | her | their ) \s )? (?P<state> (?: young | elderly
        | older ) \s )?
        (?P<age> \d{{1,3}} ) \s? -? \s? (?: y(?:ea)?rs? \s? -? \s? olds? | y\.?/?o | yo | yrs? | year\solds? )
        (?P<noun> \s {_NOUN} )? (?!\w)
    """),
    pattern(
        rf"""
        (?<!\w) (?P<article> an? \s | the \s )? (?P<noun> {_NOUN} \s?,? \s? ) (?: \(? aged? \s | , \s )
        (?P<age> \d{{1,3}} ) \)? (?![\w.:/%,]\d|[\w:/%]) ,?
        """
    ),
    pattern(r"(?<!\w) ,? \s? (?: \( )? aged? \s (?P<age> \d{1,3} ) \)? (?!\w)"),
)
_ES = (
    pattern(r"""
        (?<!\w) (?: (?P<article> un | una | el | la | su | sus | al ) \s )? (?: (?P<noun> ni[ñn][oa]s? | menor(?:es)?
        | beb[eé] | joven | hij[oa]s? | chic[oa]s? | chaval(?:a)? | adolescente | mujer | hombre
        | var[oó]n | se[ñn]or | se[ñn]ora | ancian[oa] | abuel[oa] | vecin[oa] | persona | conductor(?:a)? | motorista
        | peat[oó]n | alumn[oa]s? ) \s ) (?: , \s )? (?:de \s)? (?P<age> \d{1,3} ) \s (?: a[ñn]os | meses )
        (?: \s de \s edad )? (?!\w)
    """),
    pattern(
        r"""
        (?<![\w.,]) (?: ,\s | de \s | con \s )? (?P<age> \d{1,3} ) \s (?: a[ñn]os (?!\s de \s
        (?: experiencia|servicio|prisi[oó]n|c[aá]rcel)) | meses \s de \s edad ) (?: \s de \s edad )? (?!\w)
        """
    ),
)
_FR = (
    pattern(r"""
        (?<!\w) (?: (?P<article> une? | le | la | son | sa ) \s | l' )?
        (?: (?: petite? | jeune | grande? ) \s )? (?: (?P<noun> enfants? | gar[cç]on
        | fille(?:tte)? | b[eé]b[eé] | adolescente? | ado | mineure? | jeune(?:\s(?:homme|femme|fille|gar[cç]on))?
        | fils | femme | homme | dame | monsieur
        | personne | conducteur | conductrice | retrait[eé]e? | octog[eé]naire | [eé]l[eè]ve ) \s ) (?:, \s )?
        (?: [aâ]g[eé]e?s? \s )? (?:de \s)? (?P<age> \d{1,3} ) \s (?: ans | mois ) (?!\w)
    """),
    pattern(
        r"""
        (?<![\w.,]) (?: ,\s | (?: [aâ]g[eé]e?s? \s )? de \s )? (?P<age> \d{1,3} ) \s (?: ans
        (?!\s(?:de\s(?:prison|service)|ferme)) ) (?!\w)
        """
    ),
)
_AFTER_NAME = re.compile(r"(?<=[a-zà-ÿ]), (?P<age>\d{1,2})(?=[,.)]| is\b| was\b| has\b|$)")
_CAPITAL = re.compile(r"(?<!\w)[A-ZÀ-Þ][\w'-]*$")
_ARREST = re.compile(
    r"\b(?:arrest\w*|detain\w*|nicked|charged|custody|detenid\w*|arrestad\w*|interpell\w*|gard[eé]e?\s[àa]\svue)",
    re.IGNORECASE,
)
_VICTIM = re.compile(
    r"\b(?:victim\w*|v[ií]ctima\w*|victimes?|witness\w*|testig\w*|t[eé]moin\w*|injured|herid\w*|bless[eé]\w*)",
    re.IGNORECASE,
)
_GROUP = pattern(r"""
    (?<!\w) (?: (?: two|three|four|five|six|seven|eight|several|some|a\sgroup\sof|\d ) \s )?
    (?P<age> \d{1,2} ) \s? -? \s? years? \s? -? \s? olds (?!\w)
""")
ADULT, OLDER = 18, 65
_THING = r"""(?: station | building | church | school | club | bridge | tree | pub | car | van | boat | engine | unit
    | force | tradition | parade | festival | carnival | service | hospital | town | village | statue | park | library
    | town\shall | estaci[oó]n | comisar[ií]a | edificio | iglesia | colegio | puente | [aá]rbol | coche | unidad
    | fiesta | tradici[oó]n | pueblo | commissariat | b[aâ]timent | [eé]glise | [eé]cole | pont | arbre | voiture
    | unit[eé] | brigade | f[eê]te | ville )"""
_ANIMAL = r"(?: dog | horse | cat | puppy | perr[oa] | caballo | gat[oa] | chien(?:ne)? | cheval | chat )"
_OF_A_THING = pattern(rf"""
    (?:^|[.!?;\n]\s{{0,2}}) (?: the | our | this | el | la | nuestr[oa] | este | esta | le | l' | notre
    | cette | ce | police )
    \s? (?: (?: police | local | old | polic[ií]a ) \s )?
    (?: {_THING} | {_ANIMAL} (?: \s (?-i:[A-Z][a-z]{{1,14}}) )? ) \s
    (?: is | was | turns | turned | celebrates | tiene | cumple | cumpli[oó] | a | avait | f[eê]te ) \s
    (?: (?: now | over | nearly | almost | already | just | ya | casi | sus | d[eé]j[aà] | presque | ses | plus\sde )
    \s )? \Z
""")
_WRAPPED = re.compile(r"\n(?=\s?[a-zà-ÿ])")
"""A line that goes on in the next."""
_YEARS_OLD = pattern(r"(?: years? | yrs? ) [ -] olds? \Z")
_BEFORE_A_THING = pattern(rf"""
    [ ] (?-i:{_THING}) (?= \s* (?: [.;!?\n] | \Z ) | [ ] (?: is|was|in|at|on|near|which|that|to|has|and ) [ ] )
""")
_BEFORE_AN_OLD_THING = pattern(rf"[ ] (?-i:{_THING}) (?= , )")
_ITS_ARTICLE = pattern(r"(?<!\w) (?: an? | the | our | this | that | its | my | his | her | their ) \s \Z")
_ITS_PLACE = pattern(r"(?<!\w) (?: at | in | near | on | of | by | from | to ) \s \Z")
_SOMEBODY = pattern(rf"""
    (?<!\w) (?: s?he | they | who | him | her | them | children | kids | women | men | lads | girls | boys | babies
    | baby | daughters? | sons? | sister | brother | {_NOUN} ) (?!\w) | (?<=\w\s) (?-i:[A-Z][a-z])
""")
_TERM = re.compile(
    r"\b(?:condenad\w*|sentenciad\w*|penas?|prisi[oó]n|condamn\w*)(?:\s\w+){0,3}\s[aà]\s\Z", re.IGNORECASE
)
_TURNS = re.compile(r"\b(?:turn(?:s|ed|ing)?|cumpl\w{1,5})\s\Z", re.IGNORECASE)
_HAS = re.compile(r"\b(?:tiene|ten[ií]a|tienen|avait|ont)\s\Z", re.IGNORECASE)
_HAS_IN_FRENCH = re.compile(r"\ba\s\Z", re.IGNORECASE)
_YOUNG = dict.fromkeys(("nino", "chico", "hijo", "chaval", "alumno", "garcon", "homme", "fil"), "young_man")
_YOUNG |= dict.fromkeys(("nina", "chica", "hija", "chavala", "alumna", "fille", "fillette", "femme"), "young_woman")


def load() -> Detector:
    return Ages()


class Ages:
    def find(self, text: str, language: str) -> Sequence[Finding]:
        return list(_ages(text, language))


def _ages(text: str, language: str) -> Iterator[Finding]:
    for regex in (*_EN, *_ES, *_FR):
        for match in regex.finditer(text):
            if 0 <= int(match["age"]) <= 110 and not _is_of_nobody(text, match):
                yield from _finding(text, match, language)
    yield from _young_people(text)
    for match in _AFTER_NAME.finditer(text):
        if int(match["age"]) < ADULT and _CAPITAL.search(text, max(match.start() - 30, 0), match.start()):
            yield _plain(match, "age of a minor")
        elif not _is_arrest(text, match):
            yield _plain(match, "age")


def _is_of_nobody(text: str, match: re.Match[str]) -> bool:
    """ "Our station is 100 years old", "sentenced to 15 years"; of a person who is told of beside a thing it is not."""
    if match.groupdict().get("noun") is not None:
        return False
    before = _WRAPPED.sub(" ", text[max(match.start() - 60, 0) : match.start()])
    return bool(_TERM.search(before) or _OF_A_THING.search(before)) or _is_before_a_thing(text, match)


def _is_before_a_thing(text: str, match: re.Match[str]) -> bool:
    """ "A 100 year old church" on one line; never where the younger it says might be somebody told of before."""
    age, start = int(match["age"]), match.start("age")
    before = text[max(start - 20, 0) : start]
    if not _YEARS_OLD.search(match[0].rstrip()) or not (
        _ITS_ARTICLE.search(before) or (age >= OLDER and _ITS_PLACE.search(before))
    ):
        return False
    if age >= OLDER:
        return bool(_BEFORE_A_THING.match(text, match.end()) or _BEFORE_AN_OLD_THING.match(text, match.end()))
    sentence = next((s for s, e in sentences_of(text) if s <= match.start() < e), 0)
    told = _SOMEBODY.search(text[sentence:start])
    return bool(_BEFORE_A_THING.match(text, match.end())) and not told


def _young_people(text: str) -> Iterator[Finding]:
    for match in _GROUP.finditer(text):
        if int(match["age"]) < ADULT:
            yield Finding(*match.span(), Label.AGE, Action.MASK, "age of a minor", instead="young_people")


def _finding(text: str, match: re.Match[str], language: str) -> Iterator[Finding]:
    age, noun = int(match["age"]), match.groupdict().get("noun")
    months = "mes" in match[0].lower()[-12:] or "mois" in match[0].lower()[-6:]
    if age < ADULT or months:
        yield _as_role(
            match, noun, "age of a minor", _behind_a_verb(text, match, language, "under_18") or "young_person"
        )
    elif age >= OLDER:
        role = _behind_a_verb(text, match, language, "certain_age") or "older_resident"
        yield _as_role(match, noun, "age of an older person", role)
    elif not _is_arrest(text, match):
        yield _only_age(match, noun)


def _behind_a_verb(text: str, match: re.Match[str], language: str, had: str) -> str | None:
    """What stands for an age that somebody turns, or (in es and fr) has: no role of a person."""
    if match.groupdict().get("noun") is not None:
        return None
    start = max(match.start() - 20, 0)
    if _TURNS.search(text, start, match.start()):
        return "year_older"
    has = _HAS.search(text, start, match.start())
    return had if has or (language == "fr" and _HAS_IN_FRENCH.search(text, start, match.start())) else None


def _as_role(match: re.Match[str], noun: str | None, rule: str, role: str) -> Finding:
    """The age with its noun as a role. Without a noun ("15yo", "aged 6") it stands alone or is dropped behind one."""
    if role == "young_person" and noun is not None:
        role = _YOUNG.get(plain(noun).split()[-1].rstrip("s"), role)
    alone = noun is None and match[0].lstrip().startswith((",", "(", "aged", "de ", "con ", "age"))
    return Finding(*match.span(), Label.AGE, Action.MASK, rule, instead=None if alone else role)


def _only_age(match: re.Match[str], noun: str | None) -> Finding:
    if noun is None:
        return _plain(match, "age")
    if match.start("noun") < match.start("age"):
        return Finding(match.end("noun"), match.end(), Label.AGE, Action.MASK, "age")
    return Finding(match.start("age"), match.start("noun"), Label.AGE, Action.MASK, "age")


def _plain(match: re.Match[str], rule: str) -> Finding:
    return Finding(*match.span(), Label.AGE, Action.MASK, rule)


def _is_arrest(text: str, match: re.Match[str]) -> bool:
    """Sex, age and offence of an arrested adult may be told; not where a victim is in the same sentence."""
    sentence = next((text[s:e] for s, e in sentences_of(text) if s <= match.start() < e), text)
    return bool(_ARREST.search(sentence)) and not _VICTIM.search(sentence)
