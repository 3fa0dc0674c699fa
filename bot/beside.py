"""What stands beside the words of a post, said on the cards of those who decide about it."""

from bot.card_parts import Say
from moderation import approval
from moderation.post import Post
from shifts.areas import Areas


def beside(say: Say, post: Post, byline: str | None, areas: Areas) -> str:
    """What the public reads beside the words of a post: kind, area, who wrote, in which language."""
    signed = say("card.signed", byline=byline) if byline else say("card.unsigned")
    area = areas.public_name(post.area, say.language) if post.area and areas.knows(post.area) else None
    parts = (say(f"card.kind.{approval.kind_of(post)}"), area, signed, say.language_of(post.language))
    return say("card.beside", parts=" · ".join(part for part in parts if part))
