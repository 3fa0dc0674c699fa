"""Preparing: the detectors look at words and pictures, and a post becomes a draft that somebody can decide about."""

import logging
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.desk import COVER, Desk
from bot.engine import Lane
from moderation import approval, queue
from moderation.detector import DetectorFailed
from moderation.finding import Box, BoxKind
from moderation.media import CoveredPhoto, PhotoRefused, Photos, Tier, counts, draft_alt
from moderation.policy import PostKind, Reason, Verdict, severest
from moderation.post import OPEN, PICTURES, PictureState, Post, PostPicture, PostState, Wait, pictures
from moderation.redaction import Context, Redacted, Redaction
from moderation.text_room import TextRoom
from moderation.vault import Gone
from shifts.database import Database, utc_now

PICTURE_TRIES: Final = 3
WORDS_TRIES: Final = 4
PICTURE_LEASE: Final = timedelta(seconds=180)
ASK_AGAIN: Final = timedelta(seconds=5)
_EARLIER: Final = timedelta(hours=24)
_FACES = Reason("faces", Verdict.REDACT, "B", "card.policy.faces", "card.policy.tick_no_minor")
_LEFTOVER = Reason("picture leftover", Verdict.HOLD, "B", "card.policy.leftover", None, "inspector")
_UNREAD = Reason("words not examined", Verdict.HOLD, "A", "card.policy.unread", None, "inspector")
_UNSEEN = Reason("picture not examined", Verdict.HOLD, "B", "card.policy.unexamined", None, "inspector")

_log = logging.getLogger(__name__)


