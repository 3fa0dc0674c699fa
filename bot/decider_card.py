"""The card of a sergeant, an inspector or the press office: what would be public, what is worrying, and the buttons."""

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bot import judging, parts
from bot.beside import beside
from bot.card_parts import EMBARGOES, LABEL, RECALL, SEND_BACK, STALE, UNTIL_CLEAR, button, clipped, in_rows
from bot.chat_app import Ask, Button, Card, Tone, Weight
from bot.delivery import DeliveryState
from bot.fix_parts import FixParts
from bot.greens import taken, told, too_long
from bot.prices import price
from bot.view import PostView
from moderation import approval
from moderation.finding import Label
from moderation.post import PictureState, Post, PostState, Wait

MINORS = "D"
MAY_BE_MINORS = (judging.FACES.code, "pictured minor")
"""The category of what is about minors; and what else may show one."""
WORD = 9
"""As much of a word as fits into a button beside what the button does."""


class DeciderCards(FixParts):
    """Every page of that card. Removed words stand on none of them."""

    def decider(self, view: PostView) -> Card:
        """The card of a sergeant, an inspector or the press office."""
        card = self._card(view)
        return replace(card, rows=in_rows(card.rows))

    def _card(self, view: PostView) -> Card:
        if view.post.state is PostState.WAITING:
            return self._pages(view)
        if view.post.state is PostState.RELEASED and view.slot.page == "recall":
            return self._recall(view)
        return self._decided(view)

    def _pages(self, view: PostView) -> Card:
        say = self._say(view)
        asks = {
            "edit": Ask(say("card.ask.edit"), view.post.text),
            "own": Ask(say("card.ask.own")),
            "alt": Ask(say("card.ask.alt"), "\n".join(picture.alt for picture in view.pictures)),
        }
        if view.slot.page in asks:
            return self._ask(view, asks[view.slot.page])
        if (fix := self._fix(view, self._decider_title(view))) is not None:
            return fix
        pages = {
            "ticks": self._ticks,
            "words": self._suggested,
            "back": self._send_back,
            "redactions": self._redactions,
            "wait": self._wait,
        }
        return self._read(view, pages.get(parts.base(view.slot.page), self._waiting)(view))

    def _waiting(self, view: PostView) -> Card:
        say, post = self._say(view), view.post
        missing = approval.missing(post, view.pictures)
        lines = [
            *self._picture_lines(view),
            *self._described(view)[-1:],
            *self._claim_lines(view),
            *self._late_lines(view),
            *self._correction_lines(view),
            *self._reply_lines(view),
            *self._reason_lines(view),
            *self._removed_lines(view),
            *self._suggestion_lines(view),
            *([] if missing.checks else self._none_lines(view, missing)),
            *self._difference_lines(view),
            self._beside_line(view),
            *self._length_lines(view),
        ]
        lines += self._time_lines(view)
        if missing.checks:
            lines.append(say("card.checking_pictures" if view.pictures else "card.checking"))
        if post.wait is Wait.SCENE and post.wait_over_at is None:
            lines.append(say("card.scene_not_clear", officer=view.author.call_sign))
        lines += self._two_lines(view)
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
        if missing.condition and {*approval.settlers(post)} & {*view.viewer.roles}:
            first.append(button(slot, "met", say("card.button.met"), "", post.revision, Weight.MAIN))
        elif not (missing.checks or missing.condition or self._too_long(view) or self._has_spoken(view)):
            first.append(self._publish(view))
        edit = button(slot, "page", say("card.button.edit"), "edit")
        first += [
            replace(edit, asks=Ask(say("card.ask.edit"), post.text)),
            button(slot, "page", say("card.button.send_back"), "back"),
        ]
        second = [button(slot, "original", say("card.button.original"))]
        if post.redactions:
            second.append(button(slot, "page", say("card.button.redactions"), "redactions"))
        second.append(button(slot, "page", say("card.button.wait"), "wait"))
        if "inspector" not in view.viewer.roles and not (post.inspector_asked or post.level >= 3):
            second.append(button(slot, "inspector", say("card.button.inspector")))
        rows = [tuple(first), tuple(second)]
        if view.fixable:
            fix = button(slot, "page", say("card.button.fix"), "fix")
            rows.append((fix, button(slot, "page", say("card.button.alt"), "alt"), *self._sound_buttons(view)))
        return tuple(rows)

    def _has_spoken(self, view: PostView) -> bool:
        """Whether it is for somebody else now: this person has agreed, or has edited more into it than was there."""
        return view.viewer.id in view.post.approvals or approval.own_words(view.post, view.viewer.id)

    def _publish(self, view: PostView) -> Button:
        """The button that publishes what this card shows, and nothing else."""
        seen = approval.seen(view.post, view.pictures, view.author.byline)
        label = self._say(view)("card.button.publish")
        return button(view.slot, "publish", label, seen, view.post.revision, Weight.MAIN)

    def _beside_line(self, view: PostView) -> str:
        """What the public reads beside the words."""
        return beside(self._say(view), view.post, view.author.byline, view.setting.areas)

    def _sound_buttons(self, view: PostView) -> list[Button]:
        """A video has no sound unless a decider wants it to be heard."""
        films = [picture for picture in view.pictures if picture.video and picture.state is PictureState.FINISHED]
        say, revision = self._say(view), view.post.revision
        return [
            button(view.slot, "sound", say(f"card.button.sound_{'off' if film.sound else 'on'}"), film.id, revision)
            for film in films
        ]

    def _ticks(self, view: PostView) -> Card:
        say, slot, post = self._say(view), view.slot, view.post
        rows: list[tuple[Button, ...]] = []
        long: list[str] = []
        for index, tick in enumerate(approval.ticks(post)):
            sign = "☑" if tick in post.ticks else "☐"
            rows.append((button(slot, "tick", f"{sign} {say(tick)}", index, post.revision),))
            if len(say(tick)) > LABEL - 2:
                long.append(f"{sign} {say(tick)}")
        if all(tick in post.ticks for tick in approval.ticks(post)):
            rows.append((self._publish(view),))
        rows.append((self._back(view),))
        lines = [
            *self._described(view),
            say("card.tick_each"),
            *self._reason_lines(view),
            *long,
            self._beside_line(view),
        ]
        return self._page(view, lines, rows)

    def _suggested(self, view: PostView) -> Card:
        say, slot, post = self._say(view), view.slot, view.post
        missing = approval.missing(post, view.pictures).suggestions
        rows: list[tuple[Button, ...]] = []
        lines: list[str] = []
        for key in missing:
            index = approval.suggested(post).index(key)
            shown = next(s for s in post.suggestions if s["key"] == key)
            word = post.text[shown["start"] : shown["end"]]
            lines.append(say("card.stays", word=word))
            rows.append(
                (
                    button(slot, "keep", say("card.button.keep", word=clipped(word, WORD)), index, post.revision),
                    button(slot, "cover", say("card.button.cover", word=clipped(word, WORD)), index, post.revision),
                )
            )
        if not missing:
            rows.append((self._publish(view),))
        rows.append((self._back(view),))
        return self._page(view, [*self._described(view), *lines, self._beside_line(view)], rows)

    def _send_back(self, view: PostView) -> Card:
        say, slot, post = self._say(view), view.slot, view.post
        rows = [
            (button(slot, "sendback", say(f"card.reason.{reason}"), reason, post.revision),) for reason in SEND_BACK
        ]
        own = replace(button(slot, "page", say("card.button.own"), "own"), asks=Ask(say("card.ask.own")))
        rows += [(own,), (self._back(view),)]
        return self._page(view, [say("card.why_back")], rows)

    def _wait(self, view: PostView) -> Card:
        say, slot = self._say(view), view.slot
        held = view.post.embargo_until is not None and view.post.embargo_until > view.now
        minutes = [minute for minute in EMBARGOES if minute != "0" or held]
        rows = [tuple(button(slot, "wait", say(f"card.wait.{minute}"), minute) for minute in minutes)]
        if view.post.wait is not Wait.SCENE or view.post.wait_over_at is not None:
            rows.append((button(slot, "wait", say("card.wait.scene"), UNTIL_CLEAR),))
        rows.append((self._back(view),))
        return self._page(view, [say("card.wait_how_long"), *self._time_lines(view)], rows)

    def _redactions(self, view: PostView) -> Card:
        """Number, kind and replacement; never the words. A hard one is locked."""
        say, slot, post = self._say(view), view.slot, view.post
        rows: list[tuple[Button, ...]] = []
        lines: list[str] = []
        for index, redaction in enumerate(post.redactions):
            label = say(f"card.label.{redaction['label']}")
            replaced = redaction["replacement"] or "–"
            lines.append(
                f"{redaction['number']} {label} → {replaced}"
                + (f" 🔒 {say('card.locked')}" if redaction["hard"] else "")
            )
            if not redaction["hard"]:
                action = "card.button.cover" if redaction["lifted"] else "card.button.lift"
                rows.append(
                    (button(slot, "toggle", say(action, word=f"{redaction['number']} {label}"), index, post.revision),)
                )
        rows.append((self._back(view),))
        return self._page(view, lines, rows)

    def _recall(self, view: PostView) -> Card:
        say, slot = self._say(view), view.slot
        sent = [d.network for d in view.deliveries if d.state is DeliveryState.SENT]
        where = ", ".join(self._network(view, name) for name in sent) or "–"
        rows = [
            (button(slot, "recall", say(f"card.recall.{reason}"), reason, weight=Weight.DANGER),) for reason in RECALL
        ]
        rows.append((self._back(view),))
        return self._page(view, [say("card.recall_what", where=where)], rows)

    def _decided(self, view: PostView) -> Card:
        say, slot, post = self._say(view), view.slot, view.post
        rows: tuple[tuple[Button, ...], ...] = ()
        if post.state is PostState.APPROVED:
            rows = ((button(slot, "undo", say("card.button.undo"), weight=Weight.DANGER),),)
        if post.state is PostState.RELEASED:
            correct = button(slot, "correct", say("card.button.correct"))
            recall = button(slot, "page", say("card.button.recall"), "recall")
            rows = ((recall,),) if post.thread else ((correct, recall),)
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

    def _decider_title(self, view: PostView) -> str:
        say, post = self._say(view), view.post
        if post.state is PostState.WAITING:
            state = say(f"card.tone.{self._tone(post).value}")
        else:
            state = say(f"card.state.{self._state(view)}")
        return f"{post.number} · {state} · {view.author.call_sign}, {view.shift.name} · {view.clock(post.sent_at)}"

    def _removed_lines(self, view: PostView) -> list[str]:
        say = self._say(view)
        kinds = Counter((r["label"], r["replacement"]) for r in view.post.redactions if not r["lifted"])
        if not kinds:
            return []
        parts = ", ".join(
            f"{number} {say(f'card.label.{label}')}" + (f" → “{replacement}”" if replacement else "")
            for (label, replacement), number in kinds.items()
        )
        return [say("card.removed_kinds", parts=parts)]

    def _suggestion_lines(self, view: PostView) -> list[str]:
        keys = approval.missing(view.post, view.pictures).suggestions
        if not keys:
            return []
        spots = [next(s for s in view.post.suggestions if s["key"] == key) for key in keys]
        listed = ", ".join(view.post.text[s["start"] : s["end"]] for s in spots)
        return [self._say(view)("card.suggested", words=listed)]

    def _none_lines(self, view: PostView, missing: approval.Missing) -> list[str]:
        """What was looked for and is not there: that nothing is said of it could mean that nobody looked."""
        say, post = self._say(view), view.post
        named = any(found["label"] == Label.PERSON for found in (*post.redactions, *post.suggestions))
        named = named or any((picture.read or {}).get(Label.PERSON) for picture in view.pictures)
        minors = any(reason.get("category") == MINORS or reason["code"] in MAY_BE_MINORS for reason in post.reasons)
        kinds = [say("card.label.PERSON")] * (not named) + [say("card.minor")] * (not minors)
        lines = [say("card.none_found", kinds=", ".join(kinds))] if kinds else []
        return lines if missing.suggestions else [*lines, say("card.suggested_none")]

    def _difference_lines(self, view: PostView) -> list[str]:
        before, after = view.post.before_edit, view.post.text
        if before is None or before == after or view.post.drafted != view.post.revision:
            return []
        return [self._say(view)("card.difference", difference=difference(before, after))]

    def _length_lines(self, view: PostView) -> list[str]:
        parts = [self._length(view, name) for name in view.setting.limits if name in view.post.networks]
        lines = [" · ".join(parts)] if parts else []
        long = ", ".join(self._network(view, name) for name in self._too_long(view))
        return [*lines, self._say(view)("card.too_long", networks=long)] if long else lines

    def _length(self, view: PostView, name: str) -> str:
        """A network, how much of it the text takes, and what it costs; of a page of our own its name says enough."""
        limits, network = view.setting.limits[name], self._network(view, name)
        longest, pieces = taken(view.post, name, limits), told(view.post, name, limits)
        if limits.own and longest <= limits.characters:
            return network
        line = f"{network} {longest}/{limits.characters}"
        if view.post.thread:
            line = f"{line}, {self._words.count('card.thread', len(pieces), view.language)}"
        if not limits.video_bytes and any(picture.video for picture in view.pictures):
            line = f"{line}, {self._say(view)('card.still')}"
        alts = sum(bool(picture.alt) for picture in view.pictures)
        dollars = sum(price(piece, 0 if index else alts, limits) for index, piece in enumerate(pieces))
        return f"{line}, {self._say(view)('card.costs', dollars=f'{dollars:.3f}')}" if dollars else line

    def _too_long(self, view: PostView) -> list[str]:
        return too_long(view.post, view.setting.limits)

    def _late_lines(self, view: PostView) -> list[str]:
        """It was long on its way: what it says may be over."""
        post = view.post
        if post.received_at - post.sent_at <= STALE:
            return []
        sent, received = view.clock(post.sent_at), view.clock(post.received_at)
        return [self._say(view)("card.late", sent=sent, received=received)]

    def _two_lines(self, view: PostView) -> list[str]:
        """Where two people have to agree: who has, and whose yes is still wanted."""
        say, post = self._say(view), view.post
        if approval.own_words(post, view.viewer.id):
            return [say("queue.own_words")]
        if not approval.needs_two(post):
            return []
        roles = ", ".join(say(f"rehearsal.role.{role}") for role in sorted(approval.second_roles(post)))
        first = view.people.get(post.approvals[0]) if post.approvals else None
        if first is not None and approval.still_counts(first, view.now):
            if approval.second_roles(post) & set(first.roles):
                roles = say("rehearsal.role.sergeant")
            return [say("card.one_of_two", officer=view.name(post.approvals[0]), roles=roles)]
        return [say("card.two_needed", roles=roles)]

    def _claim_lines(self, view: PostView) -> list[str]:
        post = view.post
        if post.claimed_by in (None, view.viewer.id) or post.claimed_until is None or post.claimed_until <= view.now:
            return []
        return [self._say(view)("card.claimed", officer=view.name(post.claimed_by))]

    def _reply_lines(self, view: PostView) -> list[str]:
        if view.reply is None:
            return []
        return [self._say(view)("card.answers", author=view.reply.author_name, text=view.reply.text)]

    def _marks(self, post: Post) -> tuple[tuple[int, int], ...]:
        open_ones = [s for s in post.suggestions if s["key"] not in (*post.lifted, *post.covered)]
        return tuple((s["start"], s["end"]) for s in open_ones)

    def _tone(self, post: Post) -> Tone:
        match post.verdict:
            case "FLAG" | "HOLD":
                return Tone.AMBER
            case "ESC":
                return Tone.RED
            case _:
                return Tone.AMBER if any(reason["verdict"] == "FLAG" for reason in post.reasons) else Tone.GREEN


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
