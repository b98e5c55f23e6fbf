"""The keys of readers: rolls one over, or installs a reader, because a named person asks at the office's socket.

Both take seconds and run beside everything else. The core tells how they began and ended, and the office's answer comes
when that is committed. What a driver does on its own with a key after a power cut it does without anybody's asking.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol, TypeGuard

from drivers.driver import Driver
from firmware.controller.answers import Answers
from firmware.core.codes import Reason
from firmware.core.facts import AnyFact
from firmware.core.key_facts import KeyChange, ReaderKeyed
from firmware.messages import Answer, AskOffice, InstallReader, RollKey

WITHIN_S = (5, 300)  # of a roll-over, and of installing: a person stands there, and wants to know
NOT_BEGUN = (Reason.READER_BUSY, Reason.NO_SECURE_CHANNEL, Reason.OUT_OF_SERVICE)


class Keyed(Protocol):
    """A reader with a key. drivers.osdp.Osdp is one."""

    id: str

    async def roll_key(self, within_s: float) -> str: ...
    async def install(self, for_s: float) -> str: ...


class Desk(Protocol):
    """Who takes everything else, and answers. firmware.controller.desk.Desk is one."""

    answers: Answers

    @property
    def put(self) -> Callable[[AnyFact], None]: ...

    def ask(self, asked: AskOffice, /) -> None: ...


def is_keyed(driver: object) -> TypeGuard[Keyed]:
    """Whether a driver has a key that can be changed."""
    return hasattr(driver, "roll_key") and hasattr(driver, "install")


class KeyDesk:
    """See the head of this file. All methods are for the event loop's thread."""

    def __init__(self, drivers: Mapping[str, Driver], desk: Desk) -> None:
        self._readers = {name: driver for name, driver in drivers.items() if is_keyed(driver)}
        self._desk = desk
        self._work: set[asyncio.Task[None]] = set()

    def ask(self, asked: AskOffice) -> None:
        """Take a command about a key, and hand everything else on."""
        command, request = asked.command, asked.request
        if not isinstance(command, RollKey | InstallReader) or request in self._desk.answers:
            self._desk.ask(asked)
            return
        reader = self._readers.get(command.reader)
        if reader is None or not WITHIN_S[0] <= command.within_s <= WITHIN_S[1]:
            why = Reason.NOT_FOUND_READER if reader is None else Reason.NOT_ALLOWED
            self._tell(command, request, KeyChange.REFUSED, why, over=False)
            return
        work = self._roll if isinstance(command, RollKey) else self._install
        task = asyncio.get_running_loop().create_task(work(reader, command, request), name=f"key of {reader.id}")
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def stop(self) -> None:
        """Break off what runs: both keys are kept, and the reader proves one of them after the next start."""
        for task in tuple(self._work):
            task.cancel()
            await asyncio.wait((task,))

    async def _roll(self, reader: Keyed, command: RollKey | InstallReader, request: str) -> None:
        why = await reader.roll_key(command.within_s)
        if not why:
            self._tell(command, request, KeyChange.CHANGED, "", over=True)
        else:
            refused = KeyChange.REFUSED if why in NOT_BEGUN else KeyChange.KEPT
            self._tell(command, request, refused, why, over=False)

    async def _install(self, reader: Keyed, command: RollKey | InstallReader, request: str) -> None:
        self._desk.put(_fact(command, "", KeyChange.INSTALLING, f"{command.within_s} s"))
        why = await reader.install(command.within_s)
        done = not why
        self._tell(command, request, KeyChange.INSTALLED if done else KeyChange.INSTALL_OVER, why, over=done)

    def _tell(self, command: RollKey | InstallReader, request: str, change: KeyChange, why: str, over: bool) -> None:
        reasons = (f"{why}:{command.reader}" if why == Reason.NOT_FOUND_READER else why,) if why else ()
        self._desk.answers.open(request, Answer(request, over, reasons))
        self._desk.put(_fact(command, request, change, why))


def _fact(command: RollKey | InstallReader, request: str, change: KeyChange, why: str) -> ReaderKeyed:
    return ReaderKeyed(
        reader=command.reader, change=change, why=why, issuer=command.issuer, request=request, note=command.why
    )
