"""Carrying: how a release reaches a network: as a post, or by changing one that is there."""

from dataclasses import replace

from bot.delivery import Delivery
from bot.network import Corrects, Network, Published, Refused
from moderation.release import Release


async def carry(network: Network, release: Release, row: Delivery) -> Published:
    """Publish, or correct in place; then the id is empty, for it is the other delivery's.

    Raises TryLater, Refused, SignedOut, Unclear."""
    if release.in_place:
        return await _in_place(network, release, row)
    return await network.publish(release, row.key, row.answers)


async def _in_place(network: Network, release: Release, row: Delivery) -> Published:
    if not isinstance(network, Corrects) or row.answers is None:
        raise Refused("cannot be corrected there")
    there = Published(row.answers, row.url, release.approved_at)
    return replace(await network.correct(there, release), id="")
