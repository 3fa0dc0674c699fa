"""Bounded: the body of an answer, whole, unless it never ends."""

from typing import Final

import aiohttp

MOST_BYTES: Final = 8 << 20
"""Far more than any answer that means something; a body without an end would fill the memory in seconds."""
PIECE: Final = 1 << 16


async def body(answer: aiohttp.ClientResponse) -> bytes:
    """What the server says. Raises aiohttp.ClientPayloadError for more than any answer needs."""
    said = bytearray()
    try:
        async for piece in answer.content.iter_chunked(PIECE):
            said += piece
            if len(said) > MOST_BYTES:
                raise aiohttp.ClientPayloadError("an answer without an end")
    except BaseException:  # whatever it was, also an end from outside: it is raised again once the line is closed
        answer.close()
        raise
    return bytes(said)
