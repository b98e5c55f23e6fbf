"""One reader's half of libosdp: the only file that names it, and where its weak points are covered.

A panel a reader, so that each can be begun anew alone, with its own key. libosdp takes the nonces of a secure channel
from rand(), which a process begins with the same number each time: whoever recorded one evening could play it back
after a power cut. So rand() is given fresh randomness of the kernel before every step of a handshake.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any

from drivers.bus.lines import BusError

STEPS_MAX = 4  # refreshes until a command that is due has been written: two, and one more to leave a state

_RANDOM_BYTES = 256  # glibc's largest state: 63 numbers behind one of its own
_OWN_BYTES = 4


class _Pipe:
    """Bytes to and from libosdp, which keeps a reference to it for ever: so it holds nothing else."""

    def __init__(self) -> None:
        self.id = 0
        self.written = b""
        self.arrived = b""

    def read(self, most: int) -> bytes:
        taken, self.arrived = self.arrived[:most], self.arrived[most:]
        return taken

    def write(self, part: bytes) -> int:
        self.written += part
        return len(part)

    def flush(self) -> None:
        """Nothing that was handed over is old: the line's guard has seen to that."""


class Panel:
    """A control panel with one reader. `key` is what it was made with, or what the reader has taken since."""

    def __init__(self, address: int, key: bytes, enforce: bool, on_event: Callable[[dict[str, Any]], None]) -> None:
        """`enforce`: nothing without a secure channel, and none with the default key. Raises BusError."""
        import osdp_sys  # type: ignore[import-not-found]  # here: only who has such a reader pays for it

        random_of_libc().stir()
        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        self.key = key
        self._sys = osdp_sys
        self._pipe = _Pipe()
        table = {
            "name": f"reader {address}",
            "address": address,
            "flags": osdp_sys.FLAG_ENFORCE_SECURE if enforce else 0,
            "scbk": key,
            "channel": self._pipe,
        }
        self._panel = osdp_sys.ControlPanel([table])

        def told(_reader: int, event: dict[str, Any]) -> None:
            kept = dict(event)
            event.clear()  # libosdp 3.2.9 never lets go of it: 64 bytes for each card then, and not 0.3 kB
            on_event(kept)

        self._panel.set_event_callback(told)

    @property
    def online(self) -> bool:
        return bool(self._panel.status() & 1)

    @property
    def sealed(self) -> bool:
        """A secure channel is up."""
        return bool(self._panel.sc_status() & 1)

    def command(self) -> bytes:
        """What it has to say now; empty: nothing."""
        for _ in range(STEPS_MAX):
            self._refresh()
            if self._pipe.written:
                written, self._pipe.written = self._pipe.written, b""
                return written
        return b""

    def hear(self, frame: bytes) -> None:
        """The answer. Events are told from within."""
        self._pipe.arrived = frame
        self._refresh()
        self._pipe.arrived = b""

    def give_up(self) -> None:
        """There was no answer in time."""
        self._refresh()

    def restart(self) -> bool:
        """Begin anew with the first command, whatever it waits for. False: it cannot, and a new one is needed."""
        panel = self._panel
        panel.flush_commands(0)
        panel.disable_pd(0)
        self._refresh()
        if panel.is_pd_enabled(0):
            return False
        panel.enable_pd(0)
        self._refresh()
        self._pipe.written = b""
        return bool(panel.is_pd_enabled(0))

    def submit(self, command: dict[str, Any]) -> bool:
        """Have a command sent next; False where it cannot be now."""
        return bool(self._panel.submit_command(0, command))

    def items(self, capability: int) -> int:
        """How many of something the reader says it has."""
        level, count = self._panel.check_capability(0, capability)
        return int(count) if level else 0

    def _refresh(self) -> None:
        if not self.sealed:
            random_of_libc().stir()
        self._panel.refresh()


class _Random:
    """The state behind rand(): ours, and filled by the kernel."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None)
        self._state = ctypes.create_string_buffer(_RANDOM_BYTES)
        try:
            libc.initstate.restype = ctypes.c_void_p
            libc.initstate.argtypes = (ctypes.c_uint, ctypes.c_void_p, ctypes.c_size_t)
            libc.initstate(1, self._state, _RANDOM_BYTES)
            # The next number is a sum of two of the state: of nothing it is nothing, and of something it is not.
            told = []
            for byte in (b"\0", b"\1"):
                self._fill(byte * (_RANDOM_BYTES - _OWN_BYTES))
                told.append(libc.rand())
        except AttributeError as error:
            raise BusError(f"this C library has no {error}: OSDP would have no randomness here") from error
        if told[0] != 0 or told[1] == 0:
            raise BusError("rand() of this C library does not take the kernel's randomness, which OSDP needs")
        self.stir()

    def stir(self) -> None:
        self._fill(os.urandom(_RANDOM_BYTES - _OWN_BYTES))

    def _fill(self, state: bytes) -> None:
        ctypes.memmove(ctypes.addressof(self._state) + _OWN_BYTES, state, len(state))


_random: list[_Random] = []


def random_of_libc() -> _Random:
    """One a process, since rand() has one state. Raises BusError where it cannot be trusted."""
    if not _random:
        _random.append(_Random())
    return _random[0]
