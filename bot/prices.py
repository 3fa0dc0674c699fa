"""What a post costs on a network that charges."""

import re
import warnings

from bot.lengths import PARSED_AT_MOST
from bot.network import Limits

_PLAIN_LINK = re.compile(r"https?://\S|www\.\S", re.IGNORECASE)


def price(text: str, alt_texts: int, limits: Limits) -> float:
    """Dollars for one post with so many alt texts."""
    post = limits.dollars
    if limits.link_dollars is not None and has_link(text):
        post = limits.link_dollars
    return post + alt_texts * limits.alt_dollars


def has_link(text: str) -> bool:
    """Whether a network that shortens links sees one in a text: `foo.md` is one for it.

    The parser takes quadratic time on hostile text: longer ones are looked through plainly."""
    if len(text) > PARSED_AT_MOST:
        return _PLAIN_LINK.search(text) is not None
    with warnings.catch_warnings():
        # It loads its table of emoji by way of pkg_resources, which says at each start that it will go some day.
        warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)
        from twitter_text.extract_urls import extract_urls
    return bool(extract_urls(text))
