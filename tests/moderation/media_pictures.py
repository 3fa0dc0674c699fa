"""Invented pictures, and the secrets that cameras hide in them."""

import io
import struct
import zlib
from typing import Any

import piexif
import pillow_heif
from PIL import Image, ImageCms, ImageDraw, ImageFont, PngImagePlugin, TiffImagePlugin

pillow_heif.register_heif_opener()

CANARY = "CANARY-OF-MARLOW"
"""Stands in for a name, a serial number, a place: no byte of it may be left."""

XMP = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:creator>{CANARY}</dc:creator></x:xmpmeta>'.encode()


def scene(width: int = 320, height: int = 240) -> Image.Image:
    """A picture without people or writing: sky, road and a white van."""
    image = Image.new("RGB", (width, height), "#87a9c4")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 2 // 3, width, height), fill="#55585c")
    draw.rectangle((width // 4, height // 3, width * 3 // 4, height * 3 // 4), fill="#e8e8e4")
    return image


def with_words(words: str = "AB12 CDE", size: tuple[int, int] = (960, 720)) -> tuple[Image.Image, tuple[int, ...]]:
    """A scene with a yellow sign, and where its writing is."""
    image = scene(*size)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(44)
    at = (size[0] // 2 - 110, size[1] // 2)
    left, top, right, bottom = (int(edge) for edge in draw.textbbox(at, words, font=font))
    draw.rectangle((left - 14, top - 12, right + 14, bottom + 12), fill="#f2c530")
    draw.text(at, words, font=font, fill="#101010")
    return image, (left, top, right, bottom)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def exif(orientation: int = 1) -> bytes:
    """Camera, serial number, artist, coordinates and a thumbnail."""
    thumbnail = saved(scene(160, 120), "JPEG", comment=CANARY.encode())
    north = ((40, 1), (25, 1), (0, 1))
    block: bytes = piexif.dump(
        {
            "0th": {
                piexif.ImageIFD.Make: CANARY.encode(),
                piexif.ImageIFD.Artist: CANARY.encode(),
                piexif.ImageIFD.Orientation: orientation,
            },
            "Exif": {
                piexif.ExifIFD.BodySerialNumber: CANARY.encode(),
                piexif.ExifIFD.MakerNote: CANARY.encode(),
                piexif.ExifIFD.UserComment: b"ASCII\0\0\0" + CANARY.encode(),
            },
            "GPS": {
                piexif.GPSIFD.GPSLatitudeRef: b"N",
                piexif.GPSIFD.GPSLatitude: north,
                piexif.GPSIFD.GPSAreaInformation: CANARY.encode(),
            },
            "1st": {piexif.ImageIFD.Compression: 6},
            "thumbnail": thumbnail,
        }
    )
    return block


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


P3_RED, P3_GREEN, P3_BLUE = (0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)
"""The primaries of Display P3, as profiles hold them: in XYZ, for the white of paper (D50)."""
P3_GAMMA = 2.2


def display_p3() -> bytes:
    """The colour profile of a phone's wide screen, with a name in it."""
    text = CANARY.encode() + b"\0"
    desc = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)
    curve = b"curv" + bytes(4) + struct.pack(">IHxx", 1, round(P3_GAMMA * 256))
    tags = {
        b"desc": desc,
        b"cprt": b"text" + bytes(4) + text,
        b"wtpt": _xyz((0.9642, 1.0, 0.8249)),
        b"rXYZ": _xyz(P3_RED),
        b"gXYZ": _xyz(P3_GREEN),
        b"bXYZ": _xyz(P3_BLUE),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    index, body, place = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        index += name + struct.pack(">II", place + len(body), len(content))
        body += padded
    head = struct.pack(">I4sI4s4s4s", place + len(body), b"test", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2031, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head + bytes(128 - len(head)) + index + body


def _xyz(value: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(each * 65536) for each in value))


def jpeg_of_a_camera(image: Image.Image, orientation: int = 1) -> bytes:
    """Exif, XMP, a colour profile, a comment, and an archive behind the end of the picture."""
    plain = saved(
        image, "JPEG", quality=92, exif=exif(orientation), xmp=XMP, icc_profile=profile(), comment=CANARY.encode()
    )
    return plain + b"PK\x03\x04" + CANARY.encode()


def png_of_a_camera(image: Image.Image) -> bytes:
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("Author", CANARY)
    chunks.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return saved(image, "PNG", pnginfo=chunks, exif=exif(), icc_profile=profile())


def webp_of_a_camera(image: Image.Image) -> bytes:
    return saved(image, "WEBP", exif=exif(), xmp=XMP, icc_profile=profile())


def heic_of_a_camera(image: Image.Image) -> bytes:
    return saved(image, "HEIF", exif=exif(), xmp=XMP, icc_profile=profile())


def tiff_of_a_camera(image: Image.Image) -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[TiffImagePlugin.IMAGEDESCRIPTION] = CANARY
    tags[TiffImagePlugin.ARTIST] = CANARY
    tags[700] = XMP
    return saved(image, "TIFF", tiffinfo=tags, icc_profile=profile())


def gif_of_a_camera(image: Image.Image) -> bytes:
    return saved(image, "GIF", comment=CANARY.encode())


OF_A_CAMERA = {
    "JPEG": jpeg_of_a_camera,
    "PNG": png_of_a_camera,
    "WEBP": webp_of_a_camera,
    "HEIF": heic_of_a_camera,
    "TIFF": tiff_of_a_camera,
    "GIF": gif_of_a_camera,
}


def png_that_claims(width: int, height: int) -> bytes:
    """A few bytes that say they are a picture of any size."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def jpeg_that_claims(width: int, height: int) -> bytes:
    """A small JPEG whose frame header says that it is a large one."""
    small = bytearray(saved(scene(64, 64), "JPEG"))
    place = small.index(b"\xff\xc0") + 5
    small[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(small)
