"""Fixed public texts: what the press office approved once, and the second of the two ways to a release.

The approval names the exact texts by their hash: whoever changes a text has to have it approved again."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final

from moderation.release import ContentHash, Release

FIXED_KIND: Final = "statement"


class TemplatesWrong(Exception):
    """The file of fixed texts cannot be used; the message says which text, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Template:
    """One text in several languages, the force's own first. `life_risk`: it goes out even while a shift is frozen."""

    name: str
    texts: Mapping[str, str]
    life_risk: bool = False

    def text(self, language: str) -> tuple[str, str]:
        """The text in a language, else in the first; and the language that it is in."""
        known = language if language in self.texts else next(iter(self.texts))
        return self.texts[known], known


@dataclass(frozen=True, slots=True)
class Approval:
    """Who of the press office approved exactly what, and when."""

    by: str
    on: date
    content: ContentHash


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a fixed text is said: under which reply, in the thread of which post."""

    post: int
    number: int
    shift: int
    network: str
    reply: int


def content_of(template: Template) -> ContentHash:
    """What an approval binds to: the name and every text, letter by letter."""
    canonical = [template.name, dict(sorted(template.texts.items())), template.life_risk]
    encoded = json.dumps(canonical, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()
    return ContentHash(hashlib.sha256(encoded).hexdigest())


def release(template: Template, approval: Approval, thread: Thread, language: str) -> Release:
    """A release of a fixed text. Raises TemplatesWrong if it is not exactly what was approved."""
    if approval.content != content_of(template):
        raise TemplatesWrong(f"The fixed text {template.name} is not the one that was approved.")
    text, known = template.text(language)
    return Release(
        post=thread.post,
        number=thread.number,
        network=thread.network,
        shift=thread.shift,
        kind=FIXED_KIND,
        language=known,
        text=text,
        pictures=(),
        area=None,
        byline=None,
        approved_at=datetime.combine(approval.on, time(), UTC),
        content=approval.content,
        reply=thread.reply,
    )


@dataclass(frozen=True, slots=True)
class Templates:
    """All fixed texts with their approvals."""

    approved: Mapping[str, tuple[Template, Approval]]

    @classmethod
    def load(cls, path: Path) -> "Templates":
        """Read templates.toml. Raises TemplatesWrong for a text that nobody approved as it stands."""
        tables = tomllib.loads(path.read_text("utf-8"))
        return cls({name: _approved(name, table) for name, table in tables.items()})

    def __contains__(self, name: object) -> bool:
        return name in self.approved

    def life_risk(self, name: str) -> bool:
        """Whether this text is for somebody whose life may be at risk."""
        return self.approved[name][0].life_risk

    def release(self, name: str, thread: Thread, language: str) -> Release:
        """The release of a fixed text by its name. Raises KeyError, TemplatesWrong."""
        template, approval = self.approved[name]
        return release(template, approval, thread, language)


def _approved(name: str, table: Mapping[str, object]) -> tuple[Template, Approval]:
    texts, line = table.get("text"), table.get("approval")
    if not isinstance(texts, dict) or not texts:
        raise TemplatesWrong(f"The fixed text {name} has no words.")
    template = Template(name, texts, bool(table.get("life_risk", False)))
    content = content_of(template)
    if not isinstance(line, dict) or not line.get("by") or not isinstance(line.get("on"), date):
        raise TemplatesWrong(f"Nobody of the press office has approved the fixed text {name}.")
    if line.get("content") != content:
        raise TemplatesWrong(
            f"The fixed text {name} was changed after its approval; if the press office approves it as it stands, "
            f"its approval needs content = {content!r}."
        )
    return template, Approval(str(line["by"]), line["on"], content)
