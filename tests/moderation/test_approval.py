from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation import approval
from moderation.decision import Decision, DecisionKind, NotAllowed
from moderation.post import PictureState, Post, PostPicture, PostState, Wait
from moderation.release import Beside, PublicPicture, content_hash
from shifts.database import utc_now

NOW = utc_now()
BESIDE = Beside("Lima 3", "patrol", "en", None, 1, "none", None)


def a_post(**values: Any) -> Post:
    fields: dict[str, Any] = {
        "id": 7,
        "number": 214,
        "author_id": "lima-3",
        "shift_id": 1,
        "state": PostState.WAITING,
        "app": "chat",
        "chat": "c",
        "message": "m",
        "source_id": "s",
        "original_id": "s",
        "revision": 2,
        "prepared": 2,
        "drafted": 2,
        "prepare_at": NOW,
        "text": "All quiet.",
        "sent_at": NOW,
        "received_at": NOW,
        "networks": ["page", "far"],
        "reasons": [],
        "redactions": [],
        "suggestions": [],
        "lifted": [],
        "covered": [],
        "met": [],
        "ticks": [],
        "approvals": [],
    }
    return Post(**{**fields, **values})


def a_picture(**values: Any) -> PostPicture:
    fields: dict[str, Any] = {
        "id": 1,
        "post_id": 7,
        "part": "m-0",
        "kind": "photo",
        "state": PictureState.FINISHED,
        "sha256": "a" * 64,
        "width": 4,
        "height": 3,
        "alt": "A van.",
        "boxes": [],
        "lifted": [],
    }
    return PostPicture(**{**fields, **values})


def reason(verdict: str, **values: Any) -> dict[str, Any]:
    return {"code": "c", "verdict": verdict, "category": "A", "words": "w", "tick": None, "role": None, **values}


def test_nobody_decides_about_their_own_and_only_who_may_decides() -> None:
    with pytest.raises(NotAllowed, match="own_post"):
        approval.check_decider(a_post(), "lima-3", ["sergeant"])
    with pytest.raises(NotAllowed, match="not_a_decider"):
        approval.check_decider(a_post(), "lima-4", ["officer", "control"])
    approval.check_decider(a_post(), "sergeant-1", ["sergeant"])


def test_a_claim_keeps_others_away_until_it_is_over() -> None:
    post = a_post(claimed_by="sergeant-1", claimed_until=NOW)
    approval.check_claim(post, "sergeant-1", NOW - timedelta(seconds=1))
    approval.check_claim(post, "sergeant-2", NOW)
    with pytest.raises(NotAllowed, match="claimed"):
        approval.check_claim(post, "sergeant-2", NOW - timedelta(seconds=1))


def test_what_is_missing_is_told_one_by_one() -> None:
    assert not approval.missing(a_post(), [a_picture()])
    assert approval.missing(a_post(prepared=1), []).checks
    assert approval.missing(a_post(), [a_picture(state=PictureState.COVERED)]).checks
    assert approval.missing(a_post(), [a_picture(alt="  ")]).alt == (1,)
    assert approval.missing(a_post(reasons=[reason("HOLD")]), []).condition == "inspector"
    assert approval.missing(a_post(reasons=[reason("HOLD", role="press")]), []).condition == "press"
    assert not approval.missing(a_post(reasons=[reason("HOLD")], met=["c"]), [])
    assert approval.missing(a_post(reasons=[reason("FLAG", tick="t")]), []).ticks == ("t",)
    assert not approval.missing(a_post(reasons=[reason("FLAG", tick="t")], ticks=["t"]), [])
    word = {"key": "k", "start": 0, "end": 3}
    assert approval.missing(a_post(suggestions=[word]), []).suggestions == ("k",)
    assert not approval.missing(a_post(suggestions=[word], lifted=["k"]), [])


def test_settling_one_hold_settles_no_other() -> None:
    both = [reason("HOLD", code="death", role="press"), reason("HOLD", code="leftover")]
    assert approval.missing(a_post(reasons=both), []).condition == "press"
    assert approval.missing(a_post(reasons=both, met=["death"]), []).condition == "inspector"
    assert approval.missing(a_post(reasons=both, met=["death", "leftover"]), []).condition is None


def test_words_that_a_person_wrote_for_a_picture_are_never_published_unread_with_all_that_is_green() -> None:
    assert approval.green(a_post(verdict="PASS"), [a_picture()])
    assert not approval.green(a_post(verdict="PASS"), [a_picture(alt_chosen=True)])


def test_a_video_is_never_published_unwatched_with_all_that_is_green() -> None:
    assert not approval.green(a_post(verdict="PASS"), [a_picture(video="b" * 64)])


