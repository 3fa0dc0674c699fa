"""Streets, roads and junctions by how they are written, known to the force or not; in English, Spanish and French."""

import re

from moderation.detector import Detector
from moderation.finding import Label
from moderation.patterns import Pattern, Patterns, pattern

CAP = r"(?: [A-ZÀ-ÞŒ] [\w'-]{1,24} | Mc\w{2,15} | O'\w{2,15} )"
_STOP = r"""
    (?: The | A | An | This | That | Our | Your | No | On | In | At | Off | Near | From | Closed | Avoid | And
    | Main\sRoads )
"""
_TYPE_EN = r"""    (?: Road | Rd | Street | Str? | Lane | Ln | Avenue | Ave? | Drive | Dr | Close | Crescent | Cres
    | Court | Ct
    | Terrace | Parade | Boulevard | Blvd | Highway | Hwy | Parkway | Pkwy
    | Way | Walk | Row | Hill | Rise | Grove | Gardens | Gdns | Square | Sq | Mews | Quay | Wharf | Bridge
    | Roundabout | Bypass | Expressway | Turnpike | Circle | Trail | Alley | Place | Path | Broadway | Circus
    | Embankment )"""
_SURE_EN = r"(?: road | rd | street | avenue | ave | lane | boulevard | blvd | crescent | highway | hwy )"
_EN = pattern(
    rf"(?<![\w]) (?! {_STOP} \s {_TYPE_EN} (?!\w) ) (?: (?! {_STOP} (?!\w) ) {CAP} \s ){{1,3}} {_TYPE_EN} (?![\w])",
    shout=True,
)
_EN_LEADING = pattern(rf"(?<!\w) (?: St\.? \s {CAP} (?:'s)? \s ) {_TYPE_EN} (?!\w)", shout=True)
_EN_LOWER = pattern(
    rf"(?<![\w]) (?: (?! {_STOP} (?!\w) ) {CAP} \s ){{1,3}} (?: roundabout | interchange | flyover | underpass ) (?!\w)"
)
_EN_ORDINAL = pattern(r"""
    (?<!\w) (?: [NSEW]\.? \s | north \s | south \s | east \s | west \s )? \d{1,3} (?:st|nd|rd|th) \s (?: street | st
    | avenue | ave | road | rd )(?!\w)
""")
_DE = r"(?: (?: de | del | de\sla | de\slas | de\slos | la | el | los | las ) \s )"
_TYPE_ES = r"""    (?: calle | avda?\.? | av\.? | avenida | plaza | pl?za\.? | pza\.? | paseo | p[º°]\.? | ronda
    | traves[ií]a
    | camino | carretera | ctra\.? | callej[oó]n | glorieta | rambla | pasaje | alameda | calzada | bulevar
    | blvd\.? | v[ií]a | cuesta
    | prolongaci[oó]n | privada | cerrada | andador | circuito | retorno | eje | perif[eé]rico | cjon\.? | colonia
    | col\.? | fracc(?:ionamiento|\.)? | barrio | urbanizaci[oó]n | urb\.? )"""
_ES = pattern(
    rf"""
        (?<!\w) (?: (?i:{_TYPE_ES}) \s{{1,2}} | (?i:c/) \s? | (?i:c\.) \s ) (?i:{_DE})?
        (?: [A-ZÀ-Þ\d] [\w.-]{{1,24}} ) (?: \s (?: (?i:{_DE}) )? [A-ZÀ-Þ] [\w-]{{1,24}} ){{0,3}}
    """,
    shout=True,
)
_ES_LOWER = pattern(rf"""
    (?<!\w) (?: c/ \s? {_DE}? | (?: calle | avenida | avda\.? | plaza | paseo | ronda ) \s {_DE} ) [^\W\d_]{{3,24}}
    (?!\w)
""")
_TYPE_FR = r"""
    (?: rue | avenue | av\. | boulevard | bd\.? | impasse | all[ée]es? | chemin | quai | cours | square | ruelle
    | faubourg | esplanade | rond-point | passage | sentier | promenade | route | place )
"""
_DU = r"(?: de\sla\s | de\sl' | des\s | du\s | de\s | d' | la\s | le\s | les\s )"
_FR = pattern(
    rf"""
        (?<!\w) (?i:{_TYPE_FR}) \s (?i:{_DU})? (?: (?:[A-ZÀ-ÞŒ] [\w'-]{{1,24}}) ) (?: [\s-]
        (?i:{_DU})? [A-ZÀ-ÞŒ] [\w'-]{{1,24}} ){{0,3}}
    """,
    shout=True,
)
_FR_LOWER = pattern(rf"""
    (?<!\w) (?: rue | avenue | boulevard | impasse | all[ée]e | quai ) \s {_DU} [^\W\d_]{{3,24}} (?!\w)
""")
_ROAD = pattern(r"""
    (?<![\w/-]) (?: (?: autov[ií]a | autopista | carretera | autoroute | motorway | interstate | route | highway
    | hwy | nationale | rocade | nacional ) \s )?
    (?: (?: [AMN] | AP | I | US | SR | RN | RD | CV | MA | GR | SE | CA ) - \d{1,4} | [AMBND] \d{1,4} (?:\(M\))? )
    (?![\w-])
    (?: [\s,]{1,2} (?: km\.? \s? \d{1,4} (?:[.,+]\d{1,3})? | j(?:unction|ct|cn)?\.? \s? \d{1,3}[a-z]?
    (?: \s?(?:-|to|and)\s?\d{1,2} )? | exit \s \d{1,3} | salida \s \d{1,3} | sortie \s \d{1,3}
    | PK \s? \d{1,4} ) ){0,2}
    (?: \s (?: northbound | southbound | eastbound | westbound ) )?
""")
_POST = pattern(r"""
    (?<!\w) (?: km\.? \s? \d{1,4} (?:[.,+]\d{1,3})? (?= \s (?:de|del|of|sentido|direcci[oó]n)\s ) | (?: junction
    | exit | salida | sortie | mile\s?(?:marker|post)? | mm | PK ) \s \d{1,4} [a-z]? ) (?!\w|/\d)
""")
_CROSSING = pattern(
    rf"""
        (?<!\w) (?: \d{{1,3}}(?:st|nd|rd|th) | {CAP} ) \s? (?: & | / | and | at ) \s?
        (?: \d{{1,3}}(?:st|nd|rd|th)(?!\s\w{{4,}}) | (?<=\d..\s&\s)(?:{CAP}) | (?<=\d..\sand\s){CAP} )
        (?: \s {_TYPE_EN} )? (?!\w)
    """,
    shout=True,
)
_ROAD_ALONE = re.compile(r"^(?:a|m|b|n|d)\d+", re.IGNORECASE)


def load() -> Detector:
    return Patterns(
        [
            *(
                Pattern("street", Label.LOCATION, regex)
                for regex in (_EN, _EN_LEADING, _EN_LOWER, _EN_ORDINAL, _ES, _ES_LOWER, _FR, _FR_LOWER)
            ),
            Pattern("road", Label.LOCATION, _ROAD, check=_is_road),
            Pattern("road", Label.LOCATION, _POST),
            Pattern("intersection", Label.LOCATION, _CROSSING),
        ]
    )


def _is_road(match: re.Match[str]) -> bool:
    """ "A4" may be paper and "B12" a vitamin, but no road begins with a nought."""
    return not re.fullmatch(r"[a-z]0\d*", match[0], re.IGNORECASE) and not match[0][:1].islower()
