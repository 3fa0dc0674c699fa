"""House addresses: a number with a street, a flat, a floor and door, a named house, a postcode."""

import re

from moderation.detector import Detector
from moderation.detectors.streets import CAP
from moderation.finding import Label
from moderation.patterns import Pattern, Patterns, pattern

_TYPE_EN = r"""    (?: road | rd | street | str? | lane | ln | avenue | ave? | drive | dr | close | crescent | cres
    | court | ct
    | terrace | ter | parade | boulevard | blvd | highway | hwy | parkway | pkwy
    | way | walk | row | hill | rise | grove | gardens | gdns | square | sq | mews | quay | wharf | circle | cir
    | trail | trl | alley | place | pl | path | loop | route | pike | plaza | lp )"""
_CUT_SHORT = r"(?: mass | comm | penn | wash | capt | prof | pres | univ | minn | tenn | mich | conn | miss )"
"""What a point of a street's name may stand behind; behind any other word of four letters a sentence ends."""
_NUMBER = r"(?: (?:no\.?|number|n[º°]\.?) \s? )? \d{1,5} (?: \s?-\s?\d{1,5} )? [a-z]?"
_EN = pattern(rf"""
    (?<![\w.,:/£$€-]) {_NUMBER} ,? \s (?: (?: n | s | e | w | ne | nw | se | sw | north | south | east
    | west ) \.? \s )? (?: (?: [^\W\d_] (?: [\w'.-]{{1,24}} (?<!\.) | [\w'-]{{1,2}} \. ) | {_CUT_SHORT} \. )
    \s ){{1,3}} {_TYPE_EN} (?!\w)
    (?: ,? \s (?: apt\.? | suite | ste\.? | unit | flat | \# ) \s? \w{{1,5}} )?
""")
_SUFFIX_US = r"""(?: Bypass | Bridge | Camp | Centers | Crest | Extensions
    | Crossroads | Crossroad | Expressway | Branch | Burgs | Circles | Pass | Shoals
    | Stations | Summits | Tracks | Trails | Turnpike
    | Villages | Brook | Brooks | Burg | Canyon | Cape | Causeway | Center | Cliff | Cliffs | Club | Common
    | Corner | Corners
    | Course | Courts | Cove | Coves | Creek | Crossing | Curve | Dale | Dam | Divide | Drives | Estate | Estates
    | Extension
    | Fall | Falls | Ferry | Field | Fields | Flat | Flats | Ford | Fords | Forest | Forge | Forges | Fork | Forks
    | Fort
    | Freeway | Garden | Gateway | Glen | Glens | Green | Greens | Groves | Harbor | Harbors | Haven | Heights | Hills
    | Hollow | Inlet | Island | Islands | Isle | Junction | Junctions | Key | Keys | Knoll | Knolls | Lake | Lakes
    | Land
    | Landing | Light | Lights | Loaf | Lock | Locks | Lodge | Mall | Manor | Manors | Meadow | Meadows | Mill | Mills
    | Mission | Motorway | Mount | Mountain | Mountains | Neck | Orchard | Oval | Overpass | Park | Parks | Parkways
    | Passage | Pike | Pine | Pines | Plain | Plains | Plaza | Point | Points | Port | Ports | Prairie | Radial | Ramp
    | Ranch | Rapid | Rapids | Rest | Ridge | Ridges | River | Roads | Rue | Run | Shoal | Shoals | Shore | Shores
    | Skyway
    | Spring | Springs | Spur | Spurs | Squares | Station | Stravenue | Stream | Streets | Summit | Throughway | Trace
    | Track | Trafficway | Tunnel | Underpass | Union | Unions | Valley | Valleys | Via | Viaduct | View | Views
    | Village
    | Villages | Ville | Vista | Walks | Wall | Ways | Well | Wells )"""
