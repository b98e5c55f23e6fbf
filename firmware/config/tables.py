"""How each table of a site file is written, and the limits of its keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from firmware.config.barrier_tables import BARRIER_SHAPES
from firmware.config.convert import Limit, Shape
from firmware.config.limits import HOUR_MS, ID, MINUTE_MS, NAME, PATH, SECOND_MS
from firmware.core.site import AccessPoint, Area, Door, Reader, Requirement, Rex, Site, SiteRemote, Turnstile

if TYPE_CHECKING:
    from firmware.journal.limits import Limits

PUBLIC_KEY = Limit(rule="public_key", pattern=r"\A[0-9a-f]{64}\Z")
IEC = "IEC 60839-11-1"
GB = "GB 50396 5.1.5"

Egress = Literal["mechanical", "rex_hardware"]


class SiteTable(msgspec.Struct, frozen=True):
    """[site]"""

    id: str
    name: str
    time_zone: str = "UTC"
    language: Literal["en", "zh"] = "en"
    fire_inputs: tuple[str, ...] = ()
    tamper_inputs: tuple[str, ...] = ()
    duress_roles: tuple[str, ...] = ()
    fire_reset: Literal["input", "person"] = "input"
    reset_input: str | None = None  # the button on the board for the state of delivery (controller/reset_button.py)
    remote: tuple[SiteRemote, ...] = tuple(SiteRemote)  # what the page may ask (firmware/core/afar.py)


class StoreTable(msgspec.Struct, frozen=True):
    """[store]: GA/T 1742 wants events for 365 days where it applies; data protection may want less elsewhere."""

    folder: Annotated[str, msgspec.Meta(max_length=1_000)] = "/var/lib/menshen"
    retention_days: int = 365
    retention_mb: int = 4_096


class RosterTable(msgspec.Struct, frozen=True):
    """[roster]: whose rosters are accepted."""

    signers: tuple[str, ...] = ()


class NetworkTable(msgspec.Struct, frozen=True):
    """[network]"""

    page: str = "127.0.0.1:8080"
    names: tuple[str, ...] = ()
    redirect_port: int = 0
    mdns: bool = True


class PeerTable(msgspec.Struct, frozen=True):
    """[[peer]]: another controller of the community, that tells of passages into and out of shared areas."""

    id: str
    key: str


class ExchangeTable(msgspec.Struct, frozen=True):
    """[exchange]: with the peers."""

    heard_ms_max: int = 30_000


class FacesTable(msgspec.Struct, frozen=True):
    """[faces]: off unless `on`. `challenge` and `one_of_many` are ids of access points, `evaluation` a record."""

    on: bool = False
    challenge: tuple[str, ...] = ()
    one_of_many: tuple[str, ...] = ()
    evaluation: Annotated[str, msgspec.Meta(max_length=1_000)] | None = None


class ViewingTable(msgspec.Struct, frozen=True):
    """[viewing]: pictures of cameras at the page, always under a purpose that stands in the journal."""

    on: bool = True
    shift_hours: int = 12
    cameras_at_once: int = 1


class RehearsalTable(msgspec.Struct, frozen=True):
    """[rehearsal]: what development and training put around this site. A board does not read it."""

    plants: Annotated[str, msgspec.Meta(max_length=1_000)] | None = None
    holders: Annotated[str, msgspec.Meta(max_length=1_000)] | None = None
    rules: Annotated[str, msgspec.Meta(max_length=1_000)] | None = None


class DoorWords(msgspec.Struct, frozen=True):
    """What stands in a door's table for people and for `menshen check`, and not for the core.

    `egress`: how a person inside gets out when the controller is dead. "mechanical": a handle or a bar always opens;
    "rex_hardware": the request-to-exit button cuts the lock's current itself.
    """

    egress: Egress
    name: str | None = None


class TurnstileWords(msgspec.Struct, frozen=True):
    """The same for a turnstile: `egress_by` names the escape door beside it, where its arms do not drop."""

    name: str | None = None
    egress_by: str | None = None


class Store(msgspec.Struct, frozen=True):
    """Where journal, identity and roster lie, and how much is kept."""

    folder: Path
    retention_days: int
    retention_mb: int

    @property
    def limits(self) -> Limits:
        """The same for the journal."""
        from firmware.journal.limits import Limits  # here: with the journal comes cryptography, 10 MB of memory

        return Limits(retention_days=self.retention_days, retention_bytes=self.retention_mb << 20)


class RosterTrust(msgspec.Struct, frozen=True):
    """Public keys (Ed25519, 32 bytes) whose rosters are accepted; none: this controller's own."""

    signers: tuple[bytes, ...] = ()


