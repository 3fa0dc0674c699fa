"""Cards about what the public wrote, for those who are no officers on patrol: alarms, desks, and what was kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import alarm, fixed_answer, hiding
from bot.alarm import Alarm
from bot.card_parts import Say, button
from bot.chat_app import Button, Card, Tone, Weight
from bot.fixed_answer import FixedAnswer
from bot.outbox import MAIN, Slot, SlotKind
from bot.reply import Reply
from bot.triage_labels import LIFE_RISK, Route
from bot.view import Setting
from moderation.post import Post
from shifts.officer import Officer
from shifts.shift import Shift
from shifts.words import Words

LISTED = 10
SHOWN_OF_EACH = 160
SHOWN_OF_AN_ALARM = 1500
MESSAGES = 5
PICKED = 5
READY = ("thanks", "kind", "passed_on", "call", "private")
READY_WORDS = "reply_card.ready"
"""Sentences that are ready to answer with, and the table of the language files in which they stand."""
HIDE = "hide"
"""The page of a desk's card on which somebody names the house rule."""


@dataclass(frozen=True, slots=True)
class AlarmView:
    """One alarm as one person sees it. `replies` are what the person in danger wrote, the oldest first."""

    slot: Slot
    viewer: Officer
    alarm: Alarm
    replies: Sequence[Reply]
    post: Post
    answer: FixedAnswer | None
    acknowledged_by: Officer | None
    may_end: bool


@dataclass(frozen=True, slots=True)
class KeptView:
    """What was kept from officers on one shift: the newest, and how many of each kind."""

    slot: Slot
    viewer: Officer
    shift: Shift
    newest: Sequence[Reply]
    counts: Mapping[str, int]


