"""Preparing: the detectors look at words and pictures, and a post becomes a draft that somebody can decide about."""

import logging
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlmodel import col, func, not_, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import emptied, judging
from bot.covering import PHOTOS
from bot.desk import COVER, FILM, Desk
from bot.engine import Lane
from bot.filming import VIDEOS
from bot.picture_work import drafted
from moderation import approval, queue
from moderation.detector import DetectorFailed
from moderation.edited import adds_facts
from moderation.jigsaw import Told
from moderation.policy import PostKind, Reason, Verdict, severest
from moderation.post import OPEN, POSTS, PictureState, Post, PostPicture, PostState, Wait, called, pictures
from moderation.redaction import Context, Redacted, Redaction
from moderation.text_room import TextRoom
from moderation.vault import Gone
from shifts.database import Database, utc_now
from shifts.officer import Officer

WORDS_TRIES: Final = 4
PICTURE_LEASE: Final = timedelta(seconds=180)
ASK_AGAIN: Final = timedelta(seconds=5)
_EARLIER: Final = timedelta(hours=24)
_LONG_AGO: Final = timedelta(days=7)
_MOST_TOLD: Final = 300
_UNREAD = Reason("words not examined", Verdict.HOLD, "A", "card.policy.unread", None, "inspector")
_REWRITTEN = Reason(approval.REWRITTEN, Verdict.REDACT, "Q", "card.policy.rewritten")

_log = logging.getLogger(__name__)


