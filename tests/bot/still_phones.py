"""A chat app for tests that only look at what is shown: nobody in it taps, attaches or says anything."""

from collections.abc import AsyncIterator

from bot.chat_app import Attachment, Choice, Incoming


class StillPhones:
    """What every fake of a chat app without people has in common."""

    async def answer(self, choice: Choice, sentence: str | None) -> None:
        raise AssertionError("nothing was tapped")

    async def fetch(self, attachment: Attachment) -> bytes:
        raise AssertionError("nothing was attached")

    def incoming(self) -> AsyncIterator[Incoming]:
        raise AssertionError("nobody listens")
