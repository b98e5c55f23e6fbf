"""An example of each body and answer, as the OpenAPI document has them: made of the very types, so that they fit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from firmware.core.codes import Code, Reason, Severity
from firmware.core.view import Mode
from firmware.network.accounts.account import Role
from firmware.network.accounts.api import ACCOUNT_EXAMPLES
from firmware.network.acts.act import What
from firmware.network.acts.desk import Fate
from firmware.network.api import resources
from firmware.network.api.problems import Problem
from firmware.network.backup.api_examples import BACKUP_EXAMPLES
from firmware.network.calling.api import CALL_EXAMPLES
from firmware.network.camera_view.api_examples import FACE_EXAMPLES, VIEWING_EXAMPLES
from firmware.network.devices.api import DEVICES_EXAMPLES
from firmware.network.devices.machine_api import MACHINE_EXAMPLES
from firmware.network.devices.selftest_api import SELFTEST_EXAMPLES
from firmware.network.imports.api_examples import IMPORT_EXAMPLES
from firmware.network.journal.api import JOURNAL_EXAMPLES
from firmware.network.label.pages import LABEL_EXAMPLES
from firmware.network.people.api_credential_words import CREDENTIAL_EXAMPLES
from firmware.network.people.api_jobs import JOB_EXAMPLES
from firmware.network.people.api_people_examples import PEOPLE_EXAMPLES
from firmware.network.people.api_visit_words import VISIT_EXAMPLES
from firmware.network.questions.api_examples import QUESTION_EXAMPLES
from firmware.network.review.api_examples import REVIEW_EXAMPLES
from firmware.network.rules.api_words import RULE_EXAMPLES

_AT = datetime(2026, 11, 27, 3, 10, 0, tzinfo=UTC)
_DOOR = resources.Portal(
    id="front_door",
    name="Front door",
    kind="door",
    mode=Mode.LOCKED,
    mode_text="Locked",
    position="closed",
    position_text="Closed",
    level="ok",
    why=(),
    alarms=(),
    acknowledged=True,
    notes=(),
    ways={},
    may=(What.OPEN,),
    lane=None,
)
_ORDER = resources.Order(
    id="5216554d880d93431e4d31f0",
    what=What.OPEN,
    portal="front_door",
    portals=(),
    subject="",
    fate=Fate.DONE,
    fate_text="Accepted and recorded.",
    advice="",
    reasons=(),
    proof="open",
    proof_text="It is open.",
    not_proven=(),
)
_EVENT = resources.Event(
    id="1-4711",
    utc=_AT,
    kind=Code.DENIED.value,
    severity=Severity.NOTICE.value,
    portal="front_door",
    access_point="front_in",
    reader="front_reader",
    device=None,
    reasons=(Reason.OUTSIDE_SCHEDULE.value,),
    count=1,
    text="Refused",
    place_text="Front door",
    reasons_text="outside of the schedule",
)
_EXAMPLES: tuple[msgspec.Struct, ...] = (
    resources.Me("client:Porter", "client", (Role.GUARD,), False, _AT, ""),
    resources.Site(
        id="north_gate",
        name="North gate",
        time_zone="Asia/Shanghai",
        version="0.1.0",
        live=True,
        epoch=1,
        seq=4711,
        utc=_AT,
        clock_known=True,
        fire=False,
        lockdown=False,
        evacuation=False,
        store_failed=False,
        roster_version=12,
        devices_lost=(),
        readers_muted=(),
        occupancy={"yard": 3},
        alarms=(),
        portals=("front_door",),
        may=(What.ACKNOWLEDGE,),
    ),
    _DOOR,
    resources.Portals(True, (_DOOR,)),
    resources.Alarms(True, (), ()),
    _ORDER,
    resources.Orders((_ORDER,)),
    _EVENT,
    resources.Events((_EVENT,), "before:1-4711", None),
    resources.EventCounts(False, ("2026-11-27 11:00",), (resources.Series("refused", 1, (1,)),)),
    resources.Chain("1-1", "1-4711", "1-4700", "00" * 32, "11" * 32, "whole", _AT, "1-4711", False),
    resources.Clients(
        (resources.ClientShown("Porter", (Role.GUARD,), False, "Li Na", _AT, _AT, False, _AT, "10.0.0.7"),)
    ),
    resources.Nothing(),
    resources.Opening(),
    resources.Holding(30),
    resources.Lockdown("yes", ()),
    resources.Confirmed("yes"),
    *ACCOUNT_EXAMPLES,
    *CALL_EXAMPLES,
    *JOURNAL_EXAMPLES,
    *LABEL_EXAMPLES,
    *JOB_EXAMPLES,
    *CREDENTIAL_EXAMPLES,
    *VISIT_EXAMPLES,
    *IMPORT_EXAMPLES,
    *BACKUP_EXAMPLES,
    *PEOPLE_EXAMPLES,
    *DEVICES_EXAMPLES,
    *MACHINE_EXAMPLES,
    *SELFTEST_EXAMPLES,
    *REVIEW_EXAMPLES,
    *QUESTION_EXAMPLES,
    *VIEWING_EXAMPLES,
    *FACE_EXAMPLES,
    *RULE_EXAMPLES,
    Problem("/api#no_such_thing", "There is no such thing here", 404, "Look at the list that it would stand in."),
)
EXAMPLES: dict[type, Any] = {type(example): msgspec.to_builtins(example) for example in _EXAMPLES}
