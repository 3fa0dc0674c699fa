"""Cards: what a person sees about a post, told in their own language. Plain functions from a view to a Card."""

import difflib
from collections import Counter
from collections.abc import Sequence
from typing import Final

from bot.chat_app import Ask, Button, Card, Tone, Weight
from bot.delivery import DeliveryState
from bot.lengths import length
from bot.outbox import MAIN, Slot
from bot.view import PostView
from moderation import approval
from moderation.post import POSTS, PictureState, Post, PostState, Wait
from shifts.words import Words

SEND_BACK: Final = ("identifies", "place", "live", "tone")
RECALL: Final = ("harm", "wrong", "order", "over")
KINDS: Final = ("patrol", "traffic", "advice", "event", "statement")


def button(
    slot: Slot, action: str, label: str, arg: object = "", revision: int = 0, weight: Weight = Weight.PLAIN
) -> Button:
    """A button of this card. The token is opaque to chat apps; rights are checked at every press."""
    return Button(f"{slot.id}.{action}.{arg}.{revision}", label, weight)


class PostCards:
    """The cards about posts, in the languages that we have."""

    def __init__(self, words: Words) -> None:
        self._words = words

    # What the author sees

    def author(self, view: PostView) -> Card:
        """The officer's one card, through every state of the post."""
        say = self._say(view)
        post = view.post
        title = f"{post.number} · {view.shift.name} · {say(f'card.state.{self._state(view)}')}"
        if view.slot.page in ("change", "alt") and self._may_change(post):
            return self._author_ask(view, title)
        if view.slot.page == "kind" and self._may_change(post):
            rows = tuple((button(view.slot, "kind", say(f"card.kind.{kind}"), kind),) for kind in KINDS)
            return Card(title, lines=(say("card.which_kind"),), rows=(*rows, (self._back(view),)))
        lines = [*self._outcome_lines(view), *self._author_redactions(view), *self._picture_lines(view)]
        if (
            post.wait is Wait.SCENE
            and post.wait_over_at is None
            and post.state in (PostState.WAITING, PostState.APPROVED)
        ):
            lines.append(say("card.waits_for_scene"))
        if post.drafted != post.revision and post.state in (PostState.RECEIVED, PostState.WAITING):
            lines.append(say("card.checking"))
        return Card(
            title,
            tone=self._author_tone(post),
            pictures=view.shown_pictures(),
            quote=post.text or None,
            lines=tuple(lines),
            rows=self._author_rows(view),
        )

    def _author_ask(self, view: PostView, title: str) -> Card:
        say = self._say(view)
        if view.slot.page == "change":
            ask = Ask(say("card.ask.change"), view.source or "")
        else:
            first = next((p for p in view.pictures), None)
            ask = Ask(say("card.ask.alt"), first.alt if first else "")
        return Card(title, ask=ask, rows=((self._back(view),),))

    def _author_rows(self, view: PostView) -> tuple[tuple[Button, ...], ...]:
        say, slot, post = self._say(view), view.slot, view.post
        rows: list[tuple[Button, ...]] = []
        waits = post.wait is Wait.SCENE and post.wait_over_at is None
        if waits and post.state in (PostState.WAITING, PostState.APPROVED):
            rows.append((button(slot, "clear", say("card.button.clear"), weight=Weight.MAIN),))
        if self._may_change(post):
            change = [button(slot, "page", say("card.button.change"), "change")]
            if view.pictures:
                change.append(button(slot, "page", say("card.button.alt"), "alt"))
            change.append(button(slot, "page", say("card.button.kind"), "kind"))
            rows.append(tuple(change))
        template = self._template(post)
        if post.state is PostState.BLOCKED and template:
            rows.append((button(slot, "template", say("card.button.template"), weight=Weight.MAIN),))
        if post.state is PostState.DIVERTED:
            rows.append((button(slot, "notapost", say("card.button.not_a_post")),))
        if PostState.WITHDRAWN in POSTS.moves.get(post.state, frozenset()):
            rows.append((button(slot, "drop", say("card.button.drop"), weight=Weight.DANGER),))
        return tuple(rows)

    def _author_redactions(self, view: PostView) -> list[str]:
        """What was taken out, with the words: they stand on their author's own card alone."""
        if view.source is None or view.post.edited_by is not None:
            return []
        say = self._say(view)
        lines: list[str] = []
        for redaction in view.post.redactions:
            if redaction["lifted"]:
                continue
            removed = view.source[redaction["start"] : redaction["end"]]
            key = "card.replaced" if redaction["replacement"] else "card.removed"
            lines.append(say(key, number=redaction["number"], words=removed, replacement=redaction["replacement"]))
        return lines

    # What somebody who decides sees

    def decider(self, view: PostView) -> Card:
        """The card of a sergeant, an inspector or the press office."""
        post = view.post
        if post.state is PostState.WAITING:
            match view.slot.page:
                case "edit":
                    return self._ask(view, Ask(self._say(view)("card.ask.edit"), post.text))
                case "own":
                    return self._ask(view, Ask(self._say(view)("card.ask.own")))
                case "alt":
                    return self._ask(
                        view, Ask(self._say(view)("card.ask.alt"), view.pictures[0].alt if view.pictures else "")
                    )
                case "ticks":
                    return self._ticks(view)
                case "words":
                    return self._suggested(view)
                case "back":
                    return self._send_back(view)
                case "redactions":
                    return self._redactions(view)
                case _:
                    return self._waiting(view)
        if post.state is PostState.RELEASED and view.slot.page == "recall":
            return self._recall(view)
        return self._decided(view)

    def _waiting(self, view: PostView) -> Card:
        say, post = self._say(view), view.post
        missing = approval.missing(post, view.pictures)
        lines = [
            *self._claim_lines(view),
            *self._reply_lines(view),
            *self._reason_lines(view),
            *self._removed_lines(view),
            *self._picture_lines(view),
            *self._suggestion_lines(view),
            *self._difference_lines(view),
            *self._length_lines(view),
        ]
        if missing.checks:
            lines.append(say("card.checking_pictures" if view.pictures else "card.checking"))
        if post.wait is Wait.SCENE and post.wait_over_at is None:
            lines.append(say("card.scene_not_clear", officer=view.author.call_sign))
        if post.approvals:
            lines.append(say("card.one_of_two", officer=view.name(post.approvals[0])))
        return Card(
            self._decider_title(view),
            tone=self._tone(post),
            pictures=view.shown_pictures(),
            quote=post.text,
            marks=self._marks(post),
            lines=tuple(lines),
            rows=self._waiting_rows(view, missing),
        )

    def _waiting_rows(self, view: PostView, missing: approval.Missing) -> tuple[tuple[Button, ...], ...]:
        say, slot, post = self._say(view), view.slot, view.post
        first: list[Button] = []
        if missing.condition and missing.condition in view.viewer.roles:
            first.append(button(slot, "met", say("card.button.met"), "", post.revision, Weight.MAIN))
        elif not (missing.checks or missing.condition or self._too_long(view)):
            first.append(button(slot, "publish", say("card.button.publish"), "", post.revision, Weight.MAIN))
        first += [
            button(slot, "page", say("card.button.edit"), "edit"),
            button(slot, "page", say("card.button.send_back"), "back"),
        ]
        second = [button(slot, "original", say("card.button.original"))]
        if post.redactions:
            second.append(button(slot, "page", say("card.button.redactions"), "redactions"))
        if view.pictures:
            second.append(button(slot, "page", say("card.button.alt"), "alt"))
        if "inspector" not in view.viewer.roles and post.level < 3:
            second.append(button(slot, "inspector", say("card.button.inspector")))
        return (tuple(first), tuple(second))

    def _ticks(self, view: PostView) -> Card:
        say, slot, post = self._say(view), view.slot, view.post
        rows: list[tuple[Button, ...]] = []
        for index, tick in enumerate(approval.ticks(post)):
            sign = "☑" if tick in post.ticks else "☐"
            rows.append((button(slot, "tick", f"{sign} {say(tick)}", index, post.revision),))
        if all(tick in post.ticks for tick in approval.ticks(post)):
            rows.append((button(slot, "publish", say("card.button.publish"), "", post.revision, Weight.MAIN),))
        rows.append((self._back(view),))
        return self._page(view, [say("card.tick_each"), *self._reason_lines(view)], rows)

    def _suggested(self, view: PostView) -> Card:
        say, slot, post = self._say(view), view.slot, view.post
        missing = approval.missing(post, view.pictures).suggestions
        rows: list[tuple[Button, ...]] = []
        lines: list[str] = []
        for index, key in enumerate(missing):
            shown = next(s for s in post.suggestions if s["key"] == key)
            word = post.text[shown["start"] : shown["end"]]
            lines.append(say("card.stays", word=word))
            rows.append(
                (
                    button(slot, "keep", say("card.button.keep", word=word), index, post.revision),
                    button(slot, "cover", say("card.button.cover", word=word), index, post.revision),
                )
            )
        if not missing:
            rows.append((button(slot, "publish", say("card.button.publish"), "", post.revision, Weight.MAIN),))
        rows.append((self._back(view),))
        return self._page(view, lines, rows)

    def _send_back(self, view: PostView) -> Card:
        say, slot, post = self._say(view), view.slot, view.post
        rows = [
            (button(slot, "sendback", say(f"card.reason.{reason}"), reason, post.revision),) for reason in SEND_BACK
        ]
        rows += [(button(slot, "page", say("card.button.own"), "own"),), (self._back(view),)]
        return self._page(view, [say("card.why_back")], rows)

    def _redactions(self, view: PostView) -> Card:
        """Number, kind and replacement; never the words. A hard one is locked."""
        say, slot, post = self._say(view), view.slot, view.post
        rows: list[tuple[Button, ...]] = []
        lines: list[str] = []
        for index, redaction in enumerate(post.redactions):
            label = say(f"card.label.{redaction['label']}")
            replaced = redaction["replacement"] or "–"
            lines.append(f"{redaction['number']} {label} → {replaced}" + (" 🔒" if redaction["hard"] else ""))
            if not redaction["hard"]:
                action = "card.button.cover" if redaction["lifted"] else "card.button.lift"
                rows.append(
                    (button(slot, "toggle", say(action, word=f"{redaction['number']} {label}"), index, post.revision),)
                )
        rows.append((self._back(view),))
        return self._page(view, lines, rows)

    def _recall(self, view: PostView) -> Card:
        say, slot = self._say(view), view.slot
        where = ", ".join(d.network for d in view.deliveries if d.state is DeliveryState.SENT)
        rows = [
            (button(slot, "recall", say(f"card.recall.{reason}"), reason, weight=Weight.DANGER),) for reason in RECALL
        ]
        rows.append((self._back(view),))
        return self._page(view, [say("card.recall_what", where=where)], rows)

    def _decided(self, view: PostView) -> Card:
        say, slot, post = self._say(view), view.slot, view.post
        rows: tuple[tuple[Button, ...], ...] = ()
        if post.state is PostState.APPROVED and post.undo_until is not None and post.undo_until > view.now:
            rows = ((button(slot, "undo", say("card.button.undo"), weight=Weight.DANGER),),)
        if post.state is PostState.RELEASED:
            rows = ((button(slot, "page", say("card.button.recall"), "recall"),),)
        return Card(
            self._decider_title(view),
            tone=Tone.GREY if post.state is not PostState.APPROVED else Tone.GREEN,
            quote=post.text or None,
            lines=tuple(self._outcome_lines(view)),
            rows=rows,
        )

    def original(self, view: PostView) -> Card:
        """The words as sent, for the claimer, gone after a minute."""
        say = self._say(view)
        title = f"{view.post.number} · {say('card.original')}"
        return Card(title, tone=Tone.RED, quote=view.source or "", lines=(say("card.original_gone"),))

    # Parts

    def _page(self, view: PostView, lines: Sequence[str], rows: Sequence[tuple[Button, ...]]) -> Card:
        return Card(
            self._decider_title(view),
            tone=self._tone(view.post),
            pictures=view.shown_pictures(),
            quote=view.post.text,
            marks=self._marks(view.post),
            lines=tuple(lines),
            rows=tuple(rows),
        )

    def _ask(self, view: PostView, ask: Ask) -> Card:
        return Card(self._decider_title(view), tone=self._tone(view.post), ask=ask, rows=((self._back(view),),))

    def _back(self, view: PostView) -> Button:
        return button(view.slot, "page", self._say(view)("card.button.back"), MAIN)

    def _decider_title(self, view: PostView) -> str:
        say, post = self._say(view), view.post
        if post.state is PostState.WAITING:
            state = say(f"card.tone.{self._tone(post).value}")
        else:
            state = say(f"card.state.{self._state(view)}")
        return f"{post.number} · {state} · {view.author.call_sign}, {view.shift.name} · {view.clock(post.sent_at)}"

    def _state(self, view: PostView) -> str:
        post = view.post
        if post.state is PostState.RELEASED and not any(d.state is DeliveryState.SENT for d in view.deliveries):
            return "approved"
        return post.state.value.replace(" ", "_")

    def _outcome_lines(self, view: PostView) -> list[str]:
        say, post = self._say(view), view.post
        match post.state:
            case PostState.APPROVED:
                return [self._going_out(view)]
            case PostState.RELEASED | PostState.RECALLED:
                return [
                    say(f"card.delivery.{d.state.value}", network=d.network, url=d.url or "").strip()
                    for d in view.deliveries
                ]
            case PostState.SENT_BACK:
                why = view.own_words or say(f"card.reason.{post.outcome}")
                return [say("card.sent_back_because", why=why)]
            case PostState.BLOCKED | PostState.DIVERTED:
                lines = self._reason_lines(view)
                template = self._template(post)
                return [*lines, say("card.instead", text=say(template))] if template else lines
            case PostState.EXPIRED:
                return [say("card.expired_because")]
            case _:
                return []

    def _going_out(self, view: PostView) -> str:
        say, post = self._say(view), view.post
        if post.wait is Wait.SCENE and post.wait_over_at is None:
            return say("card.approved_scene", officer=view.name(post.approved_by))
        return say("card.publishing", officer=view.name(post.approved_by), seconds=round(view.setting.undo_seconds))

    def _reason_lines(self, view: PostView) -> list[str]:
        say = self._say(view)
        return [
            f"{'⚠ ' if reason['verdict'] in ('FLAG', 'HOLD', 'ESC', 'BLOCK') else ''}{say(reason['words'])}"
            for reason in view.post.reasons
        ]

    def _removed_lines(self, view: PostView) -> list[str]:
        say = self._say(view)
        kinds = Counter(r["label"] for r in view.post.redactions if not r["lifted"])
        if not kinds:
            return []
        parts = ", ".join(f"{number} {say(f'card.label.{label}')}" for label, number in kinds.items())
        return [say("card.removed_kinds", parts=parts)]

    def _picture_lines(self, view: PostView) -> list[str]:
        say, words = self._say(view), self._words
        lines: list[str] = []
        for picture in view.pictures:
            if picture.state in (PictureState.WANTED, PictureState.HELD):
                lines.append(say("card.picture_coming"))
                continue
            kinds = Counter(box["kind"] for index, box in enumerate(picture.boxes) if index not in picture.lifted)
            parts = [words.count(f"card.box.{kind}", number, view.language) for kind, number in kinds.items()]
            covered = ", ".join(parts) or say("card.nothing_covered")
            lines.append(say("card.photo", covered=covered))
            lines.append(say("card.alt", alt=picture.alt))
            if picture.leftover:
                lines.append(say("card.leftover"))
        lines += [say(key) for key in view.refused]
        return lines

    def _suggestion_lines(self, view: PostView) -> list[str]:
        keys = approval.missing(view.post, view.pictures).suggestions
        if not keys:
            return []
        spots = [next(s for s in view.post.suggestions if s["key"] == key) for key in keys]
        listed = ", ".join(view.post.text[s["start"] : s["end"]] for s in spots)
        return [self._say(view)("card.suggested", words=listed)]

    def _difference_lines(self, view: PostView) -> list[str]:
        before, after = view.post.before_edit, view.post.text
        if before is None or view.post.drafted != view.post.revision:
            return []
        return [self._say(view)("card.difference", difference=difference(before, after))]

    def _length_lines(self, view: PostView) -> list[str]:
        parts = []
        for network, limits in view.setting.limits.items():
            price = f" ${limits.dollars:.3f}" if limits.dollars else ""
            parts.append(f"{network} {length(view.post.text, limits)}/{limits.characters}{price}")
        lines = [" · ".join(parts)] if parts else []
        too_long = self._too_long(view)
        return [*lines, self._say(view)("card.too_long", networks=", ".join(too_long))] if too_long else lines

    def _too_long(self, view: PostView) -> list[str]:
        return [
            name for name, limits in view.setting.limits.items() if length(view.post.text, limits) > limits.characters
        ]

    def _claim_lines(self, view: PostView) -> list[str]:
        post = view.post
        if post.claimed_by in (None, view.viewer.id) or post.claimed_until is None or post.claimed_until <= view.now:
            return []
        return [self._say(view)("card.claimed", officer=view.name(post.claimed_by))]

    def _reply_lines(self, view: PostView) -> list[str]:
        if view.reply is None:
            return []
        return [self._say(view)("card.answers", author=view.reply.author_name, text=view.reply.text)]

    def _template(self, post: Post) -> str | None:
        return next((str(reason["template"]) for reason in post.reasons if reason.get("template")), None)

    def _marks(self, post: Post) -> tuple[tuple[int, int], ...]:
        open_ones = [s for s in post.suggestions if s["key"] not in (*post.lifted, *post.covered)]
        return tuple((s["start"], s["end"]) for s in open_ones)

    def _may_change(self, post: Post) -> bool:
        return post.state in (PostState.RECEIVED, PostState.WAITING, PostState.SENT_BACK)

    def _tone(self, post: Post) -> Tone:
        match post.verdict:
            case "FLAG" | "HOLD":
                return Tone.AMBER
            case "ESC":
                return Tone.RED
            case _:
                return Tone.AMBER if any(reason["verdict"] == "FLAG" for reason in post.reasons) else Tone.GREEN

    def _author_tone(self, post: Post) -> Tone:
        match post.state:
            case PostState.APPROVED | PostState.RELEASED:
                return Tone.GREEN
            case PostState.SENT_BACK:
                return Tone.AMBER
            case PostState.BLOCKED | PostState.DIVERTED:
                return Tone.RED
            case PostState.WITHDRAWN | PostState.EXPIRED | PostState.RECALLED:
                return Tone.GREY
            case PostState.RECEIVED | PostState.WAITING:
                return Tone.PLAIN

    def _say(self, view: PostView) -> "Say":
        return Say(self._words, view.language)


class Say:
    """The sentences of one language."""

    def __init__(self, words: Words, language: str) -> None:
        self._words = words
        self.language = language

    def __call__(self, key: str, **fields: object) -> str:
        return self._words.say(key, self.language, **fields)


def difference(before: str, after: str) -> str:
    """The word difference of two public texts: [-taken out-] {+put in+}."""
    old, new = before.split(), after.split()
    parts: list[str] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts += old[a:b] if b - a <= 4 else [*old[a : a + 2], "…", *old[b - 2 : b]]
        if kind in ("replace", "delete"):
            parts.append(f"[−{' '.join(old[a:b])}]")
        if kind in ("replace", "insert"):
            parts.append(f"[+{' '.join(new[c:d])}]")
    return " ".join(parts)
