import io
import random
import struct
import subprocess
import sys
import zlib
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from moderation.detector import DetectorFailed
from moderation.media_decode import PhotoRefused, decode
from tests.moderation.media_pictures import (
    CANARY,
    OF_A_CAMERA,
    P3_BLUE,
    P3_GAMMA,
    P3_GREEN,
    P3_RED,
    chunk,
    display_p3,
    exif,
    jpeg_of_a_camera,
    jpeg_that_claims,
    png_that_claims,
    saved,
    scene,
)

CORNER = (255, 0, 0)


def marked() -> Image.Image:
    """A scene whose top left corner is red."""
    image = scene(96, 64)
    image.paste(CORNER, (0, 0, 24, 24))
    return image


def reason(original: bytes) -> str:
    with pytest.raises(PhotoRefused) as refused:
        decode(original)
    return refused.value.reason


@pytest.mark.parametrize("kind", list(OF_A_CAMERA))
def test_every_format_of_the_list_is_decoded_upright_and_nothing_but_pixels_comes_back(kind: str) -> None:
    original = OF_A_CAMERA[kind](marked())
    assert CANARY.encode() in original
    decoded = decode(original)
    assert decoded.format == kind
    assert decoded.pixels.shape == (64, 96, 3)
    assert np.abs(decoded.pixels[4, 4].astype(int) - CORNER).max() < 40
    assert CANARY.encode() not in decoded.pixels.tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_that_was_taken_sideways_comes_out_upright(orientation: int) -> None:
    # What a camera that was turned writes: the upright picture, turned the other way.
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = marked().transpose(turns[orientation]) if orientation in turns else marked()
    pixels = decode(saved(stored, "JPEG", exif=exif(orientation), quality=95, subsampling=0)).pixels
    assert pixels.shape == (64, 96, 3)
    assert np.abs(pixels[10, 10].astype(int) - CORNER).max() < 30


def test_a_heic_that_says_how_it_was_held_comes_out_upright() -> None:
    heic = pillow_heif.from_pillow(marked().transpose(Image.Transpose.ROTATE_90))
    stream = io.BytesIO()
    heic.save(stream, exif=exif(6), quality=95)
    pixels = decode(stream.getvalue()).pixels
    assert pixels.shape == (64, 96, 3)
    assert np.abs(pixels[10, 10].astype(int) - CORNER).max() < 40


def test_a_heic_is_turned_once_also_when_its_exif_is_written_oddly() -> None:
    # Two marks before its Exif: the library that turned it overlooks how the camera was held, Pillow does not.
    heic = pillow_heif.from_pillow(marked().transpose(Image.Transpose.ROTATE_90))
    stream = io.BytesIO()
    heic.save(stream, exif=exif(6) + bytes(6), quality=95)
    odd = stream.getvalue().replace(exif(6) + bytes(6), b"Exif\0\0" + exif(6))
    assert odd.count(b"Exif\0\0Exif\0\0") == 1
    pixels = decode(odd).pixels
    assert pixels.shape == (64, 96, 3)
    assert np.abs(pixels[10, 10].astype(int) - CORNER).max() < 40


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "YCbCr"])
def test_every_way_to_store_colours_becomes_rgb(mode: str) -> None:
    kind = "TIFF" if mode in {"CMYK", "YCbCr"} else "PNG"
    pixels = decode(saved(marked().convert(mode), kind)).pixels
    assert pixels.shape == (64, 96, 3)
    red = pixels[4, 4].astype(int)
    assert red[0] >= red[1]
    assert pixels.std() > 10


def test_a_cmyk_jpeg_keeps_its_colours() -> None:
    pixels = decode(saved(marked().convert("CMYK"), "JPEG", quality=95, subsampling=0)).pixels
    assert np.abs(pixels[8, 8].astype(int) - CORNER).max() < 40


