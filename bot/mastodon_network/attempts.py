"""Attempts: what this process tried, for servers that keep no keys. What others tried, the deliveries know."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.network import Published

REMEMBERED: Final = 1000


@dataclass
class Attempts:
    """By key: since when it may be there, and what is known to be there; the latest are remembered."""

    in_doubt: dict[str, datetime] = field(default_factory=dict)
    there: dict[str, Published] = field(default_factory=dict)

    def begin(self, key: str, now: datetime) -> None:
        """From now on it may be there."""
        self.in_doubt.setdefault(key, now)
        while len(self.in_doubt) > REMEMBERED:
            del self.in_doubt[next(iter(self.in_doubt))]

    def failed(self, key: str) -> None:
        """It surely is not there."""
        self.in_doubt.pop(key, None)

    def done(self, key: str, published: Published) -> Published:
        """It is there."""
        self.in_doubt.pop(key, None)
        self.there[key] = published
        while len(self.there) > REMEMBERED:
            del self.there[next(iter(self.there))]
        return published

    def withdrawn(self, published_id: str) -> None:
        self.there = {key: published for key, published in self.there.items() if published.id != published_id}

    def of_others(self, ids: Collection[str], key: str) -> set[str]:
        """Those of these posts that came by another key."""
        return {there.id for other, there in self.there.items() if other != key and there.id in ids}