class Exchange(msgspec.Struct, frozen=True):
    """Who tells of passages elsewhere: public keys (Ed25519, 32 bytes) by controller id; none: nobody does.

    A peer that was not heard for `heard_ms_max` is lost, and hard anti-passback of shared areas is soft.
    """

    peers: dict[str, bytes] = {}
    heard_ms_max: int = ExchangeTable().heard_ms_max


class Network(msgspec.Struct, frozen=True):
    """Where the page listens, and whether the controller announces itself.

    Anywhere but on loopback the page is served over TLS; `names` are further names of this machine, and plain HTTP on
    `redirect_port` (0: none) leads to it.
    """

    page_host: str
    page_port: int  # 0: any free one
    mdns: bool
    names: tuple[str, ...] = ()
    redirect_port: int = 0


class FacesUse(msgspec.Struct, frozen=True):
    """Where faces are compared: after a card or PIN, and in `one_of_many` without, if `evaluation` allows it."""

    on: bool = False
    challenge: tuple[str, ...] = ()
    one_of_many: tuple[str, ...] = ()
    evaluation: Path | None = None


class Rehearsal(msgspec.Struct, frozen=True):
    """Files of a rehearsal: plants (TOML), holders (CSV) and rules (TOML) to build a roster from."""

    plants: Path | None = None
    holders: Path | None = None
    rules: Path | None = None


class Config(msgspec.Struct, frozen=True):
    """A site file without a problem. `board` and `devices` are raw: controller/kinds.py and board.py type them."""

    file: Path
    site: Site
    name: str
    language: str  # en, zh: of texts shown without a reader's own choice
    time_zone: str
    portal_names: dict[str, str]  # portal id -> name for people
    store: Store
    roster: RosterTrust
    exchange: Exchange
    network: Network
    rehearsal: Rehearsal
    board: dict[str, object]
    devices: tuple[dict[str, object], ...]
    faces: FacesUse = FacesUse()
    viewing: ViewingTable = ViewingTable()
    reset_input: str | None = None  # of the button on the board


_RELEASE = Limit(3 * SECOND_MS, 2 * MINUTE_MS, IEC)
_EXTENDED_RELEASE = Limit(3 * SECOND_MS, 5 * MINUTE_MS, IEC)
_PERMITTED_OPEN = Limit(10 * SECOND_MS, HOUR_MS, IEC)