def test_sixteen_bits_a_grey_become_eight() -> None:
    values = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)
    pixels = decode(saved(Image.fromarray(values), "PNG")).pixels
    assert np.abs(pixels[:, :, 0].astype(int) - values // 256).max() <= 1


def test_a_scan_of_sixteen_bits_whose_zero_is_white_is_no_negative() -> None:
    values = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)
    scan = bytearray(saved(Image.fromarray(values), "TIFF"))
    place = scan.index(struct.pack("<HHI", 262, 3, 1)) + 8
    assert scan[place] == 1
    scan[place] = 0
    pixels = decode(bytes(scan)).pixels
    assert np.abs(pixels[:, :, 0].astype(int) - (255 - values // 256)).max() <= 1


def test_what_lies_under_transparent_pixels_is_gone() -> None:
    image = Image.new("RGBA", (64, 64), (10, 200, 30, 0))
    image.paste((0, 0, 255, 255), (0, 0, 32, 64))
    for kind in ("PNG", "WEBP"):
        pixels = decode(saved(image, kind, lossless=True) if kind == "WEBP" else saved(image, kind)).pixels
        assert (pixels[:, 40:] == 255).all()
        assert (pixels[:, :24] == (0, 0, 255)).all()


def test_of_a_palette_with_transparency_the_hidden_colour_is_gone() -> None:
    image = Image.new("P", (64, 64), 1)
    image.putpalette([10, 200, 30, 0, 0, 255])
    image.paste(0, (32, 0, 64, 64))
    pixels = decode(saved(image, "PNG", transparency=0)).pixels
    assert (pixels[:, 32:] == 255).all()


def test_colours_follow_their_profile_into_srgb() -> None:
    grey = Image.new("L", (64, 64), 128)
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    lab = saved(Image.new("LAB", (64, 64), (128, 200, 128)), "TIFF", icc_profile=linear)
    assert decode(saved(grey, "PNG")).pixels[5, 5].tolist() == [128, 128, 128]
    red, green, _ = decode(lab).pixels[5, 5].tolist()
    assert red > 150 > green


def in_srgb(colour: tuple[int, int, int]) -> list[int]:
    """A colour of Display P3 as sRGB has it, by the definitions of both."""
    xyz = np.array([P3_RED, P3_GREEN, P3_BLUE]).T @ (np.array(colour) / 255) ** P3_GAMMA
    from_xyz = np.array(
        [[3.1341359, -1.6172930, -0.4906584], [-0.9787955, 1.9162544, 0.0334427], [0.0719554, -0.2289768, 1.4053860]]
    )
    linear = np.clip(from_xyz @ xyz, 0, 1)
    shown = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return [round(value * 255) for value in shown]


@pytest.mark.parametrize(
    ("kind", "options", "near"),
    [
        ("JPEG", {"quality": 98, "subsampling": 0}, 10),
        ("HEIF", {"quality": 98, "chroma": 444}, 10),
        ("PNG", {}, 3),
        ("WEBP", {"lossless": True}, 3),
        ("TIFF", {}, 3),
    ],
)
def test_the_wide_colours_of_a_phone_are_the_same_colours_in_srgb(
    kind: str, options: dict[str, Any], near: int
) -> None:
    colours = [(200, 90, 80), (80, 170, 90), (70, 90, 180), (255, 0, 0), (128, 128, 128)]
    patches = Image.new("RGB", (48 * len(colours), 48))
    for number, colour in enumerate(colours):
        patches.paste(colour, (48 * number, 0, 48 * number + 48, 48))
    pixels = decode(saved(patches, kind, icc_profile=display_p3(), **options)).pixels
    for number, colour in enumerate(colours):
        assert np.abs(pixels[24, 48 * number + 24].astype(int) - in_srgb(colour)).max() <= near
    assert np.abs(pixels[24, 24].astype(int) - colours[0]).max() >= 12


def test_a_picture_with_transparency_keeps_its_profile() -> None:
    clear = Image.new("RGBA", (32, 32), (200, 90, 80, 255))
    shown = decode(saved(clear, "PNG", icc_profile=display_p3())).pixels[16, 16].astype(int)
    assert np.abs(shown - in_srgb((200, 90, 80))).max() <= 3


def test_a_colour_profile_that_is_none_changes_nothing() -> None:
    plain = decode(saved(marked(), "PNG")).pixels
    broken = decode(saved(marked(), "PNG", icc_profile=b"not a profile" * 20)).pixels
    assert (plain == broken).all()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_a_moving_picture_the_first_one_is_taken(kind: str) -> None:
    moving = saved(marked(), kind, save_all=True, append_images=[scene(96, 64).rotate(180)] * 3, duration=100)
    decoded = decode(moving)
    assert (decoded.format, decoded.moved) == (kind, True)
    assert not decode(saved(marked(), kind)).moved
    assert np.abs(decoded.pixels[4, 4].astype(int) - CORNER).max() < 40


def test_several_pages_in_one_file_are_refused() -> None:
    assert reason(saved(scene(), "TIFF", save_all=True, append_images=[scene().rotate(180)])) == "animated"


@pytest.mark.parametrize("kind", list(OF_A_CAMERA))
def test_half_a_picture_is_refused_and_never_filled_up_with_grey(kind: str) -> None:
    whole = saved(Image.effect_noise((320, 240), 90).convert("RGB"), kind)
    assert decode(whole).pixels.shape == (240, 320, 3)
    assert reason(whole[: len(whole) // 2]) == "damaged"
    assert reason(whole[:40]) in {"damaged", "not_a_picture"}


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (png_that_claims(40_000, 40_000), "too_many_pixels"),
        (png_that_claims(13_000, 100), "too_many_pixels"),
        (png_that_claims(7_500, 7_500), "too_many_pixels"),
        (png_that_claims(4_000, 3_000), "damaged"),
        (jpeg_that_claims(65_000, 65_000), "too_many_pixels"),
        (jpeg_that_claims(8_000, 6_000), "damaged"),
        (png_that_claims(8, 8), "too_small"),
    ],
)
def test_a_file_that_claims_to_be_what_it_is_not_is_refused(claim: bytes, expected: str) -> None:
    assert reason(claim) == expected


def test_a_file_over_thirty_megabytes_is_refused() -> None:
    assert reason(saved(scene(), "JPEG") + bytes(31_000_000)) == "too_big"


@pytest.mark.parametrize(
    "other",
    [
        b"",
        b"hello",
        b"%PDF-1.7 ...",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x00\x00\x00\x18ftypmp42" + bytes(100),
        b"\x00\x00\x00\x18ftypavif" + bytes(100),
        b"MZ" + bytes(500),
        b"P6 64 64 255\n" + bytes(64 * 64 * 3),
        b"PK\x03\x04" + bytes(100),
    ],
)
def test_what_is_no_picture_of_the_list_is_refused(other: bytes) -> None:
    assert reason(other) == "not_a_picture"


def test_a_picture_with_an_archive_behind_it_is_only_a_picture() -> None:
    clean = decode(saved(scene(), "JPEG", quality=92)).pixels
    assert (decode(saved(scene(), "JPEG", quality=92) + b"PK\x03\x04" + bytes(5000)).pixels == clean).all()


def test_a_png_that_unpacks_a_huge_text_is_refused() -> None:
    plain = saved(scene(), "PNG")
    bomb = chunk(b"zTXt", b"a\x00\x00" + zlib.compress(bytes(20_000_000)))
    assert reason(plain[:33] + bomb + plain[33:]) == "damaged"


@pytest.mark.parametrize("kind", list(OF_A_CAMERA))
def test_a_file_with_wrong_bytes_is_refused_or_cleaned_and_never_breaks_the_decoder(kind: str) -> None:
    chance = random.Random(kind)
    original = OF_A_CAMERA[kind](scene(96, 64))
    outcomes = set()
    for _ in range(4):
        wrong = bytearray(original)
        for _ in range(chance.choice((1, 10, 40))):
            wrong[chance.randrange(len(wrong))] = chance.randrange(256)
        outcomes.add(outcome(bytes(wrong)))
    assert outcomes <= {"cleaned", "damaged", "not_a_picture", "too_many_pixels", "too_small", "animated"}


def outcome(original: bytes) -> str:
    try:
        decode(original)
    except PhotoRefused as refused:
        return refused.reason
    return "cleaned"


def test_the_decoder_has_no_network_no_files_and_little_memory() -> None:
    script = """
import resource, socket
from moderation.media_decoder import lock_down
lock_down()
try:
    bytearray(3 * 1024**3)
    print("memory")
except MemoryError:
    pass
try:
    open("/etc/hostname")
    print("file")
except OSError:
    pass
try:
    socket.socket()
    print("network")
except OSError:
    pass
print(resource.getrlimit(resource.RLIMIT_CPU)[0])
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout.split() == ["20"], ran.stderr


def test_a_decoder_that_does_not_start_is_a_failed_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(DetectorFailed):
        decode(jpeg_of_a_camera(scene()))
