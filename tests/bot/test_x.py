"""X over a strict fake: posted once, found again, paid for to the cent, quiet about everything."""

import io
import logging
import random
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlmodel import select

from bot.network import Published, Refused, SignedOut, TryLater, Unclear
from bot.networks import x
from moderation.audit import AuditEntry
from shifts.database import Database, utc_now
from tests.bot.x_account import CALL_SECONDS, POST, SHORT_SECONDS, Account, an_account

LONG_AGO = utc_now() - timedelta(days=400)


@pytest.fixture
async def account(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Account]:
    async with an_account(sqlite_database, tmp_path) as opened:
        yield opened


def jpeg(side: int = 64, noise: bool = False) -> bytes:
    """A grey picture, or one that no compression makes small."""
    content = random.Random(214).randbytes(side * side * 3) if noise else b"\x80" * (side * side * 3)
    stream = io.BytesIO()
    Image.frombytes("RGB", (side, side), content).save(stream, "JPEG", quality=98 if noise else 75)
    return stream.getvalue()


# What goes wrong

NOTHING_HAPPENED: list[tuple[dict[str, Any], type[Exception], float | None]] = [
    ({"kind": "busy", "wait": 90}, TryLater, 91),
    ({"kind": "busy"}, TryLater, 60),
    ({"kind": "html", "status": 429}, TryLater, 60),
    ({"kind": "html", "status": 403}, TryLater, 60),
    ({"kind": "empty", "status": 401}, SignedOut, None),
    ({"kind": "status", "status": 402, "detail": "No credits."}, TryLater, 900),
    ({"kind": "status", "status": 403, "detail": "Your account is suspended."}, SignedOut, None),
    ({"kind": "status", "status": 403, "detail": "The app permissions do not allow this."}, SignedOut, None),
    ({"kind": "status", "status": 403, "detail": "Invalid / suspended application."}, SignedOut, None),
    ({"kind": "status", "status": 403, "detail": "User is over daily status update limit."}, TryLater, 3600),
    ({"kind": "status", "status": 403, "detail": "You are not permitted to do this."}, Refused, None),
]
NOBODY_KNOWS: list[dict[str, Any]] = [
    {"kind": "html", "status": 502},
    {"kind": "html", "status": 503},
    {"kind": "empty", "status": 500},
    {"kind": "status", "status": 504},
    {"kind": "drop"},
    {"kind": "hang", "wait": 30.0},
    {"kind": "lost"},
    {"kind": "half"},
    {"kind": "slow", "wait": 30.0},
    {"kind": "garbage"},
]


def patience(fault: dict[str, Any]) -> float:
    """Seconds for a call: few where no answer comes, many where a busy machine may be slow to give one."""
    return SHORT_SECONDS if fault["kind"] in {"hang", "slow"} else CALL_SECONDS


@pytest.mark.parametrize(("fault", "error", "wait"), NOTHING_HAPPENED, ids=str)
async def test_an_answer_that_says_no_is_understood_costs_nothing_and_can_be_tried_again(
    account: Account, fault: dict[str, Any], error: type[Exception], wait: float | None
) -> None:
    async with account.open() as network:
        account.fake.fail(call="post", **fault)
        with pytest.raises(error) as raised:
            await network.publish(POST, "k1", None)
        if wait is not None:
            assert getattr(raised.value, "wait", 0) == pytest.approx(wait, abs=2)
        assert (account.fake.texts(), await account.spent()) == ([], 0)
        await network.publish(POST, "k1", None)
        assert (account.fake.texts(), await account.spent()) == ([POST.text], account.fake.world.bill)
        assert account.fake.called("timeline") == 0


@pytest.mark.parametrize("fault", NOBODY_KNOWS, ids=str)
async def test_an_answer_that_leaves_it_open_is_unclear_and_the_post_is_there_once_in_the_end(
    account: Account, fault: dict[str, Any]
) -> None:
    async with account.open(seconds=patience(fault)) as network:
        account.fake.fail(call="post", **fault)
        with pytest.raises(Unclear):
            await network.publish(POST, "k1", None)
        published = await network.publish(POST, "k1", None)
        assert account.fake.texts() == [POST.text]
        assert await network.find(POST, "k1", LONG_AGO) == published
        assert await account.spent() == account.fake.world.bill


