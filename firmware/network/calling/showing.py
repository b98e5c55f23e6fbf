"""What a person reads of the calls that stand now. Pure."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from firmware.core.view import CallView, SiteView
from firmware.network.words import Words


class CallRow(msgspec.Struct, frozen=True):
    """One call. `state` is ringing or answered, a word of the style sheet."""

    id: str  # of the access point
    portal: str
    state: str
    place: str
    by: str  # who has answered, as orders name them; "": nobody
    text: str
    since: str  # date and seconds in the site's zone
    advice: str
    act: str  # what the button says: answer, or take over
    act_label: str  # the same with the place, for whoever hears the page
    end_label: str


def call_rows(
    words: Words, site: SiteView, place: Callable[[str], str], at: Callable[[int], str], told: bool
) -> tuple[CallRow, ...]:
    """Those that ring first. `place` gives the name of a portal, `at` writes an instant (UTC, ms)."""
    calls = sorted(site.calls, key=lambda call: call.answered)
    return tuple(_row(words, call, place(call.portal), at, told) for call in calls)


def _row(words: Words, call: CallView, place: str, at: Callable[[int], str], told: bool) -> CallRow:
    since = words("call_since_unknown")
    if call.since_utc_s is not None:
        since = words("call_since", time=at(call.since_utc_s * 1000))
    act = words("call_take_over" if call.answered else "call_answer")
    advice = words("call_answered_next" if call.answered else "call_next")
    return CallRow(
        id=call.access_point,
        portal=call.portal,
        state="answered" if call.answered else "ringing",
        place=place,
        by=call.by if call.answered else "",
        text=words("call_answered_by", name=words.actor(call.by)) if call.answered else words("call_rings"),
        since=since,
        advice=advice if told else words("call_old"),
        act=act,
        act_label=words("call_at", act=act, place=place),
        end_label=words("call_at", act=words("call_end"), place=place),
    )
