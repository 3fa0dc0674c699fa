"""`tweetpatrol export`, as somebody of the records desk meets it."""

import asyncio
import json
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlmodel import select
from typer.testing import CliRunner, Result

from bot import delivery, pack, settings
from bot.cli_export import export_command
from bot.export import GONE
from bot.reply import Reply
from moderation import audit
from moderation.audit import AuditEntry
from moderation.decision import Decision, DecisionKind
from moderation.post import PictureState, Post, PostPicture, PostState
from moderation.vault import Vault
from shifts import roster
from shifts.database import Database, utc_now
from shifts.roster_file import Roster
from shifts.shift import Shift, ShiftState
from shifts.words import Words

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config" / "rehearsal" / "patrol.toml"
NOW = utc_now()
WORDS = Words.load(ROOT / "config" / "languages")
DAY = timedelta(days=1)
KEY = "5b" * 32
ORIGINAL = "Stopped a van on Harbour Road, all fine."
PUBLIC = "Stopped a van in Riverside, all fine."

Typed = Callable[..., Result]


@pytest.fixture
def data(sqlite_with_tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with one shift and its post 214; the vault key is in the environment."""
    folder = tmp_path / "data"
    (folder / "media").mkdir(parents=True)
    (folder / "patrol.sqlite").write_bytes(sqlite_with_tables.read_bytes())
    monkeypatch.setenv(settings.VAULT_KEY, KEY)
    asyncio.run(_night(folder))
    return folder


@pytest.fixture
def typed(data: Path) -> Typed:
    """What somebody gets who types these words after `tweetpatrol export`."""
    app = typer.Typer()
    app.command()(export_command)
    return lambda *words: CliRunner().invoke(app, [*words, "--config", str(CONFIG), "--data", str(data)])


def opened(folder: Path) -> Database:
    return Database(f"sqlite+aiosqlite:///{folder}/patrol.sqlite")


async def _night(folder: Path) -> None:
    database, vault = opened(folder), Vault(bytes.fromhex(KEY), folder / "vault")
    (folder / "media" / f"{'c' * 64}.jpg").write_bytes(b"covered")
    async with database.transaction() as session:
        await roster.import_roster(session, Roster.load(ROOT / "config" / "roster.toml"), NOW)
        session.add(Shift(id=3, unit="lima", name="Night B", state=ShiftState.ENDED, starts_at=NOW, ends_at=NOW))
        await session.flush()
        sealed = await vault.put(session, ORIGINAL.encode(), NOW, NOW + 31 * DAY)
        post = Post(
            id=1, number=214, author_id="lima-3", shift_id=3, state=PostState.RELEASED, app="a", chat="c", message="m",
            source_id=sealed, original_id=sealed, prepare_at=NOW, sent_at=NOW, received_at=NOW, text=PUBLIC,
            networks=["far"], redactions=[{"kind": "ADDRESS", "key": "k1"}],
        )  # fmt: skip
        session.add(post)
        await session.flush()
        picture = await vault.put(session, b"as sent", NOW, NOW + 31 * DAY)
        session.add(
            PostPicture(
                post_id=1, part="m-0", state=PictureState.FINISHED, kind="photo", original_id=picture, sha256="c" * 64
            )
        )
        session.add(
            Decision(post_id=1, kind=DecisionKind.PUBLISH, officer_id="sergeant-1", at=NOW, revision=1, content="h")
        )
        reply = Reply(
            id=5, network="far", heard_id="h", post_id=1, answers="p", author="a", author_name="Ines",
            text="Thank you", at=NOW, received_at=NOW,
        )  # fmt: skip
        session.add(reply)
        await delivery.plan(session, post, ["far"], NOW, {})
        for subject in ("post 214", "reply 5", "shift 3", "post 215"):
            await audit.record(session, NOW, "something", subject, "sergeant-1")
    await database.close()


def read(path: Path, name: str) -> Any:
    with zipfile.ZipFile(path) as archive:
        content = archive.read(name)
    return json.loads(content) if name.endswith(".json") else content


def audited(folder: Path) -> list[AuditEntry]:
    async def look() -> list[AuditEntry]:
        database = opened(folder)
        async with database.reading() as session:
            await audit.verify(session)
            found = (await session.exec(select(AuditEntry).where(AuditEntry.event == "exported"))).all()
        await database.close()
        return list(found)

    return asyncio.run(look())


def test_a_post_is_exported_whole_by_the_command_as_installed(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "214.zip"
    command = [sys.executable, "-W", "ignore", "-m", "bot", "export"]
    asked = ["--post", "214", "--by", "records", "--out", str(out), "--config", str(CONFIG), "--data", str(data)]
    told = subprocess.run([*command, *asked], cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ)
    (entry,) = audited(data)
    assert (entry.subject, entry.actor) == ("post 214", "records")
    assert entry.facts["manifest"] in told.stdout
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert read(out, "posts/214/original.txt").decode() == ORIGINAL
    assert read(out, "posts/214/pictures/1-original") == b"as sent"
    assert read(out, "posts/214/pictures/1-covered.jpg") == b"covered"
    assert "Harbour" in read(out, "posts/214/differences.json")["original to public"]
    assert read(out, "posts/214/findings.json")["redactions"] == [{"kind": "ADDRESS", "key": "k1"}]
    assert [row["kind"] for row in read(out, "posts/214/decisions.json")] == ["publish"]
    assert [row["network"] for row in read(out, "posts/214/deliveries.json")] == ["far"]
    assert [row["text"] for row in read(out, "posts/214/replies.json")] == ["Thank you"]
    assert [row["subject"] for row in read(out, "posts/214/audit.json")] == ["post 214", "reply 5"]
    checked = subprocess.run([*command, "--verify", str(out)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert entry.facts["manifest"] in checked.stdout


def test_a_shift_is_exported_with_all_its_posts(typed: Typed, tmp_path: Path) -> None:
    out = tmp_path / "shift.zip"
    assert typed("--shift", "3", "--by", "records", "--out", str(out)).exit_code == 0
    assert read(out, "shift.json")["name"] == "Night B"
    assert [row["subject"] for row in read(out, "audit.json")] == ["shift 3"]
    assert read(out, "posts/214/post.json")["text"] == PUBLIC


def test_what_corrects_a_post_and_what_answers_its_replies_belong_to_it(
    typed: Typed, data: Path, tmp_path: Path
) -> None:
    async def later() -> None:
        database = opened(data)
        async with database.transaction() as session:
            first = await session.get_one(Post, 1)
            session.add(Shift(id=4, unit="lima", name="Night C", starts_at=NOW, ends_at=NOW))
            await session.flush()
            told = {**first.model_dump(exclude={"id"}), "shift_id": 4}
            session.add(Post(**{**told, "number": 215, "message": "n", "corrects": 1, "text": "It was two vans."}))
            session.add(Post(**{**told, "number": 216, "message": "o", "answers_reply": 5, "text": "You are welcome."}))
            session.add(Post(**{**told, "number": 217, "message": "p", "text": "Something else."}))
        await database.close()

    asyncio.run(later())
    out = tmp_path / "214.zip"
    assert typed("--post", "214", "--by", "records", "--out", str(out)).exit_code == 0
    texts = {number: read(out, f"posts/{number}/post.json")["text"] for number in (214, 215, 216)}
    assert texts == {214: PUBLIC, 215: "It was two vans.", 216: "You are welcome."}
    assert [row["subject"] for row in read(out, "posts/215/audit.json")] == ["post 215"]
    with zipfile.ZipFile(out) as archive:
        assert not [name for name in archive.namelist() if "217" in name]


def test_an_original_that_has_died_is_said_to_be_gone(typed: Typed, data: Path, tmp_path: Path) -> None:
    async def purge() -> None:
        database = opened(data)
        async with database.transaction() as session:
            await Vault(bytes.fromhex(KEY), data / "vault").purge(session, NOW + 32 * DAY)
        await database.close()

    asyncio.run(purge())
    out = tmp_path / "214.zip"
    assert typed("--post", "214", "--by", "records", "--out", str(out)).exit_code == 0
    assert read(out, "posts/214/missing.json") == {"original": GONE}
    assert read(out, "posts/214/differences.json") == {}
    assert ORIGINAL.encode() not in out.read_bytes()


def test_without_the_vault_key_originals_are_left_out_and_no_key_is_made(
    typed: Typed, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(settings.VAULT_KEY)
    out = tmp_path / "214.zip"
    told = typed("--post", "214", "--by", "records", "--out", str(out))
    assert (told.exit_code, "originals are left out" in told.output) == (0, True)
    assert not (data / "vault.key").exists()
    with zipfile.ZipFile(out) as archive:
        assert not [name for name in archive.namelist() if "original" in name]


def test_whoever_changes_a_pack_is_found_out(typed: Typed, tmp_path: Path) -> None:
    out = tmp_path / "214.zip"
    typed("--post", "214", "--by", "records", "--out", str(out))
    for name in ("posts/214/audit.json", "posts/214/original.txt"):
        forged = tmp_path / "forged.zip"
        with zipfile.ZipFile(out) as archive, zipfile.ZipFile(forged, "w") as copy:
            for each in archive.namelist():
                copy.writestr(each, archive.read(each) + (b" " if each == name else b""))
        told = typed("--verify", str(forged))
        assert (told.exit_code, f"{name} was changed" in told.output) == (1, True)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("posts/214/more.txt", "more")
    assert "more.txt was added" in typed("--verify", str(out)).output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--post", "214", "--by", "sergeant-1"], "role records or admin"),
        (["--post", "214", "--by", "nobody"], "role records or admin"),
        (["--post", "999", "--by", "records"], "There is no post 999."),
        (["--shift", "9", "--by", "records"], "There is no shift 9."),
        (["--post", "214"], "Say --post NUMBER"),
        (["--post", "214", "--shift", "3", "--by", "records"], "Say --post NUMBER"),
    ],
)
def test_what_can_not_be_exported_is_said_and_leaves_nothing(
    typed: Typed, data: Path, tmp_path: Path, words: list[str], sentence: str
) -> None:
    out = tmp_path / "no.zip"
    told = typed(*words, "--out", str(out))
    assert (told.exit_code, sentence in told.output, out.exists(), audited(data)) == (2, True, False, [])


def test_an_audit_line_that_was_changed_does_not_fit_even_if_the_manifest_was_changed_too(tmp_path: Path) -> None:
    entry = AuditEntry(seq=7, at=NOW, event="something", subject="post 214", actor="a", before="0" * 64, hash="1" * 64)
    files = {"posts/214/audit.json": json.dumps([entry.model_dump(mode="json")]).encode()}
    pack.write(tmp_path / "forged.zip", files, pack.manifest(files, {}))
    told = [WORDS.say(flaw.sentence, "en", **flaw.fields) for flaw in pack.check(tmp_path / "forged.zip")[1]]
    assert told == ["posts/214/audit.json: entry 7 does not fit its hash"]


def test_no_export_is_written_over_another(typed: Typed, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "214.zip"
    out.write_text("kept")
    assert typed("--post", "214", "--by", "records", "--out", str(out)).exit_code == 2
    assert out.read_text() == "kept"
    assert typed("--verify", str(out)).exit_code == 2


def test_an_archive_is_checked_without_any_configuration(typed: Typed, tmp_path: Path) -> None:
    out = tmp_path / "214.zip"
    typed("--post", "214", "--by", "records", "--out", str(out))
    app = typer.Typer()
    app.command()(export_command)
    told = CliRunner().invoke(app, ["--verify", str(out), "--config", str(tmp_path / "nothing.toml")])
    assert (told.exit_code, "214.zip is whole" in told.output) == (0, True)


def test_the_archive_is_told_of_in_the_language_of_the_force(data: Path, tmp_path: Path) -> None:
    folder = str(ROOT / "config")
    config = CONFIG.read_text("utf-8").replace('language = "en"', 'language = "fr"').replace('"../', f'"{folder}/')
    (tmp_path / "patrol.toml").write_text(config, "utf-8")
    app = typer.Typer()
    app.command()(export_command)
    told = CliRunner().invoke(app, ["--post", "999", "--by", "records", "--config", str(tmp_path / "patrol.toml"),
                                    "--data", str(data), "--out", str(tmp_path / "no.zip")])  # fmt: skip
    assert "Il n’y a pas de publication 999." in told.output
