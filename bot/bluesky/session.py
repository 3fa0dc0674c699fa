"""Sessions: made seldom (servers allow 300 a day), renewed when they end, kept in a file that only we can read."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Session:
    """Who we are on the network. `home` is the address of the server that keeps our records."""

    did: str
    handle: str
    access: str
    refresh: str
    home: str


def session_of(said: Mapping[str, Any], service: str) -> Session:
    """A session from what createSession or refreshSession answered. Raises ValueError if it is none."""
    fields = [said.get(name) for name in ("did", "handle", "accessJwt", "refreshJwt")]
    did, handle, access, refresh = (field if isinstance(field, str) else "" for field in fields)
    if not (did and access and refresh):
        raise ValueError("not a session")
    return Session(did, handle or did, access, refresh, _home(said.get("didDoc"), service))


def _home(document: Any, service: str) -> str:
    """The server that the account's own document names, if it is as well protected as `service`; else `service`."""
    services = document.get("service", []) if isinstance(document, dict) else []
    for entry in services if isinstance(services, list) else []:
        if isinstance(entry, dict) and str(entry.get("id", "")).endswith("#atproto_pds"):
            home = str(entry.get("serviceEndpoint", "")).rstrip("/")
            if urlsplit(home).scheme in {"https", urlsplit(service).scheme}:
                return home
    return service


class SessionFile:
    """One account's session on disk."""

    def __init__(self, state: Path, service: str, identifier: str) -> None:
        name = hashlib.sha256(f"{service} {identifier}".encode()).hexdigest()[:16]
        self._path = state / f"bluesky-{name}.json"

    def read(self) -> Session | None:
        """The session as whoever renewed it last left it."""
        try:
            return Session(**json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, session: Session) -> None:
        """Keep it before it is used: what the server gave out once must not be lost."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(session), file)
        draft.replace(self._path)
