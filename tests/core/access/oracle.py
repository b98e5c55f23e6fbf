"""The rules of decision.py once more, read literally and slowly, without calling any of it: the oracle of the tests.

Each rule is written as a sentence about the case; nothing is shared with the core but its types.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from firmware.core.access import Factor, Known, Rulebook, Unknown, Wall
from firmware.core.decision import Offered, Standing
from firmware.core.site import AccessPoint, Antipassback, Requirement, Site


class Ends(Exception):
    """The trial is over: outcome, and what is needed."""


@dataclass
class Case:
    """One presentation, and what was said of it."""

    site: Site
    rulebook: Rulebook
    point: AccessPoint
    presented: Known | Unknown
    factor: Factor
    offered: Offered
    wall: Wall | None
    standing: Standing
    said: list[str] = field(default_factory=list)

    def refuse(self, *reasons: str) -> None:
        self.said += reasons
        raise Ends("denied", None)

    def ask(self, what: str, *reasons: str) -> None:
        self.said += reasons
        raise Ends("needs", what)


def judge(case: Case) -> tuple[str, str | None, tuple[str, ...], bool]:
    """(outcome, needs, reasons, paired)."""
    paired = False
    try:
        identity(case)
        portal(case)
        credential(case)
        window(case)
        profiles(case)
        factors(case)
        passback(case)
        places(case)
        spaces(case)
        paired = persons(case)
        if case.standing.queue_full:
            case.refuse("queue_full")
        if case.standing.no_vehicle and case.factor in ("plate", "tag"):
            case.refuse("no_vehicle")
        if case.standing.interlock_busy:
            case.refuse(*[f"interlock:{other}" for other in case.standing.interlock_busy])
    except Ends as end:
        return end.args[0], end.args[1], tuple(case.said), False
    return "granted", None, (*case.said, "granted"), paired


def in_schedule(case: Case, name: str) -> bool | None:
    """True or False; None where it cannot be known: no wall time, or no such schedule."""
    if name == "always":
        return True
    schedule = case.rulebook.schedules.get(name)
    if case.wall is None or schedule is None:
        return None
    moment = datetime.fromtimestamp(case.wall.utc_s, UTC)  # the cases live in UTC
    minute = moment.hour * 60 + moment.minute
    kind = case.rulebook.special_days.get(moment.date().toordinal())
    windows = schedule.week[moment.weekday()]
    if kind in schedule.special:
        windows = schedule.special[kind]
    return bool([window for window in windows if minute in range(window.start_minute, window.end_minute)])


def identity(case: Case) -> None:
    if case.standing.fire:
        case.said.append("fire")
    if case.standing.evacuation:
        case.said.append("evacuation")
    pin = case.factor == "pin"
    if isinstance(case.presented, Unknown):
        reason = "pin_wrong" if pin else "credential_not_found"
        if case.presented.near:
            case.said.append(reason)
            reason = "plate_looks_alike"
        case.refuse(reason)
        return
    is_duress = case.offered.duress or (pin and case.presented.duress)
    nobody_told = is_duress and case.site.duress_roles == ()
    wrong = nobody_told or case.offered.pin_wrong
    if not wrong or case.offered.factors != ():
        case.said.append("credential_known")
        if case.presented.local:
            case.said.append("local_entry")
    if wrong:
        case.refuse("pin_wrong")


def portal(case: Case) -> None:
    going_in = case.point.direction == "in"
    if case.standing.lockdown and going_in:
        case.refuse("lockdown")
    if case.standing.out_of_service:
        case.refuse("out_of_service")
    if case.standing.locked_by_operator and going_in:
        case.refuse("locked_by_operator")
    if case.standing.fault_latched and going_in:
        case.refuse("fault_latched")
    if case.standing.barred:
        case.refuse("barrier_barred")


def credential(case: Case) -> None:
    it = case.presented
    # Whoever suspended it may have said until when; it takes a clock to know that this is past.
    served = case.wall is not None and it.suspended_until_s is not None and it.suspended_until_s <= case.wall.utc_s
    if not served:
        if it.status == "lost":
            case.refuse("credential_lost")
        if it.status != "active":
            case.refuse("credential_suspended")
    dated = it.valid_from_s is not None or it.valid_until_s is not None
    if case.wall is None and (dated or it.visitor):
        case.refuse("clock_unknown_refused")
    if case.wall is not None and dated:
        earliest = float("-inf") if it.valid_from_s is None else it.valid_from_s
        end = float("inf") if it.valid_until_s is None else it.valid_until_s
        if case.wall.utc_s < earliest:
            case.refuse("credential_not_yet_valid")
        if not case.wall.utc_s < end:
            case.refuse("credential_expired")
    if it.use_limit is not None and it.use_limit - it.uses <= 0:
        case.refuse("credential_used_up")
    case.said.append("credential_valid")


def window(case: Case) -> None:
    if case.standing.closed_schedule and case.point.direction == "in":
        if not case.presented.exempt:
            case.refuse("schedule_closed")
        case.said.append("exempt:schedule")


def profiles(case: Case) -> None:
    existing = [case.rulebook.profiles[name] for name in case.presented.profiles if name in case.rulebook.profiles]
    if not existing:
        case.refuse("profile_missing")
    covering = [
        (profile, rule)
        for profile in existing
        for rule in profile.rules
        if case.point.id in rule.access_points or "*" in rule.access_points
    ]
    if not covering:
        case.refuse(f"profile_without_access_point:{case.point.id}")
    passing = [(profile, rule) for profile, rule in covering if in_schedule(case, rule.schedule)]
    if not passing:
        word = "schedule_outside" if case.wall is not None else "clock_unknown_refused"
        case.refuse(*[f"{word}:{rule.schedule}" for _, rule in covering][:8])
    profile, rule = passing[0]
    if case.wall is None:
        case.said.append("clock_unknown_passed")
    case.said += [f"profile:{profile.name}", f"schedule_inside:{rule.schedule}"]


def requirement(case: Case) -> Requirement | None:
    possible = []
    for each in case.point.requirements:
        active = in_schedule(case, each.schedule)
        if active is not False:
            possible.append(each)
        if active is True:
            break
    if not possible:
        return None

    def shortest(each: Requirement) -> int:
        return min([len(combination) for combination in each.accept] or [1_000])

    hardest = sorted({shortest(each) for each in possible})[-1]
    return next(each for each in possible if shortest(each) == hardest)


def factors(case: Case) -> None:
    rule = requirement(case)
    if rule is None:
        case.said.append(f"factors_complete:{case.factor}")
        return
    given = {*case.offered.factors, case.factor}
    for combination in rule.accept:
        if combination and set(combination) <= given:
            case.said.append("factors_complete:" + "+".join(combination))
            return
    begun = [combination for combination in rule.accept if case.factor in combination]
    if not begun:
        case.refuse(f"factor_not_accepted:{case.factor}")
    lacking = [[wanted for wanted in combination if wanted not in given] for combination in begun]
    possible = [missing for missing in lacking if set(missing) <= set(case.presented.second_factors)]
    if possible:
        fewest = min(len(missing) for missing in possible)
        wanted = next(missing for missing in possible if len(missing) == fewest)[0]
        case.ask(wanted, f"factor_missing:{wanted}")
    not_owned = [wanted for wanted in lacking[0] if wanted not in case.presented.second_factors]
    case.refuse(f"factor_missing:{not_owned[0]}")


def passback(case: Case) -> None:
    point, it = case.point, case.presented
    wait_s = point.antipassback_timed_s
    if point.area_to is None:
        return
    if point.antipassback == Antipassback.OFF and wait_s is None:
        return
    if it.exempt:
        case.said.append("exempt:antipassback")
        return
    if it.area != point.area_to:
        case.said.append("antipassback_passed")
        return
    # The holder is in there already.
    if wait_s is not None and case.wall is not None and it.area_entered_s is not None:
        since = case.wall.utc_s - it.area_entered_s
        if since >= 0 and since >= wait_s:
            case.said.append("antipassback_passed")
            return
        time_is_plausible = since >= 0
    else:
        time_is_plausible = wait_s is None
    if point.antipassback == Antipassback.SOFT or not case.standing.ledger_trusted or not time_is_plausible:
        case.said.append("antipassback_soft")
        return
    # It would be refused, were not the area shared with controllers that are not heard.
    if case.standing.peers_cut_off:
        case.said += ["antipassback_soft", "peers_cut_off"]
        return
    case.refuse("antipassback_hard" if wait_s is None else "antipassback_timed")


def places(case: Case) -> None:
    limit, inside = case.standing.area_max, case.standing.area_count
    if case.point.area_to is None or limit is None or inside is None:
        return
    if case.presented.area == case.point.area_to or inside < limit:
        return
    if case.presented.exempt:
        case.said.append("exempt:occupancy")
    else:
        case.refuse(f"area_full:{case.point.area_to}")


def spaces(case: Case) -> None:
    it = case.presented
    with_quota = {area.id for area in case.site.areas if area.quota}
    if not it.vehicle or it.spaces is None or case.point.area_to not in with_quota or it.area in with_quota:
        return
    if it.household_inside >= it.spaces:
        case.refuse(f"quota_full:{it.spaces}")


def persons(case: Case) -> bool:
    it, first, point = case.presented, case.offered.first, case.point

    def may_lead(person: Known) -> bool:
        return person.escort and not person.escorted

    if first is not None and first.holder == it.holder:
        case.said.append("second_person_same")
        first = None
    if first is None:
        if it.escorted:
            case.ask("escort", "escort_needed")
        if point.two_person:
            case.ask("second_person", "second_person_needed")
        return False
    somebody_is_escorted = it.escorted or first.escorted
    passes_alone = not it.escorted and not point.two_person
    if passes_alone and not (first.escorted and may_lead(it)):
        return False
    if not may_lead(it) and not may_lead(first):
        if somebody_is_escorted:
            case.ask("escort", "escort_needed")
        case.ask("second_person", "second_person_needed")
    if somebody_is_escorted:
        case.said.append("escorted")
    if point.two_person:
        case.said.append("second_person")
    if point.area_to is not None and case.standing.area_max is not None and case.standing.area_count is not None:
        new = [1 for person in (first, it) if person.area != point.area_to and not person.exempt]
        if new and case.standing.area_count + len(new) > case.standing.area_max:
            case.refuse(f"area_full:{point.area_to}")
    return True