_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1123, section 2.1
SHAPES: dict[type, Shape] = {
    SiteTable: Shape(
        limits={
            "id": ID,
            "name": NAME,
            "time_zone": NAME,
            "fire_inputs": ID,
            "tamper_inputs": ID,
            "duress_roles": ID,
            "reset_input": ID,
        }
    ),
    StoreTable: Shape(
        limits={
            "folder": PATH,
            "retention_days": Limit(1, 3_650),
            "retention_mb": Limit(16, 1_000_000),
        }
    ),
    RosterTable: Shape(limits={"signers": PUBLIC_KEY}),
    PeerTable: Shape(limits={"id": Limit(rule="controller_id", pattern=r"\A[a-z2-7]{16}\Z"), "key": PUBLIC_KEY}),
    # Shorter than a few frames' way, and every delay is told; longer, and a stolen card is let in twice for longer.
    ExchangeTable: Shape(limits={"heard_ms_max": Limit(5 * SECOND_MS, 10 * MINUTE_MS)}),
    NetworkTable: Shape(
        limits={
            "page": Limit(rule="page_address", pattern=r"\A.{3,60}\Z"),
            "names": Limit(rule="host_name", pattern=rf"\A(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*\Z"),
            "redirect_port": Limit(0, 65_535),
        }
    ),
    FacesTable: Shape(limits={"challenge": ID, "one_of_many": ID, "evaluation": PATH}),
    # A shift of twelve with its handing over; eight cameras are what one person can look at.
    ViewingTable: Shape(limits={"shift_hours": Limit(1, 14), "cameras_at_once": Limit(1, 8)}),
    RehearsalTable: Shape(limits={"plants": PATH, "holders": PATH, "rules": PATH}),
    DoorWords: Shape(limits={"name": NAME, "egress": Limit(rule="egress")}),
    TurnstileWords: Shape(limits={"name": NAME, "egress_by": ID}),
    Area: Shape(limits={"id": ID, "occupancy_max": Limit(1, 100_000)}),
    Reader: Shape(
        limits={
            "id": ID,
            "tamper": ID,
            "pin_tries_max": Limit(1, 5, GB),
            "pin_lockout_ms": Limit(10 * SECOND_MS, HOUR_MS),
            "pin_lockout_ms_max": Limit(10 * SECOND_MS, 24 * HOUR_MS),
            "factor_ms": Limit(3 * SECOND_MS, MINUTE_MS),
            "repeat_ms": Limit(100, 5 * SECOND_MS),
            "unknown_burst": Limit(1, 1_000),
            "unknown_window_ms": Limit(SECOND_MS, HOUR_MS),
            "noise_max": Limit(1, 10_000),
            "noise_window_ms": Limit(SECOND_MS, HOUR_MS),
            "mute_ms": Limit(SECOND_MS, 10 * MINUTE_MS),
        }
    ),
    Requirement: Shape(limits={"schedule": NAME}),
    AccessPoint: Shape(
        written={"requirements": "requirement"},
        given=("portal",),
        limits={
            "id": ID,
            "readers": ID,
            "area_from": ID,
            "area_to": ID,
            "antipassback_timed_s": Limit(1, 7 * 86_400),
            "two_person_ms": Limit(3 * SECOND_MS, 2 * MINUTE_MS),
            "direction": Limit(rule="direction", pattern=r"\A(in|out)\Z"),
            "display": ID,
            "call": ID,
            "call_ms": Limit(10 * SECOND_MS, 10 * MINUTE_MS),
        },
    ),
    Rex: Shape(limits={"input": ID, "stuck_ms": Limit(5 * SECOND_MS, HOUR_MS)}),
    Door: Shape(
        written={"access_points": "access_point"},
        limits={
            "id": ID,
            "lock": ID,
            "contact": ID,
            "interlock": ID,
            "unlock_schedule": NAME,
            "release_ms": _RELEASE,
            "open_ms_max": _PERMITTED_OPEN,
            "prealarm_ms": Limit(0, HOUR_MS),
            "extended_release_ms": _EXTENDED_RELEASE,
            "extended_open_ms_max": _PERMITTED_OPEN,
            "rex_shunt_ms": Limit(SECOND_MS, 10 * MINUTE_MS),
            "hold_open_ms_max": Limit(MINUTE_MS, 24 * HOUR_MS),
            "double_swipe_ms": Limit(SECOND_MS, 15 * SECOND_MS),
        },
    ),
    Turnstile: Shape(
        written={"access_points": "access_point"},
        limits={
            "id": ID,
            "release_in": ID,
            "release_out": ID,
            "passage_in": ID,
            "passage_out": ID,
            "drop": ID,
            "interlock": ID,
            "unlock_schedule": NAME,
            "release_ms": _RELEASE,
            "extended_release_ms": _EXTENDED_RELEASE,
        },
    ),
    **BARRIER_SHAPES,
}
