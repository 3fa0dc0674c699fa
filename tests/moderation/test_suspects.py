"""What may be told of an arrest, and whose name stays hidden beside one."""

import pytest

from moderation.policy import Verdict
from tests.moderation.text import redact, redactor


@pytest.mark.parametrize(
    ("language", "text", "verdict"),
    [
        ("en", "The neighbour arrested for theft.", Verdict.FLAG),
        ("en", "We arrested the victim's brother for burglary.", Verdict.FLAG),
        ("en", "The son of the baker is now in custody.", Verdict.FLAG),
        ("es", "El vecino detenido por robo.", Verdict.FLAG),
        ("es", "Su expareja ha sido detenida.", Verdict.FLAG),
        ("fr", "Le voisin interpellé pour vol.", Verdict.BLOCK),
        ("fr", "Son mari a été interpellé.", Verdict.BLOCK),
        ("fr", "Le collègue de la victime en garde à vue.", Verdict.BLOCK),
        ("en", "A neighbour called and a man was arrested.", Verdict.PASS),
        ("es", "Detenido tras avisar la vecina.", Verdict.PASS),
        ("fr", "Suspect interpellé grâce à un voisin.", Verdict.PASS),
    ],
)
def test_a_suspect_who_is_told_by_whose_relative_or_neighbour_they_are(
    language: str, text: str, verdict: Verdict
) -> None:
    overlay = {"en": "uk"}.get(language, language)
    assert redact(text, language=language, overlays=(overlay,)).verdict is verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Driver arrested on suspicion of drink driving.", Verdict.PASS),
        ("A 27-year-old man has been arrested on suspicion of arson.", Verdict.PASS),
        ("Man arrested on suspicion of possession with intent to supply drugs.", Verdict.PASS),
        ("Two arrested for drugs and racing.", Verdict.PASS),
        ("Suspect arrested.", Verdict.PASS),
        ("Drunk driver arrested, he hit a lamppost.", Verdict.ESC),
        ("Man arrested on suspicion of burglary, it was arson.", Verdict.ESC),
        ("Two arrested: arson at the pub, they set it for the insurance.", Verdict.ESC),
        ("The suspect set the arson for the insurance money.", Verdict.ESC),
        ("We detained the suspect, who had drugs and negligently left a fire.", Verdict.ESC),
        ("He drove recklessly and hit a wall before he was arrested.", Verdict.ESC),
        ("Arrested tonight after a targeted attack by rival gangs.", Verdict.ESC),
        ("Man arrested, it was arson.", Verdict.ESC),
        ("Driver arrested, he was texting.", Verdict.ESC),
        ("Two arrested, 40 wraps found.", Verdict.ESC),
        ("Man charged with burglary, he forced a window.", Verdict.ESC),
        ("Man jailed for burglary, he was a suspect and forced a window.", Verdict.FLAG),
    ],
)
def test_in_the_uk_what_somebody_is_suspected_of_may_be_told_and_not_how_or_why(text: str, verdict: Verdict) -> None:
    assert redact(text, language="en", overlays=("uk",)).verdict is verdict


@pytest.mark.parametrize(
    ("overlay", "text", "verdict"),
    [
        ("uk", "Arrested Owen Baker, 27, for burglary in North Park.", Verdict.REDACT),
        ("es", "Detenido Carlos Ruiz, 27 años, por robo.", Verdict.REDACT),
        ("fr", "Interpellé Karim Benali, 27 ans, pour vol.", Verdict.BLOCK),
    ],
)
def test_nobody_publishes_a_name_before_a_charge(overlay: str, text: str, verdict: Verdict) -> None:
    language = {"uk": "en"}.get(overlay, overlay)
    first = redact(text, language=language, overlays=(overlay,))
    assert first.verdict is verdict
    keys = frozenset(redaction.key for redaction in first.redactions)
    again = redact(text, language=language, overlays=(overlay,), lifted=keys)
    assert not {"Baker", "Ruiz", "Benali"} & set(again.text.replace(",", "").split())
    assert redactor().remaining(text, language, "patrol")


@pytest.mark.parametrize(
    "text",
    [
        "St John Ambulance helped the injured.",
        "A woman was robbed. Thanks to Victim Support.",
        "Man arrested, Samaritans and Citizens Advice helped.",
        "St. George's Day parade: no arrests.",
        "Collision at Jean Moulin roundabout, one hurt.",
        "Herido en la Noche de San Juan.",
    ],
)
def test_an_institution_or_a_roundabout_is_nobody(text: str) -> None:
    assert (redact(text).verdict, redact(text).text) == (Verdict.PASS, text)
    assert redactor().remaining(text, "en", "patrol") == ()


@pytest.mark.parametrize(
    ("language", "text", "gone"),
    [
        ("en", "Stopped a van on St Georges Parade tonight.", "Georges"),
        ("en", "Stopped a van in St Andrews Market tonight.", "Andrews"),
        ("en", "We stood outside St Vincent de Paul tonight.", "Vincent"),
        ("en", "We stood outside St John Ambulance tonight.", "John"),
        ("fr", "Contrôle rue de la Saint-Martin ce soir.", "Martin"),
        ("fr", "Contrôle place de la Saint-Jean ce soir.", "Jean"),
        ("es", "Control en la calle Noche de San Juan hoy.", "Juan"),
    ],
)
def test_a_street_or_a_building_that_bears_such_a_name_goes(language: str, text: str, gone: str) -> None:
    redacted = redact(text, language=language)
    assert (redacted.verdict is Verdict.PASS, gone in redacted.text) == (False, False)


@pytest.mark.parametrize(
    ("text", "name", "stays"),
    [
        ("Man arrested. Thanks to Sgt Smith for help.", "Smith", True),
        ("Injured swan rescued. Thanks to Mary Jones.", "Jones", True),
        ("The dog was hurt. Thanks to Mary Jones.", "Jones", True),
        ("Peter Marlow and his dog were injured in the crash.", "Marlow", False),
        ("Peter Fox was injured in the crash.", "Fox", False),
        ("Paul Renard blessé ce soir.", "Renard", False),
        ("A woman and her dog were injured. She is Mary Jones.", "Jones", False),
        ("Driver injured, dog safe. She is Mary Jones.", "Jones", False),
        ("Victim Sergeant Smith is in hospital.", "Smith", False),
        ("Peter St John was injured.", "John", False),
        ("St John Smith was injured, St John Ambulance came.", "Smith", False),
        ("Injured woman rescued. She is Mary Jones.", "Jones", False),
    ],
)
def test_whose_name_may_be_lifted_beside_somebody_hurt(text: str, name: str, stays: bool) -> None:
    keys = frozenset(redaction.key for redaction in redact(text, overlays=()).redactions)
    assert (name in redact(text, overlays=(), lifted=keys).text) is stays
