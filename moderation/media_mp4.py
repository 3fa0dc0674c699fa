"""MP4 files as we write them: what a bare one holds, and its index moved to the front so that it plays at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

BARE: Final = frozenset(
    b"ftyp mdat moov mvhd trak tkhd edts elst mdia mdhd hdlr minf vmhd dinf dref stbl stsd stts".split()
    + b"stss stsc stsz stco ctts".split()
)
"""The boxes that one video needs: no tags, no sound, no pictures, no date, no free space."""
HEARD: Final = frozenset(b"smhd sgpd sbgp".split())
"""What a track of sound has besides."""
NESTED: Final = frozenset(b"moov trak edts mdia minf dinf stbl".split())
DATED: Final = frozenset((b"mvhd", b"tkhd", b"mdhd"))
"""Boxes that hold two times, after four bytes of version and flags."""


@dataclass(frozen=True, slots=True)
class Atom:
    """One box of a file: its name and where it begins and ends; None is what is no box."""

    name: bytes | None
    begin: int
    end: int


def atoms(mp4: bytes, begin: int, end: int) -> Iterator[Atom]:
    """The boxes that lie directly in a part of a file."""
    while begin < end:
        length = int.from_bytes(mp4[begin : begin + 4], "big")
        if length < 8 or begin + length > end:
            yield Atom(None, begin, end)
            return
        yield Atom(mp4[begin + 4 : begin + 8], begin, begin + length)
        begin += length


def all_atoms(mp4: bytes, begin: int, end: int) -> Iterator[Atom]:
    """All boxes of a part of a file, also nested ones."""
    for atom in atoms(mp4, begin, end):
        yield atom
        if atom.name in NESTED:
            yield from all_atoms(mp4, atom.begin + 8, atom.end)


def is_bare(mp4: bytes, *, sound: bool = False) -> bool:
    """Whether an MP4 is one video (with its sound) and nothing else, and without a date."""
    found = list(all_atoms(mp4, 0, len(mp4)))
    dated = any(any(mp4[atom.begin + 12 : atom.begin + 20]) for atom in found if atom.name in DATED)
    names = [atom.name for atom in found]
    tracks = names.count(b"trak") == names.count(b"vmhd") + names.count(b"smhd")
    one_of_each = names.count(b"vmhd") == 1 and names.count(b"smhd") == int(sound)
    return not dated and tracks and one_of_each and all(name in BARE or (sound and name in HEARD) for name in names)


def has_sound(mp4: bytes) -> bool:
    """Whether an MP4 has a track of sound."""
    return any(atom.name == b"smhd" for atom in all_atoms(mp4, 0, len(mp4)))


def quick_to_start(mp4: bytes) -> bytes:
    """The same video with its index before its frames; free space and an (empty) list of tags are left out."""
    parts = {atom.name: atom for atom in atoms(mp4, 0, len(mp4))}
    kind, index, frames = (parts[name] for name in (b"ftyp", b"moov", b"mdat"))
    head = mp4[kind.begin : kind.end]
    kept = [mp4[atom.begin : atom.end] for atom in atoms(mp4, index.begin + 8, index.end) if atom.name in BARE]
    length = 8 + sum(len(each) for each in kept)
    moov = length.to_bytes(4, "big") + b"moov" + b"".join(kept)
    return head + _shifted(moov, len(head) + length - frames.begin) + mp4[frames.begin : frames.end]


def _shifted(index: bytes, by: int) -> bytes:
    """An index whose chunks lie `by` bytes further on."""
    shifted = bytearray(index)
    for atom in all_atoms(index, 0, len(index)):
        if atom.name == b"stco":
            for place in range(atom.begin + 16, atom.end, 4):
                offset = int.from_bytes(index[place : place + 4], "big")
                shifted[place : place + 4] = (offset + by).to_bytes(4, "big")
    return bytes(shifted)
