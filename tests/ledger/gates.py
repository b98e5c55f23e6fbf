"""Gates of one community for tests: real core, journal, peers and outbox; clocks and the way between are simulated.

A gate is a door into the shared area `house` and out of it again. Time passes for all at once (`Community.wait`).
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware.controller.inbox import Inbox
from firmware.controller.outbox import Outbox
from firmware.controller.peers import Peers
from firmware.core.access import Known
from firmware.core.effects import ForgetAreas, Keep, Record, Remember
from firmware.core.facts import (
    AnyFact,
    CardRead,
    ClockSet,
    DeadlineReached,
    Forgive,
    InputChanged,
    Level,
    PassageElsewhere,
    RosterReplaced,
    Started,
)
from firmware.core.site import AccessPoint, Antipassback, Area, Door, Reader, Site
from firmware.core.state import initial
from firmware.core.step import next_deadline, step
from firmware.identity import id_of
from tests.core.portals.scene import RULES
from tests.journal.making import UTC_MS, open_journal

HEARD_MS_MAX = 30_000
SITE = Site(
    "gate",
    portals=(
        Door(
            "gate",
            "lock",
            contact="contact",
            access_points=(
                AccessPoint("gate_in", "gate", ("r_in",), None, "house", antipassback=Antipassback.HARD),
                AccessPoint("gate_out", "gate", ("r_out",), "house", None, direction="out"),
            ),
        ),
    ),
    readers=(Reader("r_in", repeat_ms=0), Reader("r_out", repeat_ms=0)),
    areas=(Area("house", shared=True), Area("shed")),
)


class DeviceKey:
    """A device key with its controller's id."""

    def __init__(self, seed: int) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.public_key = self._key.public_key().public_bytes_raw()
        self.id = id_of(self.public_key)

    def sign(self, message: bytes, /) -> bytes:
        return self._key.sign(message)


class GateClock:
    """The simulated clock of one gate: off by `off_s` from true time; `known` is whether it can be believed."""

    def __init__(self, off_s: int = 0) -> None:
        self.t = 0
        self.off_s = off_s
        self.known = True

    def now_ms(self) -> int:
        return self.t

    def utc_ms(self) -> int | None:
        return UTC_MS + self.t + 1000 * self.off_s if self.known else None


class Gate:
    """One controller. `frames` are those that it sent; `events` what it recorded, by code."""

    def __init__(
        self, folder: Path, key: DeviceKey, trusted: dict[str, bytes], off_s: int = 0, boot: str = "b"
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.key, self.trusted = folder, key, trusted
        self.clock = GateClock(off_s)
        self.journal, self.listener = open_journal(folder, boot=boot)
        self.inbox = Inbox()
        self.frames: list[bytes] = []
        self.events: list = []
        self.effects: list = []
        ledger = self.journal.ledger
        points = {point.id: point for portal in SITE.portals for point in portal.access_points}
        self.peers = Peers(key.id, trusted, HEARD_MS_MAX, {"house"}, ledger, self.inbox, self.clock)
        self.outbox = Outbox(key, points, {"house"}, ledger, self.clock, HEARD_MS_MAX, self.frames.append)
        self.state = initial(SITE)
        self.do(Started(boot, self.journal.kept(), occupancy=ledger.occupancy()))
        self.do(RosterReplaced(RULES))
        self.do(ClockSet(self.clock.utc_ms()))
        self.do(InputChanged("contact", Level.INACTIVE))

    def do(self, fact: AnyFact) -> None:
        """One fact, as the engine takes it; what is to be kept is committed before this returns."""
        if isinstance(fact, PassageElsewhere):
            fact = self.peers.admit(fact)
            if fact is None:
                return
        self.state, effects = step(self.state, self.clock.t, fact)
        self.effects += effects
        self.events += [effect.event for effect in effects if isinstance(effect, Record)]
        kept = [effect for effect in effects if isinstance(effect, Record | Remember | ForgetAreas | Keep)]
        if not kept:
            return
        ticket = self.journal.append(kept, now_ms=self.clock.t, utc_ms=self.clock.utc_ms())
        self.outbox.stepped(effects, ticket)
        self.listener.wait_ticket(ticket)
        self.outbox.committed(*self.listener.commits[-1])

    def work(self) -> None:
        """Take all that waits in the inbox."""
        while (entry := self.inbox.take()) is not None:
            self.do(entry.item)

    def wait(self, ms: int) -> None:
        until = self.clock.t + ms
        while (deadline := next_deadline(self.state)) is not None and deadline <= until:
            self.clock.t = deadline
            self.do(DeadlineReached())
        self.clock.t = until
        self.peers.watch()
        self.work()

    def present(self, reader: str, holder: str) -> tuple[str, ...]:
        """A card is presented, looked up as intake does; the reasons of the decision."""
        entry = self.journal.ledger.holder(holder)
        self.do(
            CardRead(
                reader, Known(holder, f"card_{holder}", 1, ("all",), area=entry.area, area_entered_s=entry.entered_s)
            )
        )
        return next(
            event for event in reversed(self.events) if event.code in ("access.granted", "access.denied")
        ).reasons

    def pass_through(self, reader: str, holder: str) -> bool:
        """Present and, where let in, go through; whether the passage was proven."""
        taken = len(self.taken())
        self.present(reader, holder)
        for level in (Level.ACTIVE, Level.INACTIVE):
            self.do(InputChanged("contact", level))
        return len(self.taken()) > taken

    def taken(self) -> list:
        return [event for event in self.events if event.code == "access.taken"]

    def told(self, code: str) -> list:
        return [event for event in self.events if event.code == code]

    def tell(self) -> bytes:
        """Send a frame now; the frame."""
        self.outbox.tell()
        return self.frames[-1]

    def hear(self, *frames: bytes) -> None:
        for frame in frames:
            self.peers.heard(frame)
            self.work()

    def forgive(self, holder: str | None = None) -> None:
        area = None if holder is None else self.journal.ledger.holder(holder).area
        self.do(Forgive("guard", holder=holder, area=area))

    def restarted(self, boot: str) -> Gate:
        """The same controller after a clean stop and a start."""
        self.journal.close()
        again = Gate.__new__(Gate)
        Gate.__init__(again, self.folder, self.key, self.trusted, self.clock.off_s, boot)
        return again

    def places(self, *holders: str) -> dict[str, tuple[str | None, int | None]]:
        """Where the ledger says each is, and by which instant."""
        entries = {holder: self.journal.ledger.holder(holder) for holder in holders}
        return {holder: (entry.area, entry.placed_s) for holder, entry in entries.items()}


class Community:
    """Gates that trust each other. `offs_s` are their clocks' errors."""

    def __init__(self, folder: Path, *offs_s: int) -> None:
        keys = [DeviceKey(number) for number in range(1, len(offs_s) + 1)]
        trusted = {key.id: key.public_key for key in keys}
        self.gates = [
            Gate(folder / key.id, key, {peer: its for peer, its in trusted.items() if peer != key.id}, off_s)
            for key, off_s in zip(keys, offs_s, strict=True)
        ]

    def wait(self, ms: int) -> None:
        for gate in self.gates:
            gate.wait(ms)

    def exchange(self) -> None:
        """Everybody tells, and everybody hears."""
        for gate in self.gates:
            frame = gate.tell()
            for other in self.gates:
                if other is not gate:
                    other.hear(frame)

    def close(self) -> None:
        for gate in self.gates:
            gate.journal.close()
