"""What the API's answers and bodies look like: the schemas of the OpenAPI document are made from these.

Words that machines read are the core's own; `..._text` is the same for people, in the language that was asked for.
Within /api/v1 a name here keeps its meaning; new ones may come, so that readers ignore what they do not know.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware.core.view import LaneView, Mode
from firmware.network.accounts.account import Role
from firmware.network.acts.act import HOLD_MINUTES, What
from firmware.network.acts.desk import Fate
from firmware.network.acts.said import AskedRow
from firmware.network.view import Alarm, Banner, EventRow, PageView

PORTALS_MAX = 64
MINUTES_MAX = max(HOLD_MINUTES)

Number = Annotated[int, Meta(ge=0)]


class Me(msgspec.Struct, frozen=True):
    """Who asks. `csrf_token` is for script on a page of ours: it goes into the header X-CSRF-Token of each change."""

    name: str
    kind: Literal["account", "client", "console"]
    roles: tuple[Role, ...]
    metrics: bool
    until: datetime | None
    csrf_token: str


class Site(msgspec.Struct, frozen=True):
    """The whole site now. While `live` is false the controller is silent, and nothing of this is proven any more.

    `epoch` and `seq` are the newest row of the journal that these states come after. `may` is what you may ask.
    """

    id: str
    name: str
    time_zone: str
    version: str
    live: bool
    epoch: Number
    seq: Number
    utc: datetime | None
    clock_known: bool
    fire: bool
    lockdown: bool
    evacuation: bool
    store_failed: bool
    roster_version: int | None
    devices_lost: tuple[str, ...]
    readers_muted: tuple[str, ...]
    occupancy: dict[str, int]
    alarms: tuple[str, ...]
    portals: tuple[str, ...]
    may: tuple[What, ...]


class Portal(msgspec.Struct, frozen=True):
    """One portal now. `mode` was commanded, `position` is proven; "lost": the controller is silent.

    `may` is what you may ask of it, `ways` the access points among which an opening has to choose.
    """

    id: str
    name: str
    kind: Literal["door", "turnstile", "barrier"]
    mode: Mode
    mode_text: str
    position: str
    position_text: str
    level: Literal["ok", "attention", "alarm"]
    why: tuple[str, ...]
    alarms: tuple[str, ...]
    acknowledged: bool
    notes: tuple[str, ...]
    ways: dict[str, str]
    may: tuple[What, ...]
    lane: LaneView | None


class Portals(msgspec.Struct, frozen=True):
    live: bool
    portals: tuple[Portal, ...]


class Alarms(msgspec.Struct, frozen=True):
    """Gravest first. What has a `subject` can be acknowledged under it; banners hold for the whole site."""

    live: bool
    banners: tuple[Banner, ...]
    alarms: tuple[Alarm, ...]


# -- orders -----------------------------------------------------------------------------------------------------------


class Order(msgspec.Struct, frozen=True):
    """What somebody asked, and what became of it. Only `proof` says what happened at the gate.

    `fate`: asked (not answered yet), done (decided so, and committed to the journal), refused (with `reasons`),
    not_sent (certainly not done), not_known (asked, and no answer came).
    """

    id: str
    what: What
    portal: str
    portals: tuple[str, ...]
    subject: str
    fate: Fate
    fate_text: str
    advice: str
    reasons: tuple[str, ...]
    proof: str
    proof_text: str
    not_proven: tuple[str, ...]


class Orders(msgspec.Struct, frozen=True):
    """Yours of the last minutes, newest first."""

    orders: tuple[Order, ...]


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object, or no body at all."""


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`way` is the access point of a portal that has several: see `ways` of the portal."""

    way: Annotated[str, Meta(max_length=64)] = ""


class Holding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For how long, from now on."""

    minutes: Annotated[int, Meta(ge=1, le=MINUTES_MAX)]


class Lockdown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of these portals; of none: of all. `confirmed` has to be "yes"."""

    confirmed: Literal["yes"]
    portals: Annotated[tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=PORTALS_MAX)]


class Confirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whole sites hang on it: it is not done by a slip."""

    confirmed: Literal["yes"]


# -- the journal ------------------------------------------------------------------------------------------------------


class Event(msgspec.Struct, frozen=True):
    """One event, without whom it was about: that needs a purpose, and the page. `utc` is null where no clock ran."""

    id: str
    utc: datetime | None
    kind: str
    severity: str
    portal: str | None
    access_point: str | None
    reader: str | None
    device: str | None
    reasons: tuple[str, ...]
    count: int
    text: str
    place_text: str
    reasons_text: str


class Events(msgspec.Struct, frozen=True):
    """Newest first. `older` and `newer` are cursors to go on with; null: there is nothing.

    `moment` is how many of them are newer than the moment that was asked for.
    """

    events: tuple[Event, ...]
    older: str | None
    newer: str | None
    moment: Number | None = None


class Series(msgspec.Struct, frozen=True):
    name: str
    total: int
    counts: tuple[int, ...]


class EventCounts(msgspec.Struct, frozen=True):
    """How often something happened in each hour, or day, of the site's zone."""

    by_day: bool
    labels: tuple[str, ...]
    series: tuple[Series, ...]


class Chain(msgspec.Struct, frozen=True):
    """The ends of the journal, its newest signed head, and what the last proof said: whole, broken, failed or none.

    While a proof is `running`, `done` of `total` rows are proven (0: not known yet).
    """

    oldest: str | None
    newest: str | None
    head: str | None
    head_hash: str | None
    public_key: str | None
    proof: Literal["none", "whole", "broken", "failed"]
    proof_utc: datetime | None
    proven_up_to: str | None
    running: bool
    proof_by: str = ""
    proof_text: tuple[str, ...] = ()
    done: Number = 0
    total: Number = 0


# -- clients ----------------------------------------------------------------------------------------------------------


class ClientShown(msgspec.Struct, frozen=True):
    """A client of this API. Its token is shown once, when it is made at the page, and never again."""

    name: str
    roles: tuple[Role, ...]
    metrics: bool
    maker: str
    made: datetime | None
    until: datetime | None
    ended: bool
    used: datetime | None
    used_from: str


class Clients(msgspec.Struct, frozen=True):
    clients: tuple[ClientShown, ...]


class Streamed(msgspec.Struct, frozen=True):
    """The events of the stream by their names: each is sent whole, whenever it has become another one.

    `beat` comes at least every 5 s; `full`: another window took this one's place.
    """

    view: PageView
    asked: tuple[AskedRow, ...]
    events: tuple[EventRow, ...]
    site: Site
    portals: Portals
