"""A gate in the machine: the real controller process on the lines of a Raspberry Pi's header, and what hangs on them.

One door: a Wiegand reader, a lock, a contact. And a service manager that does for it what systemd does on a board.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from chips import Chip, Player, Step, frame

from firmware.bench.cards import card, sample_roster, welcome_holders
from firmware.bench.clock import monotonic_ns, rest
from firmware.bench.rig import SITE, h10301, states_from
from firmware.identity import Identity
from firmware.roster.install import install

D0, D1, LOCK, CONTACT = 17, 27, 13, 16  # the contact boots low, as it rests: a pull in the machine is the wire
BITS = 26
PULSE_NS = 50_000
INTERVAL_NS = 1_000_000
GAP_INTERVALS = 3  # the driver must wait that long to know that no bit follows
HOLDERS = 200
SEED = 5
READY_S_MAX = 60.0
QUIET_S = 0.2  # a reader takes what comes in its first 50 ms for the rest of a torn frame
BOARD = "raspberry_pi_header"
CONTROLLER = ("-m", "firmware.controller")


class Passage(NamedTuple):
    """When one person comes, as steps behind each other: the card, and the door that is opened and closed."""

    at_ns: int
    bits: int
    walks: bool  # and the door opens and closes behind the card

    @property
    def last_bit_ns(self) -> int:
        return self.at_ns + (BITS - 1) * INTERVAL_NS

    @property
    def steps(self) -> list[Step]:
        steps = frame(f"{self.bits:0{BITS}b}", D0, D1, self.at_ns, PULSE_NS, INTERVAL_NS)
        if self.walks:
            steps += [Step(self.at_ns + 120_000_000, CONTACT, True), Step(self.at_ns + 180_000_000, CONTACT, False)]
        return steps


class Gate:
    """A folder with site, roster and state, and one controller at a time."""

    def __init__(self, folder: Path, chip: Chip) -> None:
        self.folder = folder
        self.chip = chip
        self.site = folder / "site.toml"
        self.state = folder / "state"
        self.role = folder / "network.sock"
        self.process: subprocess.Popen[str] | None = None
        for line, level in ((D0, True), (D1, True), (CONTACT, False)):
            chip.drive(line, level)

    def furnish(self, site: str | None = None) -> None:
        """Make site (without one: that of one door), identity and roster."""
        door = SITE.replace('kind = "simulated_board"', f'kind = "{BOARD}"').replace('"GPIO6"', f'"GPIO{CONTACT}"')
        self.site.write_text(door if site is None else site)
        self.state.mkdir(mode=0o700)
        identity = Identity.load_or_create(self.state / "identity")
        built = sample_roster(self.folder, identity, HOLDERS)
        install(built, self.state / "roster", [identity.public_key], digest_key_id=identity.digest_key_id).close()
        built.unlink()

    @property
    def key(self) -> object:
        """The controller's public key."""
        return Identity.load_or_create(self.state / "identity").public_key

    def start(self, manager: Mapping[str, str] | None = None, program: Sequence[str] = CONTROLLER) -> None:
        """Start the controller and wait until it listens to its wires."""
        self.process = subprocess.Popen(
            [sys.executable, *program, "--config", str(self.site), "--state", str(self.state),
             "--network-socket", str(self.role)],
            stdout=subprocess.PIPE, text=True, env={**os.environ, **(manager or {})}, cwd=self.folder,
        )  # fmt: skip
        told: list[str] = []
        reading = threading.Thread(target=lambda: told.append(self.process.stdout.readline()), daemon=True)
        reading.start()
        reading.join(READY_S_MAX)
        if not told or not told[0]:
            self.process.kill()
            raise RuntimeError(f"the controller did not start: status {self.process.wait()}")
        assert "ready" in json.loads(told[0])
        rest(QUIET_S)

    def kill(self) -> None:
        """What nobody can catch."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(READY_S_MAX)
        finally:
            self.process.kill()

    def safe(self) -> subprocess.CompletedProcess[str]:
        """`menshen safe`, as the service manager runs it."""
        return subprocess.run(safe_words(self.site), capture_output=True, text=True, timeout=READY_S_MAX, check=False)

    def swipe(self, bits: int) -> None:
        """One card, now; returns when it has been read out."""
        Player(self.chip, Passage(0, bits, walks=False).steps).end(READY_S_MAX)

    def walk(self) -> None:
        """The door opens and closes."""
        self.chip.drive(CONTACT, True)
        rest(0.1)
        self.chip.drive(CONTACT, False)


def safe_words(site: Path) -> list[str]:
    return [sys.executable, "-m", "firmware", "safe", str(site)]


def welcome(count: int) -> list[int]:
    """The bits of so many cards that are let in at any hour; they repeat."""
    holders = welcome_holders(min(count, HOLDERS // 2), HOLDERS, SEED)
    return [h10301(*card(holders[index % len(holders)])) for index in range(count)]


def stranger() -> int:
    """The bits of a card that nobody has."""
    return h10301(*card(HOLDERS + 1_000))


class Acknowledged:
    """Listens to the controller as the network process does. `head`: the newest (epoch, seq) that it was told."""

    def __init__(self, gate: Gate) -> None:
        self.head = (0, 0)
        self._news = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(gate.role))
        threading.Thread(target=self._listen, daemon=True).start()

    def wait_beyond(self, head: tuple[int, int], limit_s: float) -> tuple[int, int]:
        """Wait until more than `head` is told; what is told then."""
        with self._news:
            self._news.wait_for(lambda: self.head > head, limit_s)
            return self.head

    def _listen(self) -> None:
        for _, states in states_from(self._socket):
            with self._news:
                self.head = max(self.head, (states.epoch, states.seq))
                self._news.notify_all()


class ServiceManager:
    """What a service manager does for one service: it is told that it is ready and that it lives (sd_notify protocol).

    When it is told nothing for `watchdog_s`, or the service ends, the service is killed and `menshen safe` is run.
    """

    def __init__(self, gate: Gate, watchdog_s: float) -> None:
        self._gate = gate
        self._watchdog_s = watchdog_s
        path = str(gate.folder / "notify.sock")
        Path(path).unlink(missing_ok=True)  # of the one before
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        self._socket.settimeout(0.02)
        self.surroundings = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": str(round(watchdog_s * 1e6))}
        self.fed_ns = self.killed_ns = self.safe_ns = 0
        self.fed = 0
        self.safe: subprocess.CompletedProcess[str] | None = None
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def watch(self) -> None:
        """Begin. The gate's controller has been started with our surroundings."""
        self.fed_ns = monotonic_ns()
        self._thread.start()

    def wait_fed(self, limit_s: float) -> bool:
        """Wait until it was told that the service lives."""
        until_ns = monotonic_ns() + int(limit_s * 1e9)
        while self.fed == 0 and monotonic_ns() < until_ns:
            rest(0.02)
        return self.fed > 0

    def wait_safe(self, limit_s: float) -> bool:
        """Wait until `menshen safe` has been run."""
        self._thread.join(limit_s)
        return self.safe is not None

    def _watch(self) -> None:
        process = self._gate.process
        assert process is not None
        while process.poll() is None and monotonic_ns() - self.fed_ns < self._watchdog_s * 1e9:
            with contextlib.suppress(TimeoutError):
                if b"WATCHDOG=1" in self._socket.recv(4096):
                    self.fed += 1
                    self.fed_ns = monotonic_ns()
        self.killed_ns = monotonic_ns()
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
        self.safe = self._gate.safe()
        self.safe_ns = monotonic_ns()
        self._socket.close()
