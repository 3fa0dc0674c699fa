"""Covering: the photos of posts, quickly for the card first, thoroughly before Publish unlocks."""

import asyncio
from typing import Final

from bot.chat_app import AttachmentKind
from bot.picture_work import PictureWork, read, told
from moderation.detector import DetectorFailed
from moderation.media import PhotoRefused, Photos, Tier, counts
from moderation.post import PictureState

PHOTOS: Final = (AttachmentKind.PHOTO.value, AttachmentKind.FILE.value)
_TIERS: Final = (
    (Tier.FAST, (PictureState.HELD,)),
    (Tier.DEFAULT, (PictureState.HELD, PictureState.COVERED)),
)


class Coverer:
    """The job that covers photos."""

    def __init__(self, work: PictureWork, photos: Photos) -> None:
        self._work = work
        self._photos = photos

    async def cover(self, post_id: int, revision: int) -> None:
        """Job: cover the photos of this revision."""
        for tier, before in _TIERS:
            for picture_id in await self._work.in_state(post_id, PHOTOS, before, revision):
                await self._cover(picture_id, tier)
        await self._work.finish(post_id)

    async def _cover(self, picture_id: int, tier: Tier) -> None:
        found = await self._work.original(picture_id)
        if found is None:
            return
        picture, original = found
        added, lifted = [read(box) for box in picture.added], frozenset(picture.lifted)
        try:
            covered = await self._photos.cover(original, tier, added=added, lifted=lifted)
        except PhotoRefused as refused:
            await self._work.refuse(picture_id, f"media.{refused.reason}")
            return
        except DetectorFailed:
            await self._work.failed(picture_id)
            return
        await asyncio.to_thread(self._work.keep, f"{covered.sha256}.jpg", covered.jpeg)
        shut = [box for index, box in enumerate(covered.boxes) if index not in covered.lifted]
        facts = {
            "sha256": covered.sha256,
            "width": covered.width,
            "height": covered.height,
            "boxes": [told(box) for box in covered.boxes],
            "counts": {kind.value: number for kind, number in counts(shut).items()},
            "leftover": len(covered.leftover),
        }
        state = PictureState.COVERED if tier is Tier.FAST else PictureState.FINISHED
        await self._work.covered(picture, state, facts)
