"""Codes, linked accounts and revocations: identity is the person."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from shifts import roster
from shifts.database import Database
from shifts.officer import Account, Guess, Invitation, Officer, OfficerUnknown
from shifts.roster import AccountTaken, CutOff, InvitationRefused
from shifts.shift import current_shift, go_on
from tests.shifts.crew import NOW, enrol, opened, somebody

HOUR = timedelta(hours=1)


async def invited(database: Database, officer_id: str = "lima-1") -> str:
    async with database.transaction() as session:
        await enrol(session, somebody(officer_id))
        return await roster.invite(session, officer_id, NOW)


async def redeemed(database: Database, code: str, account: str, now_plus: timedelta = HOUR) -> str | None:
    """The officer whom an account is linked to by this code, None if it is refused."""
    async with database.transaction() as session:
        try:
            return (await roster.redeem(session, code, "telegram", account, account, NOW + now_plus)).id
        except InvitationRefused:
            return None


async def test_a_code_links_the_account_that_sends_it(database: Database) -> None:
    code = await invited(database)
    assert await redeemed(database, code, "7001") == "lima-1"
    async with database.reading() as session:
        found = await roster.person(session, "telegram", "7001")
        linked = await roster.accounts(session, "lima-1")
    assert found is not None
    assert found.id == "lima-1"
    assert [(one.app, one.account, one.chat) for one in linked] == [("telegram", "7001", "7001")]


async def test_a_code_has_128_bits_and_only_its_hash_is_kept(sqlite_database: Database) -> None:
    code = await invited(sqlite_database)
    assert len(code) == 22
    async with sqlite_database.reading() as session:
        kept = (await session.exec(select(Invitation))).one()
    assert code not in repr(kept)
    assert len(kept.code_hash) == 64


async def test_a_code_works_once(database: Database) -> None:
    code = await invited(database)
    assert await redeemed(database, code, "7001") == "lima-1"
    assert await redeemed(database, code, "7002") is None


async def test_a_code_lasts_a_day(database: Database) -> None:
    code = await invited(database)
    assert await redeemed(database, code, "7001", timedelta(hours=24)) is None
    assert await redeemed(database, code, "7002", timedelta(hours=24) - timedelta(seconds=1)) == "lima-1"


async def test_a_new_code_voids_the_one_before(database: Database) -> None:
    first = await invited(database)
    async with database.transaction() as session:
        second = await roster.invite(session, "lima-1", NOW)
    assert await redeemed(database, first, "7001") is None
    assert await redeemed(database, second, "7002") == "lima-1"


async def test_unknown_used_and_expired_codes_are_refused_in_the_same_words(sqlite_database: Database) -> None:
    code = await invited(sqlite_database)
    await redeemed(sqlite_database, code, "7001")
    async with sqlite_database.transaction() as session:
        await enrol(session, somebody("lima-2"))
        expired = await roster.invite(session, "lima-2", NOW - timedelta(days=2))
        for tried in (code, expired, "no-such-code", ""):
            with pytest.raises(InvitationRefused) as refused:
                await roster.redeem(session, tried, "telegram", "7009", "7009", NOW)
            assert (refused.value.sentence, str(refused.value)) == ("roster.invitation_refused",) * 2


async def test_one_of_two_who_redeem_a_code_at_once_gets_it(database: Database) -> None:
    for attempt in range(5):
        code = await invited(database, f"lima-{attempt}")
        got = await asyncio.gather(*(redeemed(database, code, f"{attempt}-{account}") for account in range(3)))
        assert sorted(map(str, got)) == ["None", "None", f"lima-{attempt}"]


async def test_two_accounts_are_one_person(database: Database) -> None:
    code = await invited(database)
    await redeemed(database, code, "7001")
    async with database.transaction() as session:
        await roster.link(session, "lima-1", "discord", "900", "901", NOW)
    async with database.reading() as session:
        first = await roster.person(session, "telegram", "7001")
        second = await roster.person(session, "discord", "900")
        linked = await roster.accounts(session, "lima-1")
    assert first is not None
    assert second is not None
    assert first.id == second.id == "lima-1"
    assert [one.app for one in linked] == ["telegram", "discord"]


async def test_an_account_of_one_person_never_becomes_anothers(database: Database) -> None:
    code = await invited(database)
    async with database.transaction() as session:
        await enrol(session, somebody("lima-2"))
        await roster.link(session, "lima-2", "telegram", "7001", "7001", NOW)
    assert await redeemed(database, code, "7001") is None
    async with database.transaction() as session:
        with pytest.raises(AccountTaken):
            await roster.link(session, "lima-1", "telegram", "7001", "7001", NOW)


async def test_two_people_who_link_one_account_at_once_do_not_share_it(database: Database) -> None:
    async with database.transaction() as session:
        await enrol(session, somebody("lima-1"), somebody("lima-2"))

    async def linking(officer_id: str) -> bool:
        async with database.transaction() as session:
            try:
                await roster.link(session, officer_id, "telegram", "7001", "7001", NOW)
            except AccountTaken:
                return False
        return True

    assert sorted(await asyncio.gather(linking("lima-1"), linking("lima-2"))) == [False, True]


async def test_linking_again_only_says_where_to_write(database: Database) -> None:
    async with database.transaction() as session:
        await enrol(session, somebody("lima-1"))
        await roster.link(session, "lima-1", "rehearsal", "lima-1", "old", NOW)
        await roster.link(session, "lima-1", "rehearsal", "lima-1", "new", NOW + HOUR)
        assert [one.chat for one in await roster.accounts(session, "lima-1")] == ["new"]


async def test_an_account_that_guesses_is_refused_even_with_the_right_code_for_an_hour(database: Database) -> None:
    code = await invited(database)
    for guess in range(roster.GUESSES):
        assert await redeemed(database, f"guess-{guess}", "7666", timedelta(0)) is None
    assert await redeemed(database, code, "7666", timedelta(minutes=59)) is None
    assert await redeemed(database, code, "7666", timedelta(hours=1)) == "lima-1"
    async with database.reading() as session:
        assert (await session.exec(select(Guess))).all() == []


async def test_somebody_elses_guesses_lock_nobody_out(database: Database) -> None:
    code = await invited(database)
    for guess in range(roster.GUESSES + 1):
        await redeemed(database, f"guess-{guess}", "7666")
    assert await redeemed(database, code, "7001") == "lima-1"


async def test_a_revoked_officer_is_cut_off_at_once_everywhere(database: Database) -> None:
    code = await invited(database)
    await redeemed(database, code, "7001")
    async with database.transaction() as session:
        sergeant = somebody("sergeant-1", unit="lima")
        sergeant.roles = ["sergeant"]
        await enrol(session, sergeant)
        await opened(session, sergeant)
        person = await roster.person(session, "telegram", "7001")
        assert person is not None
        await go_on(session, person, NOW)
        unused = await roster.invite(session, "lima-1", NOW)
        await roster.revoke(session, "lima-1", NOW)
    async with database.reading() as session:
        assert await roster.person(session, "telegram", "7001") is None
        assert await roster.accounts(session, "lima-1") == []
        assert await current_shift(session, "lima-1") is None
    assert await redeemed(database, unused, "7002") is None


async def test_who_was_cut_off_gets_no_code_until_reinstated_and_no_old_account_back(database: Database) -> None:
    await redeemed(database, await invited(database), "7001")
    async with database.transaction() as session:
        await roster.revoke(session, "lima-1", NOW)
        with pytest.raises(CutOff):
            await roster.invite(session, "lima-1", NOW)
        await roster.reinstate(session, "lima-1")
        assert await roster.person(session, "telegram", "7001") is None
        code = await roster.invite(session, "lima-1", NOW)
    assert await redeemed(database, code, "7001") == "lima-1"
    async with database.reading() as session:
        assert len((await session.exec(select(Account))).all()) == 2


async def test_revoking_twice_keeps_the_first_time(database: Database) -> None:
    async with database.transaction() as session:
        await enrol(session, somebody("lima-1"))
        await roster.revoke(session, "lima-1", NOW)
        await roster.revoke(session, "lima-1", NOW + HOUR)
    async with database.reading() as session:
        assert (await session.get_one(Officer, "lima-1")).revoked_at == NOW


async def test_a_code_redeemed_while_its_officer_is_revoked_gives_no_way_in(database: Database) -> None:
    for attempt in range(5):
        officer_id = f"lima-{attempt}"
        code = await invited(database, officer_id)

        async def cut(who: str = officer_id) -> None:
            async with database.transaction() as session:
                await roster.revoke(session, who, NOW + HOUR)

        await asyncio.gather(redeemed(database, code, f"{attempt}"), cut())
        async with database.reading() as session:
            assert await roster.person(session, "telegram", f"{attempt}") is None


async def test_an_unknown_officer_is_told_as_such(database: Database) -> None:
    async with database.transaction() as session:
        for attempt in (roster.invite, roster.revoke):
            with pytest.raises(OfficerUnknown):
                await attempt(session, "nobody", NOW)
