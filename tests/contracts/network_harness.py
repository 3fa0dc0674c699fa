"""What a test can do to a network: look at it as the public does, answer as a citizen, and make trouble."""

from typing import Protocol

from bot.network import Network, Published


class NetworkHarness(Protocol):
    """One network, our side of it and the public's."""

    @property
    def network(self) -> Network: ...

    async def texts(self) -> list[str]:
        """What the public sees there now, oldest first."""
        ...

    async def answer(self, published: Published, name: str, text: str) -> None:
        """Somebody answers a post."""
        ...

    async def shown(self, published: Published) -> list[str]:
        """What stands with a post: "picture" or "video", in order."""
        ...

    async def stands_under(self, published: Published) -> str | None:
        """The network's id of what a post is the answer to."""
        ...

    async def change(self, heard_id: str, text: str | None) -> None:
        """Whoever wrote a reply changes its words, or deletes it (None). Only where replies can be followed."""
        ...

    async def hidden(self) -> set[str]:
        """The ids of the replies that are behind a fold. Only where replies can be hidden."""
        ...

    async def go_away(self, away: bool) -> None: ...

    async def lose_replies(self, lose: bool) -> None:
        """Posts arrive, but we do not hear that they did."""
        ...

    async def refuse(self, refuse: bool) -> None: ...

    async def sign_out(self, out: bool) -> None: ...
