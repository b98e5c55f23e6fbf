"""Unix sockets between our processes: listening at one, reaching one, and whose process is at its other end.

A socket's own path may have 107 bytes (unix(7)) and a state folder's may be longer: both ends go through the folder's
descriptor.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

WAITING_MAX = 32  # clients that nobody has taken yet
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred (unix(7))


@contextlib.contextmanager
def reachable(path: Path) -> Iterator[str]:
    """A short address of the same socket, good within the `with`. Raises OSError where there is no such folder."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listening_socket(path: Path, mode: int = 0o660, group_id: int | None = None) -> socket.socket:
    """A listening socket at `path`, in place of one that a dead process left there; `group_id` is given the path.

    Raises OSError.
    """
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        path.unlink(missing_ok=True)
        with reachable(path) as address:
            listening.bind(address)
        if group_id is not None:
            os.chown(path, -1, group_id, follow_symlinks=False)
        path.chmod(mode)
        listening.listen(WAITING_MAX)
    except BaseException:
        listening.close()
        raise
    return listening


def user_of(writer: asyncio.StreamWriter) -> int:
    """The user id of the process at the other end, as the kernel had it when it connected."""
    peer = writer.get_extra_info("socket")
    _, user_id, _ = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return int(user_id)


def own_users() -> frozenset[int]:
    """Whose processes may connect where nobody else is named: our own user's, and root's."""
    return frozenset({0, os.getuid()})
