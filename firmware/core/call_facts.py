"""Facts of a call button: a named person answers whoever stands at an entrance, or ends the call."""

from __future__ import annotations

from firmware.core.fact import Command


class AnswerCall(Command, frozen=True, kw_only=True):
    """The issuer takes the call at this access point; one that somebody else has answered is taken over."""

    access_point: str


class EndCall(Command, frozen=True, kw_only=True):
    """The call at this access point is over."""

    access_point: str


AnyOfCall = AnswerCall | EndCall
