"""The fake's world: accounts with records, what they are notified of, and the sessions that were given out."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fake_bluesky.lexicon import TID, check_post
from tests.fake_bluesky.refused import Refused

COLLECTION = "app.bsky.feed.post"
GATE = "app.bsky.feed.threadgate"
UNASKED = "unasked"
"""Whoever writes does not care what was there."""
PASSWORD = "abcd-efgh-ijkl-mnop"


@dataclass
class Record:
    uri: str
    cid: str
    value: dict[str, Any]
    indexed: datetime


@dataclass
class Account:
    did: str
    handle: str
    name: str
    records: dict[str, Record] = field(default_factory=dict)
    notifications: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class World:
    """`now` moves on by a millisecond with everything that is written."""

    now: datetime = datetime(2026, 11, 21, 21, 0, tzinfo=UTC)
    accounts: dict[str, Account] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    gates: dict[str, Record] = field(default_factory=dict)
    access: dict[str, str] = field(default_factory=dict)
    refresh: dict[str, str] = field(default_factory=dict)
    sessions_made: int = 0
    sessions_renewed: int = 0
    locked_out: bool = False
    home: str = ""

    def person(self, name: str) -> Account:
        """Somebody with this name; the same each time."""
        handle = f"{name.lower()}.bsky.example"
        did = "did:plc:" + base64.b32encode(hashlib.sha256(handle.encode()).digest()).decode().lower()[:24]
        return self.accounts.setdefault(did, Account(did, handle, name))

    # Sessions

    def sign_in(self, identifier: str, password: str) -> dict[str, Any]:
        account = next((one for one in self.accounts.values() if identifier in {one.handle, one.did}), None)
        if self.locked_out or account is None or password != PASSWORD:
            raise Refused(401, "AuthenticationRequired", "Invalid identifier or password")
        self.sessions_made += 1
        return self._session(account)

    def renew(self, token: str) -> dict[str, Any]:
        did = self.refresh.pop(token, None)
        if self.locked_out or did is None:
            raise Refused(400, "ExpiredToken", "Token has been revoked")
        self.sessions_renewed += 1
        return self._session(self.accounts[did])

    def expire(self) -> None:
        """Two hours later: no access token works any more."""
        self.access.clear()

    def who(self, token: str) -> Account:
        if self.locked_out or token not in self.access:
            raise Refused(400, "ExpiredToken", "Token has expired")
        return self.accounts[self.access[token]]

    def _session(self, account: Account) -> dict[str, Any]:
        access, refresh = secrets.token_hex(8), secrets.token_hex(8)
        self.access[access] = self.refresh[refresh] = account.did
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": self.home}
        return {
            "did": account.did,
            "handle": account.handle,
            "accessJwt": access,
            "refreshJwt": refresh,
            "didDoc": {"id": account.did, "service": [service]},
        }

    # Records

    def keep_blob(self, content: bytes, mime: str) -> dict[str, Any]:
        cid = "bafkrei" + _hash(content)
        self.blobs[cid] = content
        return {"$type": "blob", "ref": {"$link": cid}, "mimeType": mime, "size": len(content)}

    def put(
        self,
        account: Account,
        repo: str,
        collection: str,
        rkey: str,
        value: dict[str, Any],
        swap: str | None = UNASKED,
    ) -> dict[str, Any]:
        """Write a record; the same record again changes nothing. `swap`: what is there now (None: nothing), or else."""
        if repo not in {account.did, account.handle}:
            raise Refused(403, "Forbidden", "not your repository")
        if collection not in {COLLECTION, GATE} or not TID.fullmatch(rkey):
            raise Refused(400, "InvalidRequest", "Invalid record key")
        if collection == GATE:
            return self._put_gate(account, rkey, value, swap)
        check_post(value)
        self._check_refs(value)
        uri, cid = f"at://{account.did}/{collection}/{rkey}", _cid(value)
        there = account.records.get(rkey)
        if there is not None and there.cid == cid:
            return {"uri": uri, "cid": cid}
        self.now += timedelta(milliseconds=1)
        account.records[rkey] = Record(uri, cid, value, self.now)
        if there is None:
            self._notify(account, account.records[rkey])
        return {"uri": uri, "cid": cid, "commit": {"cid": cid, "rev": rkey}}

    def _put_gate(self, account: Account, rkey: str, value: dict[str, Any], swap: str | None) -> dict[str, Any]:
        """A gate stands beside a post of the same key, and names it and at most 300 hidden replies."""
        uri, hidden = f"at://{account.did}/{COLLECTION}/{rkey}", value.get("hiddenReplies", [])
        whole = {"$type", "post", "createdAt"} <= set(value) and value["$type"] == GATE and len(hidden) <= 300
        if not whole or value["post"] != uri or rkey not in account.records:
            raise Refused(400, "InvalidRequest", "Invalid app.bsky.feed.threadgate record")
        there = self.gates.get(rkey)
        if swap not in (UNASKED, there.cid if there else None):
            raise Refused(400, "InvalidSwap", "Record was at another cid")
        gate = f"at://{account.did}/{GATE}/{rkey}"
        self.gates[rkey] = Record(gate, _cid(value), value, self.now)
        return {"uri": gate, "cid": _cid(value)}

    def get(self, repo: str, rkey: str, collection: str = COLLECTION) -> Record:
        if collection == GATE and rkey in self.gates:
            return self.gates[rkey]
        account = next((one for one in self.accounts.values() if repo in {one.did, one.handle}), None)
        if collection != COLLECTION:
            account = None
        if account is None or rkey not in account.records:
            raise Refused(400, "RecordNotFound", "Could not locate record")
        return account.records[rkey]

    def at(self, uri: str) -> Record:
        """A record by its address: at://DID/COLLECTION/KEY."""
        _, _, repo, _, rkey = uri.split("/")
        return self.get(repo, rkey)

    def delete(self, account: Account, repo: str, rkey: str) -> None:
        """Nothing is said about whether it was there."""
        if repo not in {account.did, account.handle}:
            raise Refused(403, "Forbidden", "not your repository")
        gone = account.records.pop(rkey, None)
        if gone is not None:
            for one in self.accounts.values():
                one.notifications = [told for told in one.notifications if told["uri"] != gone.uri]

    def reply(self, name: str, parent: str, text: str, indexed: datetime | None = None) -> Record:
        """Somebody answers a post. `indexed`: where it appears in the list, for those whose clock is wrong."""
        under, author = self.at(parent), self.person(name)
        here = {"uri": under.uri, "cid": under.cid}
        root = under.value.get("reply", {}).get("root", here)
        self.now += timedelta(milliseconds=1)
        value = {
            "$type": COLLECTION,
            "text": text,
            "createdAt": self.now.isoformat(),
            "reply": {"root": root, "parent": here},
        }
        alphabet = "234567abcdefghijklmnopqrstuvwxyz"
        rkey = "3" + "".join(secrets.choice(alphabet) for _ in range(12))
        record = Record(f"at://{author.did}/{COLLECTION}/{rkey}", _cid(value), value, indexed or self.now)
        author.records[rkey] = record
        self._notify(author, record)
        return record

    def name(self, author: str, whom: str, text: str, under: str) -> None:
        """Somebody names somebody else in a thread of others, under a post that this server does not hold."""
        self.now += timedelta(milliseconds=1)
        there = {"uri": under, "cid": _cid({"uri": under})}
        told = {"$type": COLLECTION, "text": text, "createdAt": self.now.isoformat()}
        value = {**told, "reply": {"root": there, "parent": there}}
        by = self.person(author)
        record = Record(f"at://{by.did}/{COLLECTION}/3named{len(by.records):07d}", _cid(value), value, self.now)
        self.person(whom).notifications.append(_notification(by, record, "mention", None))

    def change(self, uri: str, text: str | None) -> None:
        """Whoever wrote a record changes its words, or deletes it (None)."""
        record = self.at(uri)
        account = next(one for one in self.accounts.values() if record in one.records.values())
        rkey = uri.rsplit("/", 1)[-1]
        if text is None:
            del account.records[rkey]
        else:
            value = {**record.value, "text": text}
            account.records[rkey] = Record(uri, _cid(value), value, record.indexed)

    def told(self, account: Account, limit: int, cursor: str | None) -> dict[str, Any]:
        """Notifications, the newest first."""
        listed = sorted(account.notifications, key=lambda told: str(told["indexedAt"]), reverse=True)
        start = int(cursor or 0)
        page = listed[start : start + limit]
        more = {"cursor": str(start + limit)} if start + limit < len(listed) else {}
        return {"notifications": page, **more}

    def _notify(self, author: Account, record: Record) -> None:
        """Whoever wrote the parent or the root is told."""
        reply = record.value.get("reply")
        if not reply:
            return
        for uri in dict.fromkeys((reply["parent"]["uri"], reply["root"]["uri"])):
            reader = self.accounts[uri.split("/")[2]]
            if reader is author or any(told["uri"] == record.uri for told in reader.notifications):
                continue
            reader.notifications.append(_notification(author, record, "reply", uri))

    def _check_refs(self, value: dict[str, Any]) -> None:
        """A server takes dangling references; readers would not see the thread, so the fake refuses them."""
        for ref in value.get("reply", {}).values():
            if self.at(ref["uri"]).cid != ref["cid"]:
                raise Refused(400, "InvalidRequest", "reference to another version")
        for image in value.get("embed", {}).get("images", []):
            if image["image"]["ref"]["$link"] not in self.blobs:
                raise Refused(400, "BlobNotFound", "Could not find blob")


def _notification(author: Account, record: Record, reason: str, subject: str | None) -> dict[str, Any]:
    return {
        "uri": record.uri,
        "cid": record.cid,
        "author": {"did": author.did, "handle": author.handle, "displayName": author.name},
        "reason": reason,
        **({"reasonSubject": subject} if subject else {}),
        "record": record.value,
        "isRead": False,
        "indexedAt": record.indexed.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _cid(value: dict[str, Any]) -> str:
    return "bafyrei" + _hash(json.dumps(value, sort_keys=True).encode())


def _hash(content: bytes) -> str:
    return base64.b32encode(hashlib.sha256(content).digest()).decode().lower().rstrip("=")
