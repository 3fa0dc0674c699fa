"""Belonging: which posts of a network are known to be somebody else's words, where words alone cannot tell."""

import json
from collections.abc import Collection

from sqlalchemy import String
from sqlmodel import cast, col, or_, select

from bot.delivery import Delivery
from bot.fixed_answer import FixedAnswer
from shifts.database import Database


async def others(database: Database, ids: Collection[str], key: str) -> set[str]:
    """Those of a network's `ids` that something with another key has brought there: a delivery, a piece of a thread
    that is there already, or a fixed text."""
    if not ids:
        return set()
    posts = select(Delivery.published_id).where(col(Delivery.published_id).in_(ids), Delivery.key != key)
    texts = select(FixedAnswer.published_id).where(col(FixedAnswer.published_id).in_(ids), FixedAnswer.key != key)
    parts = cast(col(Delivery.parts), String)
    threads = select(Delivery.parts).where(or_(*(parts.contains(json.dumps(one), autoescape=True) for one in ids)))
    async with database.reading() as session:
        named = [*(await session.exec(posts)).all(), *(await session.exec(texts)).all()]
        pieces = [one for there in (await session.exec(threads)).all() for one in there]
    return {found for found in [*named, *pieces] if found is not None} & set(ids)


async def answered(database: Database, key: str) -> str | None:
    """What the fixed text with this key is said to; None for anything else. Fixed texts all have the same words: only
    by whom they answer can one be told from the next."""
    async with database.reading() as session:
        return (await session.exec(select(FixedAnswer.answers).where(FixedAnswer.key == key))).first()
