"""May this credential pass here, now? One pure function, used by the gate and by `menshen explain` alike.

The rules, in the order in which they are tried; the first that refuses ends the trial, and each leaves its reason:

1. fire, evacuation: noted only. The portal is open by itself then; a credential neither adds to that nor takes from it.
2. identity: unknown to the roster, or a wrong PIN. What rests on a local entry says so.
3. the portal: lockdown, out of service, locked by an operator, latched fault. Lockdown, lock and fault refuse entry
   only: at an access point with direction "out" they refuse nobody (DESIGN.md, section 5, point 1).
   A barrier that is barred (stop, service key, latched fault, no proven position) refuses in both directions.
4. the credential: suspended, lost, not yet or no more valid, used up. `valid_from_s` is inside, `valid_until_s` is not.
   A suspension ends by itself only if it says when, and only by a known clock.
   Then the window in which a lane is closed to whoever is not exempt.
5. access profiles, in the holder's order, and their schedules.
6. factors: what the access point requires now; perhaps the next factor is asked for.
7. anti-passback, then places in the area, then the household's parking spaces.
8. persons: a second person, an escort; perhaps somebody else is asked for.
9. the lane: its queue is full; a plate or a tag without a vehicle on the loop. Interlock with other portals: last,
   because waiting a moment cures it.

While wall time is unknown: a credential without dates passes by a rule of schedule "always"; dated and scheduled ones
and visitors are refused; of the factor requirements that may apply now the strictest does. The same holds for a
requirement whose schedule the roster does not know: a lost schedule must not make a door weaker.

A duress PIN is an ordinary right PIN in `outcome` and `reasons`. Where nobody is there to be told, it is an ordinary
wrong PIN in both; `quiet` then says why, to those who may know.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from firmware.core import calendar
from firmware.core.access import Factor, Known, Rulebook, Unknown, Wall
from firmware.core.codes import Reason
from firmware.core.site import AccessPoint, Antipassback, Requirement, Site

SCHEDULES_SAID_MAX = 8  # in the reasons of one refusal; a holder of more profiles is refused all the same


class Outcome(StrEnum):
    GRANTED = "granted"
    DENIED = "denied"
    NEEDS = "needs"


class Person(StrEnum):
    """Who else has to present before this one may pass."""

    SECOND = "second_person"
    ESCORT = "escort"


class Standing(msgspec.Struct, frozen=True):
    """What holds now at the portal of one access point, whatever is presented there."""

    lockdown: bool = False
    out_of_service: bool = False
    locked_by_operator: bool = False
    fault_latched: bool = False
    barred: bool = False  # a barrier that nothing but a person can move now
    closed_schedule: bool = False  # nobody enters now, but who is exempt
    queue_full: bool = False  # of the vehicles that wait for their turn in a lane
    no_vehicle: bool = False  # nothing stands on the loop before the barrier
    interlock_busy: tuple[str, ...] = ()  # other portals that are not closed and secured
    area_count: int | None = None  # holders in the access point's `area_to`; None: not known
    area_max: int | None = None  # its limit; None: no limit
    ledger_trusted: bool = True
    peers_cut_off: bool = False  # `area_to` is shared, and passages at other controllers are not heard of
    fire: bool = False
    evacuation: bool = False


class Offered(msgspec.Struct, frozen=True):
    """What was presented in the same dialog before."""

    factors: tuple[Factor, ...] = ()  # by the same holder
    first: Known | None = None  # a first person, who lacks only a second one or an escort
    duress: bool = False  # the PIN among the factors, this one included, is the duress variant
    pin_wrong: bool = False  # a PIN was given as a second factor of this holder, and is not the holder's


class Decision(msgspec.Struct, frozen=True):
    """`reasons` are exactly what the event says: values of Reason, "code" or "code:argument", in order."""

    outcome: Outcome
    reasons: tuple[str, ...]
    needs: Factor | Person | None = None
    duress: bool = False  # tell those who are named for it, whatever the outcome is
    paired: bool = False  # granted to `Offered.first` and to this holder together
    quiet: tuple[str, ...] = ()  # reasons that no local output, page or event may show


NOTHING_STANDS = Standing()
NOTHING_OFFERED = Offered()


def decide(
    site: Site,
    rulebook: Rulebook,
    point: AccessPoint,
    presented: Known | Unknown,
    factor: Factor,
    offered: Offered = NOTHING_OFFERED,
    wall: Wall | None = None,
    standing: Standing = NOTHING_STANDS,
) -> Decision:
    """Decide on one presentation. Pure and total: every input has a decision, none raises.

    `presented` is the holder's credential. For a PIN that is given as a second factor it is the one given before.
    `wall` is None while wall time is unknown.
    """
    said: list[str] = []
    if standing.fire:
        said.append(Reason.FIRE)
    if standing.evacuation:
        said.append(Reason.EVACUATION)
    if isinstance(presented, Unknown):
        said.append(Reason.PIN_WRONG if factor is Factor.PIN else Reason.NOT_FOUND)
        if presented.near:
            said.append(Reason.LOOKS_ALIKE)  # told to people, and nothing else comes of it
        return Decision(Outcome.DENIED, tuple(said))

    duress = offered.duress or (presented.duress and factor is Factor.PIN)
    untold = duress and not site.duress_roles
    known = (Reason.KNOWN, Reason.LOCAL) if presented.local else (Reason.KNOWN,)
    if offered.pin_wrong or untold:
        if offered.factors:  # the holder is known by another factor; a PIN alone would have identified nobody
            said.extend(known)
        said.append(Reason.PIN_WRONG)
        return Decision(Outcome.DENIED, tuple(said), quiet=(Reason.DURESS_WITHOUT_RECEIVER,) if untold else ())
    said.extend(known)

    if (
        _portal_refuses(point, standing, said)
        or _credential_refuses(presented, wall, said)
        or _window_refuses(point, presented, standing, said)
        or _profiles_refuse(rulebook, point, presented, wall, said)
    ):
        return Decision(Outcome.DENIED, tuple(said), duress=duress)

    complete, missing = _factors(required(rulebook, point, wall), presented, factor, offered, said)
    if missing is not None:
        return Decision(Outcome.NEEDS, tuple(said), needs=missing, duress=duress)
    if (
        not complete
        or _passback_refuses(point, presented, wall, standing, said)
        or _area_refuses(site, point, presented, standing, said)
    ):
        return Decision(Outcome.DENIED, tuple(said), duress=duress)

    person, paired = _persons(point, presented, offered.first, said)
    if person is not None:
        return Decision(Outcome.NEEDS, tuple(said), needs=person, duress=duress)
    if paired and _no_room_for_two(point, presented, offered.first, standing):
        said.append(f"{Reason.AREA_FULL}:{point.area_to}")
        return Decision(Outcome.DENIED, tuple(said), duress=duress)
    if standing.queue_full or (standing.no_vehicle and factor in (Factor.PLATE, Factor.TAG)):
        said.append(Reason.QUEUE_FULL if standing.queue_full else Reason.NO_VEHICLE)
        return Decision(Outcome.DENIED, tuple(said), duress=duress)
    if standing.interlock_busy:
        said.extend(f"{Reason.INTERLOCK}:{portal}" for portal in standing.interlock_busy)
        return Decision(Outcome.DENIED, tuple(said), duress=duress)
    said.append(Reason.GRANTED)
    return Decision(Outcome.GRANTED, tuple(said), duress=duress, paired=paired)


def required(rulebook: Rulebook, point: AccessPoint, wall: Wall | None) -> Requirement | None:
    """The requirement that applies now; None: one factor of any kind is enough.

    The first whose schedule is active. Where that cannot be known, the strictest of those that may be it: the one
    whose shortest combination is longest, the first of equals.
    """
    possible: list[Requirement] = []
    for requirement in point.requirements:
        certain = requirement.schedule == calendar.ALWAYS or (
            wall is not None and calendar.known(rulebook, requirement.schedule)
        )
        if not certain:
            possible.append(requirement)
        elif wall is None or calendar.active(rulebook, requirement.schedule, wall):
            possible.append(requirement)
            break
    if len(possible) < 2:
        return possible[0] if possible else None
    return max(possible, key=_strictness)


def _strictness(requirement: Requirement) -> float:
    return min((len(combination) for combination in requirement.accept), default=float("inf"))


def _portal_refuses(point: AccessPoint, standing: Standing, said: list[str]) -> bool:
    entry = point.direction != "out"
    if standing.lockdown and entry:
        said.append(Reason.LOCKDOWN)
    elif standing.out_of_service:
        said.append(Reason.OUT_OF_SERVICE)
    elif standing.locked_by_operator and entry:
        said.append(Reason.LOCKED_BY_OPERATOR)
    elif standing.fault_latched and entry:
        said.append(Reason.FAULT_LATCHED)
    elif standing.barred:
        said.append(Reason.BARRED)
    else:
        return False
    return True


def _credential_refuses(presented: Known, wall: Wall | None, said: list[str]) -> bool:
    until_s = presented.suspended_until_s
    over = until_s is not None and wall is not None and wall.utc_s >= until_s
    if presented.status != "active" and not over:  # a status this version does not know is no better than suspended
        said.append(Reason.LOST if presented.status == "lost" else Reason.SUSPENDED)
        return True
    starts, ends = presented.valid_from_s, presented.valid_until_s
    if wall is None:
        if starts is not None or ends is not None or presented.visitor:
            said.append(Reason.CLOCK_UNKNOWN_REFUSED)
            return True
    elif starts is not None and wall.utc_s < starts:
        said.append(Reason.NOT_YET_VALID)
        return True
    elif ends is not None and wall.utc_s >= ends:
        said.append(Reason.EXPIRED)
        return True
    if presented.use_limit is not None and presented.uses >= presented.use_limit:
        said.append(Reason.USED_UP)
        return True
    said.append(Reason.VALID)
    return False


def _window_refuses(point: AccessPoint, presented: Known, standing: Standing, said: list[str]) -> bool:
    """A lane that is closed by its schedule lets nobody in but who is exempt; whoever leaves is let out."""
    if not standing.closed_schedule or point.direction == "out":
        return False
    if presented.exempt:
        said.append(f"{Reason.EXEMPT}:schedule")
        return False
    said.append(Reason.SCHEDULE_CLOSED)
    return True


def _profiles_refuse(
    rulebook: Rulebook, point: AccessPoint, presented: Known, wall: Wall | None, said: list[str]
) -> bool:
    """The first rule that covers the access point and whose schedule is active lets pass."""
    found = False
    outside: list[str] = []
    for name in presented.profiles:
        profile = rulebook.profiles.get(name)
        if profile is None:
            continue
        found = True
        for rule in profile.rules:
            if point.id not in rule.access_points and "*" not in rule.access_points:
                continue
            schedule = rule.schedule
            if schedule == calendar.ALWAYS or (wall is not None and calendar.active(rulebook, schedule, wall)):
                if wall is None:
                    said.append(Reason.CLOCK_UNKNOWN_PASSED)
                said.append(f"{Reason.PROFILE}:{name}")
                said.append(f"{Reason.INSIDE_SCHEDULE}:{schedule}")
                return False
            outside.append(schedule)
    if outside:
        why = Reason.CLOCK_UNKNOWN_REFUSED if wall is None else Reason.OUTSIDE_SCHEDULE
        said.extend(f"{why}:{schedule}" for schedule in outside[:SCHEDULES_SAID_MAX])
    else:
        said.append(f"{Reason.NOT_IN_PROFILE}:{point.id}" if found else Reason.NO_PROFILE)
    return True


def _factors(
    requirement: Requirement | None, presented: Known, factor: Factor, offered: Offered, said: list[str]
) -> tuple[bool, Factor | None]:
    """(whether the factors suffice, the factor to ask for). (False, None) refuses.

    Asked for is the next factor of the combination that lacks least, among those that begin with what was given and
    that the holder can complete.
    """
    if requirement is None:
        said.append(f"{Reason.FACTORS_COMPLETE}:{factor}")
        return True, None
    given = (*offered.factors, factor)
    begun = False
    next_missing: list[Factor] = []
    beyond: Factor | None = None  # what the holder does not own
    for combination in requirement.accept:
        missing = [wanted for wanted in combination if wanted not in given]
        if combination and not missing:
            said.append(f"{Reason.FACTORS_COMPLETE}:{'+'.join(combination)}")
            return True, None
        if factor not in combination:
            continue
        begun = True
        lacking = [wanted for wanted in missing if wanted not in presented.second_factors]
        if lacking:
            beyond = beyond or lacking[0]
        elif not next_missing or len(missing) < len(next_missing):
            next_missing = missing
    if not begun:
        said.append(f"{Reason.FACTOR_NOT_ACCEPTED}:{factor}")
        return False, None
    said.append(f"{Reason.FACTOR_MISSING}:{next_missing[0] if next_missing else beyond}")
    return False, next_missing[0] if next_missing else None


def _passback_refuses(
    point: AccessPoint, presented: Known, wall: Wall | None, standing: Standing, said: list[str]
) -> bool:
    """Anti-passback, by the area the last proven passage led to.

    `antipassback_timed_s` makes soft and hard end after that time; alone it is hard until then. Where the time since
    the entry cannot be told, while the ledger is not trusted, and while the area is shared with controllers that are
    not heard, hard is soft.
    """
    timed_s = point.antipassback_timed_s
    if point.area_to is None or (point.antipassback is Antipassback.OFF and timed_s is None):
        return False
    if presented.exempt:
        said.append(f"{Reason.EXEMPT}:antipassback")
        return False
    if presented.area != point.area_to:
        said.append(Reason.ANTIPASSBACK_PASSED)
        return False
    hard = point.antipassback is not Antipassback.SOFT and standing.ledger_trusted
    if timed_s is not None:
        since_s = -1 if wall is None or presented.area_entered_s is None else wall.utc_s - presented.area_entered_s
        if since_s >= timed_s:
            said.append(Reason.ANTIPASSBACK_PASSED)
            return False
        hard = hard and since_s >= 0  # an entry in the future says that one of the two clock readings is wrong
    if hard and not standing.peers_cut_off:
        said.append(Reason.ANTIPASSBACK_HARD if timed_s is None else Reason.ANTIPASSBACK_TIMED)
        return True
    said.append(Reason.ANTIPASSBACK_SOFT)
    if hard:
        said.append(Reason.PEERS_CUT_OFF)  # the holder may have left where we did not hear of it
    return False


def _area_refuses(site: Site, point: AccessPoint, presented: Known, standing: Standing, said: list[str]) -> bool:
    """Places in the area, and parking spaces of the household. Who is in the area already takes no further place."""
    if point.area_to is None or presented.area == point.area_to:
        return False
    if standing.area_max is not None and standing.area_count is not None and standing.area_count >= standing.area_max:
        if not presented.exempt:
            said.append(f"{Reason.AREA_FULL}:{point.area_to}")
            return True
        said.append(f"{Reason.EXEMPT}:occupancy")
    if presented.vehicle and presented.spaces is not None and presented.household_inside >= presented.spaces:
        quotas = [area.id for area in site.areas if area.quota]
        if point.area_to in quotas and presented.area not in quotas:
            said.append(f"{Reason.QUOTA_FULL}:{presented.spaces}")
            return True
    return False


def _persons(point: AccessPoint, presented: Known, first: Known | None, said: list[str]) -> tuple[Person | None, bool]:
    """(whom to ask for, whether this holder passes together with the first).

    Two persons are two different holders, in either order, one of whom carries the flag `escort`; each has passed all
    the other rules. An escorted holder needs such a person too. Somebody who needs nobody passes alone, whoever waits,
    except that an escort takes a waiting escorted holder along.
    """
    needs = Person.ESCORT if presented.escorted else Person.SECOND if point.two_person else None
    if first is not None and first.holder == presented.holder:
        said.append(Reason.SECOND_PERSON_SAME)
        first = None
    if first is not None:
        leads = presented.escort and not presented.escorted
        if needs is None and not (first.escorted and leads):
            return None, False
        if leads or (first.escort and not first.escorted):
            if presented.escorted or first.escorted:
                said.append(Reason.ESCORTED)
            if point.two_person:
                said.append(Reason.SECOND_PERSON)
            return None, True
        if first.escorted:
            needs = Person.ESCORT
    if needs is not None:
        said.append(Reason.ESCORT_NEEDED if needs is Person.ESCORT else Reason.SECOND_PERSON_NEEDED)
    return needs, False


def _no_room_for_two(point: AccessPoint, presented: Known, first: Known | None, standing: Standing) -> bool:
    """Whether the last place was counted twice: each of the two was let in alone by the rule of occupancy."""
    if first is None or standing.area_max is None or standing.area_count is None or point.area_to is None:
        return False
    entering = [person for person in (first, presented) if person.area != point.area_to and not person.exempt]
    return bool(entering) and standing.area_count + len(entering) > standing.area_max
