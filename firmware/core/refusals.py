"""What the commands for doors and for lanes share: how they are answered, their limits, and the end of a hold."""

from __future__ import annotations

from firmware.core.codes import Reason
from firmware.core.draft import Draft
from firmware.core.facts import HoldOpen

HOLD_MS_MAX = 7 * 24 * 3_600_000  # a week: whoever wants it open for longer gives it a schedule
ID_CHARACTERS_MAX = 64  # of an unknown id, as a reason quotes it
NOTE_CHARACTERS_MAX = 200  # of the issuer's own words

Refusal = tuple[str, ...]
DONE: Refusal = ()


def hold_end(draft: Draft, fact: HoldOpen) -> tuple[int, Refusal]:
    """When a hold ends, in ms of the monotonic clock; or what is wrong with the end that was asked for."""
    if (fact.for_ms is None) == (fact.until_utc_s is None):
        return 0, (Reason.NOT_ALLOWED,)
    if fact.until_utc_s is None:
        until_ms = draft.now_ms + (fact.for_ms or 0)
    elif draft.state.offset_ms is None:
        return 0, (Reason.CLOCK_UNKNOWN_REFUSED,)
    else:
        until_ms = draft.monotonic_ms(fact.until_utc_s)
    if not draft.now_ms < until_ms <= draft.now_ms + HOLD_MS_MAX:
        return 0, (Reason.NOT_ALLOWED,)
    return until_ms, DONE