@pytest.mark.parametrize("call", ["upload", "metadata"])
@pytest.mark.parametrize("fault", [*NOBODY_KNOWS, {"kind": "busy", "wait": 90}], ids=str)
async def test_a_picture_that_does_not_get_through_leaves_nothing_unclear(
    account: Account, call: str, fault: dict[str, Any]
) -> None:
    release = account.with_pictures(POST, jpeg())
    async with account.open(seconds=patience(fault)) as network:
        account.fake.fail(call=call, **fault)
        with pytest.raises(TryLater):
            await network.publish(release, "k1", None)
        assert account.fake.called("post") == 0
        await network.publish(release, "k1", None)
        assert account.fake.texts() == [POST.text]


async def test_nobody_listening_is_a_try_later_that_costs_nothing(account: Account) -> None:
    async with account.open() as network:
        await account.fake.go_away(True)
        with pytest.raises(TryLater):
            await network.publish(POST, "k1", None)
        assert await account.spent() == 0


async def test_a_credit_that_is_used_up_pauses_until_there_is_some_again(account: Account) -> None:
    async with account.open() as network:
        account.fake.world.credit = 14_999
        with pytest.raises(TryLater) as later:
            await network.publish(POST, "k1", None)
        assert later.value.wait >= 600
        account.fake.world.credit = 15_000
        await network.publish(POST, "k1", None)


async def test_a_suspended_account_is_signed_out_everywhere(account: Account) -> None:
    async with account.open(hear_replies=True) as network:
        account.fake.suspended = True
        for call in (
            network.publish(POST, "k1", None),
            network.find(POST, "k1", LONG_AGO),
            network.withdraw(Published("1", None, utc_now())),
            network.replies(None),
        ):
            with pytest.raises(SignedOut):
                await call


async def test_keys_of_somebody_else_do_not_sign(account: Account) -> None:
    async with account.open() as network:
        account.fake.secrets.access_secret = "another"
        with pytest.raises(SignedOut):
            await network.publish(POST, "k1", None)
        assert account.fake.texts() == []


# Found again

AWKWARD = (
    'Tom & Jerry <b>not bold</b> &amp; "quoted" it\'s 5 > 4',
    "Advice: https://example.org/advice/ and example.org too",
    "Two\n\nparagraphs,  two  spaces ",
    unicodedata.normalize("NFD", "Patrulla en la estación, señoras y señores: ¡vía libre!"),
    "Parade over 🎉👮‍♀️ thank you 🇪🇸 https://example.org/a?b=1&c=2",
    "@PortAlbaFire thanks for the help",
    "Form: https://example.org/form?a=1&copy=2&lt=3 (two pages)",
)


@pytest.mark.parametrize("text", AWKWARD)
@pytest.mark.parametrize("pictures", [0, 2])
async def test_a_lost_post_is_found_whatever_x_makes_of_its_words(account: Account, text: str, pictures: int) -> None:
    release = account.with_pictures(replace(POST, text=text), *[jpeg(64 + n) for n in range(pictures)])
    async with account.open() as network:
        account.fake.fail("lost", "post")
        with pytest.raises(Unclear):
            await network.publish(release, "k1", None)
        found = await network.find(release, "k1", utc_now() - timedelta(minutes=1))
        assert found is not None
        assert found.id == account.fake.world.own()[0].id


async def test_what_only_looks_alike_is_not_taken_for_ours(account: Account) -> None:
    with_picture = account.with_pictures(POST, jpeg())
    async with account.open() as network:
        await network.publish(POST, "k1", None)
        assert await network.find(with_picture, "k2", LONG_AGO) is None
        assert await network.find(replace(POST, text=POST.text[:-1]), "k2", LONG_AGO) is None
        assert await network.find(POST, "k2", LONG_AGO) is None
        account.clock.passed = timedelta(minutes=10)
        assert await network.find(POST, "k1", account.clock()) is None


