"""Facts of a trial: an installer holds one output on from `menshen wire`, for as long as a key is held down."""

from __future__ import annotations

from firmware.core.fact import Command, Fact


class TryOutput(Command, frozen=True, kw_only=True):
    """Hold one output on. It is off again RENEW_MS_MAX (trial.py) after this, unless TryRenewed comes before.

    `request` is what the trial is renewed and ended by; `note` is why, in the issuer's words.
    """

    output: str
    note: str = ""


class TryRenewed(Fact, frozen=True):
    """The key is still held. Of a trial that has ended already it means nothing."""

    request: str


class TryEnded(Fact, frozen=True):
    """The key was let go; or (`lost`) whoever held it is not connected any more."""

    request: str
    lost: bool = False


AnyOfTrial = TryOutput | TryRenewed | TryEnded
