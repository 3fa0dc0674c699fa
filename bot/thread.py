"""Threads: a release of several paragraphs, one post after the other where a network threads, else its first alone.

Each piece is sent like a post of its own, exactly once; `Delivery.parts` holds the ids of those that are there."""

from dataclasses import replace

from bot.delivery import Delivery
from bot.network import Limits
from moderation.release import Release

BETWEEN = "\n\n"
SEEN = ""
"""Among the parts: one that a person saw there, and of which nobody knows the name."""


def pieces(text: str, limits: Limits) -> tuple[str, ...]:
    """What a network gets of a thread's text, post by post; a page of our own shows all of it at once."""
    if limits.own:
        return (text,)
    return _paragraphs(text) if limits.threads else _paragraphs(text)[:1]


def piece(release: Release, row: Delivery, limits: Limits) -> Release:
    """The next post of a thread; of a release that is none, the release itself."""
    return nth(release, len(row.parts), limits)


def nth(release: Release, number: int, limits: Limits) -> Release:
    """One post of a thread, counted from 0."""
    if not release.thread:
        return release
    if not number:
        return replace(release, text=pieces(release.text, limits)[0])
    # What is there was a thread, whatever the network takes by now: a later piece may have left, and is looked for.
    return replace(release, text=_paragraphs(release.text)[number], pictures=())


def goes_on(release: Release, row: Delivery, limits: Limits) -> bool:
    """Whether more follows after the next post. `release` is the whole of it."""
    return release.thread and len(row.parts) + 1 < len(pieces(release.text, limits))


def told(release: Release, row: Delivery, limits: Limits) -> bool:
    """Whether all of it is there that the network takes: one that threads no more gets nothing after what it has."""
    return release.thread and bool(row.parts) and len(row.parts) >= len(pieces(release.text, limits))


def key(row: Delivery) -> str:
    """The key of the next post: the delivery's own, or one of a later piece."""
    return nth_key(row, len(row.parts))


def nth_key(row: Delivery, number: int) -> str:
    return f"{row.key}-{number}" if number else row.key


def answers(row: Delivery) -> str | None:
    """What the next post stands under: the last one before it of which we know the name, or what it answers."""
    return next((part for part in reversed(row.parts) if part != SEEN), row.answers)


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(BETWEEN) if part.strip())