_EN_RARE = pattern(
    rf"""
    (?<![\w.,:/£$€-]) (?: (?i:flat|studio|unit) \s \d{{1,4}}[A-Za-z]? ,? \s | \d{{1,5}}[a-z]? \s ) (?: (?:{CAP})
    (?:\s|-) ){{1,3}} {_SUFFIX_US} (?!\w)
    (?: \s (?: Apt\.? | Suite ) \s \d{{1,5}} )?
""",
    shout=True,
)
_EN_ORDINAL = pattern(rf"""
    (?<![\w.,:/£$€-]) \d{{1,5}} \s (?: [nsew]\.? \s )? \d{{1,3}} (?:st|nd|rd|th) \s {_TYPE_EN} (?!\w)
""")
_EN_AFTER_NOT = frozenset(
    "minutos metros personas coches agentes horas en de por con minutes personnes voitures dans sur pour "
    "min mins minutes hours hrs days weeks am pm mph km miles people cars units officers men women "
    "vehicles arrests of in on at for the and a per cent more times years".split()
)
_DE = r"(?: (?: de | del | de\sla | de\slas | de\slos | la | el | los | las ) \s )"
_ES_STREET = r"""    (?: (?: calle | ca[ñn]ada | acceso | vial | pasadizo | circunvalaci[oó]n | cl\.? | avda?\.?
    | av\.? | avenida | plaza | pl?za\.? | pza\.? | pl\.? | paseo
    | p[º°]\.?
    | ronda | rda\.? | traves[ií]a | camino | carretera | ctra\.? | callej[oó]n | cjon\.? | glorieta | rambla
    | pasaje
    | alameda | calzada | bulevar | blvd\.? | v[ií]a | cuesta | prolongaci[oó]n | prol\.? | privada | priv\.?
    | cerrada | andador | circuito | retorno | eje | perif[eé]rico | boulevard | urbanizaci[oó]n | urb\.? | corredor
    | diagonal | continuaci[oó]n | viaducto | peatonal | ampliaci[oó]n | c\.? ) \s | c/ \s? )"""
_DOOR = r"""(?: [\s,.-]{1,3} (?: n[º°úu]m?\w{0,4}\.? \s? | no\.\s? | \#\s? )? )"""
_ES_REST = r"""    (?: [,\s-]{1,3} (?: (?: piso | planta | puerta | pta\.? | esc\.? | escalera | bloque | blq\.?
    | portal | bajo
    | bajos | [aá]tico | int(?:erior)?\.? | ext(?:erior)?\.? | depto\.? | dpto\.? | departamento | edif(?:icio)?\.?
    | local ) (?: \s? [\w-]{1,5} )? | \d{1,2} \s? [º°ª] \s? -? (?: [A-Z]{1,3} (?!\w) | \d{1,2} [º°ª]? )?
    | izq\w{0,6}\.? | dcha?\.? | derecha ) ){0,4}"""
_ES_TOWN = r"""    (?: [,\s]{1,2} (?: col(?:onia)?\.? | fracc\w{0,13}\.? | barrio | c\.?p\.? ) \s [\wÀ-ÿ.]{2,24}
    (?: \s [A-ZÀ-Þ]\w{2,20} ){0,2} ){0,2} (?: [,\s]{1,2} (?:c\.?p\.?\s?)? \d{5} (?!\d) )?"""
