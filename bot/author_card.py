"""The officer's one card of a post, through every state. Plain functions from a view to a Card."""

from dataclasses import replace

from bot.card_parts import KINDS, STALE, button, in_rows
from bot.chat_app import Ask, Button, Card, Tone, Weight
from bot.fix_parts import FixParts
from bot.parts import parts
from bot.view import PostView
from moderation import appeal
from moderation.post import POSTS, Happened, Post, PostState, Wait, called


class AuthorCards(FixParts):
    """What the author sees: their own words too, which stand on no other card."""

    def author(self, view: PostView) -> Card:
        """The officer's one card, through every state of the post."""
        say = self._say(view)
        post = view.post
        shift = say("tutorial.name") if post.lesson else view.shift.name
        well_done = post.lesson and post.state is PostState.APPROVED
        state = say("tutorial.approved" if well_done else f"card.state.{self._state(view)}")
        title = f"{called(post.number)} · {shift} · {state}"
        page = self._author_page(view, title) if self._may_change(post) else None
        if page is not None:
            return page
        lines = [*self._outcome_lines(view), *self._author_redactions(view), *self._picture_lines(view)]
        if post.lesson:
            lines.append(say("tutorial.nowhere"))
        lines += [*self._correction_lines(view), *self._author_time_lines(view)]
        if (
            post.wait is Wait.SCENE
            and post.wait_over_at is None
            and post.state in (PostState.WAITING, PostState.APPROVED)
        ):
            lines.append(say("card.waits_for_scene"))
        if post.drafted != post.revision and post.state in (PostState.RECEIVED, PostState.WAITING):
            lines.append(say("card.checking"))
        card = Card(
            title,
            tone=self._author_tone(post),
            pictures=view.shown_pictures(),
            quote=post.text or None,
            lines=tuple(lines),
            rows=in_rows(self._author_rows(view)),
        )
        return card if len(parts(card)) == 1 else _with_every_button(card)

    def _author_page(self, view: PostView, title: str) -> Card | None:
        """Another page than the first, while the post can still be changed."""
        say, slot = self._say(view), view.slot
        match slot.page:
            case "change" | "alt":
                return self._author_ask(view, title)
            case "kind":
                rows = tuple((button(slot, "kind", say(f"card.kind.{kind}"), kind),) for kind in KINDS)
                return Card(title, lines=(say("card.which_kind"),), rows=(*rows, (self._back(view),)))
            case "when":
                rows = tuple((button(slot, "when", say(f"card.when.{when}"), when.value),) for when in Happened)
                return Card(title, lines=(say("card.ask_when"),), rows=(*rows, (self._back(view),)))
            case _:
                return self._fix(view, title)

    def _author_time_lines(self, view: PostView) -> list[str]:
        post, lines = view.post, self._time_lines(view)
        if self._may_change(post) and post.happened is None and post.received_at - post.sent_at > STALE:
            lines.insert(0, self._say(view)("card.late_yours", received=view.clock(post.received_at)))
        return lines

    def _author_ask(self, view: PostView, title: str) -> Card:
        say = self._say(view)
        if view.slot.page == "change":
            ask = Ask(say("card.ask.change"), view.source or "")
        else:
            ask = Ask(say("card.ask.alt"), "\n".join(picture.alt for picture in view.pictures))
        return Card(title, ask=ask, rows=((self._back(view),),))

    def _author_rows(self, view: PostView) -> tuple[tuple[Button, ...], ...]:
        say, slot, post = self._say(view), view.slot, view.post
        rows: list[tuple[Button, ...]] = []
        waits = post.wait is Wait.SCENE and post.wait_over_at is None
        if waits and post.state in (PostState.WAITING, PostState.APPROVED):
            rows.append((button(slot, "clear", say("card.button.clear"), weight=Weight.MAIN),))
        if self._may_change(post):
            change = [button(slot, "page", say("card.button.change"), "change")]
            if view.fixable:
                change.append(button(slot, "page", say("card.button.fix"), "fix"))
                change.append(button(slot, "page", say("card.button.alt"), "alt"))
            rows.append(tuple(change))
            more = [button(slot, "page", say("card.button.when"), "when")]
            more.append(button(slot, "page", say("card.button.kind"), "kind"))
            rows.append(tuple(more))
        template = self._template(post)
        if post.state is PostState.BLOCKED and template:
            rows.append((button(slot, "template", say("card.button.template"), weight=Weight.MAIN),))
        if post.state is PostState.DIVERTED:
            rows.append((button(slot, "notapost", say("card.button.not_a_post")),))
        if appeal.offered(post):
            rows.append((button(slot, "appeal", say("card.button.appeal"), weight=Weight.MAIN),))
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


def _with_every_button(card: Card) -> Card:
    """A chat app takes the main buttons off a card that it cannot show whole. These publish nothing."""
    rows = [
        [replace(one, weight=Weight.PLAIN) if one.weight is Weight.MAIN else one for one in row] for row in card.rows
    ]
    return replace(card, rows=tuple(map(tuple, rows)))
