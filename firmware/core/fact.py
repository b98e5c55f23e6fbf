"""The bases of all facts (facts.py, lane_facts.py): what happened, and what somebody asked for."""

from __future__ import annotations

from typing import Annotated

import msgspec

AFAR_CHARACTERS_MAX = 64  # all roles there are take half of it; an address of IPv6 with its zone takes less, too


class Fact(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Base of all facts; the tag is the class name."""


class Afar(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command came from the page: nobody proves that its issuer stands in sight. What the page says of the issuer."""

    roles: Annotated[str, msgspec.Meta(max_length=AFAR_CHARACTERS_MAX)] = ""  # of the issuer, one space between two
    address: Annotated[str, msgspec.Meta(max_length=AFAR_CHARACTERS_MAX)] = ""  # of the browser, on the network


class Command(Fact, frozen=True):
    """Somebody asked for something. `issuer` names the person or the program; `request` links the answer.

    `afar` is there with everything that the network process asks, whatever it says itself (firmware/core/afar.py).
    """

    issuer: str
    request: str = ""
    afar: Afar | None = None
