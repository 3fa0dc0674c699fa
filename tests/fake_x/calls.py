"""The calls of the API that the fake knows, each as strict as X about what it is asked with."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from twitter_text.extract_urls import extract_urls

from tests.fake_x.world import ALT, DELETE, LINK, POST, READ, USER, Media, Post, Refused, World, looks

PICTURE_BYTES = 5 << 20
PIECE_BYTES = 5 << 20
PROCESSING_LOOKS = 1
"""So often a video is still being worked on."""
PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}
PAGE_PARAMETERS = frozenset(
    "max_results start_time since_id until_id pagination_token tweet.fields user.fields expansions media.fields".split()
)


@dataclass(frozen=True)
class Call:
    """One call: its route, the parameters or the fields of its body that it takes, and what it does."""

    name: str
    method: str
    path: str
    takes: frozenset[str]
    do: Callable[[World, web.Request], Awaitable[dict[str, Any]]]
    status: int = 200

    async def check(self, request: web.Request, me: str) -> None:
        """Raises Refused for a body that is no JSON, for what this call does not take, and for another user's pages."""
        given = set(request.query)
        if self.method == "POST":
            if request.content_type != "application/json":
                raise Refused(400, "Content-Type must be application/json.")
            given |= set(await request.json())
        if given - self.takes:
            raise Refused(400, f"The query parameter [{sorted(given - self.takes)[0]}] is not one of the known ones.")
        if request.match_info.get("user", me) != me:
            raise Refused(403, "You are not permitted to perform this action.")


async def post(world: World, request: web.Request) -> dict[str, Any]:
    asked = await request.json()
    text = str(asked.get("text", ""))
    media = [str(one) for one in asked.get("media", {}).get("media_ids", [])]
    answers = asked.get("reply", {}).get("in_reply_to_tweet_id")
    world.check_post(text, media, answers)
    world.charge(LINK if extract_urls(text) else POST)
    made = world.post(world.me, text.strip(), [world.media.pop(one) for one in media], answers)
    return {
        "data": {"id": made.id, "text": looks(made, world.thread(made))["text"], "edit_history_tweet_ids": [made.id]}
    }


async def delete(world: World, request: web.Request) -> dict[str, Any]:
    number = request.match_info["post"]
    if not number.isdigit():
        raise Refused(400, f"The `id` query parameter value [{number}] is not valid")
    there = world.posts.get(number)
    if there is None or there.deleted:
        raise Refused(404, f"Could not find tweet with id: [{number}].", "Not Found Error")
    if there.author != world.me:
        raise Refused(403, "You are not authorized to delete this Tweet.")
    world.charge(DELETE)
    there.deleted = True
    return {"data": {"deleted": True}}


async def hide(world: World, request: web.Request) -> dict[str, Any]:
    there = world.posts.get(request.match_info["post"])
    if there is None or there.deleted:
        raise Refused(404, "Could not find tweet.", "Not Found Error")
    asked = await request.json()
    if not isinstance(asked.get("hidden"), bool):
        raise Refused(400, "The `hidden` field is required.")
    if there.answers is None or world.posts[there.answers].author != world.me:
        raise Refused(403, "You are not permitted to hide this reply.")
    there.hidden = asked["hidden"]
    return {"data": {"hidden": there.hidden}}


async def upload(world: World, request: web.Request) -> dict[str, Any]:
    asked = await request.json()
    if asked.get("media_category") != "tweet_image":
        raise Refused(400, "media_category is missing or not one of the known ones.")
    try:
        content = base64.b64decode(str(asked.get("media", "")), validate=True)
    except binascii.Error:
        raise Refused(400, "media is not base64.") from None
    if len(content) > PICTURE_BYTES:
        raise Refused(400, "Media file size exceeds the limit.")
    if not content.startswith(tuple(PICTURES)):
        raise Refused(400, "Media type unrecognized.")
    made = Media(world.new_id(), content)
    world.media[made.id] = made
    return {"data": {"id": made.id, "media_key": f"3_{made.id}", "size": len(content), "expires_after_secs": 86400}}


async def initialize(world: World, request: web.Request) -> dict[str, Any]:
    asked = await request.json()
    if (asked.get("media_category"), asked.get("media_type")) != ("tweet_video", "video/mp4"):
        raise Refused(400, "media_category is missing or not one of the known ones.")
    made = Media(world.new_id(), b"")
    world.unfinished[made.id] = (made, int(asked["total_bytes"]))
    return {"data": {"id": made.id, "media_key": f"7_{made.id}", "expires_after_secs": 86400}}


async def append(world: World, request: web.Request) -> dict[str, Any]:
    asked = await request.json()
    made, _ = _unfinished(world, request)
    if asked["segment_index"] * PIECE_BYTES < len(made.content) - PIECE_BYTES:
        raise Refused(400, "segment_index has been sent before.")
    made.content += base64.b64decode(str(asked["media"]), validate=True)
    return {"data": {"expires_at": 0}}


