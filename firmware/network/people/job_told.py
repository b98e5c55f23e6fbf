"""Long work as the API tells of it, and where its outcome stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.people_words.base import Found

Number = Annotated[int, Meta(ge=0)]


class JobTold(msgspec.Struct, frozen=True):
    """One job. Once `over`, either `refused` says why nothing came of it, or `outcome_at` is where its outcome stands.

    `done` of `total` (0: not known); `stage_text` says in the reader's language what is being done now. `outcome` names
    what came of it, and `told` has what there is to say of it: a version, a number, an entry. `who` has begun it.
    """

    id: str
    kind: str
    over: bool
    stage: str = ""
    stage_text: str = ""
    done: Number = 0
    total: Number = 0
    outcome: str = ""
    outcome_at: str = ""
    told: dict[str, str] = {}
    refused: str = ""
    refused_text: str = ""
    who: str = ""


# What an outcome is called, where it stands in the API ("" for nowhere), and what there is to say of it.
Telling = Callable[[Found, str], tuple[str, str, dict[str, str]]]
# Each room of the API adds the outcomes of its jobs, where the rooms are put together.
Tellings = Mapping[type[Found], Telling]
