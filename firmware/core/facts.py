"""What happened, past tense. Everything the core ever learns arrives as one of these.

Frozen, tagged msgspec structs: a recording is a list of `(now_ms, fact)`, and replays without hardware or roster.
"""

from __future__ import annotations

from enum import StrEnum

from firmware.core.access import Factor, Known, Unknown
from firmware.core.account_facts import Administered as Administered
from firmware.core.backup_facts import BackupMade as BackupMade
from firmware.core.call_facts import AnswerCall as AnswerCall
from firmware.core.call_facts import AnyOfCall
from firmware.core.call_facts import EndCall as EndCall
from firmware.core.fact import Afar as Afar
from firmware.core.fact import Command as Command
from firmware.core.fact import Fact as Fact
from firmware.core.lane_facts import AdmitVehicle as AdmitVehicle
from firmware.core.lane_facts import CloseBarrier as CloseBarrier
from firmware.core.lane_facts import ConfirmClear as ConfirmClear
from firmware.core.lane_facts import EmergencyClose as EmergencyClose
from firmware.core.lane_facts import RecordTest as RecordTest
from firmware.core.lane_facts import TemperatureMeasured as TemperatureMeasured
from firmware.core.levels import Level as Level
from firmware.core.roster_facts import AnyOfRoster as AnyOfRoster
from firmware.core.roster_facts import CredentialEnrolled as CredentialEnrolled
from firmware.core.roster_facts import HolderWithdrawn as HolderWithdrawn
from firmware.core.roster_facts import OverlayChange as OverlayChange
from firmware.core.roster_facts import OverlayChanged as OverlayChanged
from firmware.core.roster_facts import RosterRefused as RosterRefused
from firmware.core.roster_facts import RosterReplaced as RosterReplaced
from firmware.core.trial_facts import AnyOfTrial
from firmware.core.viewing_facts import CameraViewed as CameraViewed

# -- credentials ------------------------------------------------------------------------------------------------------


class PinBefore(StrEnum):
    """What the PIN was worth that was typed before a credential, at a reader that waited for what it belongs to."""

    NONE = "none"
    RIGHT = "right"
    WRONG = "wrong"
    DURESS = "duress"


class Reading(Fact, frozen=True):
    """A credential was presented at a reader. Intake looked it up when it took the report.

    `pin_before` compares the digits that intake kept while `ReaderState.pending.stage` is CARD with this holder's.
    """

    reader: str
    presented: Known | Unknown
    pin_before: PinBefore = PinBefore.NONE


class CardRead(Reading, frozen=True):
    pass


class CodeRead(Reading, frozen=True):
    pass


class TagRead(Reading, frozen=True):
    pass


class PlateSeen(Reading, frozen=True):
    """`age_ms` since the frame was taken; `confidence` 0..1 of the weaker of detection and reading.

    `evidence`: under which its frame is kept for a while; empty: nowhere. `reads`: how many frames agreed; 0: not told.
    """

    confidence: float = 1.0
    age_ms: int = 0
    evidence: str = ""
    reads: int = 0


class FaceSeen(Reading, frozen=True):
    confidence: float = 1.0
    age_ms: int = 0
    evidence: str = ""


class PinEntered(Reading, frozen=True):
    """A PIN was completed. `presented` is what the PIN alone identifies.

    `second_of` is the holder for whom the PIN is right as a second factor: intake compares it with the holder the
    reader waits for (`ReaderState.pending`), in constant time; `duress` tells that it was that holder's duress PIN.
    """

    second_of: str | None = None
    duress: bool = False


FACTOR_OF: dict[type[Reading], Factor] = {
    CardRead: Factor.CARD,
    CodeRead: Factor.CODE,
    TagRead: Factor.TAG,
    PlateSeen: Factor.PLATE,
    FaceSeen: Factor.FACE,
    PinEntered: Factor.PIN,
}


class NoiseSeen(Fact, frozen=True):
    """A reader's wires carried something that is no frame: `kind` is noise, overlong, parity, unknown_format."""

    reader: str
    kind: str
    count: int = 1


# -- inputs and devices -----------------------------------------------------------------------------------------------


class InputChanged(Fact, frozen=True):
    """A debounced input has this level now. Reported at start for every input, and again after a device recovers."""

    input: str
    level: Level


class OutputFailed(Fact, frozen=True):
    """An effect could not be carried out."""

    output: str
    why: str


class DeviceLost(Fact, frozen=True):
    device: str
    why: str


class DeviceRecovered(Fact, frozen=True):
    device: str


# -- time and store ---------------------------------------------------------------------------------------------------


class Started(Fact, frozen=True):
    """The first fact of every run. `kept` is what the store kept, None where it could not be read.

    With None every fault that can be latched is latched, and doors go on by the roster (DESIGN.md, section 4).
    """

    boot: str
    kept: dict[str, str] | None
    occupancy: dict[str, int] = {}  # noqa: RUF012  area -> holders inside, from the ledger
    lost_ms_max: int = 0  # after an unclean stop: events of up to this long before it may be missing
    clean: bool = True


class ClockSet(Fact, frozen=True):
    """Wall time is known: at `now_ms` of this fact it was `utc_ms`. Also sent when it jumped."""

    utc_ms: int
    source: str = "system"


