"""Passwords of cameras: a file each, mode 0600, of the user who runs this; put into an address only to open it."""

from __future__ import annotations

import os
import stat
from urllib.parse import quote

from firmware.vision.errors import CameraError

BYTES_MAX = 256


def password(path: str) -> str:
    """The first line of a file that nobody else may read. Raises CameraError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise CameraError(f"{path}: {error.strerror}: the camera's password is kept there") from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid != os.geteuid():
            raise CameraError(f"{path}: make it a plain file of the vision process's user, mode 0600")
        text = os.read(descriptor, BYTES_MAX).split(b"\n")[0].decode(errors="replace").strip()
    finally:
        os.close(descriptor)
    if not text:
        raise CameraError(f"{path} is empty: put the camera's password there")
    return text


def with_password(source: str, path: str) -> str:
    """rtsp://USER@HOST/... with the password of a file. Raises CameraError."""
    if not path:
        return source
    scheme, _, rest = source.partition("://")
    user, _, place = rest.partition("@")
    return f"{scheme}://{quote(user, safe='')}:{quote(password(path), safe='')}@{place}"
