"""What cards about posts are made of: sentences, buttons, and the lines that several of them tell."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bot import delivery, parts
from bot.chat_app import AttachmentKind, Button, Card, Weight
from bot.delivery import Delivery, DeliveryState
from bot.outbox import MAIN, Slot
from bot.reception import megabytes
from bot.view import PostView
from moderation import approval
from moderation.post import Happened, PictureState, Post, PostPicture, PostState, Wait, called
from shifts.words import FIRST_LANGUAGE, Words

SEND_BACK: Final = ("identifies", "place", "live", "tone")
RECALL: Final = ("harm", "wrong", "order", "over")
LABEL: Final = 30
"""As much of a button's label as a phone shows."""
SHOWN: Final = {1: LABEL, 2: 21, 3: 13, 4: 9}
"""And of each where so many stand in a row, on a small phone."""
EMBARGOES: Final = ("15", "30", "60", "0")
UNTIL_CLEAR: Final = "scene"
LEAKS: Final = 12
"""As many times of a video as a card names."""
KINDS: Final = ("patrol", "traffic", "advice", "event", "statement", "appeal")


def button(
    slot: Slot, action: str, label: str, arg: object = "", revision: int = 0, weight: Weight = Weight.PLAIN
) -> Button:
    """A button of this card. The token is opaque to chat apps; rights are checked at every press."""
    return Button(f"{slot.id}.{action}.{arg}.{revision}", clipped(label, LABEL), weight)


def in_rows(rows: Iterable[Sequence[Button]]) -> tuple[tuple[Button, ...], ...]:
    """The same rows, but none with a label that a small phone would cut for want of room."""
    made: list[list[Button]] = []
    for row in rows:
        made.append([])
        for one in row:
            longest = max(len(each.label) for each in (*made[-1], one))
            if made[-1] and longest > SHOWN.get(len(made[-1]) + 1, 0):
                made.append([])
            made[-1].append(one)
    return tuple(tuple(row) for row in made if row)


