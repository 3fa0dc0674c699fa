"""Killed in the middle of every other journey, the program goes on with it; and so it does without its workers."""

import asyncio
import io
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from bot.inbox import InboxItem, InboxState
from moderation.post import Post, PostState
from shifts.timeline import Entry
from tests.journeys.killed_night import STOPPED, Night, publish, send
from tests.journeys.killed_program import Kill
from tests.journeys.killed_stage import KilledStage, until

PEOPLE: Final = ("lima-3", "sergeant-1", "inspector-1")


def in_state(stage: KilledStage, state: PostState, number: int = 1) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return [row.state for row in await stage.rows(Post, Post.number == number)] == [state]

    return look


async def never_public(stage: KilledStage, number: int = 1) -> None:
    """Wait longer than a release could take, and look."""
    await asyncio.sleep(1.5)
    assert await stage.public(number) == (0, 0)


async def killed(stage: KilledStage, posts: int) -> None:
    """It died, and everything still holds."""
    await until(stage.died, lambda: "it never died")
    await stage.check(posts, *PEOPLE)
    assert stage.patrol.lines("repeated") == []


@pytest.mark.slow
def test_a_post_is_sent_back_once_and_published_after_its_officer_changed_it(night: Night) -> None:
    async def journey(stage: KilledStage) -> None:
        sergeant, officer = stage.phone("sergeant-1"), stage.phone("lima-3")
        await sergeant.taps_until("card.button.send_back", lambda: sergeant.offers("card.reason.place"), "no reasons")
        await sergeant.taps_until("card.reason.place", in_state(stage, PostState.SENT_BACK), "not sent back")
        sent = next(item for item in await officer.items() if getattr(item.content, "text", "") == STOPPED)
        await officer.edit(sent.id, "Stopped a van with four bald tyres.")
        await until(in_state(stage, PostState.WAITING), lambda: "the change never waited")
        await publish(stage)
        await killed(stage, 1)
        events = await stage.events(1)
        assert (events["sent back"], events["changed"], events["approved"]) == (1, 1, 1)
        assert await stage.public(1) == (1, 1)

    night.play(journey, "waiting", Kill("sent-back", 30), Kill("changed", 60))


@pytest.mark.slow
def test_an_undone_post_waits_again_and_is_published_once_when_it_is_approved_again(night: Night) -> None:
    async def journey(stage: KilledStage) -> None:
        sergeant = stage.phone("sergeant-1")
        await sergeant.taps_until("card.button.publish", in_state(stage, PostState.APPROVED), "not approved")
        await sergeant.taps_until("card.button.undo", in_state(stage, PostState.WAITING), "not undone")
        assert await stage.public(1) == (0, 0)
        await publish(stage)
        await killed(stage, 1)
        assert await stage.public(1) == (1, 1)
        assert (await stage.events(1))["approved"] == 2

    night.play(journey, "waiting", Kill("undone", 25), undo_seconds=6)


@pytest.mark.slow
def test_a_dropped_post_never_goes_out(night: Night) -> None:
    async def journey(stage: KilledStage) -> None:
        officer = stage.phone("lima-3")
        await officer.taps_until("card.button.drop", in_state(stage, PostState.WITHDRAWN), "not dropped")
        await killed(stage, 1)
        await never_public(stage)
        assert not await stage.phone("sergeant-1").offers("card.button.publish")

    night.play(journey, "waiting", Kill("withdrawn", 20))


@pytest.mark.slow
def test_a_frozen_shift_sends_nothing_until_it_is_resumed(night: Night) -> None:
    async def journey(stage: KilledStage) -> None:
        sergeant, inspector = stage.phone("sergeant-1"), stage.phone("inspector-1")
        await sergeant.send("/freeze")
        await until(stage.died, lambda: "it never died")
        await stage.settled()
        await sergeant.taps_until("card.button.publish", in_state(stage, PostState.APPROVED), "not approved")
        await never_public(stage)
        assert await stage.jobs("deliver") == 0
        await inspector.send("/resume")

        async def out() -> bool:
            return await stage.public(1) == (1, 1)

        await until(out, lambda: "never public")
        await killed(stage, 1)

    night.play(journey, "waiting", Kill("phone-send", 120))


@pytest.mark.slow
def test_a_recalled_post_is_taken_down_everywhere(night: Night) -> None:
    async def journey(stage: KilledStage) -> None:
        sergeant = stage.phone("sergeant-1")
        await sergeant.taps_until("card.button.recall", lambda: sergeant.offers("card.recall.harm"), "no reasons")

        async def gone() -> bool:
            entries = await stage.rows(Entry, Entry.number == 1)
            posts = await stage.platform.public.posts()
            return all(e.withdrawn_at for e in entries) and all(p.withdrawn for p in posts)

        await sergeant.taps_until("card.recall.harm", gone, "not taken down")
        await killed(stage, 1)
        assert await stage.public(1) == (1, 1)
        assert (await stage.events(1))["recalled"] == 3

    night.play(journey, "public", Kill("recalled", 40))


@pytest.mark.slow
def test_a_post_that_nobody_decided_expires_once(night: Night) -> None:
    async def journey(stage: KilledStage) -> None:
        await until(in_state(stage, PostState.EXPIRED), lambda: "it never expired")
        await killed(stage, 1)
        await stage.phone("lima-3").sees("clock.expired", number=1)
        assert (await stage.events(1))["expired"] == 1
        assert await stage.public(1) == (0, 0)

    night.play(journey, "waiting", Kill("expired", 15), expiry_minutes=0.01)


