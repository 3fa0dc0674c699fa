"""The rules of approval: who may publish what, and what is still missing. Plain functions, no database, no clock."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from moderation.decision import Decision, DecisionKind, NotAllowed
from moderation.post import PictureState, Post, PostPicture, PostState
from moderation.release import Beside, ContentHash, PublicPicture, Release, content_hash
from shifts.officer import Officer

DECIDERS: Final = frozenset({"sergeant", "inspector", "press"})
SECOND_ROLE: Final = "inspector"
SEEN: Final = 12
REWRITTEN: Final = "rewritten"
_WORRYING: Final = frozenset({"FLAG", "HOLD", "ESC", "DIVERT", "BLOCK"})


@dataclass(frozen=True, slots=True)
class Missing:
    """What stands between a post and its publication, in the order a sergeant deals with it."""

    checks: bool = False
    alt: tuple[int, ...] = ()
    condition: str | None = None
    ticks: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.checks or self.alt or self.condition or self.ticks or self.suggestions)


def missing(post: Post, pictures: Sequence[PostPicture]) -> Missing:
    """What the post still needs before anybody can publish it."""
    held = unmet(post)
    condition = (held[0].get("role") or SECOND_ROLE) if held else None
    return Missing(
        checks=post.prepared != post.revision
        or any(p.state is not PictureState.FINISHED for p in pictures)
        or not (post.text.strip() or pictures),
        alt=tuple(p.id or 0 for p in pictures if not p.alt.strip()),
        condition=condition,
        ticks=tuple(tick for tick in ticks(post) if tick not in post.ticks),
        suggestions=tuple(key for key in suggested(post) if key not in (*post.lifted, *post.covered)),
    )


def suggested(post: Post) -> tuple[str, ...]:
    """Every word that somebody is asked about, settled or not: its place here never changes within a revision."""
    return tuple(dict.fromkeys(s["key"] for s in post.suggestions))


def unmet(post: Post) -> list[dict[str, Any]]:
    """The holds that nobody with their role has settled yet."""
    return [reason for reason in post.reasons if reason["verdict"] == "HOLD" and reason["code"] not in post.met]


def settlers(post: Post) -> list[str]:
    """The roles that have to say that what it is held for is settled."""
    return sorted({reason.get("role") or SECOND_ROLE for reason in unmet(post)})


def holds(post: Post) -> bool:
    """Whether all that it waits for is somebody who says that its condition is met."""
    return post.prepared == post.revision and bool(unmet(post))


def green(post: Post, pictures: Sequence[PostPicture]) -> bool:
    """Whether one tap is all that it needs: nothing to tick, nothing held, nobody else to ask, no word to look at, and
    no video, which nobody has watched before they see its own card."""
    plain = all(reason["verdict"] not in _WORRYING for reason in post.reasons)
    to_look_at = any(picture.alt_chosen or picture.video for picture in pictures)
    return plain and post.verdict not in _WORRYING and not (ticks(post) or to_look_at or missing(post, pictures))


def ticks(post: Post) -> tuple[str, ...]:
    """The named reasons that a sergeant has to tick, as words keys, each once."""
    return tuple(dict.fromkeys(reason["tick"] for reason in post.reasons if reason.get("tick")))


def check_decider(post: Post, officer_id: str, roles: Collection[str]) -> None:
    """Raises NotAllowed unless this person may decide about this post: never the author, on any account."""
    if not DECIDERS & set(roles):
        raise NotAllowed("queue.not_a_decider")
    if post.author_id == officer_id:
        raise NotAllowed("queue.own_post")


def check_claim(post: Post, officer_id: str, now: datetime) -> None:
    """Raises NotAllowed while somebody else is on it."""
    if post.claimed_by not in (None, officer_id) and post.claimed_until is not None and post.claimed_until > now:
        raise NotAllowed("queue.claimed", officer=post.claimed_by)


def still_counts(officer: Officer, now: datetime) -> bool:
    """Whether the yes that this person said before is worth anything by now: not if they were cut off meanwhile."""
    return officer.active and officer.accredited(now) and bool(DECIDERS & set(officer.roles))


def own_words(post: Post, officer_id: str) -> bool:
    """Whether this person edited the post in a way that somebody else has to read before it leaves: the edit tells more
    than the officer did, or the post is worrying anyway. Where two have to agree, they may be one of the two."""
    if post.edited_by != officer_id or needs_two(post):
        return False
    return any(reason["code"] == REWRITTEN or reason["verdict"] in _WORRYING for reason in post.reasons)


def needs_two(post: Post) -> bool:
    """Whether two different people have to agree."""
    return any(reason["verdict"] == "ESC" for reason in post.reasons)


def second_roles(post: Post) -> frozenset[str]:
    """The roles of which the two who agree must have one."""
    named = {reason.get("role") or SECOND_ROLE for reason in post.reasons if reason["verdict"] == "ESC"}
    return frozenset(named)


def roles_asked(post: Post) -> frozenset[str]:
    """Roles that have to see the post besides the shift's own sergeants, because its verdict names them."""
    return frozenset(
        reason.get("role") or SECOND_ROLE for reason in post.reasons if reason["verdict"] in ("HOLD", "ESC")
    )


