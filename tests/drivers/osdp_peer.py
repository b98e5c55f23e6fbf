"""The far end of an OSDP line for the tests, a process of its own: libosdp's peripheral devices on one pty.

A pty has no speed, so bytes are paced here as a line at the stated baud would: a command is heard when its last bit
would have come, an answer begins `turnaround_ms` later and comes in eights, as from a UART's buffer. It imports
nothing of the house. Orders come as JSON lines on stdin, what happened goes to stdout, with stamps of CLOCK_MONOTONIC.

An order that says `forge` makes it an attacker: it answers in a reader's place, or plays back what it has heard.
`cut` pulls the cable and puts it back; `cut_in` pulls it in the middle of the next sealed message with
data, either way.
"""

from __future__ import annotations

import binascii
import json
import os
import select
import sys
import termios
import time  # noqa: TID251  a process of its own, with the clock that its stamps are of
import tty
from typing import Any

import osdp_sys

from tests.drivers.osdp_device import Device, frame

CHARACTER_BITS = 10
PIECE_BYTES = 8
EMPTY_BYTES_MAX = 16  # a sealed message without data, and its mark
FIRST_CAPABILITIES = ((3, 1, 1), (4, 1, 1), (5, 1, 1), (6, 1, 1), (8, 1, 0), (9, 1, 1), (13, 0, 1))


class Reader(Device):
    """One peripheral device, which tells what it is told."""

    def __init__(self, address: int, key: str | None, capabilities: list[list[int]], tell: Any) -> None:
        self.silent = False
        self.late_s = 0.0  # its next answer comes as if a busy machine had held it back for so long
        self.refuses: set[int] = set()  # commands that it says it does not know
        self._tell = tell
        super().__init__(address, bytes.fromhex(key) if key else None, capabilities)

    def commanded(self, command: dict[str, Any]) -> tuple[int, Any]:
        said = {key: value.hex() if isinstance(value, bytes) else value for key, value in command.items()}
        refused = command["command"] in self.refuses
        self._tell({"address": self.address, "command": said, "refused": refused})
        return (-1 if refused else 0), None