class ReplyCards:
    """Reads what such a card is about and tells it."""

    def __init__(self, words: Words, setting: Setting) -> None:
        self._words = words
        self._setting = setting

    async def card(self, session: AsyncSession, slot: Slot, viewer: Officer) -> Card | None:
        """The card of a slot; None if there is nothing left to tell."""
        match slot.kind:
            case SlotKind.ALARM:
                return await self._alarm(session, slot, viewer)
            case SlotKind.DESK:
                return await self._desk(session, slot, viewer)
            case _:
                return await self._kept(session, slot, viewer)

    async def _alarm(self, session: AsyncSession, slot: Slot, viewer: Officer) -> Card | None:
        one = await session.get(Alarm, slot.subject)
        if one is None:
            return None
        by = await session.get(Officer, one.acknowledged_by) if one.acknowledged_by else None
        view = AlarmView(
            slot=slot,
            viewer=viewer,
            alarm=one,
            replies=await alarm.replies(session, one),
            post=await session.get_one(Post, one.post_id),
            answer=await fixed_answer.of_alarm(session, one.id or 0),
            acknowledged_by=by,
            may_end=await alarm.may_end(session, viewer),
        )
        return self.alarm(view)

    def alarm(self, view: AlarmView) -> Card | None:
        """Somebody may be in danger: their words, where, and what we told them."""
        say = Say(self._words, view.viewer.language)
        if not view.replies:
            return None
        first = view.replies[0]
        title = say(f"triage.alarm.{'ringing' if view.alarm.acknowledged_at is None else 'over'}")
        lines = [say("triage.from", author=first.author_name, network=first.network)]
        lines += [say("triage.alarm.also", text=_short(reply.text)) for reply in view.replies[1:][-MESSAGES:]]
        lines.append(say("triage.alarm.written", at=self._clock(first)))
        lines += [say("triage.link", url=first.url)] if first.url else []
        lines.append(say("reply_card.under", text=_short(view.post.text)))
        lines.append(self._told(say, view.answer))
        lines += self._state(say, view)
        rows = self._alarm_rows(say, view)
        tone = Tone.RED if view.alarm.acknowledged_at is None else Tone.GREY
        return Card(
            f"{title} · {view.post.number}", tone=tone, quote=_begins(first.text), lines=tuple(lines), rows=rows
        )

    def _state(self, say: Say, view: AlarmView) -> list[str]:
        if view.alarm.acknowledged_at is None:
            return [self._words.count("triage.alarm.rang", view.alarm.rings, say.language)]
        who = view.acknowledged_by.call_sign if view.acknowledged_by else "?"
        at = view.alarm.acknowledged_at.astimezone(self._setting.zone).strftime("%H:%M")
        return [say(f"triage.alarm.{'false' if view.alarm.false else 'acknowledged'}", officer=who, at=at)]

    def _alarm_rows(self, say: Say, view: AlarmView) -> tuple[tuple[Button, ...], ...]:
        if view.alarm.acknowledged_at is not None or not view.may_end:
            return ()
        yes = button(view.slot, "acknowledge", say("triage.button.acknowledge"), weight=Weight.MAIN)
        return ((yes,), (button(view.slot, "false", say("triage.button.false")),))

    def _told(self, say: Say, answer: FixedAnswer | None) -> str:
        if answer is None:
            return say("triage.told.nothing")
        return say(f"triage.told.{answer.state.value}")

    async def _desk(self, session: AsyncSession, slot: Slot, viewer: Officer) -> Card | None:
        reply = await session.get(Reply, slot.subject)
        post = await session.get(Post, reply.post_id) if reply else None
        if reply is None or post is None:
            return None
        return self.desk(slot, viewer, reply, post)

    def desk(self, slot: Slot, viewer: Officer, reply: Reply, post: Post) -> Card:
        """A reply for the desk that deals with its kind."""
        say = Say(self._words, viewer.language)
        lines = [say("triage.from", author=reply.author_name, network=reply.network)]
        lines += [say("triage.link", url=reply.url)] if reply.url else []
        lines += fate_lines(self._words, viewer, reply)
        lines += [self._words.count("triage.similar", reply.similar, viewer.language)] if reply.similar else []
        lines.append(say("reply_card.under", text=_short(post.text)))
        rows = self._hide_rows(say, slot, viewer, reply)
        if reply.alarm_id is None and slot.page != HIDE:
            rows = ((button(slot, "raise", say("triage.button.raise")),), *rows)
        looks = reply.look and reply.alarm_id is None
        tone = Tone.RED if looks or reply.route is Route.INSPECTOR else Tone.AMBER
        title = f"{say('triage.look' if looks else f'triage.about.{reply.about}')} · {post.number}"
        return Card(title, tone=tone, quote=reply.text, lines=tuple(lines), rows=rows)

    def _hide_rows(self, say: Say, slot: Slot, viewer: Officer, reply: Reply) -> tuple[tuple[Button, ...], ...]:
        """What a person may do about its being seen: by a house rule, where the network can, and back."""
        limits = self._setting.limits.get(reply.network)
        if limits is None or not limits.hides or not viewer.has(*hiding.HIDERS) or reply.gone_at is not None:
            return ()
        if reply.hide_rule is not None:
            return ((button(slot, "show", say("triage.button.show")),),)
        if slot.page != HIDE:
            return ((button(slot, "page", say("triage.button.hide"), HIDE),),)
        rules = sorted(hiding.RULES, key=lambda rule: rule != reply.ground)
        rows = tuple((button(slot, "hide", say(f"triage.rule.{rule}"), rule),) for rule in rules)
        return (*rows, (button(slot, "page", say("card.button.back"), MAIN),))

    async def _kept(self, session: AsyncSession, slot: Slot, viewer: Officer) -> Card | None:
        shift = await session.get(Shift, slot.subject)
        if shift is None:
            return None
        kept = (
            select(Reply)
            .join(Post, col(Post.id) == col(Reply.post_id))
            .where(Post.shift_id == shift.id, Reply.route == Route.KEPT)
        )
        newest = (await session.exec(kept.order_by(col(Reply.id).desc()).limit(LISTED))).all()
        counting = (
            select(Reply.about, func.count(col(Reply.id)))
            .join(Post, col(Post.id) == col(Reply.post_id))
            .where(Post.shift_id == shift.id, Reply.route == Route.KEPT)
            .group_by(col(Reply.about))
        )
        counts = dict((await session.exec(counting)).all())
        return self.kept(KeptView(slot, viewer, shift, newest, counts)) if counts else None

    def kept(self, view: KeptView) -> Card:
        """What officers were spared. All of it is still public where it was written."""
        say = Say(self._words, view.viewer.language)
        total = self._words.count("triage.kept.title", sum(view.counts.values()), view.viewer.language)
        parts = [f"{say(f'triage.about.{about}')} {number}" for about, number in sorted(view.counts.items())]
        lines = [", ".join(parts), say("triage.kept.public")]
        lines += [f"{reply.author_name} · {reply.network}: “{_short(reply.text)}”" for reply in view.newest]
        picks = [button(view.slot, "pick", _short(reply.text), reply.id or 0) for reply in view.newest[:PICKED]]
        rows = tuple((pick,) for pick in picks) if view.viewer.has(*hiding.HIDERS) else ()
        return Card(f"{view.shift.name} · {total}", tone=Tone.GREY, lines=tuple(lines), rows=rows)

    def _clock(self, reply: Reply) -> str:
        return reply.at.astimezone(self._setting.zone).strftime("%H:%M:%S")


