"""Carrying: how a release reaches a network: as a post, or by changing one that is there."""

from dataclasses import replace
from datetime import datetime

from bot import thread
from bot.delivery import Delivery
from bot.network import Corrects, Network, Published, Refused
from moderation.release import Release


async def carry(network: Network, release: Release, row: Delivery) -> Published:
    """Publish, or correct in place; then the id is empty, for it is the other delivery's.

    Raises TryLater, Refused, SignedOut, Unclear."""
    if release.in_place:
        return await _in_place(network, release, row)
    return await network.publish(release, thread.key(row), thread.answers(row))


async def _in_place(network: Network, release: Release, row: Delivery) -> Published:
    if not isinstance(network, Corrects) or row.answers is None:
        raise Refused("cannot be corrected there")
    there = Published(row.answers, row.url, release.approved_at)
    return replace(await network.correct(there, release), id="")


async def take_back(network: Network, row: Delivery, release: Release | None, since: datetime) -> bool:
    """Withdraw what is there. `release` is given where nobody knows its id: then it is looked for first, and False says
    that it was not found, although it may be there.

    Words that were changed in place go with the post that they are in. Raises TryLater, SignedOut, Unclear."""
    for part in reversed(row.parts):
        if part != thread.SEEN:
            await network.withdraw(Published(part, None, row.published_at or since))
    if row.published_id is not None and not row.parts:
        await network.withdraw(Published(row.published_id, row.url, row.published_at or since))
    if release is None or release.in_place:
        return True
    # Looking may fail for ever: what has a name is gone by then.
    wanted = [number for number, part in enumerate(row.parts) if part == thread.SEEN] or [len(row.parts)]
    return all([await _find_and_withdraw(network, row, release, number, since) for number in reversed(wanted)])


async def _find_and_withdraw(network: Network, row: Delivery, release: Release, number: int, since: datetime) -> bool:
    found = await network.find(thread.nth(release, number, network.limits), thread.nth_key(row, number), since)
    if found is not None:
        await network.withdraw(found)
    return found is not None