class Preparer:
    """The job that looks at words, and the sweep that has words and pictures looked at."""

    def __init__(self, database: Database, desk: Desk, room: TextRoom, changed: Callable[[], None]) -> None:
        self._database = database
        self._changed = changed
        self._desk = desk
        self._room = room

    async def sweep(self, now: datetime) -> int:
        """Ask again for what is due and was not finished (an album is complete, a process died); gives how many."""
        async with self._database.transaction() as session:
            statement = (
                select(Post)
                .where(col(Post.state).in_(OPEN), Post.prepared < Post.revision, Post.prepare_at <= now)
                .limit(50)
                .with_for_update(skip_locked=True)
            )
            due = (await session.exec(statement)).all()
            for post in due:
                if post.drafted < post.revision:
                    await self._desk.prepare(session, post, now)
                elif await judging.all_there(session, post):
                    await self._ask_for_pictures(session, post, now)
        return len(due)

    async def words(self, post_id: int, revision: int) -> None:
        """Job: look at the words of a revision."""
        async with self._database.reading() as session:
            post = await session.get(Post, post_id)
            if post is None or post.revision != revision or post.state not in OPEN or post.drafted >= revision:
                return
            source = post.source_id
            text = await self._written(session, source)
            described = await self._described(session, await pictures(session, post))
            context = await self._context(session, post)
        if text is None:
            await self._lost(post_id, source)
            return
        try:
            redacted = await self._room.redact(text, context)
            alts = {picture: await self._alt(words, context) for picture, words in described.items()}
        except DetectorFailed:
            await self._not_read(post_id, revision)
            return
        now = utc_now()
        async with self._database.transaction() as session:
            post = await queue.locked(session, post_id)
            if post.revision != revision or post.state not in OPEN or post.drafted >= revision:
                return
            if post.source_id != source:
                return  # other words came meanwhile; they are asked for by themselves
            if redacted.telling and await _told_since(session, post, context, now):
                post.prepare_at = now
                return  # neither would have seen the other: the sweep asks once more
            redacted = self._with_edit(post, text, redacted)
            if _still_tells(post.before_edit, text, redacted):
                post.before_edit = None
            await self._draft(session, post, redacted, alts, now)
        self._changed()

    async def _written(self, session: AsyncSession, source: str) -> str | None:
        """The words as they were written; None if they are not kept any more."""
        try:
            return (await self._desk.vault.get(session, source)).decode()
        except Gone:
            return None

    async def _lost(self, post_id: int, source: str) -> None:
        """Its words died on their clock before they were looked at: nothing can come of it, and its author reads so."""
        now = utc_now()
        async with self._database.transaction() as session:
            post = await queue.locked(session, post_id)
            if post.state not in OPEN or post.source_id != source:
                return
            await POSTS.move(session, post, PostState.WITHDRAWN, ended_at=now, claimed_by=None, claimed_until=None)
            await queue.note(session, post, PostState.WITHDRAWN.value, None, now, reason="purged")
            await self._desk.changed(session, post, now)
            author = await session.get_one(Officer, post.author_id)
            await self._desk.tell(session, author, "clock.words_gone", number=called(post.number))
        self._changed()

    def _with_edit(self, post: Post, text: str, redacted: Redacted) -> Redacted:
        """Told as a reason on the card, if somebody who decides edited more into the post than its officer wrote."""
        told = any(reason["code"] == _REWRITTEN.code for reason in post.reasons)
        if post.before_edit is not None:
            told = told or adds_facts(post.before_edit, text, self._desk.words, redacted.language)
        if post.edited_by is None or not told:
            return redacted
        return replace(redacted, reasons=(*redacted.reasons, _REWRITTEN))

    async def _described(self, session: AsyncSession, shown: list[PostPicture]) -> dict[int | None, str]:
        """People's own words for pictures, as they wrote them."""
        found: dict[int | None, str] = {}
        for picture in shown:
            if picture.alt_chosen and picture.alt_source_id is not None:
                try:
                    found[picture.id] = (await self._desk.vault.get(session, picture.alt_source_id)).decode()
                except Gone:
                    continue
        return found

    async def _alt(self, words: str, context: Context) -> Redacted:
        """What becomes of a person's words for a picture. Whatever is only suggested goes: nobody is asked about it."""
        plain = replace(context, lifted=frozenset(), own_public_text=False)
        looked = await self._room.redact(words, plain)
        unsure = frozenset(suggestion.key for suggestion in looked.suggestions)
        return await self._room.redact(words, replace(plain, covered=unsure)) if unsure else looked

    async def _not_read(self, post_id: int, revision: int) -> None:
        """The text detectors died or hung over it: asked again soon; after some tries it is held for a person."""
        _log.error("words could not be examined", extra={"post": post_id})
        now = utc_now()
        async with self._database.transaction() as session:
            post = await queue.locked(session, post_id)
            if post.revision != revision or post.state not in OPEN:
                return
            post.unread, post.prepare_at = post.unread + 1, now + ASK_AGAIN
            if post.unread >= WORDS_TRIES:
                post.text, post.drafted, post.reasons = "", post.revision, [asdict(_UNREAD)]
                await queue.prepared(session, post, Verdict.HOLD, now)
            await self._desk.changed(session, post, now)

    async def _context(self, session: AsyncSession, post: Post) -> Context:
        earlier, around = await _told_before(session, post, utc_now())
        return Context(
            language=None,
            kind=PostKind(post.kind) if post.kind_chosen and post.kind else None,
            area=post.area if post.edited_by else None,
            overlays=self._desk.overlays,
            earlier=earlier,
            around=around,
            plans_on=_day(post.sent_at),
            lifted=frozenset(post.lifted),
            covered=frozenset(post.covered),
            own_public_text=post.from_template,
        )

    async def _draft(
        self, session: AsyncSession, post: Post, redacted: Redacted, alts: dict[int | None, Redacted], now: datetime
    ) -> None:
        post.text, post.unread = redacted.text, 0
        post.kind, post.language = redacted.kind.value, redacted.language
        post.area = redacted.area or post.area
        post.redactions = [_told(r) for r in redacted.redactions]
        post.suggestions = [_suggested(s) for s in redacted.suggestions]
        post.reasons = [asdict(reason) for reason in redacted.reasons] + await judging.left_out(session, post)
        post.drafted = post.revision
        self._set_wait(post, redacted.waits_for_scene)
        shown = await pictures(session, post)
        words = severest([redacted.verdict, *(self._take_alt(post, p, alts[p.id]) for p in shown if p.id in alts)])
        await queue.prepared(session, post, judging.verdict(post, shown, words), now)
        await emptied.end(session, self._desk, post, now)
        if (
            post.state is PostState.WAITING
            and not await judging.finish(session, post, shown, now)
            and await judging.all_there(session, post)
        ):
            await self._ask_for_pictures(session, post, now)
        await self._desk.changed(session, post, now)
        if post.state is PostState.DIVERTED and not post.lesson:
            await self._tell_desk(session, post)

    def _take_alt(self, post: Post, picture: PostPicture, looked: Redacted) -> Verdict:
        """A person's words for a picture are judged like the post's. What nobody could publish gives way to counts."""
        if not looked.verdict.has_public_text or not looked.text.strip():
            picture.alt_chosen, picture.alt_source_id = False, None
            picture.alt = drafted(picture, self._desk.words, post.language)
            return Verdict.PASS
        picture.alt = looked.text
        known = {reason["code"] for reason in post.reasons}
        post.reasons = [*post.reasons, *(asdict(r) for r in looked.reasons if r.code not in known)]
        return looked.verdict

    def _set_wait(self, post: Post, waits: bool) -> None:
        if post.wait_by is not None:
            return
        minutes = self._desk.times.scene_minutes
        told = post.answers_reply is not None or approval.same_place(post)
        if waits and minutes and not told:
            post.wait = Wait.SCENE
            post.wait_until = (post.words_at or post.sent_at) + timedelta(minutes=minutes)
        else:
            post.wait = Wait.NONE

    async def _tell_desk(self, session: AsyncSession, post: Post) -> None:
        """The right desk knows at once that an officer has something for it; the words stay with the officer."""
        role = next((r.get("role") for r in post.reasons if r["verdict"] == Verdict.DIVERT.value), None) or "press"
        await self._desk.tell_role(session, role, "tap.diverted_to_you", post)

    async def _ask_for_pictures(self, session: AsyncSession, post: Post, now: datetime) -> None:
        """Photos and videos wait in queues of their own: no photo waits behind a video."""
        post.prepare_at = now + PICTURE_LEASE
        await session.flush()
        open_ones = {p.kind for p in await pictures(session, post) if p.state is not PictureState.FINISHED}
        for job, lane, kinds in ((COVER, Lane.PICTURES, PHOTOS), (FILM, Lane.VIDEOS, VIDEOS)):
            if open_ones & set(kinds):
                key = f"{job}-{post.id}-{post.revision}-{int(now.timestamp() * 1000)}"
                await self._desk.engine.enqueue(session, job, lane, post.id or 0, post.revision, key=key)


