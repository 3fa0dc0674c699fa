"""OAuth 1.0a as X checks it: HMAC-SHA1 over the real address, a fresh nonce, a time that is about now."""

import base64
import hashlib
import hmac
import re
import time
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from aiohttp import web

SIGNED_FOR = "https://api.twitter.com"
OLDEST = 300
_PART = re.compile(r'(\w+)="([^"]*)"')


@dataclass
class Secrets:
    """The four parts of the credentials, and the nonces that were used."""

    api_key: str = "app-key"
    api_secret: str = "app-secret"
    access_token: str = "770090000-of-the-force"
    access_secret: str = "force-secret"
    nonces: set[str] = field(default_factory=set)

    def signed(self, request: web.Request) -> bool:
        """Whether this request was signed with our secrets, now, once. A JSON body is no part of a signature."""
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        given = {name: unquote(value) for name, value in _PART.findall(rest)}
        signature = given.pop("oauth_signature", "")
        fresh = given.get("oauth_nonce", "") not in self.nonces | {""}
        self.nonces.add(given.get("oauth_nonce", ""))
        ours = (given.get("oauth_consumer_key"), given.get("oauth_token")) == (self.api_key, self.access_token)
        about_now = abs(time.time() - float(given.get("oauth_timestamp", 0))) < OLDEST
        right = hmac.compare_digest(signature, self._signature(request, given))
        return scheme == "OAuth" and fresh and ours and about_now and right

    def _signature(self, request: web.Request, given: dict[str, str]) -> str:
        pairs = sorted((_quoted(name), _quoted(value)) for name, value in (*given.items(), *request.query.items()))
        asked = "&".join(f"{name}={value}" for name, value in pairs)
        base = "&".join(map(_quoted, (request.method, SIGNED_FOR + request.path, asked)))
        key = f"{_quoted(self.api_secret)}&{_quoted(self.access_secret)}"
        return base64.b64encode(hmac.digest(key.encode(), base.encode(), hashlib.sha1)).decode()


def _quoted(value: str) -> str:
    return quote(value, safe="~")
