"""How a question is answered: by whom it may be asked, by what, and whether that is quick, asks the gate or is long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from firmware.people.jobs import Jobs, Lane, Work
from firmware.people.place import Place
from firmware.people.seeking import Index
from firmware.people_words.base import Asker, Found, Question

MANAGER, GUARD, AUDITOR, INSTALLER = "manager", "guard", "auditor", "installer"
MANAGERS = frozenset({MANAGER})
AT_GATE = frozenset({MANAGER, GUARD})


class Desk(msgspec.Struct, frozen=True):
    """What answers work with. `index` finds holders by what is typed (seeking.py)."""

    place: Place
    jobs: Jobs
    index: Index


class Line(NamedTuple):
    """`call` answers at once, in a thread; what may wait for the controller or the disk says `slow`."""

    roles: frozenset[str]
    call: Callable[[Desk, Asker, Any], Found]
    slow: bool = False


class LongLine(NamedTuple):
    """`work` runs as a job in its lane; whoever asked is answered Started."""

    roles: frozenset[str]
    work: Callable[[Desk, Asker, Any, Work], Found]
    lane: Lane = Lane.WORK


Lines = Mapping[type[Question], Line | LongLine]