async def _told_before(session: AsyncSession, post: Post, now: datetime) -> tuple[tuple[str, ...], tuple[Told, ...]]:
    """The public texts that stand or may stand beside this one: those of its shift, and those of any area."""
    statement = (
        select(Post.shift_id, Post.area, Post.text, Post.received_at)
        .where(
            col(Post.state).in_((PostState.WAITING, PostState.APPROVED, PostState.RELEASED)),
            col(Post.received_at) > now - _LONG_AGO,
            or_(Post.shift_id == post.shift_id, col(Post.area).is_not(None)),
            Post.text != "",
            not_(col(Post.lesson)),
            Post.id != post.id,
            Post.id != post.corrects,
            func.coalesce(Post.corrects, 0) != (post.corrects or -1),
        )
        .order_by(col(Post.received_at).desc(), col(Post.id).desc())
        .limit(_MOST_TOLD)
    )
    recent, around = [], []
    for shift_id, area, text, received_at in (await session.exec(statement)).all():
        long_ago = received_at <= now - _EARLIER
        if shift_id == post.shift_id and not long_ago:
            recent.append(text)
        elif area is not None:
            around.append(Told(area, text, long_ago))
    return tuple(recent), tuple(around)


async def _told_since(session: AsyncSession, post: Post, context: Context, now: datetime) -> bool:
    """Whether another text was finished while this one was looked at."""
    earlier, around = await _told_before(session, post, now)
    return not {*earlier} <= {*context.earlier} or not {*around} <= {*context.around}


def _still_tells(before: str | None, text: str, redacted: Redacted) -> bool:
    """Whether an earlier public text holds words that are taken out by now."""
    spots = [redaction.finding for redaction in redacted.redactions if not redaction.lifted]
    removed = [text[spot.start : spot.end].strip().casefold() for spot in spots]
    return before is not None and any(words and words in before.casefold() for words in removed)


def _told(redaction: Redaction) -> dict[str, Any]:
    """A redaction without the words it is about: kind, places and replacement."""
    return {
        "number": redaction.number,
        "key": redaction.key,
        "label": redaction.label.value,
        "replacement": redaction.replacement,
        "hard": redaction.hard,
        "lifted": redaction.lifted,
        "start": redaction.finding.start,
        "end": redaction.finding.end,
    }


def _suggested(suggestion: Redaction) -> dict[str, Any]:
    """A suggestion: where its words still stand in the public text."""
    return {**_told(suggestion), "start": suggestion.start, "end": suggestion.end}


def _day(at: datetime) -> date:
    return at.date()
