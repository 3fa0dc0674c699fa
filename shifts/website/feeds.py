"""The timeline as Atom and as JSON Feed 1.1. A withdrawn post keeps its place and says so, without its words."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree

from markupsafe import Markup, escape

from shifts.timeline import Entry
from shifts.website.edition import Edition
from shifts.website.templates import SiteFacts
from shifts.website.text import allowed, linked, one_line

ATOM: Final = "http://www.w3.org/2005/Atom"
XML_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
VIDEO: Final = "video/mp4"
BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)

ElementTree.register_namespace("", ATOM)


def atom(entries: Sequence[Entry], site: SiteFacts, edition: Edition) -> str:
    """An Atom feed (RFC 4287) of these posts, newest first."""
    feed = ElementTree.Element(_name("feed"), {XML_LANGUAGE: edition.language})
    updated = max((_changed(entry) for entry in entries), default=BEGINNING)
    _add(feed, "id", f"{site.public_url}/")
    _add(feed, "title", site.name)
    _add(feed, "subtitle", str(edition.raw("headline")))
    _add(feed, "updated", updated.isoformat(timespec="seconds"))
    _add(feed, "link", rel="self", type="application/atom+xml", href=site.public_url + edition.link("/feed.atom"))
    _add(feed, "link", rel="alternate", type="text/html", href=site.public_url + edition.link("/"))
    _add(_add(feed, "author"), "name", site.name)
    for entry in entries:
        _atom_entry(feed, entry, site, edition)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(feed, encoding="unicode")


def _atom_entry(feed: ElementTree.Element, entry: Entry, site: SiteFacts, edition: Edition) -> None:
    element = _add(feed, "entry")
    address = f"{site.public_url}/p/{entry.number}"
    _add(element, "id", address)
    _add(element, "title", _title(entry, edition))
    _add(element, "published", entry.published_at.isoformat(timespec="seconds"))
    _add(element, "updated", _changed(entry).isoformat(timespec="seconds"))
    _add(element, "link", rel="alternate", type="text/html", href=address)
    if entry.withdrawn_at is not None:
        return
    element.set(XML_LANGUAGE, entry.language)
    for picture in entry.pictures:
        if picture.get("video"):
            _add(element, "link", rel="enclosure", type=VIDEO, href=_video_address(picture, site))
    _add(element, "category", term=entry.kind, label=edition.kind(entry.kind) or entry.kind)
    _add(element, "content", str(_html(entry, site, edition)), type="html")


def json_feed(entries: Sequence[Entry], site: SiteFacts, edition: Edition) -> str:
    """A JSON Feed 1.1 of these posts, newest first."""
    return json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": site.name,
            "description": edition.raw("headline"),
            "home_page_url": site.public_url + edition.link("/"),
            "feed_url": site.public_url + edition.link("/feed.json"),
            "language": edition.language,
            "authors": [{"name": site.name, "url": f"{site.public_url}/about"}],
            "items": [_item(entry, site, edition) for entry in entries],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _item(entry: Entry, site: SiteFacts, edition: Edition) -> dict[str, object]:
    address = f"{site.public_url}/p/{entry.number}"
    item: dict[str, object] = {
        "id": address,
        "url": address,
        "title": _title(entry, edition),
        "date_published": entry.published_at.isoformat(timespec="seconds"),
        "date_modified": _changed(entry).isoformat(timespec="seconds"),
    }
    if entry.withdrawn_at is not None:
        return item | {"content_text": _title(entry, edition)}
    item |= {
        "language": entry.language,
        "tags": [entry.kind],
        "content_html": str(_html(entry, site, edition)),
    }
    if entry.pictures:
        item["image"] = _picture_address(entry.pictures[0], site)
    films = [picture for picture in entry.pictures if picture.get("video")]
    if films:
        item["attachments"] = [
            {"url": _video_address(film, site), "mime_type": VIDEO, "duration_in_seconds": film["seconds"]}
            for film in films
        ]
    return item


def _title(entry: Entry, edition: Edition) -> str:
    """A feed must name each entry; for a withdrawn one this is the tombstone."""
    if entry.withdrawn_at is not None:
        return edition.raw("withdrawn").format(time=edition.clock(entry.withdrawn_at))
    return one_line(entry.text) or edition.raw("post_title").format(number=entry.number)


def _html(entry: Entry, site: SiteFacts, edition: Edition) -> Markup:
    lines = Markup("<br>").join(linked(line) for line in entry.text.splitlines())
    parts = [Markup('<p dir="auto">{}</p>').format(lines)]
    parts += [Markup("<p>{}</p>").format(_shown(picture, site)) for picture in entry.pictures]
    if entry.correction and entry.corrected_at:
        said = edition.say("correction", time=edition.clock(entry.corrected_at))
        parts.append(Markup("<p><strong>{}</strong> {}</p>").format(said, linked(entry.correction)))
    if entry.byline:
        parts.append(Markup("<p>{}</p>").format(escape(edition.say("byline", byline=edition.aside(entry.byline)))))
    return Markup("\n").join(parts)


def _shown(picture: dict[str, object], site: SiteFacts) -> Markup:
    """A picture, or the poster of a video that leads to it."""
    sides = (picture["width"], picture["height"])
    image = Markup('<img src="{}" alt="{}" width="{}" height="{}">').format(
        _picture_address(picture, site), allowed(str(picture["alt"])), *sides
    )
    film = Markup('<a href="{}">{}</a>')
    return film.format(_video_address(picture, site), image) if picture.get("video") else image


def _picture_address(picture: dict[str, object], site: SiteFacts) -> str:
    return f"{site.public_url}/media/{picture['sha256']}.jpg"


def _video_address(picture: dict[str, object], site: SiteFacts) -> str:
    return f"{site.public_url}/media/{picture['video']}.mp4"


def _changed(entry: Entry) -> datetime:
    """When what stands there last became different."""
    return max(moment for moment in (entry.published_at, entry.corrected_at, entry.withdrawn_at) if moment is not None)


def _name(tag: str) -> str:
    return f"{{{ATOM}}}{tag}"


def _add(parent: ElementTree.Element, tag: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, _name(tag), attributes)
    element.text = text
    return element
