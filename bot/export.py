"""Export: everything that there is about posts, as files for a records desk."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import SQLModel, col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import delivery
from bot.alarm import Alarm
from bot.decider_card import difference
from bot.fixed_answer import FixedAnswer
from bot.reply import Reply
from moderation.audit import AuditEntry
from moderation.decision import Decision
from moderation.post import Post, PostPicture
from moderation.vault import Gone, Vault, VaultLocked
from shifts.shift import Shift

Files = dict[str, bytes]
FINDINGS = ("verdict", "reasons", "redactions", "suggestions", "lifted", "covered", "ticks", "met")
"""What detectors and people said about the words; the rest of a post is what it is."""
NO_KEY = "sealed: this export was made without the vault key"
GONE = "destroyed on its clock"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where an export reads: a session, the vault if its key is known here, the folder of covered pictures."""

    session: AsyncSession
    vault: Vault | None
    media: Path


async def of_post(sources: Sources, post: Post) -> Files:
    """Everything about one post, under posts/NUMBER/; beside it what corrects it, and what answers its replies."""
    files = await _alone(sources, post)
    for other in await _belonging(sources.session, post):
        files |= await of_post(sources, other)
    return files


async def _belonging(session: AsyncSession, post: Post) -> list[Post]:
    """The corrections of a post, and the answers to its replies."""
    replies = select(Reply.id).where(Reply.post_id == post.id)
    statement = select(Post).where(or_(Post.corrects == post.id, col(Post.answers_reply).in_(replies)))
    return list((await session.exec(statement.order_by(col(Post.number)))).all())


async def _alone(sources: Sources, post: Post) -> Files:
    session = sources.session
    deliveries = await delivery.of_post(session, post.id or 0)
    decisions = (
        await session.exec(select(Decision).where(Decision.post_id == post.id).order_by(col(Decision.id)))
    ).all()
    replies = (await session.exec(select(Reply).where(Reply.post_id == post.id).order_by(col(Reply.id)))).all()
    ids = [reply.id for reply in replies]
    fixed = (await session.exec(select(FixedAnswer).where(col(FixedAnswer.reply_id).in_(ids)))).all()
    alarms = (await session.exec(select(Alarm).where(col(Alarm.reply_id).in_(ids)))).all()
    subjects = [f"post {post.number}", *(f"reply {number}" for number in ids), *(f"alarm {one.id}" for one in alarms)]
    row = post.model_dump(mode="json")
    files = {
        "post.json": _json({name: value for name, value in row.items() if name not in FINDINGS}),
        "findings.json": _json({name: row[name] for name in FINDINGS}),
        "decisions.json": _rows(decisions),
        "deliveries.json": _rows(deliveries),
        "replies.json": _rows(replies),
        "fixed_answers.json": _rows(fixed),
        "alarms.json": _rows(alarms),
        "audit.json": await _audit(session, subjects),
        **await _words(sources, post),
        **await _pictures(sources, post),
    }
    return {f"posts/{post.number}/{name}": content for name, content in files.items()}


async def of_shift(sources: Sources, shift: Shift) -> Files:
    """A shift, what was recorded of it, and all of its posts."""
    statement = select(Post).where(Post.shift_id == shift.id).order_by(col(Post.number))
    files = {
        "shift.json": _json(shift.model_dump(mode="json")),
        "audit.json": await _audit(sources.session, [f"shift {shift.id}"]),
    }
    for post in (await sources.session.exec(statement)).all():
        files |= await of_post(sources, post)
    return files


async def _words(sources: Sources, post: Post) -> Files:
    """The words as sent and as last changed, if they are still there, and how the public version differs from them."""
    names = {"original": post.original_id, "changed": post.source_id, "sent back": post.outcome_id}
    told: dict[str, str] = {}
    differences: dict[str, str] = {}
    files: Files = {}
    for name, sealed in names.items():
        if sealed is None or (name == "changed" and sealed == post.original_id):
            continue
        opened = await _opened(sources, sealed)
        if isinstance(opened, str):
            told[name] = opened
            continue
        files[f"{name.replace(' ', '_')}.txt"] = opened
        if name != "sent back":
            differences[f"{name} to public"] = difference(opened.decode(), post.text)
    if post.before_edit is not None:
        differences["before the last edit to public"] = difference(post.before_edit, post.text)
    return {**files, "differences.json": _json(differences), "missing.json": _json(told)}


async def _pictures(sources: Sources, post: Post) -> Files:
    statement = select(PostPicture).where(PostPicture.post_id == post.id).order_by(col(PostPicture.id))
    pictures = (await sources.session.exec(statement)).all()
    rows: list[Mapping[str, Any]] = []
    files: Files = {}
    for number, picture in enumerate(pictures, start=1):
        row = picture.model_dump(mode="json", exclude={"ref"})
        opened = GONE if picture.original_id is None else await _opened(sources, picture.original_id)
        if isinstance(opened, str):
            row["original"] = opened
        else:
            files[f"pictures/{number}-original"] = opened
        covered = sources.media / f"{picture.sha256}.jpg"
        if picture.sha256 is not None and covered.exists():
            files[f"pictures/{number}-covered.jpg"] = covered.read_bytes()
        video = sources.media / f"{picture.video}.mp4"
        if picture.video is not None and video.exists():
            files[f"pictures/{number}-covered.mp4"] = video.read_bytes()
        rows.append(row)
    return {**files, "pictures.json": _json(rows)}


async def _opened(sources: Sources, sealed: str) -> bytes | str:
    """What was sealed, or why it cannot be given."""
    if sources.vault is None:
        return NO_KEY
    try:
        return await sources.vault.get(sources.session, sealed)
    except Gone:
        return GONE
    except VaultLocked:
        return "sealed with another vault key"


async def _audit(session: AsyncSession, subjects: Collection[str]) -> bytes:
    statement = select(AuditEntry).where(col(AuditEntry.subject).in_(subjects)).order_by(col(AuditEntry.seq))
    return _rows((await session.exec(statement)).all())


def _rows(rows: Collection[SQLModel]) -> bytes:
    return _json([row.model_dump(mode="json") for row in rows])


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
