"""The desk without a gate: a disk that stalls, and an inbox that is full."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import SimpleNamespace

from firmware.controller.desk import AGAIN_S, Desk
from firmware.controller.inbox import Inbox, Rank
from firmware.core.access import Factor
from firmware.core.facts import HolderWithdrawn, InputChanged, Level, OverlayChange, OverlayChanged
from firmware.identity import Identity
from firmware.messages import Answer, AskOffice, CancelEnrolment, Leave
from firmware.rehearsal.virtual_time import run_virtual
from firmware.roster.overlay import Overlay
from tests.desk.at_desk import NOON_S, WHO
from tests.overlay.entries import enrolled

CARD = "H10301:9:9"
LEAVE = AskOffice(Leave(holder="ann", **WHO), "r1")
LIMIT_S = 10


class SlowSigner:
    """Signs as the controller does, once it may."""

    def __init__(self, identity: Identity, may: threading.Event) -> None:
        self._identity, self._may = identity, may
        self.public_key = identity.public_key

    def sign(self, message: bytes) -> bytes:
        assert self._may.wait(LIMIT_S)
        return self._identity.sign(message)


def a_desk(folder: Path, inbox: Inbox, may_save: threading.Event) -> Desk:
    """A desk that knows of ann's card; what it tells the core waits in `inbox`, what it answers in `said`."""
    desk = Desk(folder / "roster", SlowSigner(Identity.load_or_create(folder / "identity"), may_save), {})
    desk.overlay = Overlay([enrolled("ann", "0" * 16, CARD)], 1)
    desk.served = SimpleNamespace(roster=None, keys=None)
    desk.now_s = lambda: NOON_S
    desk.put = lambda fact: inbox.put(fact, Rank.SYSTEM, "office")
    desk.said = []
    desk.answers.send = lambda _request, messages: desk.said.extend(messages)
    inbox.on_dropped = desk.dropped
    return desk


def waiting(inbox: Inbox) -> list:
    taken = []
    while (entry := inbox.take()) is not None:
        taken.append(entry.item)
    return taken


def test_a_disk_that_stalls_delays_the_answer_and_neither_the_refusal_nor_the_end_of_an_offer(tmp_path: Path):
    """What signs the file holds the saving thread, as a disk does that answers nothing."""

    async def run():
        inbox, answers_again = Inbox(), threading.Event()
        desk = a_desk(tmp_path, inbox, answers_again)
        saving = asyncio.create_task(desk.run())
        desk.ask(LEAVE)
        assert waiting(inbox) == [HolderWithdrawn("ann")]
        assert desk.overlay.suspension("ann", None) is not None
        assert desk.overlay.enrolled(Factor.CARD, CARD) is None
        for _ in range(3):
            await asyncio.sleep(0.02)
            assert (waiting(inbox), desk.said) == ([], []), "nothing is told or answered that is not saved"
        answers_again.set()
        async with asyncio.timeout(LIMIT_S):
            await inbox.wait(None)
        told = waiting(inbox)
        assert [fact.change for fact in told] == [OverlayChange.LEFT, OverlayChange.REVOKED]
        assert {fact.revision for fact in told} == {2}
        saving.cancel()
        await asyncio.gather(saving, return_exceptions=True)

    asyncio.run(run())


def test_what_a_full_inbox_drops_is_answered_or_told_later(tmp_path: Path):
    async def run():
        inbox = Inbox(1)
        desk = a_desk(tmp_path, inbox, threading.Event())
        desk.ask(AskOffice(CancelEnrolment(reader="door", **WHO), "r1"))
        level = InputChanged("contact", Level.ACTIVE)
        inbox.put(level, Rank.INPUT)
        assert desk.said == [Answer("r1", False, ("too_many",))]
        assert waiting(inbox) == [level]
        assert "r1" not in desk.answers
        told = OverlayChanged(OverlayChange.SUSPENDED, holder="ann", revision=7)
        for dropped in (told, HolderWithdrawn("ann")):
            desk.put(dropped)
            inbox.put(level, Rank.INPUT)
            assert waiting(inbox) == [level]
            await asyncio.sleep(AGAIN_S + 0.1)
            assert waiting(inbox) == [dropped], "it is in force, so it is told"

    run_virtual(run())
