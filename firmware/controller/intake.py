"""Turns a driver's words into facts; the only room of this process that may.

A credential is looked up when its report is taken out of the inbox, so that the fact carries what roster and ledger
said at that moment. PIN digits live here only: a fact says whose PIN it was, never which.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from drivers.reports import (
    Digits,
    Dropped,
    Face,
    Frame,
    Level,
    Line,
    Measured,
    Noise,
    NoiseKind,
    Plate,
    Report,
    Tag,
    Untrusted,
)
from drivers.wire.wiegand import Refusal, decode_in_order
from firmware.controller.pin_pad import PinPad
from firmware.core import plates
from firmware.core.access import Factor, Known, Unknown
from firmware.core.dialog import Stage
from firmware.core.facts import (
    AnyFact,
    CardRead,
    CodeRead,
    CredentialEnrolled,
    FaceSeen,
    InputChanged,
    NoiseSeen,
    OutputFailed,
    PinBefore,
    PinEntered,
    PlateSeen,
    TagRead,
    TemperatureMeasured,
)
from firmware.core.facts import Level as FactLevel
from firmware.core.key_facts import KeyChange, ReaderKeyed
from firmware.core.state import State
from firmware.identity import Identity
from firmware.roster.errors import RosterError
from firmware.roster.keys import canonical, token_of
from firmware.roster.overlay import EMPTY, Overlay
from firmware.roster.presented import Keys, Ledger, present, second_pin
from firmware.roster.roster import Roster, SecondPin


class Local(Protocol):
    """What holds here and now beside the roster. firmware.controller.desk.Desk is one."""

    @property
    def overlay(self) -> Overlay: ...
    def enrol(self, reader: str, factor: Factor, key: str, /) -> CredentialEnrolled | None: ...


class NothingLocal:
    """No local entries, and nobody who makes any."""

    overlay = EMPTY

    def enrol(self, _reader: str, _factor: Factor, _key: str, /) -> CredentialEnrolled | None:
        return None


LINE_CHARACTERS_MAX = 512  # of a code or a tag; longer ones are nobody's credential


class Intake:
    """Report -> facts. Without a roster nobody is known.

    A roster whose disk fails under it knows nobody at that moment either; `on_damaged` is told, each time.
    """

    def __init__(
        self,
        roster: Roster | None,
        ledger: Ledger,
        identity: Identity,
        formats: Mapping[str, Sequence[str]],
        quota_areas: Collection[str] = (),
        on_damaged: Callable[[RosterError], None] = lambda _: None,
        keys_of: Callable[[Roster | None], Keys] | None = None,
        local: Local | None = None,
        utc_ms: Callable[[], int | None] = lambda: None,
    ) -> None:
        """`keys_of` names the digest key that a roster was built with; without it that is `identity`'s own."""
        self._local = local if local is not None else NothingLocal()
        self._utc_ms = utc_ms
        self._roster = roster
        self._next: Roster | None = None
        self._ledger = ledger
        self._keys_of: Callable[[Roster | None], Keys] = keys_of if keys_of is not None else lambda _: identity
        self._keys = self._keys_of(roster)
        self._formats = formats
        self._quota_areas = tuple(quota_areas)
        self._on_damaged = on_damaged
        self._pads: dict[str, PinPad] = {}
        self._typed: dict[
            str, str
        ] = {}  # reader -> a PIN that came before its card; only while the core waits for that
        self.undecodable = 0
        self.now_ns: Callable[[], int] = lambda: 0  # on the clock of the reports' stamps
        self.face_reader: Callable[[str, str, int], str | None] = lambda _camera, _face, _at_ns: None  # nobody asked
        self.on_plate: Callable[[str, str], None] = lambda _reader, _plate: None  # right before its fact

    def offer(self, roster: Roster) -> None:
        """A new roster; it serves from the RosterReplaced fact on that follows it through the inbox."""
        if self._next is not None:
            self._next.close()  # it was overtaken before its fact was taken
        self._next = roster

    def adopt(self) -> None:
        """RosterReplaced is being taken: from now on the offered roster serves."""
        if self._next is None:
            return
        if self._roster is not None:
            self._roster.close()
        self._roster, self._next = self._next, None
        self._keys = self._keys_of(self._roster)

    @property
    def roster(self) -> Roster | None:
        """The one in service."""
        return self._roster

    @property
    def keys(self) -> Keys:
        """Digests and pseudonyms as the roster in service has them."""
        return self._keys

    def close(self) -> None:
        for roster in (self._roster, self._next):
            if roster is not None:
                roster.close()

    def facts(self, report: Report, state: State) -> Sequence[AnyFact]:
        """The facts of one report; `state` tells which holder a reader waits for."""
        match report:
            case Level():
                return (InputChanged(input=report.device, level=FactLevel(report.level.value)),)
            case Frame():
                return self._frame(report, state)
            case Digits():
                pad = self._pads.setdefault(report.device, PinPad())
                pins = pad.press(report.keys, report.at_ns // 1_000_000)
                return [self._pin(report.device, pin, state) for pin in pins]
            case Line() | Tag():
                return (self._text(report, state),)
            case Plate():
                return self._plate(report)
            case Face():
                return (self._face(report),)
            case Measured():
                return (TemperatureMeasured(device=report.device, celsius=report.celsius),)
            case Dropped():
                return (OutputFailed(output=report.device, why=report.why),)
            case Noise():
                return (NoiseSeen(reader=report.device, kind=report.kind.value, count=report.count),)
            case Untrusted():
                return (ReaderKeyed(reader=report.device, change=KeyChange.UNTRUSTED, why=report.why),)
        raise AssertionError(f"a report that intake does not know: {type(report).__name__}")

    def _frame(self, frame: Frame, state: State) -> Sequence[AnyFact]:
        card = decode_in_order(self._formats[frame.device], frame.bits, frame.length)
        if isinstance(card, Refusal):
            self.undecodable += 1
            return (NoiseSeen(reader=frame.device, kind=card.value),)
        presented = self.look_up(Factor.CARD, card.key)
        enrolled = self._enrol(frame.device, Factor.CARD, card.key, presented, state)
        if enrolled is not None:
            return (enrolled,)
        before = self._pin_before(frame.device, presented, state)
        return (CardRead(reader=frame.device, presented=presented, pin_before=before),)

    def _text(self, report: Line | Tag, state: State) -> AnyFact:
        factor, fact = (Factor.CODE, CodeRead) if isinstance(report, Line) else (Factor.TAG, TagRead)
        text = report.text[:LINE_CHARACTERS_MAX]
        presented = self.look_up(factor, text)
        enrolled = self._enrol(report.device, factor, text, presented, state)
        if enrolled is not None:
            return enrolled
        before = self._pin_before(report.device, presented, state)
        return fact(reader=report.device, presented=presented, pin_before=before)

    def _plate(self, report: Plate) -> Sequence[AnyFact]:
        """The driver lets through what plates may carry; what is none all the same is noise, and is never looked up."""
        plate = plates.normal(report.text)
        if not plates.sound(plate):
            self.undecodable += 1
            return (NoiseSeen(reader=report.device, kind=NoiseKind.TEXT.value),)
        presented = self.look_up(Factor.PLATE, plate)
        self.on_plate(report.device, plate)
        sure, age_ms = report.confidence, self._age_ms(report.at_ns)
        seen = PlateSeen(
            report.device, presented, confidence=sure, age_ms=age_ms, evidence=report.evidence, reads=report.reads
        )
        return (seen,)

    def _face(self, report: Face) -> FaceSeen:
        """Whose face it is, at the reader that waits for it; nobody's where nobody asked, whatever the camera says."""
        reader = self.face_reader(report.device, report.text, report.at_ns)
        if reader is None:
            token = token_of(self._keys, Factor.FACE, canonical(Factor.FACE, report.text))
            presented: Known | Unknown = Unknown(token=token)
        else:
            presented = self.look_up(Factor.FACE, report.text)
        sure, age_ms = report.confidence, self._age_ms(report.at_ns)
        return FaceSeen(reader or report.device, presented, confidence=sure, age_ms=age_ms, evidence=report.evidence)

    def _age_ms(self, at_ns: int) -> int:
        return max(0, self.now_ns() - at_ns) // 1_000_000

    def _enrol(
        self, reader: str, factor: Factor, key: str, presented: Known | Unknown, state: State
    ) -> CredentialEnrolled | None:
        """Whose a credential is from now on that nobody had, where the reader is set to enrol."""
        if isinstance(presented, Known) or state.readers[reader].enrolling is None:
            return None
        return self._local.enrol(reader, factor, key)

    def _pin(self, reader: str, pin: str, state: State) -> PinEntered:
        presented = self.look_up(Factor.PIN, pin)
        self._typed[reader] = pin
        waiting = state.readers[reader].pending
        if waiting is None or waiting.holder is None or self._roster is None:
            return PinEntered(reader=reader, presented=presented)
        # The card was let in before what holds here now: a suspension that came since is in the overlay only.
        matched = self._second_pin(waiting.holder, pin, self._local.overlay)
        return PinEntered(
            reader=reader,
            presented=presented,
            second_of=waiting.holder if matched is not None else None,
            duress=matched is SecondPin.DURESS,
        )

    def _pin_before(self, reader: str, presented: Known | Unknown, state: State) -> PinBefore:
        """What the PIN was worth that was typed before this credential, where the core waits for what it belongs to."""
        typed = self._typed.pop(reader, None)
        waiting = state.readers[reader].pending
        if typed is None or waiting is None or waiting.stage is not Stage.CARD or self._roster is None:
            return PinBefore.NONE
        if not isinstance(presented, Known):
            return PinBefore.WRONG
        # The card comes after its PIN and says itself whether its holder is suspended.
        matched = self._second_pin(presented.holder, typed, EMPTY)
        if matched is None:
            return PinBefore.WRONG
        return PinBefore.DURESS if matched is SecondPin.DURESS else PinBefore.RIGHT

    def look_up(self, factor: Factor, key: str) -> Known | Unknown:
        """What roster, local entries and ledger say of a key as a reader, or a person, gives it."""
        if self._roster is not None:
            try:
                return present(
                    self._roster, self._ledger, factor, key, self._keys, self._quota_areas, self._local.overlay
                )
            except RosterError as error:
                self._on_damaged(error)
        at = self._keys.pin_digest("", key) if factor is Factor.PIN else canonical(factor, key)
        return Unknown(token=token_of(self._keys, factor, at))

    def _second_pin(self, holder: str, pin: str, overlay: Overlay) -> SecondPin | None:
        """Whether the PIN is this holder's; None, which is wrong, where the roster cannot be read."""
        assert self._roster is not None
        try:
            utc_ms = self._utc_ms()
            at_s = None if utc_ms is None else utc_ms // 1000
            return second_pin(self._roster, holder, pin, self._keys, overlay, at_s)
        except RosterError as error:
            self._on_damaged(error)
            return None
