"""Covering: the photos of posts, quickly for the card first, thoroughly before Publish unlocks."""

import asyncio
from typing import Any, Final

from bot.chat_app import AttachmentKind
from bot.picture_work import PictureWork, read, told
from moderation.detector import DetectorFailed
from moderation.media import CoveredPhoto, PhotoRefused, Photos, Tier, counts
from moderation.picture_writing import judged
from moderation.post import PictureState, PostPicture
from moderation.signs import Signs
from moderation.text_room import TextRoom

PHOTOS: Final = (AttachmentKind.PHOTO.value, AttachmentKind.FILE.value)
_TIERS: Final = (
    (Tier.FAST, (PictureState.HELD,)),
    (Tier.DEFAULT, (PictureState.HELD, PictureState.COVERED)),
)


class Coverer:
    """The job that covers photos, and has the text rules look at what is written in them."""

    def __init__(self, work: PictureWork, photos: Photos, room: TextRoom, signs: Signs) -> None:
        self._work = work
        self._photos = photos
        self._room = room
        self._signs = signs

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
        try:
            if tier is Tier.FAST:
                facts = await self._facts(await self._covered(picture, original, tier, frozenset(picture.lifted)))
            else:
                facts = await self._read(picture, original)
        except PhotoRefused as refused:
            await self._work.refuse(picture_id, f"media.{refused.reason}")
        except DetectorFailed:
            await self._work.failed(picture_id)
        else:
            state = PictureState.COVERED if tier is Tier.FAST else PictureState.FINISHED
            await self._work.covered(picture, state, facts)

    async def _covered(self, picture: PostPicture, original: bytes, tier: Tier, lifted: frozenset[int]) -> CoveredPhoto:
        """Raises PhotoRefused, DetectorFailed."""
        return await self._photos.cover(original, tier, added=[read(box) for box in picture.added], lifted=lifted)

    async def _read(self, picture: PostPicture, original: bytes) -> dict[str, Any]:
        """Covered thoroughly; the kinds of what is written in it are kept, never the words. The first time, signs that
        harm nobody are left open; what identifies somebody never is. Raises PhotoRefused, DetectorFailed."""
        photo = await self._covered(picture, original, Tier.DEFAULT, frozenset(picture.lifted))
        writing = await judged(photo.words, photo.boxes, self._room.redact, self._work.desk.overlays)
        signs = frozenset(word.box for word in photo.words if self._signs.harmless(word))
        hard = writing.hard - signs
        wanted = (photo.lifted | signs if picture.read is None else photo.lifted) - hard
        if wanted != photo.lifted:
            photo = await self._covered(picture, original, Tier.DEFAULT, wanted)
        return {
            **await self._facts(photo),
            "lifted": sorted(photo.lifted),
            "read": writing.kinds,
            "hard": sorted(hard),
            "signs": sorted(signs),
            "forbidden": writing.forbidden,
        }

    async def _facts(self, photo: CoveredPhoto) -> dict[str, Any]:
        await asyncio.to_thread(self._work.folder.keep, f"{photo.sha256}.jpg", photo.jpeg)
        shut = [box for index, box in enumerate(photo.boxes) if index not in photo.lifted]
        return {
            "sha256": photo.sha256,
            "width": photo.width,
            "height": photo.height,
            "boxes": [told(box) for box in photo.boxes],
            "counts": {kind.value: number for kind, number in counts(shut).items()},
            "leftover": len(photo.leftover),
            "first_frame": photo.moved,
        }