async def test_a_post_with_other_pictures_is_not_ours(account: Account) -> None:
    with_picture = account.with_pictures(POST, jpeg())
    async with account.open() as network:
        account.fake.fail("lost", "post")
        with pytest.raises(Unclear):
            await network.publish(POST, "k1", None)
        assert await network.find(with_picture, "k1", LONG_AGO) is None
        assert await network.find(POST, "k1", LONG_AGO) is not None


async def test_words_that_x_holds_from_another_post_are_refused_and_not_tried_for_ever(account: Account) -> None:
    async with account.open() as network:
        await network.publish(POST, "k1", None)
        with pytest.raises(Refused) as refused:
            await network.publish(POST, "k2", None)
        assert refused.value.reason == "duplicate"
        account.fake.fail("drop", "post")
        with pytest.raises(Unclear):
            await network.publish(POST, "k3", None)
        with pytest.raises(Refused):
            await network.publish(POST, "k3", None)
        assert account.fake.texts() == [POST.text]
        assert await account.spent() == account.fake.world.bill


async def test_a_post_that_somebody_made_by_hand_before_is_not_taken_for_ours(account: Account) -> None:
    world = account.fake.world
    world.passed = -3600
    world.post(world.me, POST.text, [], None)
    world.passed = 0
    async with account.open() as network:
        with pytest.raises(Refused) as refused:
            await network.publish(POST, "k1", None)
    assert refused.value.reason == "duplicate"
    assert account.fake.texts() == [POST.text]


async def test_a_post_is_looked_for_before_it_is_sent_again_even_if_x_would_take_it_twice(account: Account) -> None:
    account.fake.world.same_words_twice = True
    async with account.open() as network:
        account.fake.fail("lost", "post")
        with pytest.raises(Unclear):
            await network.publish(POST, "k1", None)
        await network.publish(POST, "k1", None)
        assert account.fake.texts() == [POST.text]
        assert await network.find(POST, "k2", LONG_AGO) is None
        await network.publish(POST, "k2", None)
    assert account.fake.texts() == [POST.text, POST.text]


async def test_a_doubt_outlives_a_later_try_that_surely_failed(account: Account) -> None:
    account.fake.world.same_words_twice = True
    async with account.open() as network:
        account.fake.world.lag = 60
        account.fake.fail("lost", "post")
        with pytest.raises(Unclear):
            await network.publish(POST, "k1", None)
        account.fake.fail("busy", "post")
        with pytest.raises(TryLater):
            await network.publish(POST, "k1", None)
        account.fake.world.passed = 61
        await network.publish(POST, "k1", None)
    assert account.fake.texts() == [POST.text]


async def test_a_timeline_that_lags_never_makes_a_second_post(account: Account) -> None:
    async with account.open() as network:
        account.fake.world.lag = 60
        account.fake.fail("lost", "post")
        with pytest.raises(Unclear):
            await network.publish(POST, "k1", None)
        assert await network.find(POST, "k1", LONG_AGO) is None
        with pytest.raises(Unclear):  # refused as a duplicate, of a post that is not shown yet
            await network.publish(POST, "k1", None)
        account.fake.world.passed = 61
        found = await network.find(POST, "k1", LONG_AGO)
        assert found is not None
        assert await network.publish(POST, "k1", None) == found
        assert account.fake.texts() == [POST.text]
        assert await account.spent() == account.fake.world.bill


# Limits and pictures


@pytest.mark.parametrize(
    "text",
    ["x" * 281, "🎉" * 141, "警" * 141, "https://example.org/" + "a" * 30 + " " + "x" * 257, "a." * 2100],
    ids=["letters", "emoji", "wide", "link", "hostile"],
)
async def test_a_text_over_280_as_x_counts_is_refused_before_any_call(account: Account, text: str) -> None:
    async with account.open() as network:
        with pytest.raises(Refused) as refused:
            await network.publish(replace(POST, text=text), "k1", None)
        assert (refused.value.reason, account.fake.calls, await account.spent()) == ("too long", [], 0)


