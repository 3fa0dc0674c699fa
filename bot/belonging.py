"""Belonging: which posts of a network are known to come from another delivery, where words alone cannot tell."""

from collections.abc import Collection

from sqlmodel import col, select

from bot.delivery import Delivery
from shifts.database import Database


async def others(database: Database, ids: Collection[str], key: str) -> set[str]:
    """Those of a network's `ids` that a delivery with another key has brought there."""
    statement = select(Delivery.published_id).where(col(Delivery.published_id).in_(ids), Delivery.key != key)
    async with database.reading() as session:
        return {found for found in (await session.exec(statement)).all() if found is not None}
