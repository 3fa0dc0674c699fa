"""Phones, plates, ids, cards and addresses as Faker invents them, inside sentences of ours: what share is masked."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from faker import Faker

from benchmarks.texts.score import is_hidden
from moderation.finding import Action
from moderation.redaction import Context, Redactor

VALUES = 100
"""Values of each kind and country."""
SEED: Final = 20261121

FRAMES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "phone": {
        "en": ("Anyone with dashcam call {} please.", "number is {}", "Rang her mum on {}, all fine."),
        "es": ("Llamar al {} si saben algo.", "su móvil {} apagado", "Teléfono: {}"),
        "fr": ("Appelez le {} pour tout renseignement.", "son portable {} ne répond pas", "Tél. {}"),
    },
    "plate": {
        "en": ("Silver car {} stopped for no lights.", "stopped {} for speeding", "Reg {}, no insurance."),
        "es": ("Turismo con matrícula {} sin seguro.", "parado el {} por ir sin luces", "Vehículo {} inmovilizado."),
        "fr": ("Voiture immatriculée {} sans assurance.", "contrôle du {} ce soir", "Véhicule {} arrêté."),
    },
    "address": {
        "en": ("Alarm at {} again.", "Called to {} tonight, all calm.", "domestic waste fire, {}"),
        "es": ("Aviso en {}, todo tranquilo.", "Salta la alarma de {}.", "ruido en {} otra vez"),
        "fr": ("Alarme au {}, rien à signaler.", "Appel pour du bruit, {}.", "intervention {} ce soir"),
    },
    "card": {
        "en": ("Bank card {} handed in.", "found a card, {}", "Card no {} reported lost."),
        "es": ("Tarjeta {} encontrada.", "hemos hallado la tarjeta {} en el suelo", "Nº {}"),
        "fr": ("Carte {} retrouvée.", "carte bancaire {} remise", "Numéro {}"),
    },
    "IBAN": {
        "en": ("Paid into {} by mistake.", "IBAN {}"),
        "es": ("Ingreso en {} por engaño.", "cuenta {}"),
        "fr": ("Virement sur {} par erreur.", "IBAN {}"),
    },
    "e-mail": {
        "en": ("Write to {} with footage.", "email {}"),
        "es": ("Escriban a {} con el vídeo.", "correo {}"),
        "fr": ("Écrivez à {} avec la vidéo.", "mail {}"),
    },
    "id": {
        "en": ("His number {} was checked.", "ID {} on him"),
        "es": ("Identificado con {}.", "DNI {}"),
        "fr": ("Identifié sous le {}.", "numéro de sécurité sociale {}"),
    },
    "coordinates": {
        "en": ("Boat at {} needs help.", "dropped pin {}"),
        "es": ("Barca en {}.", "posición {}"),
        "fr": ("Bateau à {}.", "position {}"),
    },
}


@dataclass(frozen=True, slots=True)
class Kind:
    """Values of one kind in one country; `missed` of `posts` stayed readable."""

    name: str
    posts: int
    missed: tuple[str, ...]

    @property
    def percent(self) -> float:
        return 100 * (self.posts - len(self.missed)) / self.posts


def kinds(redactor: Redactor, values: int = VALUES) -> Iterator[Kind]:
    """Every kind of every country: what a redactor leaves of it."""
    for locale in ("en_GB", "en_US", "es_ES", "es_MX", "fr_FR"):
        fake = Faker(locale)
        fake.seed_instance(SEED)
        for name, make in _makers(fake, locale).items():
            yield _tried(redactor, f"{name} {locale[3:]}", locale[:2], FRAMES[name][locale[:2]], make, values)


def _makers(fake: Any, locale: str) -> dict[str, Callable[[], str]]:
    makers: dict[str, Callable[[], str]] = {
        "phone": fake.phone_number,
        "address": lambda: fake.street_address().replace("\n", ", "),
        "card": fake.credit_card_number,
        "e-mail": fake.email,
        "coordinates": lambda: f"{fake.latitude():.5f}, {fake.longitude():.5f}",
    }
    if locale != "es_MX":
        makers |= {"plate": fake.license_plate, "IBAN": fake.iban, "id": fake.ssn}
    if locale == "es_ES":
        makers["id"] = lambda: str(fake.nif() if fake.boolean() else fake.nie())
    return makers


def _tried(
    redactor: Redactor, name: str, language: str, frames: tuple[str, ...], make: Callable[[], str], values: int
) -> Kind:
    missed = []
    for i in range(values):
        frame, value = frames[i % len(frames)], make()
        text, at = frame.format(value), frame.index("{")
        findings = redactor.redact(text, Context(language=language)).findings
        masked = {j for f in findings if f.action is Action.MASK for j in range(f.start, f.end)}
        if not is_hidden(text, range(at, at + len(value)), masked):
            missed.append(text)
    return Kind(name, values, tuple(missed))
