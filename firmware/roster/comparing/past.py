"""The ledger as it was at each presentation of the past: areas, uses and parked vehicles, from the journal's passages.

A passage is what happened, whatever a changed roster would have said: both rosters are asked about the same past. What
was before the first row that is replayed is looked up when somebody is met, by the journal's index of persons.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping
from itertools import product
from typing import NamedTuple

import msgspec

from firmware.core.codes import Code
from firmware.core.effects import Body
from firmware.core.passage import proves
from firmware.core.site import AccessPoint, Site
from firmware.journal.errors import JournalDamaged
from firmware.journal.rows import Header, decode_body, decode_header, people_in, person_key
from firmware.journal.schema import NO_PORTAL

_NO_USES: Mapping[str, int] = {}
_LAST_BEFORE = "SELECT max(seq) FROM mentions WHERE person = ? AND portal = ? AND kind = ? AND seq BETWEEN ? AND ?"
_SINCE = "SELECT seq FROM mentions WHERE person = ? AND portal = ? AND kind = ? AND seq >= ?"
_ROW = "SELECT header, body FROM events WHERE seq = ?"
_VEHICLES = "SELECT holder FROM ledger WHERE household = ? AND vehicle = 1"


class Place(NamedTuple):
    """One holder in the past: `firmware.roster.presented.Entry`. Uses are asked for by themselves."""

    area: str | None = None
    entered_s: int | None = None
    uses: Mapping[str, int] = _NO_USES


NOWHERE = Place()


class Past:
    """Follows the passages from row `first` on; `after` the anchor there are rows. A `presented.Ledger`."""

    def __init__(self, connection: sqlite3.Connection, anchor: int, first: int, site: Site | None) -> None:
        self._execute = connection.execute
        self._anchor = anchor
        self._first = first
        self._words: dict[str, int] = dict(self._execute("SELECT word, id FROM words").fetchall())
        self.taken = self._words.get(Code.TAKEN.value, 0)
        self._granted = self._words.get(Code.GRANTED.value, 0)
        portals = () if site is None else site.portals
        self._points: dict[str, AccessPoint] = {
            point.id: point
            for portal in portals
            for point in portal.access_points
            if point.area_to is not None or point.area_from is not None
        }
        self._borders = sorted({self._words.get(point.portal, NO_PORTAL) for point in self._points.values()})
        self._proving = self._proving_of(site)
        self._places: dict[str, Place] = {}
        self._uses: dict[tuple[str, str], int] = {}
        self._vehicles: dict[str, tuple[str, ...]] = {}
        self._inside: Counter[str] | None = None
        self._forgiven_all = (
            0  # the last row that forgave everybody, and for each holder the last that forgave that one
        )
        self._forgiven: dict[str, int] = {}
        if self._points:
            self._read_forgiven()

    # -- what the gate's ledger is asked ------------------------------------------------------------------------------

    def holder(self, holder: str, /) -> Place:
        """Where the last proven passage led."""
        if not self._points:
            return NOWHERE
        place = self._places.get(holder)
        if place is None:
            place = self._places[holder] = self._place_before(holder)
        return place

    def household_inside(self, household: str, besides: str, areas: Collection[str] | None, /) -> int:
        """How many other vehicles of the household are inside the areas."""
        if not self._points:
            return 0
        vehicles = self._vehicles.get(household)
        if vehicles is None:
            found = self._execute(_VEHICLES, (household,)).fetchall()
            vehicles = self._vehicles[household] = tuple(holder for (holder,) in found)
        places = (self.holder(holder).area for holder in vehicles if holder != besides)
        return sum(area is not None and (areas is None or area in areas) for area in places)

    @property
    def remembers_nothing(self) -> bool:
        """Whether no passage matters yet: no areas, and nobody whose uses are counted (counted when first asked)."""
        return not self._points and not self._uses

    @property
    def follows_areas(self) -> bool:
        """Whether any access point leads from one area to another."""
        return bool(self._points)

    def uses(self, holder: str, credential: str, seq: int) -> int:
        """How often the credential was used before row `seq`, which is the one that is looked at now."""
        known = self._uses.get((holder, credential))
        if known is None:
            known = self._uses[holder, credential] = self._uses_before(holder, credential, seq)
        return known

    def inside(self, area: str) -> int:
        """How many holders are in an area. Asked first, it looks everybody up: only where an area has a limit."""
        if self._inside is None:
            everybody = [holder for (holder,) in self._execute("SELECT holder FROM ledger").fetchall()]
            places = (self.holder(holder).area for holder in everybody)
            self._inside = Counter(place for place in places if place is not None)
        return self._inside[area]

    # -- what happens -------------------------------------------------------------------------------------------------

    def passed(self, code: str, access_point: str | None, portal: str | None, utc_ms: int | None, body: Body) -> None:
        """A row that tells of a passage, or of a grant where no passage is ever proven."""
        taken = code == Code.TAKEN
        if not taken and self._proves(access_point, portal):
            return
        key = (body.holder or "", body.credential or "")
        if key in self._uses:
            self._uses[key] += 1
        point = self._points.get(access_point or "") if taken else None
        if point is None:
            return
        for holder in people_in(body):
            entered_s = None if utc_ms is None or point.area_to is None else utc_ms // 1000
            self._move(holder, Place(point.area_to, entered_s))

    def forgiven(self, holder: str | None) -> None:
        """Anti-passback starts anew, for one or for all."""
        if holder is not None:
            self._move(holder, NOWHERE)
            return
        for each in [*self._places]:
            self._move(each, NOWHERE)
        self._forgiven_all = self._first  # and whoever is met from now on

    def _move(self, holder: str, place: Place) -> None:
        if self._inside is not None:
            before = self.holder(holder).area
            if before is not None:
                self._inside[before] -= 1
            if place.area is not None:
                self._inside[place.area] += 1
        self._places[holder] = place

    # -- before the first row -----------------------------------------------------------------------------------------

    def _place_before(self, holder: str) -> Place:
        person, span = person_key(holder), (self._anchor + 1, self._first - 1)
        found = (self._execute(_LAST_BEFORE, (person, portal, self.taken, *span)) for portal in self._borders)
        last = max((each.fetchone()[0] or 0 for each in found), default=0)
        if last <= max(self._forgiven.get(holder, 0), self._forgiven_all):
            return NOWHERE
        told = self._told(last)
        if told is None or holder not in people_in(told[1]):  # erased, or another person of the same key
            return NOWHERE
        point = self._points.get(told[0].access_point or "")
        if point is None or point.area_to is None:
            return NOWHERE
        utc_ms = told[0].utc_ms
        return Place(point.area_to, None if utc_ms is None else utc_ms // 1000)

    def _uses_before(self, holder: str, credential: str, seq: int) -> int:
        """What is counted now, less what was counted since."""
        row = self._execute("SELECT uses FROM ledger WHERE holder = ?", (holder,)).fetchone()
        now = msgspec.json.decode(row[0], type=dict[str, int]).get(credential, 0) if row and row[0] else 0
        since = 0
        for portal, kind in product(self._words.values(), (self.taken, self._granted)):
            for (later,) in self._execute(_SINCE, (person_key(holder), portal, kind, seq)).fetchall():
                told = self._told(later)
                if told is not None and (told[1].holder, told[1].credential) == (holder, credential):
                    since += kind == self.taken or not self._proves(told[0].access_point, told[0].portal)
        return max(0, now - since)

    def _told(self, seq: int) -> tuple[Header, Body] | None:
        """A row with its body; None where that was erased."""
        row = self._execute(_ROW, (seq,)).fetchone()
        if row is None or row[1] is None:
            return None
        header, body = decoded(seq, *row)
        return None if body is None else (header, body)

    def _proves(self, access_point: str | None, portal: str | None) -> bool:
        return access_point in self._proving or portal in self._proving

    def _proving_of(self, site: Site | None) -> frozenset[str]:
        """Access points that can tell a passage by the site; without one, portals that ever told one."""
        if site is not None:
            points = ((portal, point) for portal in site.portals for point in portal.access_points)
            return frozenset(point.id for portal, point in points if proves(portal, point.direction))
        told = "SELECT 1 FROM events WHERE portal = ? AND kind = ? LIMIT 1"
        words = self._words.items()
        return frozenset(word for word, number in words if self._execute(told, (number, self.taken)).fetchone())

    def _read_forgiven(self) -> None:
        kind = self._words.get(Code.FORGIVEN.value, 0)
        rows = self._execute(
            "SELECT seq, body, commitment IS NOT NULL FROM events"
            " WHERE portal = ? AND kind = ? AND seq BETWEEN ? AND ? ORDER BY seq",
            (NO_PORTAL, kind, self._anchor + 1, self._first - 1),
        )
        for seq, body, erased in rows:
            told = None if body is None else self._told(seq)
            holder = None if told is None else told[1].holder
            if holder is None and not erased:
                self._forgiven_all = seq
            elif holder is not None:
                self._forgiven[holder] = seq


def decoded(seq: int, header: bytes, body: bytes | None) -> tuple[Header, Body | None]:
    """A row of the journal. Raises JournalDamaged."""
    try:
        return decode_header(header), None if body is None else decode_body(body)
    except msgspec.DecodeError as error:
        raise JournalDamaged(f"row {seq} cannot be understood ({error}): run journal verify") from error