class Line:
    def __init__(self, settings: dict[str, Any]) -> None:
        self.descriptor = os.open(settings["path"], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.descriptor, termios.TCSANOW)
        self.character_s = CHARACTER_BITS / settings["baud"]
        self.turnaround_s = settings.get("turnaround_ms", 3) / 1000
        self.readers: dict[int, Reader] = {}
        self.cut = False
        self.cut_in: dict[str, Any] | None = None  # "of": "answer" or "command"; "bytes" of it that still get through
        self.forgeries: list[dict[str, Any]] = []
        self.heard: list[bytes] = []  # replies, for whoever plays them back
        self.session: list[bytes] = []
        self.pending: list[tuple[float, bytes]] = []  # to the controller
        self.coming: list[tuple[float, bytes]] = []  # from it
        self.free_s = 0.0
        for each in settings["readers"]:
            self.put(each)

    def put(self, each: dict[str, Any]) -> None:
        capabilities = each.get("capabilities", FIRST_CAPABILITIES)
        self.readers[each["address"]] = Reader(each["address"], each.get("key"), capabilities, self.tell)

    def tell(self, said: dict[str, Any]) -> None:
        print(json.dumps(said | {"at_ns": time.monotonic_ns()}), flush=True)

    # -- orders -------------------------------------------------------------------------------------------------------

    def order(self, given: dict[str, Any]) -> None:
        what = given.pop("do")
        if what == "cut":
            self.cut, self.cut_in = given["cut"], None
        elif what == "cut_in":
            self.cut_in = given
        elif what == "put":
            self.put(given)
        elif what == "silent":
            self.readers[given["address"]].silent = given["silent"]
        elif what == "late":
            self.readers[given["address"]].late_s = given["for_s"]
        elif what == "refuse":
            self.readers[given["address"]].refuses = set(given["commands"])
        elif what == "forge":
            self.forgeries.append(given)
        elif what == "noise":
            self.send(bytes.fromhex(given["bytes"]))
            for reader in self.readers.values() if given.get("both") else ():
                reader.arrived += bytes.fromhex(given["bytes"])
        elif what == "event":
            event = given["event"]
            for key in ("data", "report"):
                if key in event:
                    event[key] = bytes.fromhex(event[key])
            self.tell({"event": given["address"], "taken": self.readers[given["address"]].device.submit_event(event)})

    # -- the line -----------------------------------------------------------------------------------------------------

    def receive(self) -> None:
        try:
            received = os.read(self.descriptor, 4096)
        except (BlockingIOError, OSError):
            return
        now = time.monotonic()
        self.free_s = max(self.free_s, now) + len(received) * self.character_s
        self.coming.append((self.free_s, received))

    def pulled_in(self, message: bytes, of: str) -> bytes:
        """What gets through of a message in whose middle the cable may be pulled."""
        given = self.cut_in
        if given is None or given["of"] != of or len(message) <= EMPTY_BYTES_MAX:
            return message
        self.cut_in = None
        self.tell({"pulled_in": of, "of_bytes": len(message)})
        return message[: given["bytes"]]

    def send(self, answer: bytes, late_s: float = 0.0) -> None:
        if late_s:
            self.tell({"late": late_s})
            self.pending.append((time.monotonic() + late_s, answer))
            self.pending.sort(key=lambda each: each[0])
            return
        whole, answer = answer, self.pulled_in(answer, "answer")
        at = max(self.free_s, time.monotonic()) + self.turnaround_s
        for start in range(0, len(answer), PIECE_BYTES):
            piece = answer[start : start + PIECE_BYTES]
            at += len(piece) * self.character_s
            self.pending.append((at, piece))
        if len(answer) < len(whole):
            self.pending.append((at, b""))
        self.pending.sort(key=lambda each: each[0])
        self.free_s = at

    def step(self) -> float:
        """All that is due; how long until the next."""
        now = time.monotonic()
        while self.coming and self.coming[0][0] <= now:
            self.hear(self.coming.pop(0)[1])
        while self.pending and self.pending[0][0] <= now:
            piece = self.pending.pop(0)[1]
            if not self.cut:
                os.write(self.descriptor, piece)
            self.cut = self.cut or not piece
        due = [at for at, _ in (*self.coming[:1], *self.pending[:1])]
        return max(0.0, min(due) - time.monotonic()) if due else 0.05

    def hear(self, command: bytes) -> None:
        if self.cut:
            return
        whole, command = command, self.pulled_in(command, "command")
        if len(command) < len(whole):
            self.cut = True
            for reader in self.readers.values():
                reader.arrived += command
            return
        start = command.find(0x53)
        address, control = command[start + 1], command[start + 4]
        code = command[start + 5 + (command[start + 5] if control & 8 else 0)]
        beside = any(given.get("beside") for given in self.forgeries)
        forged = self.forged(address, control & 3, code)
        if forged is not None and beside:  # quicker than the reader, which answers all the same
            self.send(forged)
            forged = None
        for reader in self.readers.values():
            answer = reader.answer(command)
            if answer and not reader.silent and reader.address == address:
                self.heard.append(answer)
                if forged is None:
                    self.send(answer, reader.late_s)
                reader.late_s = 0.0
        if forged is not None:
            self.send(forged)

    def forged(self, address: int, sequence: int, code: int) -> bytes | None:
        """What an attacker says in the place of the reader; None: nothing."""
        for given in self.forgeries:
            if given["address"] != address or given.get("on", 0x60) != code:
                continue
            if not given.get("always"):
                self.forgeries.remove(given)
            self.tell({"forged": address})
            if "raw" in given:
                return bytes.fromhex(given["raw"])
            if "replay" in given:  # the last reply with this code, as it was or with the number it should have
                old = next(each for each in reversed(self.heard) if self.code(each) == given["replay"])
                old = old[old.find(0x53) :]
                if given.get("renumber"):
                    old = old[:4] + bytes([old[4] & ~3 | sequence]) + old[5:-2]
                    old += binascii.crc_hqx(old, 0x1D0F).to_bytes(2, "little")
                return old
            number = (sequence + given.get("ahead", 0)) & 3
            return frame(
                given.get("as", address),
                number,
                given["code"],
                bytes.fromhex(given["data"]),
                bytes.fromhex(given.get("block", "")),
            )
        return None

    def code(self, raw: bytes) -> int:
        at = raw.find(0x53) + 5
        return raw[at + (raw[at] if raw[at - 1] & 8 else 0)]

    def run(self) -> None:
        self.tell({"ready": True})
        orders = b""
        while True:
            ready, _, _ = select.select([self.descriptor, 0], [], [], self.step())
            if self.descriptor in ready:
                self.receive()
            if 0 in ready:
                taken = os.read(0, 65536)
                if not taken:
                    return
                orders += taken
                while b"\n" in orders:
                    line, _, orders = orders.partition(b"\n")
                    self.order(json.loads(line))


if __name__ == "__main__":
    osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
    Line(json.loads(sys.argv[1])).run()
