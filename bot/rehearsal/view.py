"""What the page is told: phones, cards and the networks' panel as plain JSON."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from bot.chat_app import Card
from bot.command_names import COMMANDS, name_of
from bot.lengths import length
from bot.network import Counting, Heard, Limits
from bot.rehearsal.item import Item, Sent
from bot.rehearsal.person import Person
from bot.rehearsal.public import Public, PublicPost, Trouble
from bot.rehearsal.uploads import MOST_BYTES
from shifts.words import Words

PANEL: Final[Mapping[str, Limits]] = {
    "Mastodon": Limits(500, Counting.CODE_POINTS, 4, 16_000_000, 1500, per_link=23),
    "X": Limits(280, Counting.WEIGHTED, 4, 5_000_000, 1000, per_link=23),
    "Bluesky": Limits(300, Counting.GRAPHEMES, 4, 1_000_000, 2000),
}
"""How the panel measures each post. The network's own limits are in its settings."""

_TABLE: Final = "rehearsal."


def hello(people: Sequence[Person], commands: Mapping[str, Sequence[str]], words: Words) -> dict[str, Any]:
    """The first thing that a page hears: who can be played, and every sentence of the page in each language."""
    return {
        "is": "hello",
        "people": [
            {"account": p.account, "name": p.name, "roles": list(p.roles), "language": words.known(p.language)}
            for p in people
        ],
        "commands": {role: list(names) for role, names in commands.items()},
        "commandNames": {lang: {name: name_of(words, name, lang) for name in COMMANDS} for lang in words.languages},
        "words": {language: _sentences(words, language) for language in words.languages},
        "uploadBytes": MOST_BYTES,
    }


def item_view(item: Item) -> dict[str, Any]:
    """One message or card as the page draws it."""
    shared = {"id": item.id, "place": item.place, "at": item.at.isoformat()}
    if isinstance(item.content, Card):
        return shared | {"kind": "card", "card": _card(item.id, item.content)}
    return shared | {"kind": "sent", "nonce": item.nonce, "taken": item.taken, "sent": _sent(item.content)}


async def public_view(public: Public) -> dict[str, Any]:
    """Everything on the networks' panel."""
    replies, _ = await public.replies(0)
    posts = await public.posts()
    return {
        "is": "public",
        "posts": [_post(post, [reply for reply in replies if reply.answers == post.id]) for post in posts],
        "troubles": {trouble: trouble in await public.troubles() for trouble in Trouble},
    }


def _sentences(words: Words, language: str) -> dict[str, str]:
    ours = sorted(key for key in words.keys(language) if key.startswith(_TABLE))
    return {key.removeprefix(_TABLE): words.say(key, language) for key in ours}


def _card(item: str, card: Card) -> dict[str, Any]:
    return {
        "title": card.title,
        "tone": card.tone,
        "pictures": [
            {
                "src": f"/rehearsal/picture/{item}/{number}?{picture.path.stem}",
                "alt": picture.alt,
                "video": f"/rehearsal/video/{item}/{number}?{picture.video.stem}" if picture.video else None,
            }
            for number, picture in enumerate(card.pictures)
        ],
        "quote": None if card.quote is None else _pieces(card.quote, card.marks),
        "lines": list(card.lines),
        "ask": None if card.ask is None else {"label": card.ask.label, "prefill": card.ask.prefill},
        "rows": [[{"token": b.token, "label": b.label, "weight": b.weight} for b in row] for row in card.rows],
    }


def _pieces(quote: str, marks: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    """The quote cut at its marks, so that the page need not count code points."""
    cuts = sorted({0, len(quote), *(max(0, min(place, len(quote))) for mark in marks for place in mark)})
    return [
        {"text": quote[start:end], "marked": any(first <= start < last for first, last in marks)}
        for start, end in pairwise(cuts)
    ]


def _sent(sent: Sent) -> dict[str, Any]:
    files = [{"kind": f.kind, "ref": f.ref, "name": f.name, "size": f.size} for f in sent.files]
    return {"text": sent.text, "files": files, "answers": sent.answers, "edited": sent.edited}


def _post(post: PublicPost, replies: Sequence[Heard]) -> dict[str, Any]:
    return {
        "id": post.id,
        "number": post.number,
        "at": post.at.isoformat(),
        "text": post.text,
        "language": post.language,
        "pictures": [
            {"src": f"/media/{p.sha256}.jpg", "alt": p.alt, "video": f"/media/{p.video}.mp4" if p.video else None}
            for p in post.pictures
        ],
        "answers": post.answers,
        "withdrawn": post.withdrawn.isoformat() if post.withdrawn else None,
        "lengths": [
            {"network": name, "length": length(post.text, limits), "most": limits.characters}
            for name, limits in PANEL.items()
        ],
        "replies": [{"id": r.id, "name": r.author_name, "text": r.text, "at": r.at.isoformat()} for r in replies],
    }