def triage_lines(words: Words, viewer: Officer, reply: Reply) -> list[str]:
    """What triage adds to the card of the officer who answers a reply."""
    lines = [words.say("triage.doubt", viewer.language)] if reply.doubt and reply.alarm_id is None else []
    lines = [*fate_lines(words, viewer, reply), *lines]
    return [*lines, *([words.count("triage.similar", reply.similar, viewer.language)] if reply.similar else [])]


def fate_lines(words: Words, viewer: Officer, reply: Reply) -> list[str]:
    """What became of a reply on its network, and who did not judge it."""
    say = Say(words, viewer.language)
    told = [("alone", reply.alone), ("mention", reply.mention), ("aside", reply.aside)]
    told += [("gone", reply.gone_at is not None), ("edited", reply.edited_at is not None and reply.gone_at is None)]
    told += [("hiding", reply.hide_due is not None), ("hidden", bool(reply.hide_rule) and reply.hide_due is None)]
    if reply.hide_refused is not None:
        told += [("not_shown" if reply.hide_rule else "not_hidden", True)]
    return [say(f"triage.fate.{name}") for name, true in told if true]


def ready_card(words: Words, slot: Slot, viewer: Officer, title: str, reply: Reply, post: Post) -> Card:
    """The sentences that are ready, whole and as buttons, in the language of the post under which they will stand."""
    say = Say(words, viewer.language)
    said = {name: words.say(f"{READY_WORDS}.{name}", post.language) for name in READY}
    rows = tuple((button(slot, "ready", sentence, name),) for name, sentence in said.items())
    lines = (say("reply_card.choose"), *(f"“{sentence}”" for sentence in said.values()))
    back = button(slot, "page", say("card.button.back"), MAIN)
    return Card(title, quote=reply.text, lines=lines, rows=(*rows, (back,)))


def raise_row(words: Words, slot: Slot, viewer: Officer, reply: Reply) -> tuple[tuple[Button, ...], ...]:
    """The button that calls the control room, on a reply that raised no alarm by itself."""
    if reply.alarm_id is not None or reply.about in LIFE_RISK:
        return ()
    weight = Weight.DANGER if reply.doubt else Weight.PLAIN
    return ((button(slot, "raise", words.say("triage.button.raise", viewer.language), weight=weight),),)


def _begins(text: str) -> str:
    """The beginning of a long text: a card of an alarm must never lose its button."""
    return text if len(text) <= SHOWN_OF_AN_ALARM else f"{text[: SHOWN_OF_AN_ALARM - 1]}…"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_OF_EACH else f"{line[: SHOWN_OF_EACH - 1]}…"
