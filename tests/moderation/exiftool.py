"""What Debian's exiftool reads in finished pictures and videos."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

ALLOWED: Final = frozenset(
    "SourceFile ExifToolVersion FileName Directory FileSize FileModifyDate FileAccessDate FileInodeChangeDate"
    " FilePermissions FileType FileTypeExtension MIMEType JFIFVersion ResolutionUnit XResolution YResolution ImageWidth"
    " ImageHeight EncodingProcess BitsPerSample ColorComponents YCbCrSubSampling ImageSize Megapixels".split()
)
"""What exiftool may say of a JPEG: of the file on the disk, and of its pixels."""
TELLING: Final = (
    "gps",
    "location",
    "serial",
    "artist",
    "author",
    "creator",
    "owner",
    "thumbnail",
    "image",
    "make",
    "title",
    "model",
    "comment",
    "software",
    "encoder",
)
SIZES: Final = frozenset({"ImageWidth", "ImageHeight", "ImageSize", "SourceImageWidth", "SourceImageHeight"})

Fields = dict[str, Any]


def is_there() -> bool:
    return shutil.which("exiftool") is not None


def read(folder: Path) -> list[Fields]:
    """The fields of every file in a folder, also unknown and doubled ones."""
    ran = subprocess.run(["exiftool", "-j", "-a", "-u", "-q", folder], capture_output=True, check=False)
    found: list[Fields] = json.loads(ran.stdout)
    return found


def telling(files: list[Fields]) -> list[str]:
    """Each file that tells more than it must, and by which fields."""
    found = []
    for each in files:
        wrong = set(each) - ALLOWED
        if each["FileType"] != "JPEG":
            wrong = {key for key in each if any(word in key.lower() for word in TELLING)} - SIZES
        if wrong:
            found.append(f"{each['FileName']}: {', '.join(sorted(wrong))}")
    return found
