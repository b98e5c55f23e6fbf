"""The bases of all facts (facts.py, lane_facts.py): what happened, and what somebody asked for."""

from __future__ import annotations

import msgspec


class Fact(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Base of all facts; the tag is the class name."""


class Command(Fact, frozen=True):
    """Somebody asked for something. `issuer` names the person or the program; `request` links the answer."""

    issuer: str
    request: str = ""
