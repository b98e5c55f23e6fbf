"""What the processes say to each other over their Unix sockets: frozen, tagged structs in length-limited frames.

A frame is a four-byte big-endian length and that many bytes of MessagePack. One socket a role; the role is the
socket's. Everything sent here about events or states is committed to the journal first.
"""

from __future__ import annotations

from typing import Annotated, get_args

import msgspec

from firmware.backup.asks import AnyBackupAsk as AnyBackupAsk
from firmware.backup.asks import TellBackups
from firmware.camera_commands import AnyOfCameras as AnyOfCameras
from firmware.camera_commands import BeginViewing as BeginViewing
from firmware.camera_commands import HowFar, TellFaces, TellShift
from firmware.core.account_facts import Administered
from firmware.core.facts import (
    Acknowledge,
    AdmitVehicle,
    AnswerCall,
    ClearLockout,
    CloseBarrier,
    ConfirmClear,
    EmergencyClose,
    EndCall,
    EndEvacuation,
    EndLockdown,
    Forgive,
    HoldOpen,
    LockPortal,
    OpenOnce,
    RecordTest,
    ReleasePortal,
    ResetFault,
    ResetFire,
    SetOutOfService,
    StartEvacuation,
    StartLockdown,
)
from firmware.core.view import SiteView
from firmware.office_commands import AnyOfficeCommand as AnyOfficeCommand
from firmware.office_commands import CancelEnrolment as CancelEnrolment
from firmware.office_commands import Enrol as Enrol
from firmware.office_commands import EnrolFace as EnrolFace
from firmware.office_commands import Erase as Erase
from firmware.office_commands import InstallReader as InstallReader
from firmware.office_commands import Invite as Invite
from firmware.office_commands import Leave as Leave
from firmware.office_commands import Lift as Lift
from firmware.office_commands import ListFaces as ListFaces
from firmware.office_commands import ListOverlay as ListOverlay
from firmware.office_commands import ListReceipts as ListReceipts
from firmware.office_commands import OfficeCommand as OfficeCommand
from firmware.office_commands import RollKey as RollKey
from firmware.office_commands import Suspend as Suspend
from firmware.office_commands import TakenConsent as TakenConsent
from firmware.office_commands import TellBackup as TellBackup
from firmware.office_commands import TellPeople as TellPeople
from firmware.office_commands import WipeFaces as WipeFaces
from firmware.office_commands import WithdrawFace as WithdrawFace
from firmware.selftest.messages import TEST_ASKS as TEST_ASKS
from firmware.selftest.messages import TEST_LOOKS as TEST_LOOKS
from firmware.selftest.messages import AnyOfTests as AnyOfTests
from firmware.selftest.messages import AnyTestAsk as AnyTestAsk
from firmware.wire_messages import GRIP_MS as GRIP_MS
from firmware.wire_messages import AnyOfWires as AnyOfWires
from firmware.wire_messages import AnyWireCommand as AnyWireCommand
from firmware.wire_messages import HoldOutput as HoldOutput
from firmware.wire_messages import ListWires as ListWires
from firmware.wire_messages import Message as Message
from firmware.wire_messages import RestartProcess as RestartProcess
from firmware.wire_messages import Service as Service
from firmware.wire_messages import WatchWires as WatchWires
from firmware.wire_messages import Wire as Wire
from firmware.wire_messages import Wired as Wired
from firmware.wire_messages import WirePortal as WirePortal
from firmware.wire_messages import WiresChanged as WiresChanged

FRAME_BYTES_MAX = 1 << 18
CLAIM_CHARACTERS_MAX = 64  # of a claim code as a person types it
PLATE_CHARACTERS_MAX = 64  # of a plate as a person types it
ADDRESS_CHARACTERS_MAX = 64
WHY_CHARACTERS_MAX = 200
EXCHANGE_BYTES_MAX = 200_000  # of a frame between controllers: 256 notices whose every character takes four bytes

