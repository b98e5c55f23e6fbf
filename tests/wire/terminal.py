"""A person at a terminal: a real pseudo-terminal with the command in it, keys that are held, what the screen says."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import termios
from pathlib import Path

from firmware.bench.clock import monotonic_ns

ROOT = Path(__file__).parents[2]
LIMIT_S = 20.0
REPEAT_S = 0.04  # of a held key: 25 a second
INITIAL_S = 0.5  # before it begins to repeat
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[@-~]")


class Terminal:
    """`menshen wire` in front of somebody. Everything is bounded by LIMIT_S."""

    def __init__(self, *words: object, columns: int = 80, lines: int = 24, **environment: str) -> None:
        self._master, slave = os.openpty()
        termios.tcsetwinsize(slave, (lines, columns))
        self.before = termios.tcgetattr(slave)
        self._slave = slave  # kept, to look at how the terminal was left
        variables = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "firmware", "wire", *map(str, words)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env={**variables, "LANG": "en_US.UTF-8", "TERM": "xterm", **environment},
            start_new_session=True,
        )
        self.heard = ""
        self._raw = b""

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(LIMIT_S)
        os.close(self._master)
        os.close(self._slave)

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def read(self, seconds: float = 0.0) -> None:
        """Take in what has come, for so long."""
        end_ns = monotonic_ns() + round(seconds * 1e9)
        while True:
            left_s = max(0.0, (end_ns - monotonic_ns()) / 1e9)
            ready, _, _ = select.select([self._master], [], [], left_s)
            if not ready:
                return
            try:
                self._raw += os.read(self._master, 1 << 16)
            except OSError:
                return  # nobody has the other end any more
            self.heard = ESCAPE.sub("", self._raw.decode(errors="replace"))

    def sees(self, text: str, since: int = 0) -> bool:
        """Whether the screen says it, within the limit."""
        end_ns = monotonic_ns() + round(LIMIT_S * 1e9)
        while text not in self.heard[since:] and monotonic_ns() < end_ns:
            self.read(0.05)
        return text in self.heard[since:]

    def screens(self) -> list[list[str]]:
        """Every screen that was drawn, as its lines."""
        drawn = self._raw.decode(errors="replace").split("\x1b[H")[1:]
        return [[line.strip("\r") for line in ESCAPE.sub("", each).split("\n")] for each in drawn]

    def press(self, key: bytes = b" ") -> None:
        """Begin to hold a key: its first character, and the pause before it repeats."""
        self.type(key)
        self.read(INITIAL_S)

    def hold(self, seconds: float, key: bytes = b" ") -> None:
        """Go on holding it."""
        for _ in range(round(seconds / REPEAT_S)):
            self.type(key)
            self.read(REPEAT_S)

    def ends(self) -> int:
        """The exit status, within the limit."""
        end_ns = monotonic_ns() + round(LIMIT_S * 1e9)
        while self.process.poll() is None and monotonic_ns() < end_ns:
            self.read(0.05)
        self.read()
        return self.process.wait(1)

    def is_restored(self) -> bool:
        """Whether the terminal is as it was, its cursor shown."""
        return termios.tcgetattr(self._slave) == self.before and self._raw.rfind(b"\x1b[?25h") > self._raw.rfind(
            b"\x1b[?25l"
        )
