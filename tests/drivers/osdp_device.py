"""libosdp's own reader with its channel in memory, and how a reply is framed. It imports nothing of the house."""

from __future__ import annotations

import binascii
from collections.abc import Iterable
from typing import Any

import osdp_sys

STEPS = 3  # of the library: hear, decide, say


def frame(address: int, sequence: int, code: int, data: bytes, block: bytes = b"") -> bytes:
    """A reply with a good CRC, from the published layout."""
    body = (bytes([len(block) + 1]) + block if block else b"") + bytes([code]) + data
    control = sequence | 0x04 | (0x08 if block else 0)
    length = 5 + len(body) + 2
    head = bytes([0x53, address | 0x80, length & 0xFF, length >> 8, control]) + body
    return head + binascii.crc_hqx(head, 0x1D0F).to_bytes(2, "little")


class Device:
    """One peripheral device. `key` None: in its factory state. `capabilities`: function, level, items."""

    def __init__(self, address: int, key: bytes | None, capabilities: Iterable[Iterable[int]]) -> None:
        self.address = address
        self.id = 0  # libosdp's, of a channel
        self.arrived = self.written = b""
        info = {
            "name": f"pd{address}",
            "address": address,
            "flags": osdp_sys.FLAG_ENFORCE_SECURE if key else osdp_sys.FLAG_INSTALL_MODE,
            "scbk": key,
            "channel": self,
            "version": 1,
            "model": 1,
            "vendor_code": 0xCAFE,
            "serial_number": address,
            "firmware_version": 1,
        }
        table = [{"function_code": a, "compliance_level": b, "num_items": c} for a, b, c in capabilities]
        self.device = osdp_sys.PeripheralDevice(info, capabilities=table)
        self.device.set_command_callback(self.commanded)

    def answer(self, heard: bytes) -> bytes:
        """What it says to what came by the line, for it or for another one."""
        self.arrived += heard
        for _ in range(STEPS):
            self.device.refresh()
        said, self.written = self.written, b""
        return said

    def commanded(self, command: dict[str, Any]) -> tuple[int, Any]:
        """It was told something; what it makes of it, 0: it does it."""
        return 0, None

    # -- the channel, as libosdp asks for it --------------------------------------------------------------------------

    def read(self, most: int) -> bytes:
        taken, self.arrived = self.arrived[:most], self.arrived[most:]
        return taken

    def write(self, part: bytes) -> int:
        self.written += part
        return len(part)

    def flush(self) -> None:
        pass
