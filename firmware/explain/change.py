"""What would have to change so that somebody gets in: the gate's own decision, asked again after each cure.

A decision ends at its first refusal. Here what refused is taken away in thought, and the decision made once more, until
it grants: so that whoever changes what stands here does not learn of the next obstacle at the door.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from firmware.core import calendar
from firmware.core.access import Factor, Known, Profile, Rule
from firmware.core.codes import Reason
from firmware.core.decision import Decision, Outcome, Person
from firmware.roster.comparing.trial import Trial

OBSTACLES_MAX = 16  # there are not so many rules

_Cure = Callable[[Trial, Known, str], Trial | None]
_GIVEN = "\N{FULL BLOCK}"  # the name of a profile that no roster has


def obstacles(trial: Trial) -> list[str]:
    """Every reason that stands in the way, in the order of the rules: "code" or "code:argument". None: she gets in.

    The last one cannot be cured where more might follow it: an unknown credential, a wrong PIN.
    """
    found: dict[str, None] = {}
    for _ in range(OBSTACLES_MAX):
        decision = trial.decided()
        if decision.outcome is Outcome.GRANTED:
            break
        told = telling(decision)
        found |= dict.fromkeys(told)
        cured = _cured(trial, decision, told[-1]) if told else None
        if cured is None:
            break
        trial = cured
    return list(found)


def telling(decision: Decision) -> list[str]:
    """The reasons that refused, or asked for more: all of the last word, such as each schedule that is outside."""
    last = decision.reasons[-1].partition(":")[0]
    return [reason for reason in decision.reasons if reason.partition(":")[0] == last]


def _cured(trial: Trial, decision: Decision, reason: str) -> Trial | None:
    presented = trial.presented
    if not isinstance(presented, Known):
        return None
    if isinstance(decision.needs, Factor):
        given = (*trial.offered.factors, trial.factor)
        return trial._replace(factor=decision.needs, offered=replace(trial.offered, factors=given))
    if isinstance(decision.needs, Person):
        return trial._replace(
            point=replace(trial.point, two_person=False), presented=replace(presented, escorted=False)
        )
    word, _, argument = reason.partition(":")
    cure = _CURES.get(Reason(word))
    return None if cure is None else cure(trial, presented, argument)


def _known(**changed: object) -> _Cure:
    return lambda trial, known, _: trial._replace(presented=replace(known, **changed))


def _standing(**changed: object) -> _Cure:
    return lambda trial, _, __: trial._replace(standing=replace(trial.standing, **changed))


def _point(**changed: object) -> _Cure:
    return lambda trial, _, __: trial._replace(point=replace(trial.point, **changed))


def _profile(trial: Trial, known: Known, _: str) -> Trial:
    """A profile that lets in here at any time."""
    given = Profile(_GIVEN, (Rule((trial.point.id,), calendar.ALWAYS),))
    book = replace(trial.rulebook, profiles={**trial.rulebook.profiles, _GIVEN: given})
    return trial._replace(rulebook=book, presented=replace(known, profiles=(*known.profiles, _GIVEN)))


def _clock(trial: Trial, known: Known, argument: str) -> Trial:
    """Once the time is known: dates and schedules are then as they are; here they are left out."""
    timeless = replace(known, valid_from_s=None, valid_until_s=None, visitor=False)
    return _profile(trial, timeless, argument)


def _factor(trial: Trial, known: Known, argument: str) -> Trial | None:
    """The holder owns what is asked for, too."""
    if argument not in {factor.value for factor in Factor} or Factor(argument) in known.second_factors:
        return None
    return trial._replace(presented=replace(known, second_factors=(*known.second_factors, Factor(argument))))


_CURES: dict[Reason, _Cure] = {
    Reason.LOCKDOWN: _standing(lockdown=False),
    Reason.OUT_OF_SERVICE: _standing(out_of_service=False),
    Reason.LOCKED_BY_OPERATOR: _standing(locked_by_operator=False),
    Reason.FAULT_LATCHED: _standing(fault_latched=False),
    Reason.BARRED: _standing(barred=False),
    Reason.SCHEDULE_CLOSED: _standing(closed_schedule=False),
    Reason.QUEUE_FULL: _standing(queue_full=False),
    Reason.NO_VEHICLE: _standing(no_vehicle=False),
    Reason.INTERLOCK: _standing(interlock_busy=()),
    Reason.SUSPENDED: _known(status="active", suspended_until_s=None),
    Reason.LOST: _known(status="active", suspended_until_s=None),
    Reason.NOT_YET_VALID: _known(valid_from_s=None),
    Reason.EXPIRED: _known(valid_until_s=None),
    Reason.USED_UP: _known(use_limit=None),
    Reason.NO_PROFILE: _profile,
    Reason.NOT_IN_PROFILE: _profile,
    Reason.OUTSIDE_SCHEDULE: _profile,
    Reason.CLOCK_UNKNOWN_REFUSED: _clock,
    Reason.FACTOR_MISSING: _factor,
    Reason.FACTOR_NOT_ACCEPTED: _point(requirements=()),
    Reason.ANTIPASSBACK_HARD: _known(area=None),
    Reason.ANTIPASSBACK_TIMED: _known(area=None),
    Reason.AREA_FULL: _standing(area_count=None, area_max=None),
    Reason.QUOTA_FULL: _known(spaces=None),
    Reason.SECOND_PERSON_SAME: _point(two_person=False),
}
