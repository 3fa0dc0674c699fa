"""Cards about a shift, the queue, a reply of the public, and plain notices."""

from collections.abc import Sequence
from datetime import datetime

from bot.beside import beside
from bot.card_parts import Say, button
from bot.chat_app import Ask, Button, Card, Picture, Tone, Weight
from bot.greens import Green, digest
from bot.handover import Promise
from bot.hiding import HIDERS
from bot.outbox import MAIN, Slot
from bot.reply import ReplyState
from bot.reply_cards import raise_row, ready_card, triage_lines
from bot.triage_labels import Route
from bot.view import ReplyView, ShiftView
from moderation.post import Post
from shifts.officer import SENIORS
from shifts.shift import ShiftState
from shifts.words import Words

QUEUED_AT_MOST = 20
QUEUED_BESIDE_GREENS = 6
"""Where one tap publishes several, their words need the room."""
LISTED_AT_MOST = 6


def notice(words: Words, slot: Slot, language: str) -> Card:
    """One sentence."""
    told = slot.notice
    return Card(words.say(str(told["words"]), language, **dict(told.get("fields", {}))))


def shift(words: Words, view: ShiftView) -> Card:
    """The shift as those who lead it see it, with what they can do about it."""
    say = Say(words, view.viewer.language)
    state = view.shift.state
    tone = {ShiftState.LIVE: Tone.GREEN, ShiftState.FROZEN: Tone.RED}.get(state, Tone.GREY)
    lines = [say("shift_card.times", start=_clock(view, view.shift.starts_at), end=_clock(view, view.shift.ends_at))]
    if view.on_it:
        lines.append(say("shift_card.on_it", officers=", ".join(person.call_sign for person in view.on_it)))
    if state in (ShiftState.LIVE, ShiftState.FROZEN):
        lines.append(words.count("shift_card.waiting", len(view.waiting), view.viewer.language))
    if view.shift.frozen_at is not None:
        lines.append(_frozen_line(say, view))
    return Card(
        f"{view.shift.name} · {say(f'shift_card.state.{state.value}')}",
        tone=tone,
        lines=tuple(lines),
        rows=_shift_rows(say, view),
    )


def _frozen_line(say: Say, view: ShiftView) -> str:
    """What a freeze caught on its way, post by post."""
    if not view.caught:
        return say("shift_card.frozen_nothing")
    more = len(view.caught) - QUEUED_AT_MOST
    posts = ", ".join(str(number) for number in view.caught[:QUEUED_AT_MOST])
    return say("shift_card.frozen", posts=f"{posts} {say('handover.more', n=more)}" if more > 0 else posts)


def _shift_rows(say: Say, view: ShiftView) -> tuple[tuple[Button, ...], ...]:
    slot = view.slot
    match view.shift.state:
        case ShiftState.PLANNED:
            return ((button(slot, "open", say("shift_card.button.open"), weight=Weight.MAIN),),)
        case ShiftState.LIVE:
            return (
                (
                    button(slot, "freeze", say("shift_card.button.freeze"), weight=Weight.DANGER),
                    button(slot, "close", say("shift_card.button.close")),
                ),
            )
        case ShiftState.FROZEN:
            rows = [(button(slot, "close", say("shift_card.button.close")),)]
            if view.viewer.has(*SENIORS):
                rows.insert(0, (button(slot, "resume", say("shift_card.button.resume"), weight=Weight.MAIN),))
            return tuple(rows)
        case ShiftState.ENDED:
            # A freeze outlives its shift: what it holds leaves when somebody senior says so.
            if view.shift.frozen_at is not None and view.viewer.has(*SENIORS):
                return ((button(slot, "resume", say("shift_card.button.resume"), weight=Weight.MAIN),),)
            return ()


def queue(words: Words, view: ShiftView) -> Card:
    """What waits, with its age; and what of it one tap can publish, as it would be public."""
    say = Say(words, view.viewer.language)
    most = QUEUED_BESIDE_GREENS if view.greens else QUEUED_AT_MOST
    lines = [_queue_line(say, view, post) for post in view.waiting[:most]]
    if len(view.waiting) > most:
        lines.append(say("handover.more", n=len(view.waiting) - most))
    title = f"{view.shift.name} · {words.count('shift_card.waiting', len(view.waiting), view.viewer.language)}"
    if not view.greens:
        return Card(title, lines=tuple(lines))
    lines += [say("shift_card.greens"), *(_green_line(say, view, green) for green in view.greens)]
    shown = [p for green in view.greens for p in green.pictures if p.sha256]
    lines += [say("card.vouched")] if shown else []
    label = say("shift_card.button.greens", n=len(view.greens))
    return Card(
        title,
        tone=Tone.GREEN,
        pictures=tuple(Picture(view.setting.media / f"{p.sha256}.jpg", p.alt) for p in shown),
        lines=tuple(lines),
        rows=((button(view.slot, "greens", label, digest(view.greens), weight=Weight.MAIN),),),
    )


