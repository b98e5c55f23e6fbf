"""One presentation of the past, decided again by both rosters as the gate would: the same questions in the same order.

A reader asks for a further factor, or for another person, only where the first decision needs one; so does this. What
the record tells of that moment is believed before what was reconstructed: who was in the area already, whether there
was a place, whether a use was left.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from msgspec.structs import replace

from firmware.core import calendar
from firmware.core.access import Factor, Known, Unknown, Wall, Zone
from firmware.core.codes import Code, Reason
from firmware.core.decision import NOTHING_OFFERED, Decision, Offered, Outcome, Standing
from firmware.core.effects import Body
from firmware.core.passage import places
from firmware.core.site import AccessPoint, Antipassback, Site
from firmware.roster.comparing.past import Past
from firmware.roster.comparing.recorded import SITE_AS_RECORDED, Recorded, point_as_recorded
from firmware.roster.comparing.rules import SameRules
from firmware.roster.comparing.side import Side
from firmware.roster.comparing.trial import Trial
from firmware.roster.presented import attach
from firmware.roster.roster import Enrolled

EVERYWHERE = "*"
KNOWN_MAX = 50_000  # credentials whose holder the past says nothing of
POINTS_MAX = 20_000  # access points as recorded that are remembered
NOBODY = Unknown("")


class Kind(StrEnum):
    """Whose credential it was."""

    ROSTER = "roster"
    LOCAL = "local"  # of a local entry, or of a roster that is neither of the two
    STRANGER = "stranger"  # in neither roster, and unknown then


class Case(NamedTuple):
    """One presentation, with what each roster says of its credential."""

    seq: int
    utc_ms: int | None
    access_point: str
    portal: str
    reader: str
    recorded: Recorded
    body: Body
    old: Enrolled | None
    new: Enrolled | None


class Again:
    """Decides cases. The portals' standing is followed by `stands`, for those who were refused before it was asked."""

    def __init__(self, old: Side, new: Side, site: Site | None, zone: Zone, past: Past) -> None:
        self._old, self._new, self._past, self._zone = old, new, past, zone
        self._site = SITE_AS_RECORDED if site is None else site
        self._points: dict[str, AccessPoint] | None = None
        if site is not None:
            self._points = {point.id: point for portal in site.portals for point in portal.access_points}
        self._factor_ms = {reader.id: reader.factor_ms for reader in self._site.readers}
        self._quota_areas = tuple(area.id for area in self._site.areas if area.quota)
        own = {area.id: area.occupancy_max for area in self._site.areas}
        self._places = {
            side: {area: places(own.get(area), side.rulebook, area) for area in {*own, *side.rulebook.areas}}
            for side in (old, new)
        }
        self._same_rules = SameRules(old.rulebook, new.rulebook)
        # By what a roster says; the version, which is another one in the other roster, decides nothing.
        self._known_alone: dict[Enrolled, Known] = {}
        self._as_recorded: dict[tuple[str, Factor, Outcome, tuple[str, ...]], AccessPoint] = {}
        self.tried: Trial | None = None  # what the last decision was asked
        self._lockdown: frozenset[str] = frozenset()
        self._out_of_service: set[str] = set()
        self._faulted: set[str] = set()

    def stands(self, code: str, portal: str | None, detail: str) -> None:
        """A row that tells what holds at portals from now on."""
        if code == Code.LOCKDOWN:
            self._lockdown = frozenset(detail.split())
        elif code == Code.LOCKDOWN_ENDED:
            self._lockdown = frozenset()
        elif portal is not None:
            changed = self._faulted if code in (Code.FAULT, Code.FAULT_RESET) else self._out_of_service
            (changed.add if code in (Code.FAULT, Code.OUT_OF_SERVICE) else changed.discard)(portal)

    def decide(self, case: Case, *, same_roster: bool) -> tuple[Decision, Decision, Kind]:
        """(by the old roster, by the new one, whose credential it was). Local entries hold under both."""
        recorded, old, new = case.recorded, case.old, case.new
        if old is None and new is None:
            unknown = Reason.NOT_FOUND in recorded.words or Reason.PIN_WRONG in recorded.words
            before = Decision(recorded.outcome, recorded.reasons)
            return before, before, Kind.STRANGER if unknown and not recorded.local else Kind.LOCAL
        if old is None and recorded.local:
            return Decision(recorded.outcome, recorded.reasons), self.by(self._new, new, case), Kind.LOCAL
        if recorded.barred is not None and old is not None and old.status == "active" and same_roster:
            # Suspended at the controller: that holds under any roster.
            if new is not None and new.status == "active":
                new = replace(new, status=recorded.barred)
            return Decision(recorded.outcome, recorded.reasons), self.by(self._new, new, case), Kind.LOCAL
        before = self.by(self._old, old, case)
        if old is not None and old == new and self._nothing_changed(old, case):
            return before, before, Kind.ROSTER
        return before, self.by(self._new, new, case), Kind.ROSTER

    def _nothing_changed(self, found: Enrolled, case: Case) -> bool:
        """Whether both rosters say the same of all that this decision rests on: most of a month is decided once."""
        point = self._point(case, found.factor)
        return (
            not case.recorded.pair
            and self._same_rules.cover(found.profiles, point)
            and self._places[self._old].get(point.area_to or "") == self._places[self._new].get(point.area_to or "")
        )

    def by(self, side: Side, found: Enrolled | None, case: Case) -> Decision:
        """What the gate would have decided by one roster."""
        recorded = case.recorded
        shown = found or case.old or case.new
        factor = Factor.CARD if shown is None else shown.factor
        point = self._point(case, factor)
        wall = self._wall(case, point)
        standing = self._standing(side, point, case)
        if found is None:
            return self._decide(side, point, NOBODY, factor, NOTHING_OFFERED, wall, standing)
        known = self._known(side, found, case)
        if not recorded.pair:
            known = self._corrected(known, point, wall, case)
            return self._asked(side, point, known, factor, recorded, wall, standing, None)
        alone = replace(point, requirements=())  # what the first person gave is not recorded: it was enough
        first = self._decide(side, alone, known, factor, NOTHING_OFFERED, wall, standing)
        if first.outcome is not Outcome.NEEDS:
            return first
        kinds = recorded.given
        other = side.of_holder(case.body.second_holder, kinds[0] if kinds else None)
        if other is None:
            return self._decide(side, point, NOBODY, factor, NOTHING_OFFERED, wall, standing)
        second = self._corrected(self._known(side, other, case), point, wall, case)
        return self._asked(side, point, second, other.factor, recorded, wall, standing, known)

    def _asked(
        self,
        side: Side,
        point: AccessPoint,
        known: Known,
        factor: Factor,
        recorded: Recorded,
        wall: Wall | None,
        standing: Standing,
        first: Known | None,
    ) -> Decision:
        """The decision on one person; with the further factors of the record, if the reader would ask for one."""
        offered = NOTHING_OFFERED if first is None else Offered(first=first)
        decision = self._decide(side, point, known, factor, offered, wall, standing)
        further = (Factor.PIN,) if recorded.pin_wrong else tuple(kind for kind in recorded.given if kind is not factor)
        stopped = (
            recorded.pin_wrong and decision.outcome is not Outcome.GRANTED
        )  # a wrong PIN is refused before all else
        if not further or not (stopped or isinstance(decision.needs, Factor)):
            return decision
        offered = Offered((factor, *further[:-1]), first, pin_wrong=recorded.pin_wrong)
        return self._decide(side, point, known, further[-1], offered, wall, standing)

    def _decide(self, side: Side, *asked: Any) -> Decision:
        self.tried = Trial(self._site, side.rulebook, *asked)
        return self.tried.decided()

    # -- what stood, and what was remembered --------------------------------------------------------------------------

    def _point(self, case: Case, factor: Factor) -> AccessPoint:
        point = None if self._points is None else self._points.get(case.access_point)
        if point is not None:
            return point
        recorded = case.recorded
        key = (case.access_point, factor, recorded.outcome, recorded.reasons)
        point = self._as_recorded.get(key)
        if point is None:
            if len(self._as_recorded) >= POINTS_MAX:
                self._as_recorded.clear()
            point = point_as_recorded(case.access_point, case.portal, factor, recorded)
            self._as_recorded[key] = point
        return point

    def _wall(self, case: Case, point: AccessPoint) -> Wall | None:
        """Local time of the decision. A dialog that ran out is told when it ends, not when the reader asked."""
        if case.utc_ms is None:
            return None
        waited_ms = 0
        if case.recorded.expired:
            by_factor = case.recorded.missing is not None
            waited_ms = self._factor_ms.get(case.reader, 0) if by_factor else point.two_person_ms
        return calendar.wall(self._zone, (case.utc_ms - waited_ms) // 1000)

    def _standing(self, side: Side, point: AccessPoint, case: Case) -> Standing:
        """What stood at the portal: as recorded; who was refused before that was looked at, as the journal goes on."""
        recorded = case.recorded
        standing = recorded.standing
        if not recorded.portal_told:
            standing = replace(
                standing,
                lockdown=bool(self._lockdown & {EVERYWHERE, point.portal}),
                out_of_service=point.portal in self._out_of_service,
                fault_latched=point.portal in self._faulted,
            )
        if recorded.soft and not standing.peers_cut_off and point.antipassback is Antipassback.HARD:
            standing = replace(standing, ledger_trusted=False)
        area = point.area_to
        if area is None:
            return standing
        most, before = self._places[side].get(area), self._places[self._old].get(area)
        if recorded.area_full is not None and before is None:
            return replace(standing, area_max=0, area_count=0)  # only the record knows of a limit
        if most is None:
            return standing
        count = self._past.inside(area)
        if before is not None and recorded.area_full is not None:
            count = max(count, before)
        elif before is not None and recorded.beyond_area:
            count = min(count, before - 1)
        return replace(standing, area_max=most, area_count=count)

    def _known(self, side: Side, found: Enrolled, case: Case) -> Known:
        if found.use_limit is None and not self._past.follows_areas:
            remembered = self._known_alone.get(found)  # the past has nothing to add
            if remembered is None:
                if len(self._known_alone) >= KNOWN_MAX:
                    self._known_alone.clear()
                remembered = self._known_alone[found] = attach(found, side.version, self._past, self._quota_areas)
            return remembered
        known = attach(found, side.version, self._past, self._quota_areas)
        if known.use_limit is None:
            return known
        uses = self._past.uses(found.holder, found.credential, case.seq)
        limit = case.old.use_limit if case.old is not None else None
        if limit is not None and Reason.USED_UP in case.recorded.words:
            uses = max(uses, limit)
        elif limit is not None and Reason.VALID in case.recorded.words:
            uses = min(uses, limit - 1)
        return replace(known, uses=uses)

    def _corrected(self, known: Known, point: AccessPoint, wall: Wall | None, case: Case) -> Known:
        """With what the record tells of the same holder and that moment."""
        recorded = case.recorded
        if point.area_to is None or known.holder not in (case.body.holder, case.body.second_holder):
            return known
        timed_s = point.antipassback_timed_s
        now_s = None if wall is None else wall.utc_s
        over = timed_s is not None and _since_s(known, now_s) >= timed_s
        if recorded.passback is True:
            soft = timed_s is not None and recorded.soft  # the entry's time made no sense
            if known.area != point.area_to or over or soft:
                known = replace(known, area=point.area_to, area_entered_s=None if soft else now_s)
        elif recorded.passback is False and known.area == point.area_to and not over:
            known = replace(known, area=None, area_entered_s=None)
        inside, spaces = known.household_inside, None if case.old is None else case.old.spaces
        if recorded.quota_full is not None:
            inside = max(inside, recorded.quota_full)
        elif recorded.beyond_area and spaces is not None and known.vehicle and known.area != point.area_to:
            inside = min(inside, max(0, spaces - 1))
        return known if inside == known.household_inside else replace(known, household_inside=inside)


def _since_s(known: Known, now_s: int | None) -> int:
    return -1 if now_s is None or known.area_entered_s is None else now_s - known.area_entered_s
