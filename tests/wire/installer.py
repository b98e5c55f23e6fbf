"""An installer's connection to the office's socket, without the command: raw messages, and what is answered."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from firmware.messages import Answer, AnyFromController, AskWires, FrameReader, HoldOutput, Wired, pack

LIMIT_S = 10.0


class Installer:
    """One connection to the office's socket, without the command."""

    def __init__(self, state: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT_S)
        folder = os.open(state, os.O_PATH)
        try:
            self.socket.connect(f"/proc/self/fd/{folder}/office.sock")
        finally:
            os.close(folder)
        self._frames = FrameReader(AnyFromController)
        self._heard: list = []
        self._number = 0

    def say(self, message) -> None:
        self.socket.sendall(pack(message))

    def asks(self, command, request: str = "") -> str:
        self._number += 1
        request = request or f"r{id(self)}-{self._number}"
        self.say(AskWires(command, request))
        return request

    def hears(self, request: str) -> Answer | Wired:
        """What is answered to it."""
        while True:
            for message in self._heard:
                if getattr(message, "request", None) == request:
                    self._heard.remove(message)
                    return message
            received = self.socket.recv(1 << 16)
            assert received, "hung up"
            self._heard += self._frames.feed(received)

    def ask(self, command) -> Answer | Wired:
        return self.hears(self.asks(command))

    def hold(self, output: str = "lock", by: str = "Li") -> str:
        request = self.asks(HoldOutput(issuer=by, output=output))
        answer = self.hears(request)
        assert answer.done, answer.reasons
        return request

    def close(self) -> None:
        self.socket.close()
