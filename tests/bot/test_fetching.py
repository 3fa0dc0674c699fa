import pytest

from bot.chat_app import AttachmentKind
from bot.fetching import kind_of

MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(20)
JPEG = b"\xff\xd8\xff\xe0" + bytes(20)


@pytest.mark.parametrize(
    ("sent_as", "data", "kind"),
    [
        (AttachmentKind.FILE, MP4, AttachmentKind.VIDEO),
        (AttachmentKind.PHOTO, MP4, AttachmentKind.VIDEO),
        (AttachmentKind.VIDEO, MP4, AttachmentKind.VIDEO),
        (AttachmentKind.VIDEO, b"RIFF....AVI LIST", AttachmentKind.VIDEO),
        (AttachmentKind.VIDEO, b"GIF89a....", AttachmentKind.PHOTO),
        (AttachmentKind.FILE, JPEG, AttachmentKind.PHOTO),
        (AttachmentKind.FILE, b"RIFF....AVI LIST", AttachmentKind.PHOTO),
    ],
)
def test_its_content_says_what_an_attachment_is(sent_as: AttachmentKind, data: bytes, kind: AttachmentKind) -> None:
    assert kind_of(sent_as, data) is kind
