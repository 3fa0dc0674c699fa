"""Rendering: from a slot of the outbox to the card that is true now."""

from datetime import datetime

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import correcting, delivery, fix_page, handover, recalling, shift_cards
from bot.author_card import AuthorCards
from bot.chat_app import Card
from bot.correction_card import CorrectionCards
from bot.decider_card import DeciderCards
from bot.delivery import Delivery
from bot.drawing import Drawings
from bot.greens import greens
from bot.handover import Handover
from bot.outbox import FOR_DECIDERS, Slot, SlotKind
from bot.reply import Reply, ReplyState
from bot.reply_cards import ReplyCards
from bot.trouble_card import TroubleCards
from bot.view import PostView, ReplyView, Setting, ShiftView
from moderation import agreement, queue
from moderation.post import PictureState, Post, PostPicture, PostState, pictures
from moderation.vault import Gone, Vault
from shifts import roster
from shifts.database import Database
from shifts.officer import Officer
from shifts.shift import Shift, on_duty
from shifts.words import FIRST_LANGUAGE, Words


class CutOff(Exception):
    """This chat is no longer that person's, or the card not for them any more: `card` says so, once, and nothing more
    is shown there."""

    def __init__(self, card: Card) -> None:
        super().__init__("a chat was cut off")
        self.card = card


