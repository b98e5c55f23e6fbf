"""Asks `explain` again whatever a gate decides, with what it knew at that moment, and compares the reasons.

What the gate knew is built anew here: who presented what (by this file's own calls), the ledger (from the Remember
effects alone), and what stood at the portal (the core's state as of the fact). The offered factors come from the table
of PINs below, not from the core's dialog. Local entries are taken as they are listed, and indexed anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from firmware.bench.gate import Gate
from firmware.core import swipe
from firmware.core.access import Factor
from firmware.core.codes import Code, Reason
from firmware.core.decision import Offered, Outcome
from firmware.core.dialog import Stage
from firmware.core.draft import Draft
from firmware.core.effects import AnyEffect, ForgetAreas, Record, Remember
from firmware.core.facts import AnyFact, DeadlineReached, Reading
from firmware.core.lockout import Stage as Lockout
from firmware.core.state import State
from firmware.core.step import step
from firmware.explain import explain
from firmware.roster.overlay import EMPTY, Overlay
from firmware.roster.roster import open_roster

DECIDED = {Code.GRANTED: Outcome.GRANTED, Code.DENIED: Outcome.DENIED, Code.UNKNOWN_CREDENTIAL: Outcome.DENIED}
# What a dialog adds to a decision's reasons: it is over, PINs are locked out, or the card was presented twice.
ADDED = (Reason.DOUBLE_SWIPE, Reason.PIN_LOCKED_OUT)


class Pin(NamedTuple):
    """Whose PIN it is, and how."""

    holder: str
    duress: bool = False


class Asked(NamedTuple):
    """What somebody presented at a reader."""

    factor: Factor
    key: str


class Entry:
    """One holder in this file's own ledger."""

    def __init__(self) -> None:
        self.area: str | None = None
        self.entered_s: int | None = None
        self.uses: Counter[str] = Counter()
        self.household: str | None = None
        self.vehicle = False


