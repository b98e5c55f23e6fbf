"""The frames that events refer to: masked, a file each in a folder that only this process's user can read.

Bounded in number, bytes and age (72 hours, or what a camera's table justifies). The oldest go first. Whoever wants to
look at one needs a purpose; that is the page's business, and no path of it stands in an event, only the reference.
"""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from firmware.vision.clock import utc_s
from firmware.vision.frames import Picture

FILES_MAX = 2_000
BYTES_MAX = 200 << 20
QUALITY = 80  # of JPEG: a plate stays legible
WIDTH_PX_MAX = 1_280
FOLDER_MODE, FILE_MODE = 0o700, 0o600
SUFFIX = ".jpg"
HOUR_S = 3_600
HOURS = 72  # of what no camera here speaks for any more


class Kept(NamedTuple):
    path: Path
    camera: str
    kept_s: float
    size: int


class Evidence:
    """The ring in one folder. Not for two threads at once. A disk that fails costs the frame, and is counted."""

    def __init__(self, folder: Path | None, files_max: int = FILES_MAX, bytes_max: int = BYTES_MAX) -> None:
        self.failures = 0
        self._files_max, self._bytes_max = files_max, bytes_max
        self._folder = folder

    def reference(self, camera: str, hours: int) -> str:
        """Under which a frame of this camera will be kept; empty where none is."""
        return "" if self._folder is None or hours <= 0 else f"{camera}-{secrets.token_hex(8)}"

    def keep(self, reference: str, picture: Picture) -> None:
        """Waits for the disk."""
        assert self._folder is not None, "a reference was given"
        try:
            self._write(self._folder, reference + SUFFIX, _jpeg(picture))
        except OSError:
            self.failures += 1

    def prune(self, hours: dict[str, int]) -> None:
        """Delete what is too old, by its camera's hours, and the oldest of what is too much."""
        if self._folder is None:
            return
        try:
            kept = sorted(self._all(), key=lambda each: each.kept_s)
            now_s = utc_s()
            size = sum(each.size for each in kept)
            for count, each in zip(range(len(kept), 0, -1), kept, strict=True):
                old = now_s - each.kept_s > hours.get(each.camera, HOURS) * HOUR_S
                if old or count > self._files_max or size > self._bytes_max:
                    each.path.unlink(missing_ok=True)
                    size -= each.size
        except OSError:
            self.failures += 1

    def _all(self) -> Iterator[Kept]:
        assert self._folder is not None
        if not self._folder.is_dir():
            return
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIX) and entry.is_file(follow_symlinks=False):
                    found = entry.stat(follow_symlinks=False)
                    camera = entry.name.rpartition("-")[0]
                    yield Kept(Path(entry.path), camera, found.st_mtime, found.st_size)

    @staticmethod
    def _write(folder: Path, name: str, content: bytes) -> None:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(FOLDER_MODE)
        aside = folder / f".{name}"
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            aside.rename(folder / name)
        except OSError:
            aside.unlink(missing_ok=True)
            raise


def _jpeg(picture: Picture) -> bytes:
    from PIL import Image  # here: who keeps nothing needs it not

    image = Image.fromarray(picture)
    if image.width > WIDTH_PX_MAX:
        image = image.resize((WIDTH_PX_MAX, round(image.height * WIDTH_PX_MAX / image.width)))
    written = io.BytesIO()
    image.save(written, "JPEG", quality=QUALITY)
    return written.getvalue()