class Renderer:
    """Reads what a card is about and tells it. Holds the vault: author's cards and *Original* show words as sent."""

    def __init__(self, database: Database, vault: Vault, words: Words, setting: Setting) -> None:
        self._database = database
        self._vault = vault
        self._words = words
        self._author = AuthorCards(words)
        self._decider = DeciderCards(words)
        self._corrections = CorrectionCards(words)
        self._troubles = TroubleCards(words)
        self._replies = ReplyCards(words, setting)
        self._setting = setting
        self._drawings = Drawings(setting.media)

    async def card(self, slot: Slot, now: datetime) -> Card | None:
        """The card of a slot; None if there is nothing left to tell. Raises CutOff."""
        async with self._database.reading() as session:
            viewer = await session.get(Officer, slot.officer_id)
            if viewer is None or not await _linked(session, slot):
                language = viewer.language if viewer else FIRST_LANGUAGE
                raise CutOff(Card(self._words.say("card.cut_off", language)))
            if slot.kind in FOR_DECIDERS and not viewer.leads(now) and not await _recalls(session, slot, viewer):
                raise CutOff(Card(self._words.say("card.decides_no_more", viewer.language)))
            match slot.kind:
                case SlotKind.CORRECTION | SlotKind.TROUBLE:
                    cards = self._corrections if slot.kind is SlotKind.CORRECTION else self._troubles
                    return await cards.card(session, slot, viewer)
                case SlotKind.COPY:
                    return None
                case SlotKind.NOTICE:
                    return shift_cards.notice(self._words, slot, viewer.language)
                case SlotKind.AUTHOR | SlotKind.DECIDER | SlotKind.ORIGINAL:
                    return await self._post(session, slot, viewer, now)
                case SlotKind.SHIFT | SlotKind.QUEUE | SlotKind.HANDOVER:
                    return await self._shift(session, slot, viewer, now)
                case SlotKind.REPLY:
                    return await self._reply(session, slot, viewer)
                case SlotKind.ALARM | SlotKind.DESK | SlotKind.KEPT:
                    return await self._replies.card(session, slot, viewer)

    async def _post(self, session: AsyncSession, slot: Slot, viewer: Officer, now: datetime) -> Card | None:
        view = await self._view(session, slot, viewer, now)
        if view is None:
            return None
        match slot.kind:
            case SlotKind.AUTHOR:
                return self._author.author(view)
            case SlotKind.ORIGINAL:
                return self._decider.original(view) if view.source is not None else None
            case _:
                return self._decider.decider(view)

    async def _view(self, session: AsyncSession, slot: Slot, viewer: Officer, now: datetime) -> PostView | None:
        post = await session.get(Post, slot.subject)
        if post is None or post.id is None:
            return None
        author = await session.get(Officer, post.author_id)
        shift = await session.get(Shift, post.shift_id)
        if author is None or shift is None:
            return None
        shown = await pictures(session, post)
        meant = [name for picture in shown for names in picture.agreed.values() for name in names]
        ids = {name for name in (post.claimed_by, post.approved_by, *post.approvals, *meant) if name}
        people = (await session.exec(select(Officer).where(col(Officer.id).in_(ids)))).all() if ids else []
        refused = select(PostPicture.refused).where(
            PostPicture.post_id == post.id, PostPicture.state == PictureState.REFUSED
        )
        return PostView(
            setting=self._setting,
            slot=slot,
            viewer=viewer,
            now=now,
            post=post,
            author=author,
            shift=shift,
            pictures=shown,
            deliveries=await delivery.of_post(session, post.id),
            people={person.id: person for person in people},
            source=await self._source(session, slot, post),
            own_words=await self._open(session, post.outcome_id) if post.state is PostState.SENT_BACK else None,
            reply=await session.get(Reply, post.answers_reply) if post.answers_reply else None,
            refused=[key for key in (await session.exec(refused)).all() if key],
            corrected_by=await _corrected_by(session, post),
            agreeing=await agreement.agreeing(session, post) if fix_page.read(slot.page) else (),
            drawn=await self._drawings.of(slot.page, shown, now),
        )

    async def _source(self, session: AsyncSession, slot: Slot, post: Post) -> str | None:
        """The words as sent: for their author, and for whoever asked for the original, while they are on it."""
        if slot.kind is SlotKind.ORIGINAL:
            theirs = post.state is PostState.WAITING and post.claimed_by == slot.officer_id
            return await self._open(session, post.original_id) if theirs else None
        if slot.kind is SlotKind.AUTHOR and slot.officer_id == post.author_id:
            return await self._open(session, post.source_id)
        return None

    async def _open(self, session: AsyncSession, name: str | None) -> str | None:
        if name is None:
            return None
        try:
            return (await self._vault.get(session, name)).decode()
        except Gone:
            return None

    async def _shift(self, session: AsyncSession, slot: Slot, viewer: Officer, now: datetime) -> Card | None:
        shift = await session.get(Shift, slot.subject)
        if shift is None or shift.id is None:
            return None
        view = ShiftView(
            setting=self._setting,
            slot=slot,
            viewer=viewer,
            now=now,
            shift=shift,
            on_it=await on_duty(session, shift.id),
            waiting=await queue.waiting(session, shift.id),
            pending=await self._count(session, shift.id, delivery.WORKING),
            unanswered=await self._unanswered(session, shift.id),
            released=await self._count(session, shift.id, (delivery.DeliveryState.SENT,)),
            greens=await greens(session, self._setting.limits, shift.id, viewer, now)
            if slot.kind is SlotKind.QUEUE
            else (),
            caught=await self._caught(session, shift) if slot.kind is SlotKind.SHIFT else (),
            handover=await handover.read(session, shift.id, self._words)
            if slot.kind is SlotKind.HANDOVER
            else Handover(),
        )
        match slot.kind:
            case SlotKind.QUEUE:
                return shift_cards.queue(self._words, view)
            case SlotKind.HANDOVER:
                return shift_cards.handover(self._words, view)
            case _:
                return shift_cards.shift(self._words, view)

    async def _caught(self, session: AsyncSession, shift: Shift) -> list[int]:
        """What a freeze holds on its way, by the numbers of the posts."""
        if shift.frozen_at is None:
            return []
        statement = (
            select(Post.number)
            .join(Delivery, col(Delivery.post_id) == col(Post.id))
            .where(Post.shift_id == shift.id, col(Delivery.state).in_(delivery.IN_LINE))
        )
        return list((await session.exec(statement.distinct().order_by(col(Post.number)))).all())

    async def _count(self, session: AsyncSession, shift_id: int, states: tuple[delivery.DeliveryState, ...]) -> int:
        statement = (
            select(func.count(func.distinct(col(Delivery.post_id))))
            .join(Post, col(Post.id) == col(Delivery.post_id))
            .where(Post.shift_id == shift_id, col(Delivery.state).in_(states))
        )
        return (await session.exec(statement)).one()

    async def _unanswered(self, session: AsyncSession, shift_id: int) -> int:
        statement = (
            select(func.count(col(Reply.id)))
            .join(Post, col(Post.id) == col(Reply.post_id))
            .where(Post.shift_id == shift_id, col(Reply.state).in_((ReplyState.NEW, ReplyState.SHOWN)))
        )
        return (await session.exec(statement)).one()

    async def _reply(self, session: AsyncSession, slot: Slot, viewer: Officer) -> Card | None:
        reply = await session.get(Reply, slot.subject)
        post = await session.get(Post, reply.post_id) if reply else None
        if reply is None or post is None:
            return None
        return shift_cards.reply(self._words, ReplyView(self._setting, slot, viewer, reply, post))


async def _corrected_by(session: AsyncSession, post: Post) -> int | None:
    said = await correcting.said(session, post) if post.state is PostState.RELEASED else post
    return None if said.id == post.id else said.number


async def _recalls(session: AsyncSession, slot: Slot, viewer: Officer) -> bool:
    """Whether it is the card on which an author recalls a post, or whoever agreed to it."""
    post = await session.get(Post, slot.subject) if slot.kind is SlotKind.DECIDER else None
    return post is not None and recalling.keeps_card(post, viewer)


async def _linked(session: AsyncSession, slot: Slot) -> bool:
    """Whether this chat is still this person's: an account that was cut off sees nothing, whoever comes back later."""
    accounts = await roster.accounts(session, slot.officer_id)
    return any((account.app, account.chat) == (slot.app, slot.chat) for account in accounts)
