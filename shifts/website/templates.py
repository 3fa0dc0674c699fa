"""The templates, and all that they may use besides what a page hands them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shifts.timeline import Entry
from shifts.website.edition import Edition
from shifts.website.text import allowed, linked, one_line

FOLDER: Final = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class SiteFacts:
    """What every page says about the site itself. `files` gives the address of a static file by its name."""

    name: str
    public_url: str
    emergency: Mapping[str, str]
    hours: Mapping[str, str]
    files: Mapping[str, str]
    languages: tuple[str, ...]


class Templates:
    """Renders pages and single posts. Everything is escaped unless it is Markup already."""

    def __init__(self, site: SiteFacts) -> None:
        self.site = site
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters |= {"linked": linked, "one_line": one_line, "allowed": allowed}
        self._environment.globals["site"] = site
        self._post = self._environment.get_template("post.html")
        self._board = self._environment.get_template("board.html")

    def page(self, name: str, edition: Edition, path: str, **fields: object) -> str:
        """A whole page; `path` is its own address, without a language."""
        return self._environment.get_template(name).render(edition=edition, path=path, **fields)

    def post(self, entry: Entry, edition: Edition) -> str:
        """One post, as it stands in every list."""
        return self._post.render(post=entry, edition=edition)

    def board(self, board: object, edition: Edition) -> str:
        """The line that says who is on patrol."""
        return self._board.render(board=board, edition=edition)
