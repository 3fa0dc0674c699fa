"""The roster as it is written in roster.toml: units, and the officers with what they may do."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from shifts.officer import LEADERS, Role
from shifts.words import Words

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
CallSign = Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]


class UnitEntry(BaseModel):
    """A unit. `standby` are officers who may decide for its shifts without being on them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Slug
    name: Name
    standby: tuple[Slug, ...] = ()


class OfficerEntry(BaseModel):
    """One person. `accredited_until` is the last day (UTC) on which they may act, or an exact time with its offset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Slug
    call_sign: CallSign
    name: Name
    public_name: Name | None = None
    unit: Slug
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    language: Language
    accredited_until: AwareDatetime | date
    face_ok: bool = False
    byline_ok: bool = False

    @property
    def lapses_at(self) -> datetime:
        """The first instant at which the accreditation no longer holds, in UTC."""
        if isinstance(self.accredited_until, datetime):
            return self.accredited_until.astimezone(UTC)
        return datetime.combine(self.accredited_until + timedelta(days=1), time(), UTC)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in the file: `sentence` is a words key, filled with `fields`."""

    sentence: str
    fields: dict[str, object] = field(default_factory=dict)


class RosterWrong(Exception):
    """The roster cannot be used as it is; nothing of it is taken over."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problems in the roster")
        self.problems = tuple(problems)

    def sentences(self, words: Words, language: str) -> list[str]:
        """One plain sentence a problem, with the line and the officer."""
        return [words.say(problem.sentence, language, **problem.fields) for problem in self.problems]


class Roster(BaseModel):
    """All units and officers. Read it with `Roster.load`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: tuple[UnitEntry, ...]
    officer: tuple[OfficerEntry, ...]

    @classmethod
    def load(cls, path: Path) -> "Roster":
        """Read and check a roster.toml. Raises RosterWrong, with every problem at once, and OSError."""
        return cls.parse(path.read_text("utf-8"))

    @classmethod
    def parse(cls, content: str) -> "Roster":
        """The same, from the content of the file."""
        try:
            table = tomllib.loads(content)
        except tomllib.TOMLDecodeError as error:
            raise RosterWrong([Problem("roster.file.toml", {"line": _toml_line(error)})]) from None
        try:
            roster = cls.model_validate(table)
        except ValidationError as error:
            raise RosterWrong(_distinct(_field_problem(content, table, one["loc"]) for one in error.errors())) from None
        problems = list(roster._contradictions(content))
        if problems:
            raise RosterWrong(problems)
        return roster

    def standby_of(self, officer_id: str) -> list[str]:
        """The units that name this officer as standby."""
        return [unit.id for unit in self.unit if officer_id in unit.standby]

    def _contradictions(self, content: str) -> Iterator[Problem]:
        units = {unit.id for unit in self.unit}
        leaders = {entry.id for entry in self.officer if set(entry.roles) & set(LEADERS)}
        ids = Counter(entry.id for entry in self.officer)
        call_signs = Counter(entry.call_sign.casefold() for entry in self.officer)
        for index, entry in enumerate(self.officer):
            at = {"line": _line(content, "officer", index), "officer": entry.id}
            if ids[entry.id] > 1 or call_signs[entry.call_sign.casefold()] > 1:
                yield Problem("roster.file.twice", at)
            if entry.unit not in units:
                yield Problem("roster.file.unit", at)
        for index, unit in enumerate(self.unit):
            for name in unit.standby:
                if name not in leaders:
                    yield Problem("roster.file.standby", {"line": _line(content, "unit", index), "officer": name})


def _distinct(problems: Iterable[Problem]) -> list[Problem]:
    """A field that may be of two types is complained about twice."""
    distinct: list[Problem] = []
    for problem in problems:
        if problem not in distinct:
            distinct.append(problem)
    return distinct


def _field_problem(content: str, table: dict[str, Any], location: tuple[int | str, ...]) -> Problem:
    """Where pydantic complains: ("officer", 3, "roles", 0) is in the fourth officer's roles."""
    match location:
        case (str(kind), int(index), str(name), *_):
            who = table[kind][index].get("id", "?")
            fields = {"line": _line(content, kind, index), "officer": who, "field": name}
            return Problem("roster.file.field", fields)
        case _:
            return Problem("roster.file.table", {"table": str(location[0]) if location else "?"})


def _line(content: str, kind: str, index: int) -> int:
    """The line, from 1, on which the index-th table of a kind begins; 1 if it is written in another style."""
    heads = [number for number, line in enumerate(content.splitlines(), 1) if re.match(rf"\[\[\s*{kind}\s*]]", line)]
    return heads[index] if index < len(heads) else 1


def _toml_line(error: tomllib.TOMLDecodeError) -> int:
    found = re.search(r"at line (\d+)", str(error))
    return int(found.group(1)) if found else 1
