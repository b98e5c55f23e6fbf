"""What the journal's tests share: a key, a listener that can be waited for, and events like a gate's."""

from __future__ import annotations

import random
import threading
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware.core.codes import Code
from firmware.core.effects import Body, Event, Record
from firmware.journal import Journal, Limits

WAIT_S = 20.0  # far more than anything takes on a busy machine
UTC_MS = 1_790_000_000_000  # September 2026


class Key:
    """A device key for tests, always the same."""

    def __init__(self, seed: int = 1) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes, /) -> bytes:
        return self._key.sign(message)


class Listener:
    """Takes the writer's notices and lets a test wait for them."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.commits: list[tuple[int, int, int]] = []
        self.failures: list[str] = []
        self.recoveries: list[int] = []

    def on_committed(self, ticket: int, epoch: int, seq: int) -> None:
        with self.changed:
            self.commits.append((ticket, epoch, seq))
            self.changed.notify_all()

    def on_failed(self, why: str) -> None:
        with self.changed:
            self.failures.append(why)
            self.changed.notify_all()

    def on_recovered(self, lost: int) -> None:
        with self.changed:
            self.recoveries.append(lost)
            self.changed.notify_all()

    def wait(self, condition) -> None:
        """Until a notice makes the condition true, or the writer without one: it is asked again every 20 ms."""
        with self.changed:
            for _ in range(int(WAIT_S / 0.02)):
                if condition(self):
                    return
                self.changed.wait(0.02)
            assert condition(self), f"nothing came: {self.commits[-1:]} {self.failures} {self.recoveries}"

    def wait_ticket(self, ticket: int) -> tuple[int, int, int]:
        self.wait(lambda me: me.commits and me.commits[-1][0] >= ticket)
        return self.commits[-1]


def open_journal(folder: Path, *, boot: str = "boot-1", kind=Journal, key: Key | None = None, **limits):
    """A journal and its listener."""
    listener = Listener()
    journal = kind.open(
        folder,
        key or Key(),
        boot=boot,
        limits=Limits(**{"retry_ms_first": 10, "retry_ms_max": 50, **limits}),
        on_committed=listener.on_committed,
        on_failed=listener.on_failed,
        on_recovered=listener.on_recovered,
        utc_ms=UTC_MS,
    )
    return journal, listener


def event(number: int, chance: random.Random, **given) -> Event:
    """The event of one step at a gate with eight portals and two hundred holders."""
    code = given.pop("code", None) or chance.choice([Code.GRANTED, Code.TAKEN, Code.OPENED, Code.CLOSED, Code.DENIED])
    personal = code in (Code.GRANTED, Code.TAKEN, Code.DENIED)
    body = Body(holder=f"h{chance.randrange(200)}", credential=f"c{number}") if personal else None
    return Event(code, **{"portal": f"door_{chance.randrange(8)}", "body": body, "detail": f"n{number}", **given})


def fill(journal, listener, count: int, *, seed: int = 7, at_once: int = 50, utc=lambda n: UTC_MS + n * 1000, **given):
    """Append `count` events and wait for them; returns the events with their wall times, in order."""
    chance = random.Random(seed)
    made = []
    ticket = 0
    for number in range(count):
        made.append((event(number, chance, **given), utc(number)))
        ticket = journal.append([Record(made[-1][0])], now_ms=number * 1000, utc_ms=made[-1][1])
        if number % at_once == 0:
            listener.wait_ticket(ticket)
    listener.wait_ticket(ticket)
    return made
