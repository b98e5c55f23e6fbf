"""`menshen bench suspend`: from the office's command to the first refused swipe, a whole controller, no network.

A holder and somebody else swipe in turns while the office suspends the one. It counts from the instant at which the
command is sent to the controller's own stamp on the first refusal, so that the pause between two swipes is within it.
Beside it, what every swipe had to wait that was let in, as in `menshen bench swipe`: none is left out for being slow.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from firmware.bench.cards import card, install_sample_roster, welcome_holders
from firmware.bench.clock import monotonic_ns, rest
from firmware.bench.figures import Figure, spread
from firmware.bench.rig import LOCK, SITE, Rig, h10301
from firmware.bench.swipe import one_swipe
from firmware.controller.priority import take_priority
from firmware.core.access import Factor
from firmware.core.codes import Code, Reason
from firmware.journal import search
from firmware.messages import Suspend
from firmware.roster.install import CURRENT
from firmware.roster.office import Office
from firmware.roster.roster import Roster, open_roster

SUSPENSIONS = 20
PAUSE_S = 0.12  # between two swipes: the same card sooner is one presentation (repeat_ms of the rig's reader)
REFUSED_S = 0.2  # a lock that has not moved by then was refused, or waits: the journal and the lock are asked
TRIES_MAX = 100
COMMIT_S_MAX = 1.0
SEED = 5
REFUSED_S_MAX = 2.0
WAIT_MS_MAX = 20.0


class Suspending(threading.Thread):
    """Asks the office's socket for one suspension; `sent_ns` and `answered_ns` are its instants."""

    def __init__(self, state: Path, holder: str) -> None:
        super().__init__(daemon=True)
        self._state, self._holder = state, holder
        self.sent_ns = self.answered_ns = 0
        self.done = False

    def run(self) -> None:
        with Office(self._state) as office:
            command = Suspend(holder=self._holder, issuer="bench", why="a measurement", lost=True)
            self.sent_ns = monotonic_ns()
            self.done = office.ask(command).done
            self.answered_ns = monotonic_ns()


def bench(folder: Path, suspensions: int = SUSPENSIONS, credentials: int = 250_000) -> dict[str, Any]:
    """Raises RuntimeError when a card that is let in moves no lock, or one that is suspended is never refused."""
    take_priority()  # the stopwatch must not wait for a core; before its threads start
    rig = Rig(folder)
    # Each refusal an event of its own: the first ten of a minute are, and further ones would be told as a sum.
    rig.site.write_text(SITE.replace("noise_max = 1000", "noise_max = 1000\nunknown_burst = 1000"))
    try:
        identity = install_sample_roster(rig, credentials)
        *chosen, other = welcome_holders(suspensions + 1, credentials, SEED)
        with open_roster(rig.state / "roster" / CURRENT, [identity.public_key]) as roster:
            holders = [_holder_of(roster, number) for number in chosen]
        rig.start()
        rig.listens()
        waited: list[float] = []
        commands: list[Suspending] = []
        for number, holder in zip(chosen, holders, strict=True):
            bits = h10301(*card(number))
            waited.append(_let_in(rig, bits))
            command = Suspending(rig.state, holder)
            command.start()
            waited += _swipe_until_refused(rig, bits, holder, h10301(*card(other)))
            command.join()
            if not command.done:
                raise RuntimeError(f"the suspension of {holder} was refused")
            commands.append(command)
        rig.stop()
        return _outcome(rig, commands, holders, waited, credentials)
    finally:
        rig.close()


def _let_in(rig: Rig, bits: int) -> float:
    one = one_swipe(rig, bits)
    if one is None:
        raise RuntimeError("an enrolled card moved no lock within the limit")
    return one[0]


def _holder_of(roster: Roster, number: int) -> str:
    facility, card_number = card(number)
    found = roster.find(Factor.CARD, f"H10301:{facility}:{card_number}")
    assert found is not None, "the sample has it"
    return found.holder


def _swipe_until_refused(rig: Rig, bits: int, holder: str, others: int) -> list[float]:
    """Somebody else and the holder swipe in turns; what those swipes waited that were let in."""
    waited: list[float] = []
    for _ in range(TRIES_MAX):
        waited.append(_let_in(rig, others))
        rest(PAUSE_S)
        since = len(rig.far_end.driven)
        last_ns = rig.swipe(bits)
        driven = rig.far_end.wait_driven(LOCK, True, since, REFUSED_S)
        if driven is None:
            if _refused(rig, holder):
                return waited
            driven = rig.far_end.wait_driven(LOCK, True, since)
            if driven is None:
                continue  # the frame was torn, on a machine that others use too: nothing came of it at all
        waited.append((driven.at_ns - last_ns) / 1e6 - 3)  # three bit intervals belong to the frame
        rig.contact(True)
        rest(0.012)  # past the contact's debounce
        rig.contact(False)
        rig.far_end.wait_driven(LOCK, False, since)
    raise RuntimeError(f"a suspended card was let in {TRIES_MAX} times")


def _refused(rig: Rig, holder: str) -> bool:
    """Whether a refusal of this holder is committed, within a limit."""
    until_ns = monotonic_ns() + int(COMMIT_S_MAX * 1e9)
    while monotonic_ns() < until_ns:
        if search(_journal(rig), holder=holder, kind=Code.DENIED, limit=1):
            return True
        rest(0.02)
    return False


def _outcome(
    rig: Rig, commands: list[Suspending], holders: list[str], waited: list[float], credentials: int
) -> dict[str, Any]:
    refused_s: list[float] = []
    for command, holder in zip(commands, holders, strict=True):
        rows = search(_journal(rig), holder=holder, kind=Code.DENIED)
        if not rows or Reason.LOST not in rows[-1].event.reasons:
            raise RuntimeError(f"no refusal of {holder} stands in the journal")
        refused_s.append(rows[-1].monotonic_ms / 1e3 - command.sent_ns / 1e9)
    answered_s = [(command.answered_ns - command.sent_ns) / 1e9 for command in commands]
    return {
        "credentials": credentials,
        "command_to_refusal_s": spread(refused_s),
        "command_to_answer_s": spread(answered_s),
        "swipe_ms": spread(waited),
        "figures": [
            Figure("suspended card refused after the command, worst", max(refused_s), REFUSED_S_MAX, "s"),
            Figure("swipe while the office asks, worst", max(waited), WAIT_MS_MAX, "ms"),
        ],
    }


def _journal(rig: Rig) -> Path:
    return rig.state / "journal" / "journal.db"