_ES = pattern(rf"""
    (?<!\w) {_ES_STREET} {_DE}? (?: [\w.'-]{{1,24}} \s? ){{1,5}}? {_DOOR} \d{{1,5}} (?: \s? [a-z] (?!\w) | \s bis )?
    (?![\w:]|[.,]\d|\s[^\W\d_]{{4,24}}s(?!\w)) {_ES_REST} {_ES_TOWN}
""")
_FR = pattern(r"""
    (?<![\w.,:/]) \d{1,4} (?: \s? (?:bis|ter|quater) | \s?[a-d](?!\w) )? ,? \s (?: rue | avenue | av\.? | boulevard
    | bd\.? | impasse | all[ée]es? | chemin | quai | cours | square | ruelle | faubourg | esplanade | passage
    | sentier | route | place | r\. ) \s (?: de\sla\s | de\sl' | des\s | du\s | de\s | d' | la\s | le\s )?
    [\w'-]{2,24} (?: [\s-] (?:de\sla\s|de\sl'|des\s|du\s|de\s|d')? [A-ZÀ-Þ] [\w'-]{1,24} ){0,3} (?: ,? \s \d{5}
    (?: \s [A-ZÀ-Þ][\w-]{1,24} )? )?
""")
_FLAT_EN = pattern(r"""
    (?<!\w) (?: (?:in|at) \s )? (?: flat | studio | apartment | apt\.? | room | suite | bedsit | plot | caravan | pitch
    | berth | block ) (?: \s (?: no\.? \s | number \s )? \d{1,4} [a-z]? | [ ] [A-Z] (?![\w']) ) (?: ,? \s (?:
    (?:\d{1,2}(?:st|nd|rd|th)|ground|top|first|second|third) \s floor ) )? (?!\w)
""")
_NUMBERED = pattern(r"(?<!\w) (?: at | of | from | outside ) \s (?: no\.? | number | house ) \s? \d{1,4} [a-z]? (?!\w)")
_FLAT_ES = pattern(r"""
    (?<!\w) (?: (?: piso | puerta | bloque | escalera | portal | planta ) \s (?: n[º°]\s? )?
    (?: \d{1,3} \s? [º°ª]? \s? [A-Z]? | [A-Z] ) (?!\w) | (?: (?: en | del? | al ) \s
    (?:(?:el|la) \s)? )? \d{1,2} \s? [º°ª] \s? -? \s? (?: [A-H] | izq\w{0,6} | dcha?\.? | derecha | \d [º°ª]? )
    (?!\w) )
""")
_FLAT_FR = pattern(r"""
    (?<!\w) (?: (?: appartement | appt?\.? | b[âa]timent | b[âa]t\.? | escalier | porte | chambre | hall ) \s
    (?: n[º°]\s? )? (?: \d{1,4} [a-z]? | [A-Z] ) (?!\w) | (?: au \s )? \d{1,2} \s? (?:er|e|[eè]me) \s [ée]tage
    (?: ,? \s porte \s (?: gauche | droite | [a-z]? \d{0,3} ) )? )
""")
_HOUSE = pattern(
    rf"""
        (?<!\w) (?: {CAP} \s ){{1,3}} (?: House | Court | Cottage | Lodge | Villas? | Mansions? | Towers? | Heights
        | Apartments? | Flats | Farm | Manor | Grange | Bungalow | Almshouses ) (?!\w)
    """,
    shout=True,
)
_HOUSE_ES = pattern(
    rf"""
        (?<!\w) (?i: residencial | edificio | residencia | chalet | villa | finca | bloque | cortijo ) \s (?:
        (?:de|del|la|el|las|los) \s ){{0,2}} {CAP} (?: \s {CAP} ){{0,2}}
    """,
    shout=True,
)
_HOUSE_FR = pattern(
    rf"""
        (?<!\w) (?i: r[ée]sidence | immeuble | villa | cit[ée] | hlm | foyer ) \s (?: (?:de|du|des|la|le|les) \s
        | d' | l' ){{0,2}} {CAP} (?: [\s-] {CAP} ){{0,2}}
    """,
    shout=True,
)
_POSTCODE = pattern(r"(?<!\w) (?: [A-Z]{1,2} \d [A-Z\d]? \s? \d [ABD-HJLNP-UW-Z]{2} ) (?!\w)", shout=True)
_POSTAL = pattern(r"""
    (?<!\w) (?: c\.?p\.? | c[oó]digo\spostal | zip(?:\scode)? | code\spostal | postcode ) \s? :? \s? \d{5}
    (?: -\d{4} )? (?!\w)
""")


def load() -> Detector:
    return Patterns(
        [
            Pattern("house address", Label.ADDRESS, _EN, hard=True, check=_is_address),
            *(
                Pattern("house address", Label.ADDRESS, regex, hard=True)
                for regex in (_EN_RARE, _EN_ORDINAL, _ES, _FR, _POSTCODE)
            ),
            *(Pattern("flat", Label.ADDRESS, regex, hard=True) for regex in (_FLAT_EN, _NUMBERED, _FLAT_ES, _FLAT_FR)),
            *(Pattern("house", Label.ADDRESS, regex) for regex in (_HOUSE, _HOUSE_ES, _HOUSE_FR)),
            Pattern("postcode", Label.ADDRESS, _POSTAL),
        ]
    )


def _is_address(match: re.Match[str]) -> bool:
    """ "3 people in the street" is no address: the words between number and street are a name."""
    words = re.findall(r"[^\W\d_]+", match[0].lower())
    return not _EN_AFTER_NOT.intersection(words[:-1])
