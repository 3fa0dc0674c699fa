"""What the fake X holds: posts, pictures, people and the bill."""

import html
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from twitter_text.extract_urls import extract_urls_with_indices
from twitter_text.parse_tweet import parse_tweet

EPOCH_MILLISECONDS = 1_288_834_974_657
DUPLICATE_SECONDS = 86_400
DOLLAR = 1_000_000
POST, LINK, ALT, READ, USER, DELETE = 15_000, 200_000, 5_000, 1_000, 10_000, 10_000
"""Prices in millionths of a dollar."""


class Refused(Exception):
    """An answer that is no success, as X words it."""

    def __init__(self, status: int, detail: str, title: str = "", type_: str = "about:blank") -> None:
        super().__init__(detail)
        self.status = status
        self.problem = {"detail": detail, "type": type_, "title": title or _TITLES[status], "status": status}


_TITLES = {400: "Invalid Request", 401: "Unauthorized", 402: "CreditsDepleted", 403: "Forbidden", 404: "Not Found"}


@dataclass
class Media:
    """An uploaded picture."""

    id: str
    content: bytes
    alt: str | None = None


@dataclass
class Post:
    """A post; `shown_from` is when timelines begin to show it."""

    id: str
    author: str
    text: str
    media: list[Media]
    answers: str | None
    at: float
    shown_from: float
    deleted: bool = False
    hidden: bool = False
    addressed: str = ""
    """The name that X puts before an answer to somebody else."""


@dataclass
class World:
    """One account of a force (`me`) among citizens. `lag`: seconds until timelines show a post.

    `credit`: what is left to spend, in millionths of a dollar; None: enough. `self_threads`: whether one may answer
    oneself; others may be answered where they mentioned us. `same_words_twice`: X does not promise to refuse them."""

    me: str
    names: dict[str, str]
    passed: float = 0.0
    lag: float = 0.0
    credit: int | None = None
    self_threads: bool = True
    same_words_twice: bool = False
    bill: int = 0
    posts: dict[str, Post] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)
    unfinished: dict[str, tuple[Media, int]] = field(default_factory=dict)
    processing: dict[str, int] = field(default_factory=dict)
    _last: int = 0

    @property
    def now(self) -> float:
        return time.time() + self.passed

    def new_id(self) -> str:
        """An id with the time in it, as X makes them."""
        self._last = max(self._last + 1, (int(self.now * 1000) - EPOCH_MILLISECONDS) << 22)
        return str(self._last)

    def charge(self, micros: int) -> None:
        """Raises Refused when the credit does not last."""
        if self.credit is not None and micros > self.credit:
            detail = "Your enrolled account does not have any credits to fulfill this request."
            raise Refused(402, detail, type_="https://api.twitter.com/2/problems/credits")
        self.credit = None if self.credit is None else self.credit - micros
        self.bill += micros

    def post(self, author: str, text: str, media: list[Media], answers: str | None) -> Post:
        """Make a post of anybody's; the rules are for the API's own user."""
        now = self.now
        made = Post(self.new_id(), author, text, media, answers, now, now + self.lag)
        asked = self.posts.get(answers or "")
        if author == self.me and asked is not None and asked.author != self.me:
            made.addressed = f"@{self.names[asked.author]} "
        self.posts[made.id] = made
        return made

    def check_post(self, text: str, media: list[str], answers: str | None) -> None:
        """Raises Refused for what X refuses."""
        if len(media) > 4 or any(one not in self.media for one in media):
            raise Refused(400, "Your media IDs are invalid.")
        if not text and not media:
            raise Refused(400, "One or more parameters to your request was invalid.")
        if text and parse_tweet(text).weightedLength > 280:
            raise Refused(403, "Your Tweet text is too long. For more information visit the documentation.")
        if answers is not None:
            self._check_answer(answers)
        if any(self._same(post, text) for post in self.posts.values()):
            raise Refused(403, "You are not allowed to create a Tweet with duplicate content.")

    def own(self) -> list[Post]:
        """Our posts that are there, newest first, whether timelines show them yet or not."""
        mine = [post for post in self.posts.values() if post.author == self.me and not post.deleted]
        return sorted(mine, key=lambda post: int(post.id), reverse=True)

    def mentions(self) -> list[Post]:
        name = f"@{self.names[self.me]}"
        found = [p for p in self.posts.values() if p.author != self.me and name in p.text and not p.deleted]
        return sorted(found, key=lambda post: int(post.id), reverse=True)

    def thread(self, post: Post) -> str:
        """The id of the post at the head of its thread, as far as it is known."""
        while post.answers in self.posts:
            post = self.posts[post.answers]
        return post.answers or post.id

    def _check_answer(self, answers: str) -> None:
        asked = self.posts.get(answers)
        if asked is None or asked.deleted:
            raise Refused(403, "You attempted to reply to a Tweet that is deleted or not visible to you.")
        allowed = self.self_threads if asked.author == self.me else f"@{self.names[self.me]}" in asked.text
        if not allowed:
            why = "you have not been mentioned or otherwise engaged by the author of the post you are replying to"
            raise Refused(403, f"Reply to this conversation is not allowed because {why}.")

    def _same(self, post: Post, text: str) -> bool:
        recent = self.now - post.at < DUPLICATE_SECONDS and not self.same_words_twice
        return recent and not post.deleted and post.author == self.me and bool(text) and post.text == text.strip()


def looks(post: Post, thread: str) -> dict[str, Any]:
    """A post as timelines give it: links shortened, pictures as a link at the end, all of it escaped."""
    text, links = post.text, []
    for number, found in reversed(list(enumerate(extract_urls_with_indices(post.text)))):
        short = f"https://t.co/{post.id[-8:]}{number:02d}"
        start, end = found["indices"]
        text = f"{text[:start]}{short}{text[end:]}"
        whole = found["url"] if "://" in found["url"] else f"http://{found['url']}"
        links.append({"url": short, "expanded_url": whole, "display_url": found["url"]})
    if post.media:
        short = f"https://t.co/{post.id[-8:]}pic"
        text = f"{text} {short}"
        page = f"https://x.com/force/status/{post.id}/photo/1"
        links += [{"url": short, "expanded_url": page, "media_key": f"3_{one.id}"} for one in post.media]
    told: dict[str, Any] = {
        "id": post.id,
        "text": html.escape(f"{post.addressed}{text}", quote=False),
        "created_at": datetime.fromtimestamp(post.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "author_id": post.author,
        "edit_history_tweet_ids": [post.id],
        "conversation_id": thread,
    }
    if links:
        told["entities"] = {"urls": links}
    if post.media:
        told["attachments"] = {"media_keys": [f"3_{one.id}" for one in post.media]}
    if post.answers:
        told["referenced_tweets"] = [{"type": "replied_to", "id": post.answers}]
    return told