class Preparer:
    """The jobs of the prepare process, which alone loads models."""

    def __init__(
        self, database: Database, desk: Desk, room: TextRoom, photos: Photos, media: Path, changed: Callable[[], None]
    ) -> None:
        self._database = database
        self._changed = changed
        self._desk = desk
        self._room = room
        self._photos = photos
        self._media = media

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
                elif await _all_there(session, post):
                    await self._ask_for_pictures(session, post, now)
        return len(due)

    async def words(self, post_id: int, revision: int) -> None:
        """Job: look at the words of a revision."""
        async with self._database.reading() as session:
            post = await session.get(Post, post_id)
            if post is None or post.revision != revision or post.state not in OPEN or post.drafted >= revision:
                return
            try:
                text = (await self._desk.vault.get(session, post.source_id)).decode()
            except Gone:
                return
            source = post.source_id
            described = await self._described(session, await pictures(session, post))
            context = await self._context(session, post)
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
            await self._draft(session, post, redacted, alts, now)
        self._changed()

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
            await self._desk.changed(session, post)

    async def _context(self, session: AsyncSession, post: Post) -> Context:
        since = utc_now() - _EARLIER
        earlier = select(Post.text).where(
            Post.shift_id == post.shift_id,
            Post.state == PostState.RELEASED,
            col(Post.received_at) > since,
            Post.id != post.corrects,
            func.coalesce(Post.corrects, 0) != (post.corrects or -1),
        )
        return Context(
            language=None,
            kind=PostKind(post.kind) if post.kind_chosen and post.kind else None,
            area=post.area if post.edited_by else None,
            overlays=self._desk.overlays,
            earlier=tuple((await session.exec(earlier)).all()),
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
        post.reasons = [asdict(reason) for reason in redacted.reasons]
        post.drafted = post.revision
        self._set_wait(post, redacted.waits_for_scene)
        shown = await pictures(session, post)
        words = severest([redacted.verdict, *(self._take_alt(post, p, alts[p.id]) for p in shown if p.id in alts)])
        await queue.prepared(session, post, _verdict(post, shown, words), now)
        if (
            post.state is PostState.WAITING
            and not await self._finish(session, post, shown)
            and await _all_there(session, post)
        ):
            await self._ask_for_pictures(session, post, now)
        await self._desk.changed(session, post)
        if post.state is PostState.DIVERTED:
            await self._tell_desk(session, post)

    def _take_alt(self, post: Post, picture: PostPicture, looked: Redacted) -> Verdict:
        """A person's words for a picture are judged like the post's. What nobody could publish gives way to counts."""
        if not looked.verdict.has_public_text or not looked.text.strip():
            picture.alt_chosen, picture.alt_source_id = False, None
            boxes = [_box(box) for index, box in enumerate(picture.boxes) if index not in picture.lifted]
            picture.alt = draft_alt(boxes, self._desk.words, post.language)
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
        if waits and minutes and post.kind == PostKind.PATROL.value and not told:
            post.wait = Wait.SCENE
            post.wait_until = (post.words_at or post.sent_at) + timedelta(minutes=minutes)
        else:
            post.wait = Wait.NONE

    async def _tell_desk(self, session: AsyncSession, post: Post) -> None:
        """The right desk knows at once that an officer has something for it; the words stay with the officer."""
        role = next((r.get("role") for r in post.reasons if r["verdict"] == Verdict.DIVERT.value), None) or "press"
        await self._desk.tell_role(session, role, "tap.diverted_to_you", post)

    async def _ask_for_pictures(self, session: AsyncSession, post: Post, now: datetime) -> None:
        post.prepare_at = now + PICTURE_LEASE
        await session.flush()
        key = f"cover-{post.id}-{post.revision}-{int(now.timestamp() * 1000)}"
        await self._desk.engine.enqueue(session, COVER, Lane.PICTURES, post.id or 0, post.revision, key=key)

    async def cover(self, post_id: int, revision: int) -> None:
        """Job: cover the pictures, quickly for the card first, thoroughly before Publish unlocks."""
        for tier, before in (
            (Tier.FAST, (PictureState.HELD,)),
            (Tier.DEFAULT, (PictureState.HELD, PictureState.COVERED)),
        ):
            for picture_id in await self._in_state(post_id, revision, before):
                await self._cover(picture_id, tier)
        async with self._database.transaction() as session:
            post = await queue.locked(session, post_id)
            shown = await pictures(session, post)
            if post.revision == revision and post.state in OPEN:
                await self._finish(session, post, shown)
                await self._desk.changed(session, post)
        self._changed()

    async def _in_state(self, post_id: int, revision: int, states: tuple[PictureState, ...]) -> list[int]:
        async with self._database.reading() as session:
            post = await session.get(Post, post_id)
            if post is None or post.revision != revision or post.state not in OPEN:
                return []
            statement = select(PostPicture.id).where(PostPicture.post_id == post_id, col(PostPicture.state).in_(states))
            return [i for i in (await session.exec(statement.order_by(col(PostPicture.id)))).all() if i is not None]

    async def _cover(self, picture_id: int, tier: Tier) -> None:
        async with self._database.reading() as session:
            picture = await session.get_one(PostPicture, picture_id)
            post = await session.get_one(Post, picture.post_id)
            try:
                original = await self._desk.vault.get(session, picture.original_id or "")
            except Gone:
                return
        try:
            covered = await self._photos.cover(
                original, tier, added=[_box(b) for b in picture.added], lifted=frozenset(picture.lifted)
            )
        except PhotoRefused as refused:
            await self._refuse(picture_id, f"media.{refused.reason}")
        except DetectorFailed:
            await self._failed(picture_id)
        else:
            _keep(self._media, covered)
            shut = [box for index, box in enumerate(covered.boxes) if index not in covered.lifted]
            await self._covered(picture, covered, counts(shut), draft_alt(shut, self._desk.words, post.language))

    async def _covered(self, asked: PostPicture, covered: CoveredPhoto, counted: dict[BoxKind, int], alt: str) -> None:
        async with self._database.transaction() as session:
            post, picture = await _held(session, asked.id)
            # Somebody covered more meanwhile: this picture is not what they asked for, and another job makes that.
            if post.state not in OPEN or (picture.added, picture.lifted) != (asked.added, asked.lifted):
                return
            to = PictureState.COVERED if covered.tier is Tier.FAST else PictureState.FINISHED
            if picture.state is not to:
                await PICTURES.move(session, picture, to)
            picture.sha256, picture.width, picture.height = covered.sha256, covered.width, covered.height
            picture.boxes = [_shown(box) for box in covered.boxes]
            picture.counts = {kind.value: number for kind, number in counted.items()}
            picture.leftover = len(covered.leftover)
            picture.tries = 0
            if not picture.alt_chosen:
                picture.alt = alt
            self._judge_again(post, await pictures(session, post))
            await self._desk.changed(session, post)
        self._changed()

    async def _refuse(self, picture_id: int, words: str) -> None:
        async with self._database.transaction() as session:
            post, picture = await _held(session, picture_id)
            await PICTURES.move(session, picture, PictureState.REFUSED, refused=words)
            await self._desk.changed(session, post)
            await self._desk.tell_author(session, post, words)

    async def _failed(self, picture_id: int) -> None:
        """A detector could not look: held, tried again, and after that left to an inspector without the picture."""
        _log.error("a picture could not be examined", extra={"picture": picture_id})
        async with self._database.transaction() as session:
            post, picture = await _held(session, picture_id)
            picture.tries += 1
            await session.flush()
            post.prepare_at = utc_now() + ASK_AGAIN
            if picture.tries >= PICTURE_TRIES:
                await PICTURES.move(session, picture, PictureState.REFUSED, refused="card.policy.unexamined")
                post.reasons = [*post.reasons, asdict(_UNSEEN)]
                post.verdict = _verdict(post, await pictures(session, post), Verdict.HOLD).value
            await self._desk.changed(session, post)

    def _judge_again(self, post: Post, shown: list[PostPicture]) -> None:
        """What the pictures show is part of the verdict; what the words said stands."""
        if post.drafted == post.revision and post.verdict is not None:
            words = severest(Verdict(r["verdict"]) for r in post.reasons if r["code"] not in _PICTURE_CODES)
            post.verdict = _verdict(post, shown, words).value

    async def _finish(self, session: AsyncSession, post: Post, shown: list[PostPicture]) -> bool:
        """Everything has been looked at: Publish unlocks, and what it would publish has a hash."""
        if post.drafted != post.revision or any(p.state is not PictureState.FINISHED for p in shown):
            return False
        post.prepared = post.revision
        post.content = approval.content_of(post, shown)
        await queue.note(session, post, "ready", None, utc_now())
        return True


_PICTURE_CODES: Final = frozenset({_FACES.code, _LEFTOVER.code, _UNSEEN.code})


def _verdict(post: Post, shown: list[PostPicture], words: Verdict) -> Verdict:
    """The severest of words and pictures; `post.reasons` list them all."""
    found = [reason for reason in post.reasons if reason["code"] not in (_FACES.code, _LEFTOVER.code)]
    if any(box["kind"] == BoxKind.FACE.value for p in shown for box in p.boxes):
        found.append(asdict(_FACES))
    if any(p.leftover for p in shown):
        found.append(asdict(_LEFTOVER))
    post.reasons = found
    return severest([words, *(Verdict(r["verdict"]) for r in found if r["code"] in _PICTURE_CODES)])


async def _held(session: AsyncSession, picture_id: int | None) -> tuple[Post, PostPicture]:
    """A post and then its picture, as they are now; nobody else changes them. Everybody locks them in this order."""
    known = await session.get_one(PostPicture, picture_id)
    post = await queue.locked(session, known.post_id)
    return post, await session.get_one(PostPicture, picture_id, with_for_update=True, populate_existing=True)


async def _all_there(session: AsyncSession, post: Post) -> bool:
    """Every picture has been fetched (or refused), and there is one to look at."""
    states = [p.state for p in await pictures(session, post)]
    return bool(states) and PictureState.WANTED not in states


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


def _shown(box: Box) -> dict[str, Any]:
    return {**asdict(box), "kind": box.kind.value}


def _box(told: dict[str, Any]) -> Box:
    return Box(**{**told, "kind": BoxKind(told["kind"])})


def _keep(folder: Path, covered: CoveredPhoto) -> None:
    """Write a covered picture under the hash of its bytes, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{covered.sha256}.jpg"
    if path.exists():
        return
    draft = path.with_suffix(f".{os.getpid()}.part")
    with draft.open("wb") as file:
        file.write(covered.jpeg)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _day(at: datetime) -> date:
    return at.date()
