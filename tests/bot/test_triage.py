"""Triage is judged by replies that were written before its rules."""

from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.similar import alike
from bot.triage import Triage, Triaged
from bot.triage_labels import About, Route, Severity
from bot.triage_rules import TriageWrong
from tests.bot.triage_samples import LIFE_RISK, Sample, later, samples
from tests.cost import cost

CONFIG = Path(__file__).resolve().parents[2] / "config" / "triage"
RULES = Triage.load(CONFIG)
THANKS = "Thank you all for the work that you did in our street last night. "


def judged(sample: Sample) -> Triaged:
    return RULES.triage(sample.text, None)


def texts(*kinds: str) -> list[Sample]:
    found = [sample for sample in samples() if sample.kind in kinds]
    assert found
    return found


def test_no_emergency_is_missed() -> None:
    assert [sample.id for sample in texts(*LIFE_RISK) if not judged(sample).life_risk] == []


@pytest.mark.parametrize(
    "text",
    [
        "male 60s by the bandstand, CPR in progress",
        "off duty medic, we are giving compressions, platform 4",
        "she went into cardiac arrest at the pool",
        "my sister just texted the safe word. Larch Way 9",
        "varón de unos 60, PCR, andén 3",
        "RCP por un civil en la piscina",
        "seguimos haciendo RCP en la playa",
        "mi prima me ha mandado el pulpo. es nuestra señal. Calle Tilos 8",
        "homme en ACR au marché couvert",
        "mon voisin, MCE en cours, 3e étage",
        "elle a envoyé la virgule, c'est notre code, 5 rue du Puits",
    ],
)
def test_the_shorthand_of_medics_and_an_agreed_sign_ring_at_once(text: str) -> None:
    assert RULES.triage(text, None).life_risk


@pytest.mark.parametrize(
    "text",
    [
        "do you run a CPR course for teenagers",
        "thanks to whoever did CPR on my dad at the match",
        "what does a code word campaign cost us",
        "mi hijo dio PCR negativa, ¿puede ir al cole?",
        "aprended RCP, es una hora",
        "gracias a la agente que le hizo la RCP",
        "notre code de la route est trop vieux, je l'ai écrit au maire",
        "Hace veinte años que apagaron el fuego en casa de mi abuela",
        "il y a quarante ans le feu dans la grange, quelle nuit",
    ],
)
def test_courses_tests_and_thanks_in_the_words_of_medics_do_not(text: str) -> None:
    assert not RULES.triage(text, None).life_risk


def test_no_emergency_is_missed_when_the_network_names_a_wrong_language() -> None:
    missed = [
        s.id for s in texts(*LIFE_RISK) for told in ("en", "fr-CA", "de") if not RULES.triage(s.text, told).life_risk
    ]
    assert missed == []


def test_false_alarms_are_few() -> None:
    others = [sample for sample in samples() if sample.kind not in LIFE_RISK]
    alarms = [sample.id for sample in others if judged(sample).life_risk]
    assert len(alarms) <= 0.03 * len(others), alarms


def test_a_joke_about_danger_is_lowered_and_never_to_nothing() -> None:
    joke = RULES.triage("somebody call an ambulance for that van's suspension 😂", "en")
    assert (joke.life_risk, joke.doubt) == (False, True)


def test_harsh_but_lawful_criticism_is_no_ground_for_hiding() -> None:
    harsh = texts("criticism")
    assert len(harsh) >= 60
    assert [sample.id for sample in harsh if judged(sample).ground is not None] == []
    assert [sample.id for sample in harsh if judged(sample).route in (Route.KEPT, Route.CONTROL)] == ["en-190"]


def test_tips_never_take_the_way_to_an_officer() -> None:
    assert [sample.id for sample in texts("tip") if judged(sample).route is Route.OFFICER] == []


def test_threats_to_officers_never_take_the_way_to_an_officer() -> None:
    routes = {judged(sample).route for sample in texts("threat")}
    assert routes <= {Route.INSPECTOR, Route.CONTROL}


def test_the_desks_get_what_is_theirs() -> None:
    right = {
        "private": {Route.PRESS},
        "evidence": {Route.PRESS},
        "complaint": {Route.PRESS},
        "sighting": {Route.CONTROL},
    }
    astray = {s.id for s in texts(*right) if judged(s).route not in right[s.kind]}
    assert astray <= {"fr-100"}


def test_abuse_hate_and_spam_are_kept_from_officers() -> None:
    assert [s.id for s in texts("abuse", "hate", "spam") if judged(s).route is not Route.KEPT] == []


def test_profanity_at_the_force_is_rough_and_no_more() -> None:
    assert RULES.triage("Fuck the police, seriously", "en").severity is Severity.ROUGH


def test_life_risk_comes_before_everything_else_that_a_reply_is_about() -> None:
    both = RULES.triage("You useless pigs. There is a man with a knife in our kitchen, send someone!", "en")
    assert both.about is About.EMERGENCY
    assert both.template == "emergency"


def test_emergencies_in_unusual_words_that_were_learnt_later_stay_learnt() -> None:
    assert [sample.text for sample in later() if sample.life_risk and not judged(sample).life_risk] == []


@given(st.text(max_size=300))
def test_any_text_can_be_judged(text: str) -> None:
    assert RULES.triage(text, None).about in About


@pytest.mark.parametrize("piece", ["help ", "there is a ", "h e l p ", "?!", "a😂", "he is he has "])
def test_no_text_makes_it_slow(piece: str) -> None:
    """With a number before it no text is met twice: what is remembered of one would cost nothing."""
    hostile, times = piece * 4000, count()
    plain = (THANKS * len(hostile))[: len(hostile)]

    def work(text: str) -> float:
        return cost(lambda: RULES.triage(f"{next(times)} {text}", None))

    assert work(hostile) < 20 * work(plain)


def test_a_rule_about_a_list_that_no_language_has_is_refused(tmp_path: Path) -> None:
    for path in CONFIG.glob("*.toml"):
        (tmp_path / path.name).write_text(path.read_text("utf-8").replace('any_of = ["plea"]', 'any_of = ["plee"]'))
    with pytest.raises(TriageWrong, match="plee"):
        Triage.load(tmp_path)


def test_near_duplicates_are_alike_and_other_questions_are_not() -> None:
    assert alike("Is Harbour Road open again yet?", "@patrol is harbour road open again yet")
    assert not alike("Is Harbour Road open again yet?", "Is Mill Lane closed tonight?")