async def finalize(world: World, request: web.Request) -> dict[str, Any]:
    made, total = _unfinished(world, request)
    if len(made.content) != total or made.content[4:8] != b"ftyp":
        raise Refused(400, "Media type unrecognized.")
    world.processing[made.id] = PROCESSING_LOOKS
    return {"data": {"id": made.id, "processing_info": {"state": "pending", "check_after_secs": 1}}}


async def status(world: World, request: web.Request) -> dict[str, Any]:
    if request.query.get("command") != "STATUS":
        raise Refused(400, "command is missing.")
    media = str(request.query.get("media_id"))
    looks_left = world.processing.get(media)
    if looks_left is None:
        raise Refused(400, "Your media IDs are invalid.")
    if looks_left:
        world.processing[media] -= 1
        return {"data": {"id": media, "processing_info": {"state": "in_progress", "check_after_secs": 1}}}
    if media in world.unfinished:
        world.media[media] = world.unfinished.pop(media)[0]
    return {"data": {"id": media, "processing_info": {"state": "succeeded", "progress_percent": 100}}}


def _unfinished(world: World, request: web.Request) -> tuple[Media, int]:
    found = world.unfinished.get(request.match_info["media"])
    if found is None:
        raise Refused(400, "Your media IDs are invalid.")
    return found


async def metadata(world: World, request: web.Request) -> dict[str, Any]:
    asked = await request.json()
    made = world.media.get(str(asked.get("id")))
    alt = str(asked.get("metadata", {}).get("alt_text", {}).get("text", ""))
    if made is None:
        raise Refused(400, "Your media IDs are invalid.")
    if not alt or len(alt) > 1000:
        raise Refused(400, "alt_text must be between 1 and 1000 characters.")
    world.charge(ALT)
    made.alt = alt
    return {"data": {"id": made.id, "associated_metadata": {"alt_text": {"text": alt}}}}


async def own_posts(world: World, request: web.Request) -> dict[str, Any]:
    return _page(world, request, [one for one in world.own() if one.shown_from <= world.now])


async def mentions(world: World, request: web.Request) -> dict[str, Any]:
    return _page(world, request, world.mentions())


def _page(world: World, request: web.Request, posts: list[Post]) -> dict[str, Any]:
    """One page of posts that are newest first, with what was asked for and no more."""
    most = int(request.query.get("max_results", 10))
    if not 5 <= most <= 100:
        raise Refused(400, f"The `max_results` query parameter value [{most}] is not between 5 and 100")
    start = request.query.get("start_time")
    since = datetime.strptime(start, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp() if start else 0.0
    after = int(request.query.get("since_id", 0))
    skipped = int(request.query.get("pagination_token", 0))
    before = request.query.get("until_id")
    found = [one for one in posts if one.at >= since and int(one.id) > after]
    found = [one for one in found if before is None or int(one.id) < int(before)]
    page = found[skipped : skipped + most]
    meta: dict[str, Any] = {"result_count": len(page)}
    if page:
        meta |= {"newest_id": page[0].id, "oldest_id": page[-1].id}
    if len(found) > skipped + most:
        meta["next_token"] = str(skipped + most)
    told: dict[str, Any] = {"meta": meta}
    if page:
        told["data"] = [_fields(world, one, request) for one in page]
    world.charge(len(page) * READ + _add_people(world, request, page, told) * USER)
    return told


def _fields(world: World, one: Post, request: web.Request) -> dict[str, Any]:
    wanted = {"id", "text", "edit_history_tweet_ids", *request.query.get("tweet.fields", "").split(",")}
    return {name: value for name, value in looks(one, world.thread(one)).items() if name in wanted}


def _add_people(world: World, request: web.Request, page: list[Post], told: dict[str, Any]) -> int:
    if "author_id" not in request.query.get("expansions", "") or not page:
        return 0
    authors = sorted({one.author for one in page})
    people = [{"id": a, "username": world.names[a], "name": world.names[a]} for a in authors]
    told["includes"] = {"users": people}
    return len(people)


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


CALLS = (
    Call("post", "POST", "/2/tweets", _names("text media reply reply_settings quote_tweet_id poll"), post, 201),
    Call("delete", "DELETE", "/2/tweets/{post}", frozenset(), delete),
    Call("hide", "PUT", "/2/tweets/{post}/hidden", _names("hidden"), hide),
    Call("upload", "POST", "/2/media/upload", _names("media media_category media_type shared"), upload),
    Call(
        "initialize",
        "POST",
        "/2/media/upload/initialize",
        _names("media_category media_type total_bytes shared"),
        initialize,
    ),
    Call("append", "POST", "/2/media/upload/{media}/append", _names("media segment_index"), append),
    Call("finalize", "POST", "/2/media/upload/{media}/finalize", frozenset(), finalize),
    Call("status", "GET", "/2/media/upload", _names("command media_id"), status),
    Call("metadata", "POST", "/2/media/metadata", _names("id metadata"), metadata),
    Call("timeline", "GET", "/2/users/{user}/tweets", PAGE_PARAMETERS, own_posts),
    Call("mentions", "GET", "/2/users/{user}/mentions", PAGE_PARAMETERS, mentions),
)