AnyCommand = (
    OpenOnce
    | HoldOpen
    | LockPortal
    | ReleasePortal
    | StartLockdown
    | EndLockdown
    | StartEvacuation
    | EndEvacuation
    | ResetFire
    | Forgive
    | SetOutOfService
    | ResetFault
    | ClearLockout
    | Acknowledge
    | AnswerCall
    | EndCall
    | AdmitVehicle
    | CloseBarrier
    | EmergencyClose
    | ConfirmClear
    | RecordTest
)


class ProveClaim(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Whether this is the claim code of the label. The network process does not know it: the controller says."""

    code: Annotated[str, msgspec.Meta(max_length=CLAIM_CHARACTERS_MAX)]

    def __repr__(self) -> str:
        return "ProveClaim(...)"  # this ends up in tracebacks


class FindPlate(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The journal is to be searched for a plate. What is recorded of it says whose it is, under this message's request.

    There is no other way to learn it: the pseudonyms' key is the controller's. `why` is the purpose.
    """

    issuer: str
    address: Annotated[str, msgspec.Meta(max_length=ADDRESS_CHARACTERS_MAX)]
    plate: Annotated[str, msgspec.Meta(max_length=PLATE_CHARACTERS_MAX)]
    why: Annotated[str, msgspec.Meta(min_length=1, max_length=WHY_CHARACTERS_MAX)]

    def __repr__(self) -> str:
        return "FindPlate(...)"  # this ends up in tracebacks


# What persons ask at the page (firmware/core/afar.py says where). Nothing that closes a barrier, or needs sight of it.
NETWORK_MAY_ACT: frozenset[type] = frozenset(
    {
        *(OpenOnce, HoldOpen, LockPortal, ReleasePortal, ResetFault, Acknowledge, SetOutOfService),
        *(StartLockdown, EndLockdown, StartEvacuation, EndEvacuation),
        *(AnswerCall, EndCall),
    }
)
NETWORK_MAY_ASK: frozenset[type] = (
    NETWORK_MAY_ACT | {Administered, FindPlate, ProveClaim, *get_args(AnyOfCameras)} | {*get_args(AnyBackupAsk)}
)
# Installers (firmware/controller/installers.py) among others; what only looks goes beside all else.
NETWORK_MAY_LOOK: frozenset[type] = frozenset({WatchWires, TellFaces, TellShift, HowFar, TellBackups, *TEST_LOOKS})
NETWORK_MAY_ASK |= NETWORK_MAY_LOOK | {*TEST_ASKS, RestartProcess}


AnyInstallerAsk = WatchWires | RestartProcess | AnyTestAsk


class Welcome(Message, frozen=True):
    """Controller -> network, first: who is speaking. `journal` is the path of the journal file to read."""

    version: str
    site: str
    site_name: str
    boot: str
    journal: str
    id: str = ""  # of the controller, from its public key; empty: not announced on the network
    fingerprint: str = ""  # of its key
    model: str = ""
    adoption: str = "new"  # new, pending, adopted, recovery


class States(Message, frozen=True):
    """Controller -> network: the site now, as of the committed journal row (epoch, seq)."""

    view: SiteView
    epoch: int
    seq: int
    utc_ms: int | None


class Health(Message, frozen=True):
    """Controller -> network, every two seconds."""

    uptime_ms: int
    inbox_depth: int
    inbox_dropped: int
    journal_backlog: int
    events_lost: int
    drivers: dict[str, str]  # device -> "running", "lost: why"
    counters: dict[str, dict[str, int]] = {}  # noqa: RUF012 - msgspec copies it


AnyOfPage = AnyCommand | Administered | FindPlate | ProveClaim | AnyOfCameras | AnyBackupAsk | AnyInstallerAsk


class Ask(Message, frozen=True):
    """Network -> controller: a command of its role, with who issued it."""

    command: AnyOfPage
    request: str


class Answer(Message, frozen=True):
    """Controller -> network, office: the command was decided and its event committed.

    `presented` is what was presented at a reader and is enrolled from now on, as KIND:VALUE, under the local entry
    `entry`: only a person can tell whether it was the right one. `receipt`: of a withdrawal, signed, as JSON. `told`:
    what was asked to be told, as JSON.
    """

    request: str
    done: bool
    reasons: tuple[str, ...] = ()
    presented: str = ""
    entry: str = ""
    receipt: str = ""
    told: str = ""


class AskOffice(Message, frozen=True):
    """Office -> controller."""

    command: AnyOfficeCommand
    request: str


class AskWires(Message, frozen=True):
    """Office -> controller."""

    command: AnyWireCommand
    request: str


class Grip(Message, frozen=True):
    """Office -> controller, without an answer: the key of the HoldOutput that `request` asked is held yet, or let go.

    To be said every GRIP_MS; of a connection that ends it is as if it said that the key was let go.
    """

    request: str
    held: bool


class Exchange(Message, frozen=True):
    """Network <-> controller: a sealed frame from or to other controllers (firmware/exchange.py), proven there."""

    frame: Annotated[bytes, msgspec.Meta(max_length=EXCHANGE_BYTES_MAX)]


class LocalEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One local entry, for people: no key of a credential, only its id."""

    id: str
    kind: str  # suspend, enrol, visitor
    holder: str
    issuer: str
    why: str
    created_s: int | None
    expires_s: int
    credential: str | None = None
    status: str = ""
    conflict: str = ""  # what the roster says otherwise
    factor: str = ""
    household: str | None = None  # of a visitor, as the rest
    valid_from_s: int | None = None
    use_limit: int | None = None
    profiles: tuple[str, ...] = ()


class Overlaid(Message, frozen=True):
    """Controller -> office. As many in a row as it takes; the last one says that there are no `more`."""

    request: str
    revision: int
    roster_version: int
    entries: tuple[LocalEntry, ...]
    more: bool = False


class FaceEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody who is enrolled, for people: nothing of the face."""

    holder: str
    face: str
    given_by: str
    given_s: int
    witness: str
    expires_s: int
    version: str
    templates: int
    under_14: bool = False
    guardian: str = ""
    outdated: bool = False  # enrolled with other weights: matches nobody, to be enrolled anew


class FacesListed(Message, frozen=True):
    """Controller -> office. As many in a row as it takes; the last one says that there are no `more`.

    `why`: why nobody matches, where that is so.
    """

    request: str
    revision: int
    on: bool
    faces: tuple[FaceEntry, ...]
    why: str = ""
    more: bool = False


class ReceiptsListed(Message, frozen=True):
    """Controller -> office. As many in a row as it takes; each receipt signed, as JSON, the oldest first."""

    request: str
    receipts: tuple[str, ...]
    more: bool = False


AnyFromController = (
    Welcome | States | Health | Answer | Overlaid | FacesListed | ReceiptsListed | AnyOfWires | AnyOfTests | Exchange
)
AnyFromNetwork = Ask | Exchange
AnyFromOffice = AskOffice | AskWires | Grip


class FrameError(Exception):
    """The peer sent something that is no frame of ours; the connection ends. Says what was wrong with it."""


def pack(message: Message) -> bytes:
    """One message as a frame."""
    body = msgspec.msgpack.encode(message)
    assert len(body) <= FRAME_BYTES_MAX, f"{type(message).__name__} of {len(body)} bytes"
    return len(body).to_bytes(4, "big") + body


class FrameReader:
    """Cuts a byte stream into frames and decodes them as messages of one direction.

    Raises FrameError on a length above FRAME_BYTES_MAX, on bytes that are no MessagePack and on an unknown tag. Holds
    at most one frame.
    """

    def __init__(self, kind: object) -> None:
        self._decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(kind)
        self._held = bytearray()

    def feed(self, received: bytes) -> list[Message]:
        self._held += received
        messages: list[Message] = []
        while len(self._held) >= 4:
            length = int.from_bytes(self._held[:4], "big")
            if length > FRAME_BYTES_MAX:
                raise FrameError(f"a frame of {length} bytes was announced; at most {FRAME_BYTES_MAX} are allowed")
            if len(self._held) < 4 + length:
                break
            body = bytes(self._held[4 : 4 + length])
            del self._held[: 4 + length]
            try:
                messages.append(self._decoder.decode(body))
            except (msgspec.DecodeError, UnicodeError, RecursionError) as error:  # nested deeper than any message
                raise FrameError(f"a frame of {length} bytes is no message of this socket: {error}") from error
        return messages
