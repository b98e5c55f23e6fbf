"""Passphrases are hashed by argon2id in one thread beside the event loop, a few at most waiting for it.

So a flood of log-ins costs neither the loop nor memory: whoever comes while too many wait is told to come again.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from firmware.network.accounts.errors import Busy

if TYPE_CHECKING:
    from argon2 import PasswordHasher

# OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
HASH_BYTES = 32
SALT_BYTES = 16
WAITING_MAX = 8  # some two seconds of a Raspberry Pi
NICE = 10  # sched(7): about a tenth of the processor beside an ordinary thread that wants it, too
M_MMAP_THRESHOLD = -3  # malloc.h
MMAP_BYTES_MIN = 1 << 20

_T = TypeVar("_T")


class Hasher:
    """Makes and proves hashes; at most one at a time. `close` waits for the one that runs."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "argon2", initializer=_give_way)
        self._waiting = 0
        self._dummy = ""

    @property
    def full(self) -> bool:
        """Whether the next one would be Busy."""
        return self._waiting >= WAITING_MAX

    async def hash(self, passphrase: str) -> str:
        """The hash of a passphrase, with its parameters and salt in it. Raises Busy."""
        return await self._beside(lambda: _argon2().hash(passphrase))

    async def proves(self, kept: str, passphrase: str) -> bool:
        """Whether `kept` is the hash of this passphrase; for `kept` == "" it takes as long and is not. Raises Busy."""
        return await self._beside(lambda: self._proves(kept, passphrase))

    def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def _beside(self, work: Callable[[], _T]) -> _T:
        if self.full:
            raise Busy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1

    def _proves(self, kept: str, passphrase: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        hasher = _argon2()
        if not self._dummy:
            self._dummy = hasher.hash("nobody's passphrase")
        try:
            return hasher.verify(kept or self._dummy, passphrase) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False


def _give_way() -> None:
    """This thread alone is less urgent than all others: a flood of log-ins must not slow the page or the gate."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


def give_memory_back() -> None:
    """Have large blocks go back to the system at once, and not be kept for the next hash.

    glibc raises its threshold to the largest block that was ever freed, and keeps as much at the top of the heap.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # another C library gives them back anyway
        mallopt(M_MMAP_THRESHOLD, MMAP_BYTES_MIN)


def _argon2() -> PasswordHasher:
    """Loaded when somebody logs in first: 2 MB that a page without a log-in does not need."""
    from argon2 import PasswordHasher, Type

    return PasswordHasher(PASSES, MEMORY_KIB, LANES, HASH_BYTES, SALT_BYTES, type=Type.ID)
