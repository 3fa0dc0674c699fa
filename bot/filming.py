"""Filming: the videos of posts are covered, and how far that is stands on their cards."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from bot.chat_app import AttachmentKind
from bot.media_folder import is_itself
from bot.picture_work import PictureWork, held, read
from moderation.detector import DetectorFailed
from moderation.finding import Box
from moderation.media_mp4 import has_sound
from moderation.media_video import CoveredVideo, VideoRefused, Videos
from moderation.picture_writing import judged
from moderation.post import OPEN, PictureState, PostPicture
from moderation.text_room import TextRoom
from shifts.database import utc_now

VIDEOS: Final = (AttachmentKind.VIDEO.value,)
TELL_SECONDS: Final = 2.0
STEP: Final = 5
"""Cards are told in steps of so many percent."""
LEASE: Final = timedelta(seconds=60)
"""Whoever tells nothing for so long is believed to be dead, and the work is given out again."""


class Filmer:
    """The job that covers videos, and has the text rules look at what is written in them. A video is in one pair of
    hands here, however often it is asked for.

    How far it is is told every `tell_seconds`."""

    def __init__(self, work: PictureWork, videos: Videos, room: TextRoom, tell_seconds: float = TELL_SECONDS) -> None:
        self._work = work
        self._videos = videos
        self._room = room
        self._tell_seconds = tell_seconds
        self._in_hand: set[int] = set()

    async def film(self, post_id: int, revision: int) -> None:
        """Job: cover the videos of a post. Other words meanwhile are no reason to begin anew: `revision` only tells
        apart what was asked for when."""
        for picture_id in await self._work.in_state(post_id, VIDEOS, (PictureState.HELD,)):
            if picture_id not in self._in_hand:
                self._in_hand.add(picture_id)
                try:
                    await self._cover(picture_id)
                finally:
                    self._in_hand.discard(picture_id)
        await self._work.finish(post_id)

    async def _cover(self, picture_id: int) -> None:
        found = await self._work.original(picture_id)
        if found is None:
            return
        picture, original = found
        try:
            facts = await self._facts(picture, original)
        except VideoRefused as refused:
            await self._work.refuse(picture_id, f"media.{refused.reason}")
        except DetectorFailed:
            await self._work.failed(picture_id)
        else:
            if facts is not None:
                await self._work.covered(picture, PictureState.FINISHED, facts)

    async def _facts(self, picture: PostPicture, original: bytes) -> Mapping[str, Any] | None:
        """What the row will say; None if nobody wants the video any more. Raises VideoRefused, DetectorFailed."""
        before = (
            self._work.folder.kept(f"{picture.video}.mp4") if picture.video and picture.boxes == picture.added else None
        )
        if before is not None and await asyncio.to_thread(is_itself, before):
            # Only whether it is heard is to change: what is covered stays as it was looked at.
            return await self._heard(await asyncio.to_thread(before.read_bytes), original if picture.sound else None)
        covered = await self._followed(picture.id or 0, original, [read(box) for box in picture.added])
        if covered is None:
            return None
        writing = await judged(covered.words, (), self._room.redact, self._work.desk.overlays)
        facts = await asyncio.to_thread(self._kept, covered, picture.added)
        facts |= {"read": writing.kinds, "forbidden": writing.forbidden}
        return {**facts, **await self._heard(covered.mp4, original)} if picture.sound else facts

    async def _heard(self, mp4: bytes, original: bytes | None) -> Mapping[str, Any]:
        heard = await self._videos.heard(mp4, original)
        name = hashlib.sha256(heard).hexdigest()
        await asyncio.to_thread(self._work.folder.keep, f"{name}.mp4", heard)
        return {"video": name, "sound": has_sound(heard), "progress": 100}

    async def _followed(self, picture_id: int, original: bytes, added: list[Box]) -> CoveredVideo | None:
        """The covered video, its progress told all along; None if nobody wants it any more."""
        shares = deque([0.0], maxlen=1)
        covering = asyncio.ensure_future(self._videos.cover(original, added=added, progress=shares.append))
        try:
            while not covering.done():
                await asyncio.wait({covering}, timeout=self._tell_seconds)
                if not covering.done() and not await self._tell(picture_id, shares[-1]):
                    return None
            return covering.result()
        finally:
            covering.cancel()

    async def _tell(self, picture_id: int, share: float) -> bool:
        """Write down how far it is, and that somebody is at it; False if the post is not open any more."""
        percent = int(share * 100) // STEP * STEP
        async with self._work.database.transaction() as session:
            post, picture = await held(session, picture_id)
            if post.state not in OPEN or picture.state is not PictureState.HELD:
                return False
            post.prepare_at = utc_now() + LEASE
            if percent == picture.progress:
                return True
            picture.progress = percent
            await self._work.desk.changed(session, post, utc_now())
        self._work.changed()
        return True

    def _kept(self, covered: CoveredVideo, added: list[dict[str, Any]]) -> dict[str, Any]:
        """Both files are written; what the row says of them."""
        poster = hashlib.sha256(covered.poster).hexdigest()
        self._work.folder.keep(f"{poster}.jpg", covered.poster)
        self._work.folder.keep(f"{covered.sha256}.mp4", covered.mp4)
        return {
            "sha256": poster,
            "video": covered.sha256,
            "width": covered.width,
            "height": covered.height,
            "seconds": max(1, round(covered.seconds)),
            "boxes": added,
            "counts": {kind.value: number for kind, number in covered.counts.items()},
            "leaks": covered.leaked_seconds,
            "flashing": covered.flashing,
            "progress": 100,
        }
