"""Call buttons: a press rings until a person answers, opens or ends it, or its time is over. None of it moves a portal.

A button costs at most two events for each `call_ms`, whoever plays with it: presses while a call stands are counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from firmware.core.announce import announced
from firmware.core.call_facts import AnswerCall, EndCall
from firmware.core.call_machines import BUTTON, CALL, ButtonTrigger, Call, CallTrigger
from firmware.core.codes import Code, Reason
from firmware.core.draft import Draft
from firmware.core.effects import Body, Feedback
from firmware.core.levels import Level
from firmware.core.reader import rest
from firmware.core.refusals import DONE, ID_CHARACTERS_MAX, Refusal
from firmware.core.site import AccessPoint
from firmware.core.timers import drop, put

STUCK_MS = 30_000  # longer than anybody presses a button
TALK_MS_MAX = 300_000  # after an answer: a call that nobody ends must not stand for ever
PRESSES_MAX = 1_000_000  # that are counted
# What a reader shows of a call, where it shows nothing that matters more: that it is open, or the door stands open.
_SHOWN = {Call.RINGING: Feedback.CALLING, Call.ANSWERED: Feedback.ANSWERED}
_BELOW_CALLS = (Feedback.IDLE, Feedback.LOCKDOWN)


def call_input_changed(draft: Draft, point: str, level: Level) -> None:
    """The input of the call button of an access point has this level now."""
    if level is Level.ACTIVE:
        _button_on(draft, point, ButtonTrigger.PRESSED)
    elif level is Level.INACTIVE:
        _button_on(draft, point, ButtonTrigger.LET_GO)
    else:
        _button_on(draft, point, ButtonTrigger.FAULTED, level.value)


def due(draft: Draft, point: str) -> None:
    """The first timer of a call button."""
    state = draft.calls[point]
    _, timer = state.timers[0]
    _change(draft, point, timers=state.timers[1:])
    if timer == "stuck":
        _button_on(draft, point, ButtonTrigger.STUCK_DUE)
    else:
        assert timer == "call", timer
        _call_on(draft, point, CallTrigger.DUE)


def answer_call(draft: Draft, fact: AnswerCall) -> Refusal:
    """Whoever has answered and answers again has answered once: nothing is told anew, and nobody talks for longer."""
    refusal = _stands(draft, fact.access_point)
    if not refusal and not _is_answered_by(draft, fact.access_point, fact.issuer):
        _call_on(draft, fact.access_point, CallTrigger.ANSWERED, fact.issuer)
    return refusal


def end_call(draft: Draft, fact: EndCall) -> Refusal:
    refusal = _stands(draft, fact.access_point)
    if not refusal:
        _call_on(draft, fact.access_point, CallTrigger.ENDED, fact.issuer)
    return refusal


def opened(draft: Draft, portal: str, access_point: str | None, issuer: str) -> None:
    """A person has released a portal for one passage: whoever called there is served."""
    for point in draft.calls:
        if draft.wiring.points[point].portal == portal and access_point in (None, point):
            _call_on(draft, point, CallTrigger.OPENED, issuer)


def _stands(draft: Draft, point: str) -> Refusal:
    """Why nothing can be done about a call there."""
    if point not in draft.calls:
        return (f"{Reason.NOT_FOUND_PORTAL}:{point[:ID_CHARACTERS_MAX]}",)
    return (Reason.NO_CALL,) if draft.calls[point].call is Call.NONE else DONE


def _is_answered_by(draft: Draft, point: str, issuer: str) -> bool:
    now = draft.calls[point]
    return now.call is Call.ANSWERED and now.by == issuer[:ID_CHARACTERS_MAX]


# -- the machines -----------------------------------------------------------------------------------------------------


def _change(draft: Draft, point: str, **changes: Any) -> None:
    draft.set_call(point, replace(draft.calls[point], **changes))


def _button_on(draft: Draft, point: str, trigger: ButtonTrigger, detail: str = "") -> None:
    before = draft.calls[point].button
    target, actions = BUTTON.on(before, trigger)
    if target is not before:
        _change(draft, point, button=target)
    for action in actions:
        _BUTTON_ACTIONS[action](draft, draft.wiring.points[point], detail)


def _watch(draft: Draft, point: AccessPoint, _detail: str) -> None:
    timers = put(draft.calls[point.id].timers, "stuck", draft.now_ms + STUCK_MS)
    _change(draft, point.id, timers=timers)


def _unwatch(draft: Draft, point: AccessPoint, _detail: str) -> None:
    _change(draft, point.id, timers=drop(draft.calls[point.id].timers, "stuck"))


def _press(draft: Draft, point: AccessPoint, _detail: str) -> None:
    _call_on(draft, point.id, CallTrigger.PRESSED)


def _tell(code: Code) -> Callable[[Draft, AccessPoint, str], None]:
    def told(draft: Draft, point: AccessPoint, detail: str) -> None:
        draft.record(code, portal=point.portal, access_point=point.id, device=point.call, detail=detail)

    return told


_BUTTON_ACTIONS: dict[str, Callable[[Draft, AccessPoint, str], None]] = {
    "watch": _watch,
    "unwatch": _unwatch,
    "press": _press,
    "stuck": _tell(Code.CALL_STUCK),
    "unstuck": _tell(Code.CALL_UNSTUCK),
    "fault": _tell(Code.CONTACT_FAULT),
    "healthy": _tell(Code.CONTACT_HEALTHY),
}
BUTTON.check_actions(_BUTTON_ACTIONS)


def _call_on(draft: Draft, point: str, trigger: CallTrigger, issuer: str = "") -> None:
    before = draft.calls[point].call
    target, actions = CALL.on(before, trigger)
    for action in actions:
        _CALL_ACTIONS[action](draft, draft.wiring.points[point], issuer)
    if target is not before:
        changes: dict[str, Any] = {} if target is not Call.NONE else {"by": "", "presses": 0, "since_ms": 0}
        _change(draft, point, call=target, **changes)
        show(draft, draft.wiring.points[point])


def _time(draft: Draft, point: AccessPoint, _issuer: str) -> None:
    timers = put(draft.calls[point.id].timers, "call", draft.now_ms + point.call_ms)
    _change(draft, point.id, timers=timers)


def _talk(draft: Draft, point: AccessPoint, _issuer: str) -> None:
    timers = put(draft.calls[point.id].timers, "call", draft.now_ms + TALK_MS_MAX)
    _change(draft, point.id, timers=timers)


def _untime(draft: Draft, point: AccessPoint, _issuer: str) -> None:
    _change(draft, point.id, timers=drop(draft.calls[point.id].timers, "call"))


def _called(draft: Draft, point: AccessPoint, _issuer: str) -> None:
    _change(draft, point.id, since_ms=draft.now_ms, presses=1)
    draft.record(Code.CALLED, portal=point.portal, access_point=point.id, device=point.call)


def _again(draft: Draft, point: AccessPoint, _issuer: str) -> None:
    _change(draft, point.id, presses=min(draft.calls[point.id].presses + 1, PRESSES_MAX))


def _answered(draft: Draft, point: AccessPoint, issuer: str) -> None:
    _change(draft, point.id, by=issuer[:ID_CHARACTERS_MAX])
    draft.record(Code.CALL_ANSWERED, portal=point.portal, access_point=point.id, body=Body(issuer=issuer))


def _ended(draft: Draft, point: AccessPoint, issuer: str) -> None:
    _over(draft, point, Code.CALL_ENDED, issuer)


def _missed(draft: Draft, point: AccessPoint, _issuer: str) -> None:
    _over(draft, point, Code.CALL_MISSED, "")


def _over(draft: Draft, point: AccessPoint, code: Code, issuer: str) -> None:
    """`count` is how often the button was pressed meanwhile."""
    body = Body(issuer=issuer) if issuer else None
    count = draft.calls[point.id].presses
    draft.record(code, portal=point.portal, access_point=point.id, count=count, body=body)


_CALL_ACTIONS: dict[str, Callable[[Draft, AccessPoint, str], None]] = {
    "time": _time,
    "talk": _talk,
    "untime": _untime,
    "called": _called,
    "again": _again,
    "answered": _answered,
    "ended": _ended,
    "missed": _missed,
}
CALL.check_actions(_CALL_ACTIONS)


# -- what whoever stands there sees -----------------------------------------------------------------------------------


def at_rest(draft: Draft, point: AccessPoint, shown: Feedback) -> Feedback:
    """What the readers of an access point show while nobody is served; `shown` is the portal's own word."""
    call = draft.calls.get(point.id)
    if call is None or shown not in _BELOW_CALLS:
        return shown
    return _SHOWN.get(call.call, shown)


def show(draft: Draft, point: AccessPoint, shown: Feedback | None = None) -> None:
    """Bring lamps and display of an access point in line. `shown` as above; as it was last, where it is not given."""
    if shown is None:
        portal = draft.portals.get(point.portal)
        shown = Feedback.IDLE if portal is None else portal.shown
    word = at_rest(draft, point, shown)
    changed = not point.readers
    for name in point.readers:
        reader, effects = rest(draft.wiring.posts[name].reader, draft.readers[name], word)
        draft.set_reader(name, reader)
        draft.do(effects)
        changed = changed or bool(effects)
    if changed:
        draft.do(announced(point, word))