def test_a_red_post_needs_two_different_people_and_one_of_the_named_role() -> None:
    red = [reason("ESC", role="press")]
    assert approval.agreed(a_post(reasons=red), "sergeant-1", ["sergeant"]) is False
    once = a_post(reasons=red, approvals=["sergeant-1"])
    with pytest.raises(NotAllowed, match="second_person"):
        approval.agreed(once, "sergeant-1", ["sergeant", "press"])
    with pytest.raises(NotAllowed, match="second_role"):
        approval.agreed(once, "sergeant-2", ["sergeant"])
    assert approval.agreed(once, "press-1", ["press"]) is True
    assert approval.agreed(once, "sergeant-2", ["sergeant"], first_roles=["press"]) is True


def approved(post: Post, pictures: list[PostPicture]) -> Decision:
    content = approval.content_of(post, pictures, post.byline)
    return Decision(post_id=7, kind=DecisionKind.PUBLISH, officer_id="sergeant-1", at=NOW, revision=2, content=content)


def test_only_an_approved_post_makes_a_release_of_exactly_what_was_approved() -> None:
    post, pictures = a_post(state=PostState.APPROVED, approved_at=NOW), [a_picture()]
    decision = approved(post, pictures)
    released = approval.release(post, decision, pictures, "page", None)
    assert (released.text, released.pictures[0].alt, released.content) == ("All quiet.", "A van.", decision.content)
    with pytest.raises(NotAllowed, match="not_approved"):
        approval.release(a_post(approved_at=NOW), decision, pictures, "page", None)
    first = Decision(**{**decision.model_dump(), "kind": DecisionKind.FIRST_OF_TWO})
    with pytest.raises(NotAllowed, match="not_approved"):
        approval.release(post, first, pictures, "page", None)
    with pytest.raises(NotAllowed, match="changed_since"):
        approval.release(post, decision, pictures, "elsewhere", None)


@pytest.mark.parametrize(
    "tampered",
    [
        {"text": "All quiet?"},
        {"networks": ["page"]},
        {"answers_reply": 3},
        {"byline": "Lima 4"},
        {"kind": "statement"},
        {"language": "fr"},
        {"area": "arenal"},
        {"shift_id": 2},
        {"wait": Wait.SCENE},
        {"embargo_until": NOW},
        {"corrects": 3, "correction": {"line": "The road is open.", "lead": "", "apart": []}},
        {"picture": {"alt": "A red van."}},
        {"picture": {"sha256": "b" * 64}},
        {"picture": {"video": "b" * 64}},
        {"picture": None},
    ],
)
def test_whatever_changes_after_the_approval_is_refused(tampered: dict[str, Any]) -> None:
    decision = approved(a_post(), [a_picture()])
    changed = {key: value for key, value in tampered.items() if key != "picture"}
    post = a_post(state=PostState.APPROVED, approved_at=NOW, **changed)
    picture = tampered.get("picture", {})
    pictures = [] if picture is None else [a_picture(**picture)]
    with pytest.raises(NotAllowed, match="changed_since"):
        approval.release(post, decision, pictures, "page", post.byline)


def test_who_no_longer_wants_to_be_named_since_the_approval_is_not() -> None:
    post = a_post(state=PostState.APPROVED, approved_at=NOW, byline="Lima 3")
    decision = approved(post, [])
    assert approval.release(post, decision, [], "page", "Lima 3").byline == "Lima 3"
    with pytest.raises(NotAllowed, match="changed_since"):
        approval.release(post, decision, [], "page", None)
    assert approval.what_left(post, decision, [], "page").byline == "Lima 3"


def test_a_button_says_exactly_what_its_card_showed() -> None:
    seen = approval.seen(a_post(), [a_picture()], "Lima 3")
    assert seen == approval.seen(a_post(), [a_picture()], "Lima 3")
    others = [a_post(revision=3), a_post(kind="advice"), a_post(area="arenal"), a_post(embargo_until=NOW)]
    assert seen not in [approval.seen(other, [a_picture()], "Lima 3") for other in others]
    assert seen not in {approval.seen(a_post(), [a_picture(alt="x")], "Lima 3"), approval.seen(a_post(), [], None)}


@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3),
    st.lists(st.text(max_size=5), max_size=2),
)
def test_two_contents_share_a_hash_only_if_they_are_the_same(
    one: dict[str, str], other: dict[str, str], alts: list[str]
) -> None:
    pictures = [PublicPicture("a" * 64, 1, 1, alt) for alt in alts]
    same = content_hash(one, pictures, list(one), None, BESIDE) == content_hash(
        other, pictures, list(other), None, BESIDE
    )
    assert same is (one == other)
    for picture in pictures:
        changed = [replace(picture, alt=picture.alt + "!")]
        assert content_hash(one, [picture], [], None, BESIDE) != content_hash(one, changed, [], None, BESIDE)
