"""What a chat app writes in brackets for something that is not text: "[photo]", "[live location]"."""

from moderation.detector import Detector
from moderation.finding import Label
from moderation.patterns import Pattern, Patterns, pattern

_OBJECT = pattern(r"""
    \[ \s{0,3} (?: photos? | pictures? | pics? | images? | videos? | clip | gif | selfie | screenshot | voice
    | audio | live | location | sticker | attachment | file | document | dashcam | bodycam | contact
    | fotos? | fotograf[ií]a | im[aá]gen(?:es)? | v[ií]deos? | captura | nota | ubicaci[oó]n | archivo | documento
    | contacto | vid[eé]os? | capture | localisation | position | fichier | pi[eè]ce )
    (?!\w) [^\[\]\n]{0,300} \] \s?
""")


def load() -> Detector:
    return Patterns([Pattern("chat object", Label.LINK, _OBJECT)])