def _queue_line(say: Say, view: ShiftView, post: Post) -> str:
    line = say(
        "shift_card.queue_line",
        number=post.number,
        minutes=int((view.now - post.received_at).total_seconds() // 60),
        at=_clock(view, post.received_at),
        verdict=say(f"card.verdict.{post.verdict or 'PASS'}"),
    )
    claimed = post.claimed_until is not None and post.claimed_until > view.now and post.claimed_by != view.viewer.id
    return f"{line} · {say('shift_card.claimed', officer=view.name(post.claimed_by))}" if claimed else line


def _green_line(say: Say, view: ShiftView, green: Green) -> str:
    told = f"{green.post.number} {say('shift_card.queue_text', text=green.post.text)}"
    count = len(green.pictures)
    told = f"{told} · {say('shift_card.with_pictures', n=count)}" if count else told
    told = " · ".join([told, *(say("card.alt", alt=picture.alt) for picture in green.pictures)])
    return f"{told} · {beside(say, green.post, green.byline, view.setting.areas)}"


def handover(words: Words, view: ShiftView) -> Card:
    """What is open when a shift has ended."""
    say = Say(words, view.viewer.language)
    language = view.viewer.language
    lines = (
        words.count("shift_card.released", view.released, language),
        words.count("shift_card.waiting", len(view.waiting), language),
        words.count("shift_card.pending", view.pending, language),
        words.count("shift_card.unanswered", view.unanswered, language),
        *_first(say, [say("handover.waiting", number=post.number) for post in view.waiting]),
        *_first(say, [say("handover.late", number=n, networks=", ".join(on)) for n, on in view.handover.late]),
        *_first(say, [words.count("handover.replies", n, language, post=to) for to, n in view.handover.unanswered]),
        *_first(say, [_promise(say, promise) for promise in view.handover.promises]),
    )
    return Card(f"{view.shift.name} · {say('shift_card.handover')}", tone=Tone.AMBER, lines=lines)


def _promise(say: Say, promise: Promise) -> str:
    if promise.url is None:
        return say("handover.promised", number=promise.number, sentence=promise.sentence)
    return say("handover.promised_at", number=promise.number, sentence=promise.sentence, url=promise.url)


def _first(say: Say, lines: Sequence[str]) -> list[str]:
    """What a card has room for, and how many there are besides."""
    more = len(lines) - LISTED_AT_MOST
    return [*lines[:LISTED_AT_MOST], *([say("handover.more", n=more)] if more > 0 else [])]


def reply(words: Words, view: ReplyView) -> Card | None:
    """What somebody of the public answered, for the officer who wrote; None if they are spared it."""
    if view.reply.route is Route.KEPT and not view.viewer.has(*HIDERS):
        return None
    say = Say(words, view.viewer.language)
    heard = view.reply
    title = f"{view.post.number} · {say('reply_card.title', author=heard.author_name, network=heard.network)}"
    if view.slot.page == "answer" and heard.state in (ReplyState.NEW, ReplyState.SHOWN):
        back = button(view.slot, "page", say("card.button.back"), MAIN)
        return Card(title, quote=heard.text, ask=Ask(say("reply_card.ask")), rows=((back,),))
    if view.slot.page == "ready" and heard.state in (ReplyState.NEW, ReplyState.SHOWN):
        return ready_card(words, view.slot, view.viewer, title, heard, view.post)
    rows: tuple[tuple[Button, ...], ...] = ()
    if heard.state in (ReplyState.NEW, ReplyState.SHOWN):
        rows = (*_reply_rows(say, view), *raise_row(words, view.slot, view.viewer, heard))
    lines = (
        *triage_lines(words, view.viewer, heard),
        say("reply_card.under", text=view.post.text),
        say(f"reply_card.state.{heard.state.value}"),
    )
    tone = Tone.AMBER if heard.doubt else Tone.PLAIN
    return Card(title, tone=tone, quote=heard.text, lines=lines, rows=rows)


def _reply_rows(say: Say, view: ReplyView) -> tuple[tuple[Button, ...], ...]:
    slot = view.slot
    return (
        (
            button(slot, "page", say("reply_card.button.answer"), "answer", weight=Weight.MAIN),
            button(slot, "page", say("reply_card.button.ready"), "ready"),
        ),
        (
            button(slot, "ignore", say("reply_card.button.ignore")),
            button(slot, "desk", say("reply_card.button.desk")),
        ),
    )


def _clock(view: ShiftView, at: datetime) -> str:
    return at.astimezone(view.setting.zone).strftime("%H:%M")