async def test_a_text_of_exactly_280_as_x_counts_goes_out(account: Account) -> None:
    text = "🎉" * 100 + "é" * 56 + " https://example.org/" + "a" * 60
    async with account.open() as network:
        await network.publish(replace(POST, text=text), "k1", None)
        assert account.fake.texts() == [text]


async def test_pictures_go_out_byte_for_byte_with_their_alt_texts(account: Account) -> None:
    pictures = [jpeg(64), jpeg(65), jpeg(66), jpeg(67)]
    async with account.open() as network:
        await network.publish(account.with_pictures(POST, *pictures), "k1", None)
    (post,) = account.fake.world.own()
    assert [one.content for one in post.media] == pictures
    assert {one.alt for one in post.media} == {"A van at night, plate covered"}


async def test_a_picture_over_five_megabytes_goes_out_smaller_by_a_recipe_that_is_on_record(account: Account) -> None:
    large = jpeg(2300, noise=True)
    assert len(large) > 5_000_000
    async with account.open() as network:
        await network.publish(account.with_pictures(POST, large), "k1", None)
    (post,) = account.fake.world.own()
    assert len(post.media[0].content) <= 5_000_000
    async with account.database.reading() as session:
        (entry,) = (await session.exec(select(AuditEntry))).all()
    assert entry.event == "rendition"
    assert list(entry.facts["recipes"].values()) == ["2560 q90"]


async def test_other_bytes_than_the_approved_ones_never_leave(account: Account) -> None:
    release = account.with_pictures(POST, jpeg())
    (account.media / f"{release.pictures[0].sha256}.jpg").write_bytes(jpeg(65))
    async with account.open() as network:
        with pytest.raises(Refused):
            await network.publish(release, "k1", None)
    assert account.fake.calls == []


# Quiet


async def test_no_log_and_no_error_holds_words_or_keys(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    release = account.with_pictures(POST, jpeg())
    errors: list[BaseException] = []
    async with account.open() as network:
        for fault in (*NOBODY_KNOWS[:4], {"kind": "status", "status": 403, "detail": f"No: {POST.text}"}):
            account.fake.fail(call="post", **fault)
            with pytest.raises((Unclear, Refused)) as raised:
                await network.publish(replace(release, text=f"{POST.text} {len(errors)}"), f"k{len(errors)}", None)
            errors.append(raised.value)
    secrets = account.fake.secrets
    told = caplog.text + "".join(f"{error!r} {error.__cause__!r}" for error in errors)
    assert len(errors) == 5
    for kept in ("bald tyres", "plate covered", secrets.api_secret, secrets.access_secret, secrets.access_token):
        assert kept not in told


# Settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"keys": {"api_key": "a"}},
        {"spending": {"nightly": -1}},
        {"spending": {"weekly": 1}},
        {"spending": {"from_hour": 24}},
    ],
    ids=str,
)
def test_settings_that_can_not_work_are_said_at_the_start(wrong: dict[str, Any]) -> None:
    keys = {"api_key": "a", "api_secret": "b", "access_token": "770090000-c", "access_secret": "d"}
    assert x.limits(keys=keys).dollars == 0.015
    with pytest.raises(ValueError):
        x.limits(**{"keys": keys, **wrong})


def test_limits_take_the_same_table_as_a_connection() -> None:
    resources = {"database", "media"}
    assert set(signature(x.connect).parameters) - resources == set(signature(x.limits).parameters)


def test_an_access_token_begins_with_the_number_of_its_account() -> None:
    keys = {"api_key": "a", "api_secret": "b", "access_token": "no-number", "access_secret": "d"}
    with pytest.raises(ValueError):
        x.limits(keys=keys)
