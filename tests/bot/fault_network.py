"""A network that fails as told, call by call, and remembers everything that the public ever saw."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.network import Counting, HeardPage, Limits, Published, Refused, SignedOut, TryLater, Unclear
from moderation.release import Release
from shifts.database import utc_now

LIMITS = Limits(500, Counting.CODE_POINTS, 4, 10_000_000, 1500)


class Fault(StrEnum):
    NONE = "none"
    LOST_BEFORE = "reset before it arrived"
    LOST_AFTER = "done, and the answer was lost"
    LATER = "try later"
    REFUSED = "refused"
    SIGNED_OUT = "signed out"
    HANG = "hangs"


@dataclass
class FaultNetwork:
    """`faults` are used up by calls of publish, `look_faults` by calls of find; then everything works."""

    faults: list[Fault] = field(default_factory=list)
    look_faults: list[Fault] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    calls: int = 0
    limits: Limits = LIMITS

    async def publish(self, release: Release, key: str, answers: str | None) -> Published:
        self.calls += 1
        fault = self.faults.pop(0) if self.faults else Fault.NONE
        match fault:
            case Fault.LATER:
                raise TryLater(0.0)
            case Fault.REFUSED:
                raise Refused("policy")
            case Fault.SIGNED_OUT:
                raise SignedOut
            case Fault.LOST_BEFORE | Fault.HANG:
                raise Unclear
            case Fault.LOST_AFTER:
                self.seen.append((key, release.text))
                raise Unclear
            case Fault.NONE:
                # No idempotency of its own: whoever publishes twice is seen twice.
                self.seen.append((key, release.text))
                return self._published(key)

    async def find(self, release: Release, key: str, since: datetime) -> Published | None:
        fault = self.look_faults.pop(0) if self.look_faults else Fault.NONE
        if fault is Fault.LATER:
            raise TryLater(0.0)
        return self._published(key) if any(there == key for there, _ in self.seen) else None

    async def withdraw(self, published: Published) -> None:
        self.withdrawn.append(published.id)

    async def replies(self, cursor: str | None) -> HeardPage:
        return HeardPage((), cursor)

    def texts(self) -> list[str]:
        return [text for _, text in self.seen]

    def _published(self, key: str) -> Published:
        return Published(key, f"https://far.example/{key}", utc_now())


@asynccontextmanager
async def connect(faults: Iterable[Fault] = ()) -> AsyncIterator[FaultNetwork]:
    yield FaultNetwork(list(faults))