def agreed(post: Post, officer_id: str, roles: Collection[str], first_roles: Collection[str] = ()) -> bool:
    """Whether this person's yes is the last one needed, after that of somebody with `first_roles`.

    One of the two has the named role, no matter who of them said yes first. Raises NotAllowed if it cannot count."""
    if not needs_two(post):
        return True
    if officer_id in post.approvals:
        raise NotAllowed("queue.second_person")
    if not post.approvals:
        return False
    if not second_roles(post) & {*roles, *first_roles}:
        raise NotAllowed("queue.second_role")
    return True


def public_pictures(pictures: Sequence[PostPicture]) -> tuple[PublicPicture, ...]:
    """The pictures as the public would see them."""
    return tuple(PublicPicture(p.sha256 or "", p.width, p.height, p.alt.strip(), p.video, p.seconds) for p in pictures)


def content_of(post: Post, pictures: Sequence[PostPicture], byline: str | None) -> ContentHash:
    """The hash of exactly what would go out, for an approval to bind to; `byline` is how the public reads who wrote."""
    texts = {network: text_for(post, network) for network in post.networks}
    beside = Beside(
        byline=byline,
        kind=kind_of(post),
        language=post.language,
        area=post.area,
        shift=post.shift_id,
        wait=post.wait.value,
        embargo=post.embargo_until,
        corrects=post.corrects,
        correction=post.correction.get("line"),
    )
    return content_hash(texts, public_pictures(pictures), post.networks, post.answers_reply, beside)


def seen(post: Post, pictures: Sequence[PostPicture], byline: str | None) -> str:
    """What a card shows, short enough for its button to say: a tap on it publishes exactly that, or nothing."""
    shown = f"{post.revision}:{content_of(post, pictures, byline)}"
    return hashlib.sha256(shown.encode()).hexdigest()[:SEEN]


def kind_of(post: Post) -> str:
    """The kind under which the public reads a post."""
    return post.kind or "patrol"


def text_for(post: Post, network: str) -> str:
    """The public words on one network: a correction that stands there as a post of its own says that it is one."""
    return f"{post.correction['lead']} {post.text}" if network in _apart(post) else post.text


def same_place(post: Post) -> bool:
    """Whether it corrects a post of the same area: what could wait for the scene has been told already."""
    return post.corrects is not None and post.area == post.correction.get("area")


def _apart(post: Post) -> Collection[str]:
    apart: list[str] = post.correction.get("apart", []) if post.corrects is not None else []
    return apart


def release(
    post: Post,
    decision: Decision,
    pictures: Sequence[PostPicture],
    network: str,
    byline: str | None,
) -> Release:
    """The only way to a release: an approved post and the decision about exactly this content. Raises NotAllowed.

    `byline` is what its author wants the public to read by now: who opted out since the approval is not named."""
    if post.state not in (PostState.APPROVED, PostState.RELEASED) or post.lesson:
        raise NotAllowed("queue.not_approved")
    if byline != post.byline:
        raise NotAllowed("queue.changed_since")
    return what_left(post, decision, pictures, network)


def what_left(post: Post, decision: Decision, pictures: Sequence[PostPicture], network: str) -> Release:
    """The release that was made of a post, to look for it on a network. Nothing is sent by it. Raises NotAllowed."""
    if decision.kind is not DecisionKind.PUBLISH:
        raise NotAllowed("queue.not_approved")
    content = content_of(post, pictures, post.byline)
    if decision.post_id != post.id or decision.content != content or network not in post.networks:
        raise NotAllowed("queue.changed_since")
    if post.approved_at is None:
        raise NotAllowed("queue.not_approved")
    return Release(
        post=decision.post_id,
        number=post.number,
        network=network,
        shift=post.shift_id,
        kind=kind_of(post),
        language=post.language,
        text=text_for(post, network),
        pictures=public_pictures(pictures),
        area=post.area,
        byline=post.byline,
        approved_at=post.approved_at,
        content=content,
        reply=post.answers_reply,
        correction=None if post.corrects is None else str(post.correction["line"]),
        in_place=post.corrects is not None and network not in _apart(post),
        thread=post.thread,
    )