def clipped(text: str, most: int) -> str:
    """A text that is not longer than a phone shows."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


class Say:
    """The sentences of one language."""

    def __init__(self, words: Words, language: str) -> None:
        self._words = words
        self.language = language

    def __call__(self, key: str, **fields: object) -> str:
        return self._words.say(key, self.language, **fields)

    def language_of(self, language: str) -> str:
        """The name of a language, in itself."""
        return self._words.say("language.name", language)


STALE: Final = timedelta(minutes=5)
"""A message that took longer than this to reach us may no longer be true."""
_ROUNDED: Final = 15 * 60


class CardParts:
    """The parts, in the languages that we have."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def _back(self, view: PostView) -> Button:
        return button(view.slot, "page", self._say(view)("card.button.back"), MAIN)

    def _read(self, view: PostView, card: Card) -> Card:
        """The part of a card that its slot shows. The main buttons stand where all of it has been shown."""
        made = parts.parts(card)
        number = parts.number_of(view.slot.page, made)
        if len(made) == 1:
            return card
        rows = list(card.rows)
        if number + 1 < len(made):
            page = parts.page_of(view.slot.page, made, number + 1)
            on = button(view.slot, "page", self._say(view)("card.button.read_on"), page, weight=Weight.MAIN)
            kept = [tuple(b for b in row if b.weight is not Weight.MAIN) for row in rows]
            rows = [(on, *(kept or [()])[0]), *kept[1:]]
        if number and parts.base(view.slot.page) == MAIN:
            rows.append((self._back(view),))
        title = f"{card.title} · {number + 1}/{len(made)}"
        return replace(made[number], title=title, rows=tuple(row for row in rows if row))

    def _state(self, view: PostView) -> str:
        post = view.post
        if post.state is PostState.RELEASED and not any(d.state is DeliveryState.SENT for d in view.deliveries):
            return "approved"
        return post.state.value.replace(" ", "_")

    def _outcome_lines(self, view: PostView) -> list[str]:
        say, post = self._say(view), view.post
        match post.state:
            case PostState.APPROVED:
                return [say("tutorial.yes") if post.lesson else self._going_out(view)]
            case PostState.RELEASED | PostState.RECALLED:
                by = view.corrected_by
                return [
                    *([say("correction.by", number=by)] if by is not None else []),
                    *(self._delivery_line(view, each) for each in view.deliveries),
                ]
            case PostState.SENT_BACK:
                why = view.own_words or say(f"card.reason.{post.outcome}")
                return [say("card.sent_back_because", why=why), *(self._reason_lines(view) if post.lesson else [])]
            case PostState.BLOCKED | PostState.DIVERTED:
                lines = self._reason_lines(view)
                template = self._template(post)
                return [*lines, say("card.instead", text=say(template))] if template else lines
            case PostState.EXPIRED:
                return [say("card.expired_because")]
            case _:
                return []

    def _delivery_line(self, view: PostView, row: Delivery) -> str:
        network = self._network(view, row.network)
        return self._say(view)(delivery.told(row), network=network, url=row.url or "").strip()

    def _going_out(self, view: PostView) -> str:
        say, post = self._say(view), view.post
        if view.shift.frozen_at is not None:
            return say("card.held_by_freeze", officer=view.name(post.approved_by))
        if post.wait is Wait.SCENE and post.wait_over_at is None:
            return say("card.approved_scene", officer=view.name(post.approved_by))
        if post.embargo_until is not None and post.embargo_until > (post.undo_until or view.now):
            at = view.clock(post.embargo_until)
            return say("card.approved_embargo", officer=view.name(post.approved_by), at=at)
        return say("card.publishing", officer=view.name(post.approved_by), seconds=round(view.setting.undo_seconds))

    def _reason_lines(self, view: PostView) -> list[str]:
        say = self._say(view)
        return [
            f"{'⚠ ' if reason['verdict'] in ('FLAG', 'HOLD', 'ESC', 'BLOCK') else ''}{say(reason['words'])}"
            for reason in view.post.reasons
        ]

    def _picture_lines(self, view: PostView) -> list[str]:
        say = self._say(view)
        lines: list[str] = []
        for picture in view.pictures:
            if picture.state in (PictureState.WANTED, PictureState.HELD):
                lines += self._coming(view, picture)
                continue
            lines.append(self._covered_line(view, picture))
            if picture.first_frame:
                lines.append(say("card.first_frame"))
            lines.append(say("card.alt", alt=picture.alt))
            if picture.read:
                kinds = ", ".join(f"{number} {say(f'card.label.{kind}')}" for kind, number in picture.read.items())
                lines.append(say("card.read_in", kinds=kinds))
            if picture.leftover:
                lines.append(say("card.leftover"))
            if picture.leaks:
                lines.append(say("card.leaks", times=", ".join(minutes(at) for at in picture.leaks[:LEAKS])))
        told = {"number": called(view.post.number), "megabytes": megabytes(view.setting.app_bytes, view.post.app)}
        lines += [say(key, **told) for key in view.refused]
        return lines

    def _described(self, view: PostView) -> list[str]:
        """What each picture is said to show, on every page that has *Publish*: a tap on it says that it does."""
        alts = [self._say(view)("card.alt", alt=picture.alt) for picture in view.pictures if picture.alt]
        return [*alts, self._say(view)("card.vouched")] if alts else []

    def _coming(self, view: PostView, picture: PostPicture) -> list[str]:
        """One that has not been covered yet; of a video, how much of it has."""
        say = self._say(view)
        film = picture.kind == AttachmentKind.VIDEO.value
        if film and picture.state is PictureState.HELD:
            anew = [say("card.covered_anew")] if picture.sha256 else []
            return [*anew, say("card.video_progress", percent=picture.progress)]
        return [say("card.covered_anew" if picture.sha256 else "card.video_coming" if film else "card.picture_coming")]

    def _covered_line(self, view: PostView, picture: PostPicture) -> str:
        say, words = self._say(view), self._words
        parts = [words.count(f"card.box.{kind}", number, view.language) for kind, number in picture.counts.items()]
        covered = ", ".join(parts) or say("card.nothing_covered")
        if picture.video is None:
            return say("card.photo", covered=covered)
        key = "card.video_sound" if picture.sound else "card.video"
        return say(key, length=minutes(picture.seconds), covered=covered)

    def _correction_lines(self, view: PostView) -> list[str]:
        """Of a correction: which post it corrects, and the line that the public reads with it."""
        told = view.post.correction
        if view.post.corrects is None:
            return []
        return [self._say(view)("correction.of", number=told["number"], line=told["line"])]

    def _network(self, view: PostView, name: str) -> str:
        """A network as people call it; one that no language file knows goes by its name in the configuration."""
        key = f"network.{name}"
        known = self._words.keys(FIRST_LANGUAGE)
        return self._say(view)(key) if key in known else name.capitalize()

    def _time_lines(self, view: PostView) -> list[str]:
        """When it happened, as its author says, and what it waits for."""
        say, post = self._say(view), view.post
        lines = [self._happened(view, post.happened)] if post.happened else []
        if post.wait is Wait.SCENE and post.wait_over_at is not None and post.state is PostState.WAITING:
            lines.append(say("card.scene_clear"))
        if post.embargo_until is not None and post.embargo_until > view.now and post.state is PostState.WAITING:
            lines.append(say("card.embargo", at=view.clock(post.embargo_until)))
        if post.state is PostState.WAITING and approval.unmet(post):
            roles = ", ".join(say(f"rehearsal.role.{role}") for role in approval.settlers(post))
            lines.append(say("card.held", roles=roles))
        return lines

    def _happened(self, view: PostView, happened: Happened) -> str:
        say = self._say(view)
        match happened:
            case Happened.NOW:
                return say("card.happened.now")
            case Happened.TONIGHT:
                return say("card.happened.tonight")
            case Happened.TEN | Happened.THIRTY | Happened.SIXTY:
                at = rounded(view.post.sent_at - timedelta(minutes=int(happened)))
                return say("card.happened.about", at=view.clock(at))

    def _template(self, post: Post) -> str | None:
        return next((str(reason["template"]) for reason in post.reasons if reason.get("template")), None)

    def _may_change(self, post: Post) -> bool:
        return post.state in (PostState.RECEIVED, PostState.WAITING, PostState.SENT_BACK)

    def _say(self, view: PostView) -> "Say":
        return Say(self._words, view.language)


def minutes(seconds: float) -> str:
    """A time in a video: 0:07."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def rounded(at: datetime) -> datetime:
    """A time to the quarter of an hour: exact times say where a patrol was."""
    return datetime.fromtimestamp(round(at.timestamp() / _ROUNDED) * _ROUNDED, UTC)