class ClockLost(Fact, frozen=True):
    """Wall time is not known (1970, or no source any more)."""

    why: str = ""


class StoreFailed(Fact, frozen=True):
    """The journal cannot be written (full, read-only, damaged): doors go on, events are counted."""

    why: str


class StoreRecovered(Fact, frozen=True):
    events_lost: int


class InboxOverflowed(Fact, frozen=True):
    """Reports were dropped before they became facts, oldest of the least important first."""

    dropped: int
    sources: tuple[str, ...] = ()


class DeadlineReached(Fact, frozen=True):
    """Nothing but time has passed: `next_deadline(state)` is due."""


# -- commands ---------------------------------------------------------------------------------------------------------


class OpenOnce(Command, frozen=True, kw_only=True):
    """Release an access point (or a portal) for one passage."""

    portal: str
    access_point: str | None = None
    extended: bool = False


class HoldOpen(Command, frozen=True, kw_only=True):
    """Keep a portal released until an instant or for a time; one of the two must be given."""

    portal: str
    for_ms: int | None = None
    until_utc_s: int | None = None


class LockPortal(Command, frozen=True, kw_only=True):
    """Secure a portal at once and keep it so, schedules included, until ReleasePortal. Exit stays free."""

    portal: str


class ReleasePortal(Command, frozen=True, kw_only=True):
    """End LockPortal, HoldOpen and double-swipe hold-open: back to schedule and credentials."""

    portal: str


class StartLockdown(Command, frozen=True, kw_only=True):
    """Refuse entry at these portals; none named: everywhere."""

    portals: tuple[str, ...] = ()


class EndLockdown(Command, frozen=True):
    pass


class StartEvacuation(Command, frozen=True, kw_only=True):
    """Release all escape routes; with its own role, and `confirmed` by the person."""

    confirmed: bool = False


class EndEvacuation(Command, frozen=True):
    pass


class ResetFire(Command, frozen=True):
    """Where `fire_reset` is "person": end the fire release once the inputs are inactive."""


class Forgive(Command, frozen=True, kw_only=True):
    """Anti-passback starts anew for one holder; None: for all. Intake fills in the holder's `area` from the ledger."""

    holder: str | None = None
    area: str | None = None


class SetOutOfService(Command, frozen=True, kw_only=True):
    """`test`: for a self-test, whose end puts it back. `quietly`: its hours wait for a person then: nothing opens."""

    portal: str
    out: bool = True
    test: bool = False
    quietly: bool = False


class ResetFault(Command, frozen=True, kw_only=True):
    """`in_sight`: the person stands where the barrier can be seen, as the local reset's does (R12, R15, R19)."""

    portal: str
    in_sight: bool = False


class ClearLockout(Command, frozen=True, kw_only=True):
    reader: str


class Acknowledge(Command, frozen=True, kw_only=True):
    """A person has seen the alarms of a portal, reader or device."""

    subject: str


class StartEnrolment(Command, frozen=True, kw_only=True):
    """The next credential at this reader that nobody has becomes this holder's, within `for_ms`."""

    reader: str
    holder: str
    for_ms: int = 30_000
    note: str = ""  # why, in the issuer's words


class EndEnrolment(Command, frozen=True, kw_only=True):
    reader: str


# -- other controllers of the community -------------------------------------------------------------------------------


class PassageElsewhere(Fact, frozen=True):
    """Another controller has proven a passage of a holder into an area that both know (None: out of all of them).

    It is newer than what our ledger knew of where the holder is, which was `was`: looked up when the fact is taken.
    """

    controller: str
    holder: str
    area: str | None
    at_s: int
    access_point: str = ""
    household: str | None = None
    vehicle: bool = False
    was: str | None = None  # the area in our ledger


class PeersLost(Fact, frozen=True):
    """Passages at other controllers are not heard of any more: areas that are shared with them are in doubt."""

    why: str


class PeersHeard(Fact, frozen=True):
    """All of them are heard again, and what was missed has been told."""


AnyReading = CardRead | CodeRead | TagRead | PlateSeen | FaceSeen | PinEntered
AnyOfDevices = NoiseSeen | InputChanged | TemperatureMeasured | OutputFailed | DeviceLost | DeviceRecovered
AnyOfPeers = PassageElsewhere | PeersLost | PeersHeard
AnyOfSystem = Started | ClockSet | ClockLost | StoreFailed | StoreRecovered | InboxOverflowed | DeadlineReached
AnyOfPortal = OpenOnce | HoldOpen | LockPortal | ReleasePortal | SetOutOfService | ResetFault
AnyOfLane = AdmitVehicle | CloseBarrier | EmergencyClose | ConfirmClear | RecordTest
AnyOfSite = StartLockdown | EndLockdown | StartEvacuation | EndEvacuation | ResetFire | Forgive
AnyOfReader = ClearLockout | Acknowledge | StartEnrolment | EndEnrolment
AnyAsked = AnyOfPortal | AnyOfLane | AnyOfSite | AnyOfReader | AnyOfTrial | AnyOfCall

AnyTold = Administered | BackupMade | CameraViewed
AnyFact = AnyReading | AnyOfDevices | AnyOfRoster | AnyOfPeers | AnyOfSystem | AnyAsked | AnyTold
