"""The roster file, and what an import of it does to the people in the database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from shifts import roster
from shifts.database import Database
from shifts.officer import Officer, Role, officer
from shifts.roster_file import Roster, RosterWrong
from shifts.shift import current_shift, go_on
from shifts.words import Words
from tests.shifts.crew import NOW, opened, somebody

CONFIG = Path(__file__).parents[2] / "config"

UNIT = '[[unit]]\nid = "lima"\nname = "Patrol"\n'


def written(officer_id: str, call_sign: str, **changes: str) -> str:
    values = {
        "id": f'"{officer_id}"',
        "call_sign": f'"{call_sign}"',
        "name": '"Somebody Invented"',
        "unit": '"lima"',
        "roles": '["officer"]',
        "language": '"en"',
        "accredited_until": "2027-12-31",
    } | changes
    return "[[officer]]\n" + "".join(f"{name} = {value}\n" for name, value in values.items() if value)


def problems(content: str) -> list[str]:
    with pytest.raises(RosterWrong) as wrong:
        Roster.parse(content)
    return wrong.value.sentences(Words.load(CONFIG / "languages"), "en")


def test_the_port_alba_roster_has_everybody_that_a_shift_needs() -> None:
    people = Roster.load(CONFIG / "roster.toml").officer
    assert [entry.call_sign for entry in people if Role.OFFICER in entry.roles] == [f"Lima {n}" for n in range(1, 7)]
    assert sum(Role.SERGEANT in entry.roles for entry in people) == 2
    assert {role for entry in people for role in entry.roles} == set(Role)
    assert {entry.language for entry in people} == {"en", "es", "fr"}
    lapsed = [entry.id for entry in people if entry.lapses_at <= NOW]
    assert lapsed == ["lima-6"]


def test_an_accreditation_holds_through_its_last_day() -> None:
    entry = Roster.parse(UNIT + written("a", "A")).officer[0]
    assert entry.lapses_at == datetime(2028, 1, 1, tzinfo=UTC)


def test_an_accreditation_may_end_at_an_exact_time_with_its_offset() -> None:
    entry = Roster.parse(UNIT + written("a", "A", accredited_until="2027-06-30T18:00:00+02:00")).officer[0]
    assert entry.lapses_at == datetime(2027, 6, 30, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"roles": '["wizard"]'}, "roles"),
        ({"roles": "[]"}, "roles"),
        ({"roles": ""}, "roles"),
        ({"language": '"english"'}, "language"),
        ({"accredited_until": '"soon"'}, "accredited_until"),
        ({"accredited_until": "2027-06-30T18:00:00"}, "accredited_until"),
        ({"face_okay": "true"}, "face_okay"),
        ({"name": '" "'}, "name"),
    ],
)
def test_a_field_that_is_not_understood_is_named_with_its_line_and_officer(changes: dict[str, str], field: str) -> None:
    told = problems(UNIT + written("first", "First") + written("second", "Second", **changes))
    assert told == [f"Line 12, second: {field} is missing, not known or not understood."]


def test_every_problem_is_told_at_once() -> None:
    told = problems(UNIT + written("a", "A", unit='"mike"') + written("b", "B") + written("b", "a"))
    assert told == [
        "Line 4, a: another officer has the same id or call-sign.",
        "Line 4, a: there is no such unit in this roster.",
        "Line 12, b: another officer has the same id or call-sign.",
        "Line 20, b: another officer has the same id or call-sign.",
    ]


def test_a_standby_must_be_able_to_decide() -> None:
    unit = UNIT + 'standby = ["a", "nobody"]\n'
    assert problems(unit + written("a", "A")) == [
        "Line 1, standby a: this is not a sergeant, inspector or press officer of this roster.",
        "Line 1, standby nobody: this is not a sergeant, inspector or press officer of this roster.",
    ]


def test_a_broken_file_is_told_with_its_line() -> None:
    assert problems("\n[[unit]\n") == ["Line 2: this is not valid TOML; nothing of the roster was taken over."]


@pytest.mark.parametrize("content", ["", "unit = 3\nofficer = []\n", "officer = [3]\n" + UNIT, "[surprise]\n" + UNIT])
def test_a_file_of_another_shape_is_refused_in_words(content: str) -> None:
    assert all(sentence.startswith("The roster needs [[unit]] and [[officer]]") for sentence in problems(content))


def test_a_wrong_roster_names_nobody_in_its_error() -> None:
    with pytest.raises(RosterWrong) as wrong:
        Roster.parse(UNIT + written("secret-id", "Secret", unit='"mike"'))
    assert "secret" not in str(wrong.value).lower()


async def test_the_import_tells_new_from_changed_from_gone(database: Database) -> None:
    first = Roster.parse(UNIT + written("a", "A") + written("b", "B") + written("c", "C"))
    second = Roster.parse(UNIT + written("a", "A") + written("b", "Bravo") + written("d", "D"))
    async with database.transaction() as session:
        assert await roster.import_roster(session, first, NOW) == roster.Imported(new=3, changed=0, gone=0)
    async with database.transaction() as session:
        assert await roster.import_roster(session, second, NOW) == roster.Imported(new=1, changed=1, gone=1)
    async with database.transaction() as session:
        assert await roster.import_roster(session, second, NOW) == roster.Imported(new=0, changed=0, gone=0)
    async with database.reading() as session:
        people = {person.id: person for person in (await session.exec(select(Officer))).all()}
    assert people["b"].call_sign == "Bravo"
    assert [name for name, person in people.items() if not person.active] == ["c"]
    assert people["a"].accredited_until == datetime(2028, 1, 1, tzinfo=UTC)


async def test_who_left_the_file_is_off_shift_and_unknown_and_may_come_back(database: Database) -> None:
    everybody = Roster.parse(UNIT + written("a", "A") + written("s", "S", roles='["sergeant"]'))
    without = Roster.parse(UNIT + written("s", "S", roles='["sergeant"]'))
    async with database.transaction() as session:
        await roster.import_roster(session, everybody, NOW)
        await roster.link(session, "a", "telegram", "7001", "7001", NOW)
        await opened(session, await officer(session, "s"))
        await go_on(session, await officer(session, "a"), NOW)
        await roster.import_roster(session, without, NOW)
        assert await roster.person(session, "telegram", "7001") is None
        assert await current_shift(session, "a") is None
        await roster.import_roster(session, everybody, NOW)
        back = await roster.person(session, "telegram", "7001")
    assert back is not None
    assert back.id == "a"


async def test_a_revocation_wins_over_the_file(database: Database) -> None:
    content = Roster.parse(UNIT + written("a", "A"))
    async with database.transaction() as session:
        await roster.import_roster(session, content, NOW)
        await roster.revoke(session, "a", NOW)
        await roster.import_roster(session, content, NOW + timedelta(hours=1))
        await roster.link(session, "a", "rehearsal", "a", "a", NOW)
        assert await roster.person(session, "rehearsal", "a") is None
        assert await roster.accounts(session, "a") == []
        assert await roster.with_role(session, Role.OFFICER) == []


async def test_roles_are_found_by_call_sign_and_standby_by_unit(database: Database) -> None:
    unit = UNIT + 'standby = ["s"]\n'
    content = unit + written("b", "Zulu") + written("a", "Alfa") + written("s", "S", roles='["sergeant", "press"]')
    async with database.transaction() as session:
        await roster.import_roster(session, Roster.parse(content), NOW)
        assert [person.id for person in await roster.with_role(session, Role.OFFICER)] == ["a", "b"]
        assert [person.id for person in await roster.with_role(session, Role.PRESS)] == ["s"]
        assert [person.id for person in await roster.standby(session, "lima")] == ["s"]
        assert await roster.standby(session, "mike") == []


@pytest.mark.parametrize(
    ("opted_in", "public_name", "byline"),
    [(False, None, None), (False, "PC Tom", None), (True, None, "Lima-2"), (True, "PC Tom", "PC Tom")],
)
def test_a_byline_is_public_only_for_who_opted_in(opted_in: bool, public_name: str | None, byline: str | None) -> None:
    author = somebody("lima-2")
    author.byline_ok, author.public_name = opted_in, public_name
    assert author.byline == byline
