"""The media folder: covered pictures and videos, named by the hash of their bytes, while anything names them."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO


class MediaFolder:
    """Several processes write into it and one forgets: a lock on the folder keeps them apart."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def kept(self, name: str) -> Path | None:
        """A covered file by its name, if it is there."""
        path = self._path / name
        return path if path.is_file() else None

    def keep(self, name: str, content: bytes) -> None:
        """Write a covered file under its name, whole or not at all, also where something else lies there. From now on
        it counts as new."""
        self._fill(name, lambda file: file.write(content))

    def take(self, name: str, source: Path) -> bool:
        """Keep a copy of a file of another folder, as `keep` does; False, and nothing is kept, if what lies here or
        there is not what its name says."""
        with source.open("rb") as original:
            self._fill(name, lambda file: shutil.copyfileobj(original, file))
        if is_itself(self._path / name):
            return True
        self.drop(name)
        return False

    def _fill(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        path = self._path / name
        with self._alone():
            if path.exists() and is_itself(path):
                os.utime(path)
                return
        draft = path.with_suffix(f".{os.getpid()}.part")
        with draft.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def drop(self, name: str) -> None:
        """Delete a file now; fine if it is gone."""
        with self._alone():
            (self._path / name).unlink(missing_ok=True)

    def old(self, before: datetime) -> set[str]:
        """The names of what was kept before, and of drafts that nobody lived to finish."""
        if not self._path.is_dir():
            return set()
        return {path.name for path in self._path.iterdir() if _is_old(path, before)}

    def forget(self, names: Iterable[str], before: datetime) -> int:
        """Delete these, unless somebody kept one of them again meanwhile; gives how many are gone."""
        count = 0
        for name in names:
            path = self._path / name
            with self._alone():
                if _is_old(path, before):
                    path.unlink()
                    count += 1
        return count

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Whoever dies lets go by itself."""
        self._path.mkdir(parents=True, exist_ok=True)
        folder = os.open(self._path, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def is_itself(path: Path) -> bool:
    """Whether a covered file holds the bytes whose hash is its name."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == path.stem


def _is_old(path: Path, before: datetime) -> bool:
    try:
        return path.is_file() and path.stat().st_mtime < before.timestamp()
    except FileNotFoundError:
        return False  # a draft that was finished meanwhile
