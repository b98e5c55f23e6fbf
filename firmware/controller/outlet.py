"""Carries effects out: outputs and readers at once, in order; what is to be kept goes to the journal as one batch.

A failed output comes back as a fact. After a device recovers, what the core last commanded is applied again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drivers.driver import Driver
from drivers.reports import DriverError
from firmware.controller.board import Output
from firmware.controller.inbox import Inbox, Rank
from firmware.controller.signs import Signs
from firmware.core.effects import (
    Announce,
    AnyEffect,
    ForgetAreas,
    Keep,
    Mute,
    Record,
    Remember,
    SetOutput,
    Show,
    Unmute,
)
from firmware.core.facts import OutputFailed
from firmware.journal import Journal

Kept = Record | Remember | ForgetAreas | Keep


class Outlet:
    """The only way from the core to devices and journal. `drivers`: devices and the outputs of boards, by their ids."""

    def __init__(
        self, drivers: Mapping[str, Driver | Output], journal: Journal, inbox: Inbox, signs: Signs | None = None
    ) -> None:
        self._drivers = drivers
        self._journal = journal
        self._inbox = inbox
        self._signs = signs if signs is not None else Signs({}, "en")
        self._commanded: dict[str, bool] = {}
        self._shown: dict[str, str] = {}
        self._muted: set[str] = set()

    def carry_out(self, effects: Sequence[AnyEffect], now_ms: int, utc_ms: int | None) -> int | None:
        """Carry out one step's effects. Returns the journal's ticket where something is to be kept."""
        kept: list[Kept] = []
        for effect in effects:
            match effect:
                case SetOutput():
                    self._commanded[effect.output] = effect.on
                    self._apply(effect.output, effect.on)
                case Show():
                    self._shown[effect.reader] = effect.feedback.value
                    self._call(effect.reader, "show", effect.feedback.value)
                case Announce():
                    self._signs.announce(effect)
                case Mute() | Unmute():
                    self._mute(effect.reader, isinstance(effect, Mute))
                case _:
                    kept.append(effect)
        return self._journal.append(kept, now_ms=now_ms, utc_ms=utc_ms) if kept else None

    def restore(self, device: str) -> None:
        """Apply again what was last commanded to a device that has recovered, and show again what it showed last."""
        if device in self._commanded:
            self._apply(device, self._commanded[device])
        if device in self._muted:
            self._call(device, "mute", True)
        if device in self._shown:
            self._call(device, "show", self._shown[device])

    def _apply(self, output: str, on: bool) -> None:
        driver = self._drivers.get(output)
        apply = getattr(driver, "apply", None)
        if apply is None:
            self._failed(output, "no device of this name drives an output: check the configuration")
            return
        try:
            apply(on)
        except DriverError as error:
            self._failed(output, str(error))

    def _mute(self, reader: str, muted: bool) -> None:
        (self._muted.add if muted else self._muted.discard)(reader)
        self._call(reader, "mute", muted)

    def _call(self, device: str, capability: str, argument: str | bool) -> None:
        """Call a capability that a reader may lack: a reader without lights shows nothing."""
        method = getattr(self._drivers.get(device), capability, None)
        if method is None:
            return
        try:
            method(argument)
        except DriverError as error:
            self._failed(device, str(error))

    def _failed(self, output: str, why: str) -> None:
        self._inbox.put(OutputFailed(output=output, why=why), Rank.INPUT, output)