class OwnLedger:
    """Built from effects alone."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def take(self, effects: Sequence[AnyEffect]) -> None:
        for effect in effects:
            if isinstance(effect, Remember):
                entry = self.entries.setdefault(effect.holder, Entry())
                if effect.area is not None:
                    entry.area = effect.area or None
                    entry.entered_s = effect.entered_s if effect.area else None
                if effect.credential is not None:
                    entry.uses[effect.credential] += effect.uses
                entry.household = effect.household or entry.household
                entry.vehicle = entry.vehicle or effect.vehicle
            elif isinstance(effect, ForgetAreas):
                for entry in self.entries.values():
                    entry.area = entry.entered_s = None

    def holder(self, holder: str, /) -> Entry | None:
        return self.entries.get(holder)

    def household_inside(self, household: str, besides: str, areas: Collection[str] | None, /) -> int:
        return sum(
            entry.household == household
            and entry.vehicle
            and holder != besides
            and entry.area is not None
            and (areas is None or entry.area in areas)
            for holder, entry in self.entries.items()
        )


@contextmanager
def watched(gate: Gate, pins: dict[str, Pin]) -> Iterator[Parity]:
    """Whatever is presented at this gate meanwhile by `present` and `type_pin` is asked again; all of it must agree."""
    parity = Parity(gate, pins)
    for name, noted in (("present", parity.card), ("type_pin", parity.keys), ("power_on", parity.power_on)):
        setattr(gate, name, noted)
    try:
        yield parity
    finally:
        parity.close()
    assert parity.differences == []


class Parity:
    """Watches one gate. `differences` holds what did not agree; `seen` counts reasons, `compared` decisions."""

    def __init__(self, gate: Gate, pins: dict[str, Pin]) -> None:
        self.gate = gate
        self.pins = pins
        self.ledger = OwnLedger()
        self.roster = open_roster(
            gate.folder / "rehearsal.roster",
            [gate.controller.identity.public_key],
            digest_key_id=gate.controller.identity.digest_key_id,
        )
        self.compared = 0
        self.repeated = 0
        self.locked_out = 0
        self.halves = 0  # PINs that wait for what they belong to
        self.seen: Counter[str] = Counter()
        self.differences: list[str] = []
        self._asked: dict[str, Asked] = {}  # reader -> the last presentation
        self._waiting: dict[str, Asked] = {}  # reader -> the first half of a dialog
        self._asked_for: dict[str, tuple[str, ...]] = {}  # reader -> the reasons of a decision that asked for more
        self.expired = 0
        self._before: State = gate.controller.engine.state
        self._sit()

    def _sit(self) -> None:
        """Take the recorder's seat: whoever sits there is told each step, and changes nothing."""
        engine = self.gate.controller.engine
        assert engine._recorder is None, "a watched gate is not recorded"
        engine._recorder = self
        self._before = engine.state
        self._overlay = EMPTY

    def close(self) -> None:
        self.roster.close()

    async def card(self, card: str, reader: str) -> None:
        """Present a card of the table."""
        layout, _ = self.gate.plants.card(card)
        self._asked[reader] = Asked(Factor.CARD, f"{layout.format}:{layout.facility}:{layout.number}")
        await Gate.present(self.gate, card, reader)

    async def keys(self, keys: str, reader: str) -> None:
        """Type on a keypad: a PIN, and # to end it."""
        self._asked[reader] = Asked(Factor.PIN, keys.removesuffix("#"))
        await Gate.type_pin(self.gate, keys, reader)

    async def pin(self, digits: str, reader: str) -> None:
        """Type a PIN and #."""
        await self.keys(f"{digits}#", reader)

    async def power_on(self, record: Path | None = None) -> None:
        """The gate starts again. This file's own ledger goes on: the controller has to remember as much."""
        await Gate.power_on(self.gate, record)
        self._sit()

    # -- the recorder's seat ------------------------------------------------------------------------------------------

    def write(self, now_ms: int, fact: AnyFact, effects: Sequence[AnyEffect]) -> None:
        """One step is over."""
        entries = tuple(self.gate.controller.desk.overlay)
        if entries != tuple(self._overlay):
            self._overlay = Overlay(entries)
        self._compare_expired(effects)
        if isinstance(fact, Reading):
            self._compare(now_ms, fact, effects)
        self.ledger.take(effects)
        self._before = self.gate.controller.engine.state

    def _compare_expired(self, effects: Sequence[AnyEffect]) -> None:
        """A dialog that nobody ended says what was asked for, and that it is over."""
        for effect in effects:
            if not isinstance(effect, Record) or Reason.DIALOG_EXPIRED not in effect.event.reasons:
                continue
            asked_for = self._asked_for.pop(effect.event.reader or "", None)
            if asked_for is not None:
                self.expired += 1
                if effect.event.reasons != (*asked_for, Reason.DIALOG_EXPIRED):
                    self.differences.append(f"explain asked for {asked_for}, the gate {effect.event.reasons}")

    def _compare(self, now_ms: int, fact: Reading, effects: Sequence[AnyEffect]) -> None:
        asked = self._asked[fact.reader]
        events = [effect.event for effect in effects if isinstance(effect, Record)]
        decided = [event for event in events if event.code in DECIDED and event.reader == fact.reader]
        # The state as of the fact: everything that was due has been done.
        state, due = step(self._before, now_ms, DeadlineReached())
        expired = [each.event for each in due if isinstance(each, Record) and each.event.code in DECIDED]
        decided = decided[len(expired) :]
        reader = state.readers[fact.reader]
        if reader.guard.stage is Lockout.LOCKED and asked.factor is Factor.PIN:
            self.locked_out += 1
            assert [event.reasons for event in decided] == [(Reason.PIN_LOCKED_OUT,)]
            return
        if not effects[len(due) :] and asked.factor is not Factor.PIN:
            self.repeated += 1  # the same card again sooner than a person can
            return
        question, offered = self._question(asked, fact.reader, state)
        now = self.gate.controller.engine.state.readers[fact.reader].pending
        if asked.factor is Factor.PIN and now is not None and now.stage is Stage.CARD:
            assert decided == [], "half of something is no decision"
            self._asked_for[fact.reader] = ()  # whatever was asked for before, it waits for this PIN's card now
            self.halves += 1
            return
        post = state.wiring.posts[fact.reader]
        assert post.point is not None
        standing = swipe.standing_at(Draft(state, now_ms), post.point)
        at_s = None if state.offset_ms is None else (now_ms + state.offset_ms) // 1000
        identity = self.gate.controller.identity
        said = explain(
            self.gate.config,
            self.roster,
            self.ledger,
            identity,
            post.point.id,
            question.factor,
            question.key,
            at_s,
            offered,
            standing,
            self._overlay,
        )
        if said.decision.outcome is Outcome.NEEDS and offered.first is None:
            self._asked_for[fact.reader] = said.decision.reasons
        else:
            self._asked_for.pop(fact.reader, None)
        self._judge(f"{fact.reader} {asked} at {at_s}", said.decision, decided)

    def _judge(self, what: str, said, decided) -> None:
        self.compared += 1
        self.seen.update(reason.split(":")[0] for reason in said.reasons)
        if said.outcome is Outcome.NEEDS:
            if decided and not (decided[0].code is Code.DENIED and decided[0].reasons[-1] in ADDED):
                self.differences.append(f"{what}: explain needs {said.needs}, the gate: {decided}")
            return
        if len(decided) != 1:
            self.differences.append(f"{what}: explain says {said}, the gate recorded {decided}")
            return
        event = decided[0]
        reasons = event.reasons[:-1] if event.reasons[-1] in ADDED else event.reasons
        if DECIDED[event.code] is not said.outcome or tuple(reasons) != tuple(said.reasons):
            self.differences.append(f"{what}: explain says {said}, the gate {event.code} {event.reasons}")

    def _question(self, asked: Asked, reader: str, state: State) -> tuple[Asked, Offered]:
        """What a person would ask `explain`: this credential, with what the same holder gave before."""
        pending = state.readers[reader].pending
        first_half = self._waiting.pop(reader, None)
        self._waiting[reader] = asked
        first = None if pending is None else pending.first
        if pending is None or first_half is None or pending.stage not in (Stage.FACTOR, Stage.CARD):
            return asked, Offered(first=first)
        halves = (first_half, asked) if first_half.factor is Factor.CARD else (asked, first_half)
        card, pin = halves
        if card.factor is not Factor.CARD or pin.factor is not Factor.PIN:
            return asked, Offered(first=first)
        if pending.stage is Stage.FACTOR and asked.factor is Factor.PIN:
            self._waiting[reader] = card  # a wrong PIN may be tried again
        holder = self._holder_of(card.key)
        owner = self.pins.get(pin.key)
        wrong = owner is None or holder is None or owner.holder != holder
        if wrong and asked.factor is Factor.PIN and owner is not None and self._alone(pin.key):
            return asked, Offered(first=first)  # somebody else's PIN that identifies alone: another presentation
        duress = not wrong and owner is not None and owner.duress
        return card, Offered((Factor.PIN,), first, duress, wrong)

    def _holder_of(self, card: str) -> str | None:
        found = self.roster.find(Factor.CARD, card)
        if found is not None:
            return found.holder
        return next((entry.holder for entry in self._overlay if entry.kind != "suspend" and entry.key == card), None)

    def _alone(self, digits: str) -> bool:
        identity = self.gate.controller.identity
        return self.roster.find(Factor.PIN, identity.pin_digest("", digits)) is not None