@pytest.mark.slow
def test_a_reply_reaches_the_officer_once_and_is_answered_once(night: Night) -> None:
    async def journey(stage: KilledStage) -> None:
        officer, sergeant = stage.phone("lima-3"), stage.phone("sergeant-1")
        asked = (await stage.platform.public.posts())[0].id
        await officer.citizen_answers(asked, "Is the road open again?")
        await officer.taps_until("reply_card.button.answer", lambda: officer.asks("reply_card.ask"), "never asked")
        await officer.answer("reply_card.ask", "Yes, the road is open again.")

        async def out() -> bool:
            return await stage.public(2) == (1, 1)

        await sergeant.taps_until("card.button.publish", out, "the answer is not public")
        await killed(stage, 2)
        thread = [post for post in await stage.platform.public.posts() if post.answers]
        assert len(thread) == 1

    night.play(journey, "public", Kill("answered", 30), Kill("received", 50))


@pytest.mark.slow
def test_a_refusal_is_said_once(night: Night) -> None:
    async def journey(stage: KilledStage) -> None:
        stranger = stage.phone("lima-4")
        await stranger.send(STOPPED)
        await until(stage.died, lambda: "it never died")
        await stage.settled()
        refused = await stage.rows(InboxItem, InboxItem.state == InboxState.REFUSED)
        assert len(refused) == 1
        assert refused[0].payload is None
        assert len(await stranger.cards()) == 1
        await stage.check(1, *PEOPLE, "lima-4")

    night.play(journey, "waiting", Kill("heard", 60))


@pytest.mark.slow
def test_an_edit_after_the_approval_changes_nothing(night: Night) -> None:
    async def journey(stage: KilledStage) -> None:
        sergeant, officer = stage.phone("sergeant-1"), stage.phone("lima-3")
        sent = next(item for item in await officer.items() if getattr(item.content, "text", "") == STOPPED)
        await sergeant.taps_until("card.button.publish", in_state(stage, PostState.APPROVED), "not approved")
        await officer.edit(sent.id, "Something else.")

        async def out() -> bool:
            return await stage.public(1) == (1, 1)

        await until(out, lambda: "never public")
        await killed(stage, 1)
        await officer.sees("queue.too_late_to_change")
        assert "bald tyres" in (await stage.platform.public.posts())[0].text

    night.play(journey, "waiting", Kill("phone-edit", 80), undo_seconds=6)


# The workers


def children(pid: int) -> list[int]:
    """The processes that a process started, by what the kernel says."""
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # the thread ended meanwhile
            found += map(int, file.read_text("ascii").split())
    return found


def running(pid: int, module: str) -> bool:
    try:
        return module in Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return False


async def worker(stage: KilledStage, module: str) -> int:
    """Wait for the worker process that runs this module; gives its pid."""
    found: list[int] = []

    async def look() -> bool:
        found[:] = [pid for pid in children(stage.patrol.pid) if running(pid, module)]
        return bool(found)

    await until(look, lambda: f"no worker runs {module}")
    return found[0]


@pytest.mark.slow
def test_a_post_is_prepared_although_the_text_worker_was_killed_over_it(night: Night) -> None:
    async def journey(stage: KilledStage) -> None:
        officer = stage.phone("lima-3")
        sending = asyncio.create_task(officer.send(STOPPED))
        os.kill(await worker(stage, "spawn_main"), signal.SIGKILL)
        await sending
        await send_again_waits(stage)
        await publish(stage)
        await stage.check(1, *PEOPLE)
        assert await stage.public(1) == (1, 1)

    night.play(journey, "on-shift")


async def send_again_waits(stage: KilledStage) -> None:
    await until(lambda: stage.phone("sergeant-1").offers("card.button.publish"), lambda: "nobody could publish it")


@pytest.mark.slow
def test_a_photo_is_covered_although_the_photo_worker_was_killed_over_it(night: Night) -> None:
    async def journey(stage: KilledStage) -> None:
        written = io.BytesIO()
        Image.new("RGB", (640, 480), "navy").save(written, "JPEG")
        await stage.phone("lima-3").send(STOPPED, written.getvalue())
        os.kill(await worker(stage, "moderation.media_worker"), signal.SIGKILL)
        await send_again_waits(stage)
        sergeant = stage.phone("sergeant-1")

        async def out() -> bool:
            return await stage.public(1) == (1, 1)

        await sergeant.taps_until("card.button.publish", out, "never public")
        await stage.check(1, *PEOPLE)
        assert len((await stage.platform.public.posts())[0].pictures) == 1

    night.play(journey, "on-shift")


@pytest.mark.slow
def test_no_worker_outlives_a_killed_program(night: Night) -> None:
    async def journey(stage: KilledStage) -> None:
        await send(stage)
        workers = [pid for pid in children(stage.patrol.pid) if running(pid, "spawn_main")]
        assert workers
        os.kill(stage.patrol.pid, signal.SIGKILL)

        async def gone() -> bool:
            return not any(running(pid, "spawn_main") for pid in workers)

        await until(gone, lambda: "a worker lives on", 10)

    night.play(journey, "on-shift")
