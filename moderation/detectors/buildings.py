"""Buildings that everybody can find: schools, places of worship, hospitals, named pubs and shops, "outside the ..."."""

from moderation.detector import Detector
from moderation.detectors.streets import CAP
from moderation.finding import Label
from moderation.patterns import Pattern, Patterns, pattern

_NAME = rf"(?: (?: St\.? \s )? (?: {CAP} (?:'s)? \s ){{1,3}} )"
_OF = r"(?: (?:de|del|la|el|las|los|du|des|le|les) \s | d' | l' ){0,3}"
_NAMES = rf"{CAP} (?: [\s-] (?:de\s|la\s|del\s)? {CAP} ){{0,3}}"
_SCHOOL = pattern(
    rf"""
        (?<!\w) {_NAME} (?: High (?: \s School )? | Primary (?: \s School )? | Infants? (?: \s School )?
        | Juniors? \s School | Grammar (?: \s School )? | Academy | (?:Sixth\sForm\s)?College | School | Nursery
        | Elementary | Middle \s School | Comprehensive | University | Campus ) (?!\w)
    """,
    shout=True,
)
_SCHOOL_ES = pattern(
    rf"""
        (?<!\w) (?i: colegio | ceip | ies | instituto | escuela | guarder[ií]a | universidad
        | facultad ) \s {_OF} {_NAMES}
    """,
    shout=True,
)
_SCHOOL_FR = pattern(
    rf"(?<!\w) (?i: [eé]cole | coll[eè]ge | lyc[eé]e | cr[eè]che | maternelle | universit[eé] ) \s {_OF} {_NAMES}",
    shout=True,
)
_WORSHIP = pattern(
    rf"""
        (?<!\w) {_NAME} (?: Mosque | Church | Synagogue | Temple | Chapel | Cathedral | Gurdwara | Abbey
        | Islamic \s Cent(?:re|er) ) (?!\w)
    """,
    shout=True,
)
_WORSHIP_ES = pattern(
    rf"""
        (?<!\w) (?i: mezquita | iglesia | sinagoga | parroquia | capilla | ermita | catedral | [eé]glise
        | mosqu[eé]e | synagogue | temple | chapelle ) \s {_OF} {_NAMES}
    """,
    shout=True,
)
_HOSPITAL = pattern(
    rf"""
        (?<!\w) (?: {_NAME} (?: (?:General\s)? Hospital | Clinic | Surgery | Infirmary | Hospice
        | Medical \s Cent(?:re|er) | Health \s Cent(?:re|er) | Care \s Home | Nursing \s Home ) | St\.? \s {CAP}'s
        (?!\s[A-Z]) ) (?!\w)
    """,
    shout=True,
)
_HOSPITAL_ES = pattern(
    rf"""
        (?<!\w) (?i: hospital | cl[ií]nica | centro\sde\ssalud | ambulatorio | h[oô]pital | clinique
        | ehpad ) \s {_OF} {_NAMES}
    """,
    shout=True,
)
_VENUE = pattern(
    rf"""
        (?<!\w) {_NAME} (?: Pub | Inn | Tavern | Hotel | Hostel | B&B | Caf[eé] | Restaurant | Takeaway | Nightclub
        | Club | Bar | Arms | Supermarket | Pharmacy | Bakery | Barbers? | Salon | Gym | Garage | Stores?
        | Off-Licence | Shopping \s Cent(?:re|er) | Mall | Stadium | Arena | Theatre | Cinema | Car \s Park
        | Bookmakers ) (?!\w)
    """,
    shout=True,
)
_VENUE_THE = pattern(
    rf"""
        (?<!\w) (?: at | outside | inside | opposite | behind | near | from | by ) \s (?P<it> the \s {CAP} \s {CAP}
        (?: \s {CAP} )? ) (?! \s? [Pp]olice | \s [Cc]ouncil )
    """,
    shout=True,
)
_VENUE_ES = pattern(
    rf"""
        (?<!\w) (?i: bar | pub | discoteca | discoth[èe]que | restaurante | cafeter[ií]a | hotel | hostal | pensi[oó]n
        | farmacia
        | supermercado | panader[ií]a | cervecer[ií]a | taberna | caf[eé] | boulangerie | pharmacie | brasserie
        | tabac | gasolinera | centro\scomercial | pabell[oó]n | estadio ) \s {_OF} {_NAMES}
    """,
    shout=True,
)
_SPOT = pattern(r"""
    (?<!\w) (?: outside | opposite | behind | in\sfront\sof | next\s(?:door\s)?to | round\sthe\sback\sof
    | across\sfrom | adjacent\sto ) \s (?: the | a | an | that | our ) \s (?! police | station (?!\s\w) | house
    | officers? | scene | town | shift )
    (?: [^\W\d_]{3,16} \s )? (?: shop | chippy | chip \s shop | kebab (?:\s shop)? | takeaway | bank | pub | bar
    | club | school | church | mosque | synagogue | clinic | surgery | pharmacy | chemist | bakery | bookies
    | supermarket | garage | petrol \s station | caf[eé] | restaurant | hotel | hostel | library | gym | salon
    | barbers? | post \s office
    | nursery | hospital | butchers? | launderette | newsagents? | off-licence | casino | cinema | theatre | college
    | arcade | diner | store | bodega | laundromat | gas \s station ) (?!\w)
""")
_SPOT_ES = pattern(r"""
    (?<!\w) (?: (?:en)?frente\s(?:al?|de) | delante\sde | junto\s(?:al?) | al\slado\sde | detr[aá]s\sde |
    (?:a|en|de)\sla\spuerta\sde | devant | derri[eè]re | en\sface\sde | [aà]\sc[oô]t[eé]\sde ) (?: l | \s (?: la
    | el | los | las | un | una | le | les | l' ) )? \s?
    (?: farmacia | panader[ií]a | bar | pub | discoteca | banco | iglesia | mezquita | colegio | instituto
    | guarder[ií]a | ambulatorio | hospital | supermercado | gasolinera | hotel | hostal | estanco | biblioteca
    | cafeter[ií]a | tienda | bazar | quiosco | kiosco | locutorio | peluquer[ií]a
    | pharmacie | boulangerie | banque | [eé]glise | mosqu[eé]e | [eé]cole | coll[eè]ge | lyc[eé]e | boucherie
    | tabac | caf[eé] | restaurant | kebab | h[oô]pital ) (?!\w)
""")


def load() -> Detector:
    rules = {
        "school": (_SCHOOL, _SCHOOL_ES, _SCHOOL_FR),
        "worship": (_WORSHIP, _WORSHIP_ES),
        "hospital": (_HOSPITAL, _HOSPITAL_ES),
        "venue": (_VENUE, _VENUE_THE, _VENUE_ES),
        "spot": (_SPOT, _SPOT_ES),
    }
    return Patterns([Pattern(rule, Label.LOCATION, regex) for rule, some in rules.items() for regex in some])
