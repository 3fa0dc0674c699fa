"""The decoder of untrusted pictures: a program of its own, run by `media_decode.py` with `python -I` and little else.

It reads a file from standard input, and writes one line of JSON ({"width", "height", "format", "moved"} or
{"refused"}) and then raw RGB to standard output. It imports nothing of ours: whatever a hostile file makes of it, it
can reach nothing."""

import ctypes
import gc
import io
import json
import resource
import sys
import warnings
from typing import Final

import pillow_heif
from PIL import Image, ImageCms, ImageFile, ImageOps, PngImagePlugin

MEMORY: Final = 2 * 1024**3
SECONDS: Final = 20
MOST_BYTES: Final = 30_000_000
MOST_PIXELS: Final = 50_000_000
LEAST_SIDE: Final = 16
MOST_SIDE: Final = 12_000
TEXT_BYTES: Final = 64_000
LEAST_JPEG: Final = 0.004
"""Bytes per pixel of a JPEG: one that claims more pixels than this was made to be claimed, not seen."""
OPEN: Final = 3
"""Standard input, output and error, which are open already."""
NEW_USERS_AND_NO_NETWORK: Final = 0x10000000 | 0x40000000
NO_NEW_RIGHTS: Final = 38
HEIF_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
PHOTOMETRIC: Final = 262
WHITE_IS_ZERO: Final = 0
"""A tag of TIFF and its value. Pillow reads that of 8 bits, not that of 16."""
PAGES: Final = "TIFF"
"""A file of several pages is a document: it is refused. A HEIC names its main picture, a JPEG begins with it."""
MOVING: Final = ("GIF", "PNG", "WEBP")
"""Of these the first picture is taken, if there are several, and its author is told."""


class RefusedError(Exception):
    """`args[0]` is the reason, a key below [media] in config/languages."""


def lock_down() -> None:
    """Caps on memory and time; no further file or socket can be opened; where the system allows it, no network."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN, OPEN))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    system = ctypes.CDLL(None)
    system.prctl(NO_NEW_RIGHTS, 1, 0, 0, 0)
    system.unshare(NEW_USERS_AND_NO_NETWORK)


def prepare() -> None:
    """The limits inside the libraries, and every lazy import, before the first hostile byte is read."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    PngImagePlugin.MAX_TEXT_CHUNK = TEXT_BYTES
    PngImagePlugin.MAX_TEXT_MEMORY = TEXT_BYTES
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False)
    Image.init()


def kind_of(data: bytes) -> str:
    """The format by content, never by name. Raises RefusedError for what is not on the list."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith((b"II*\x00", b"MM\x00*")):
        return "TIFF"
    if data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS:
        return "HEIF"
    raise RefusedError("not_a_picture")


def opened(data: bytes) -> Image.Image:
    """The picture, not yet decoded; its claims are checked first."""
    if len(data) > MOST_BYTES:
        raise RefusedError("too_big")
    kind = kind_of(data)
    image = Image.open(io.BytesIO(data), formats=[kind])
    width, height = image.size
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        raise RefusedError("too_many_pixels")
    if min(width, height) < LEAST_SIDE:
        raise RefusedError("too_small")
    if kind == "JPEG" and len(data) < LEAST_JPEG * width * height:
        raise RefusedError("damaged")
    if kind == PAGES and getattr(image, "n_frames", 1) > 1:
        raise RefusedError("animated")
    return image


def shades(image: Image.Image) -> range:
    """What each of 65,536 greys means: in a TIFF that says so, 0 is white."""
    from_white = getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == WHITE_IS_ZERO
    return range(65535, -1, -1) if from_white else range(65536)


def in_srgb(image: Image.Image) -> Image.Image:
    """Eight bits RGB: upright, colours converted, transparency laid on white so that what lies under it is gone."""
    profile, meant = image.info.get("icc_profile"), shades(image)
    if image.format != "HEIF":
        # A HEIC turns its picture by its own means; what its Exif says of that is about the camera.
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        image = image.convert("I").point([value // 256 for value in meant], "L")
    elif image.mode in ("I", "F"):
        raise RefusedError("not_a_picture")
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        image = Image.new("RGB", seen.size, "white")
        image.paste(seen, mask=seen.getchannel("A"))
    if image.mode in ("P", "1", "LA", "PA"):
        image = image.convert("RGB")
    return converted(image, profile).convert("RGB")


def converted(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in sRGB; with a profile that does not fit it, as if it had none."""
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        changed = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return changed or image


def answer(data: bytes) -> tuple[dict[str, object], bytes]:
    """What goes to standard output for a file."""
    try:
        image = opened(data)
        kind = str(image.format)
        moved = kind in MOVING and bool(getattr(image, "is_animated", False))
        picture = in_srgb(image)
        head = {"width": picture.width, "height": picture.height, "format": kind, "moved": moved}
        return head, picture.tobytes()
    except RefusedError as error:
        return {"refused": error.args[0]}, b""
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return {"refused": "too_many_pixels"}, b""
    except MemoryError:
        gc.collect()
        return {"refused": "too_heavy"}, b""
    except Exception:  # noqa: BLE001 - whatever a library makes of a hostile file, it is the file's fault
        return {"refused": "damaged"}, b""


def main() -> None:
    prepare()
    lock_down()
    head, pixels = answer(sys.stdin.buffer.read(MOST_BYTES + 1))
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n")
    sys.stdout.buffer.write(pixels)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
