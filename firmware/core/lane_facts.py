"""Facts of barriers and lanes: what persons ask of them, and how cold it is there."""

from __future__ import annotations

from firmware.core.fact import Command, Fact


class TemperatureMeasured(Fact, frozen=True):
    """At the barriers that name this device; the cold lengthens their travel limit (R6)."""

    device: str
    celsius: float


class AdmitVehicle(Command, frozen=True, kw_only=True):
    """Let one vehicle through a lane that has no credential: a visitor's, a delivery, one without a plate.

    `note` says whom and why, in the issuer's words; it stands in the erasable part of what is recorded.
    """

    portal: str
    note: str
    access_point: str | None = None  # None: the first that leads in


class CloseBarrier(Command, frozen=True, kw_only=True):
    """Raise or close from afar; only with local proof of a clear lane (FIELD.md, R17)."""

    portal: str


class EmergencyClose(Command, frozen=True, kw_only=True):
    """Emergency fast raise: interlocks stay active, and it needs a reset (R15). `confirmed` by the person."""

    portal: str
    confirmed: bool = False


class ConfirmClear(Command, frozen=True, kw_only=True):
    """A person has looked: nobody is in the lane that was in doubt (R1). `in_sight` of it, not from afar."""

    portal: str
    in_sight: bool = False


class RecordTest(Command, frozen=True, kw_only=True):
    """Forces and safety devices were tested by a person, worn parts replaced (R18)."""

    portal: str
    note: str = ""
