"""What the journal's words tell of one presentation: what came out, what was given, and what stood at the portal.

Only what decide() itself says is used. A dialog adds words of its own (that its time was over, that PINs are locked
out, that the card was swiped twice); they are taken off again.
"""

from __future__ import annotations

import msgspec

from firmware.core.access import Factor
from firmware.core.codes import Code, Reason
from firmware.core.decision import Outcome, Standing
from firmware.core.site import AccessPoint, Antipassback, Area, Requirement, Site

DECISIONS = (Code.GRANTED, Code.DENIED, Code.UNKNOWN_CREDENTIAL)

RECORDED_AREA = "as_recorded"  # stands for an area that only a site file could name
# Without a site file: what a recorded reason may need of the site. Duress PINs were right, or nothing names them.
SITE_AS_RECORDED = Site("as_recorded", areas=(Area(RECORDED_AREA, quota=True),), duress_roles=("as_recorded",))

_ASKING = frozenset({Reason.FACTOR_MISSING, Reason.SECOND_PERSON_NEEDED, Reason.ESCORT_NEEDED})
_PASSBACK = frozenset({Reason.ANTIPASSBACK_HARD, Reason.ANTIPASSBACK_SOFT, Reason.ANTIPASSBACK_TIMED})
# Said by rules that come after the area's: whoever got so far had a place.
_BEYOND_AREA = frozenset(
    {
        Reason.GRANTED,
        Reason.INTERLOCK,
        Reason.SECOND_PERSON,
        Reason.SECOND_PERSON_NEEDED,
        Reason.SECOND_PERSON_SAME,
        Reason.ESCORTED,
        Reason.ESCORT_NEEDED,
    }
)


class Recorded(msgspec.Struct, frozen=True):
    """One combination of code, access point and reasons, read once. `reasons` are as decide() gave them."""

    outcome: Outcome
    reasons: tuple[str, ...]
    words: frozenset[str]  # the reasons without their arguments
    given: tuple[Factor, ...]  # all factors of the dialog; () where the reasons do not tell
    missing: Factor | None  # what was asked for
    pin_wrong: bool  # beside another factor
    expired: bool  # nobody came with what was asked for
    pair: bool  # let in, or refused, together with a first person
    local: bool  # it rested on a local entry
    barred: str | None  # the status of a roster that would say the same: "suspended", "lost"
    soft: bool  # the holder was in the area already, and passed all the same
    standing: Standing
    portal_told: bool  # the portal's rules were tried: what did not refuse did not stand
    passback: bool | None  # whether the holder was in the area already; None: not told
    area_full: str | None
    quota_full: int | None  # spaces
    beyond_area: bool


def understood(code: str, reasons: tuple[str, ...]) -> Recorded | None:
    """What was decided; None where the record says that nothing was (a stale sighting, PINs locked out)."""
    words = [reason.partition(":")[0] for reason in reasons]
    asked = False
    expired = Reason.DIALOG_EXPIRED in words
    while words and words[-1] in (Reason.DIALOG_EXPIRED, Reason.DOUBLE_SWIPE, Reason.PIN_LOCKED_OUT):
        asked = asked or words.pop() != Reason.DOUBLE_SWIPE
    reasons = reasons[: len(words)]
    if not words or Reason.STALE in words or Reason.NOT_FOUND_PORTAL in words:
        return None
    if asked and words[-1] not in _ASKING:
        return None  # a refusal by the dialog alone
    outcome = Outcome.GRANTED if code == Code.GRANTED else Outcome.NEEDS if asked else Outcome.DENIED
    arguments = {word: reason.partition(":")[2] for word, reason in zip(words, reasons, strict=True)}
    said = frozenset(words)
    known = Reason.KNOWN in said
    pin_wrong = known and Reason.PIN_WRONG in said
    return Recorded(
        outcome=outcome,
        reasons=reasons,
        words=said,
        given=_factors(arguments.get(Reason.FACTORS_COMPLETE, "")),
        missing=next(iter(_factors(arguments.get(Reason.FACTOR_MISSING, ""))), None),
        pin_wrong=pin_wrong,
        expired=expired,
        pair=bool(said & {Reason.SECOND_PERSON, Reason.ESCORTED}),
        local=Reason.LOCAL in said,
        barred="lost" if Reason.LOST in said else "suspended" if Reason.SUSPENDED in said else None,
        soft=Reason.ANTIPASSBACK_SOFT in said,
        standing=_standing(said, reasons),
        portal_told=known and not pin_wrong,
        passback=True if said & _PASSBACK else False if Reason.ANTIPASSBACK_PASSED in said else None,
        area_full=arguments.get(Reason.AREA_FULL),
        quota_full=_number(arguments.get(Reason.QUOTA_FULL)),
        beyond_area=bool(said & _BEYOND_AREA),
    )


def _factors(text: str) -> tuple[Factor, ...]:
    """`card+pin`; a kind that this release does not know is left out."""
    kinds = {factor.value: factor for factor in Factor}
    return tuple(kinds[word] for word in text.split("+") if word in kinds)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 10 else None


def _standing(said: frozenset[str], reasons: tuple[str, ...]) -> Standing:
    interlock = f"{Reason.INTERLOCK}:"
    return Standing(
        lockdown=Reason.LOCKDOWN in said,
        out_of_service=Reason.OUT_OF_SERVICE in said,
        locked_by_operator=Reason.LOCKED_BY_OPERATOR in said,
        fault_latched=Reason.FAULT_LATCHED in said,
        interlock_busy=tuple(each.removeprefix(interlock) for each in reasons if each.startswith(interlock)),
        fire=Reason.FIRE in said,
        evacuation=Reason.EVACUATION in said,
        peers_cut_off=Reason.PEERS_CUT_OFF in said,
    )


def point_as_recorded(access_point: str, portal: str, factor: Factor, recorded: Recorded) -> AccessPoint:
    """The access point without a site file: plain, but for what the reasons show that it demanded then."""
    combination: tuple[Factor, ...] = ()
    if len(recorded.given) > 1:
        combination = recorded.given
    elif recorded.missing is not None:
        combination = (factor, recorded.missing)
    elif recorded.pin_wrong:
        combination = (factor, Factor.PIN)
    elif Reason.FACTOR_NOT_ACCEPTED in recorded.words:
        combination = tuple(other for other in Factor if other is not factor)
    antipassback, timed_s = Antipassback.OFF, None
    if Reason.ANTIPASSBACK_SOFT in recorded.words:
        antipassback = Antipassback.SOFT
    elif recorded.passback is not None:
        antipassback = Antipassback.HARD
        timed_s = 1 if Reason.ANTIPASSBACK_TIMED in recorded.words else None
    area = recorded.area_full
    if area is None and (recorded.passback is not None or recorded.quota_full is not None):
        area = RECORDED_AREA
    return AccessPoint(
        id=access_point,
        portal=portal,
        area_to=area,
        requirements=(Requirement((combination,)),) if combination else (),
        antipassback=antipassback,
        antipassback_timed_s=timed_s,
        two_person=bool(recorded.words & {Reason.SECOND_PERSON, Reason.SECOND_PERSON_NEEDED}),
    )
