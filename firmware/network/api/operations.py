"""What each route of the API takes and answers: the second half of its line in the table of routes.

To add a resource: a line in api_routes.py (method, path, who may, call), its call in the room that answers it, and an
entry with the types of its parameters, body and answer: here, or in the room's own api.py (OPERATIONS and EXAMPLES,
merged here and in examples.py). Words: `api_CALL` in the catalogues says what it does; `param_NAME` what a parameter
means. The OpenAPI document, the page /api and the fuzzing in tests/network/test_api_fuzzed.py follow from that; a line
without an entry does not start.
"""

from __future__ import annotations

from http import HTTPStatus

from firmware.network.accounts.api import ACCOUNT_OPERATIONS
from firmware.network.acts.act import What
from firmware.network.api import resources
from firmware.network.api.events import OF_COUNTS, OF_EVENTS
from firmware.network.api.metric_text import METRICS_TYPE
from firmware.network.api.operation import ORDERED, READ, Operation
from firmware.network.api.orders import BODIES
from firmware.network.api.resources import Nothing
from firmware.network.api.stream import OF_STREAM, STREAM_TYPE
from firmware.network.backup.api import BACKUP_OPERATIONS
from firmware.network.calling.api import CALL_OPERATIONS
from firmware.network.camera_view.api import VIEWING_OPERATIONS
from firmware.network.camera_view.face_api import FACE_OPERATIONS
from firmware.network.devices.api import DEVICES_OPERATIONS
from firmware.network.devices.machine_api import MACHINE_OPERATIONS
from firmware.network.devices.selftest_api import SELFTEST_OPERATIONS
from firmware.network.imports.api import IMPORT_OPERATIONS
from firmware.network.journal.api import JOURNAL_OPERATIONS
from firmware.network.label.pages import LABEL_OPERATIONS
from firmware.network.people.api_credentials import CREDENTIAL_OPERATIONS
from firmware.network.people.api_gate import GATE_OPERATIONS
from firmware.network.people.api_jobs import JOB_OPERATIONS
from firmware.network.people.api_people import PEOPLE_OPERATIONS
from firmware.network.people.api_visits import VISIT_OPERATIONS
from firmware.network.questions.api_words import QUESTION_OPERATIONS
from firmware.network.review.api_operations import REVIEW_OPERATIONS
from firmware.network.route import ORDERED_AT
from firmware.network.rules.api import RULE_OPERATIONS


def _order(what: What) -> Operation:
    body = BODIES.get(what, Nothing)
    return Operation(
        resources.Order,
        body=body,
        status=HTTPStatus.CREATED,
        once=True,
        own_keys=True,
        located=True,
        late=True,
        problems=ORDERED,
    )


OPERATIONS: dict[str, Operation] = {
    "stream": Operation(resources.Streamed, OF_STREAM, media=STREAM_TYPE),
    "api document": Operation(None),
    "api me": Operation(resources.Me),
    "api site": Operation(resources.Site),
    "api portals": Operation(resources.Portals),
    "api portal": Operation(resources.Portal),
    "api alarms": Operation(resources.Alarms),
    **{f"api {what.value}": _order(what) for _, what in ORDERED_AT},
    "api orders": Operation(resources.Orders),
    "api order": Operation(resources.Order),
    "api events": Operation(resources.Events, OF_EVENTS, problems=READ),
    "api counts": Operation(resources.EventCounts, OF_COUNTS, problems=READ),
    "api chain": Operation(resources.Chain, problems=READ),
    "api clients": Operation(resources.Clients),
    "api revoke": Operation(None, status=HTTPStatus.NO_CONTENT, problems=ORDERED),
    "metrics": Operation(None, media=METRICS_TYPE),
    **ACCOUNT_OPERATIONS,
    **CALL_OPERATIONS,
    **JOURNAL_OPERATIONS,
    **LABEL_OPERATIONS,
    **JOB_OPERATIONS,
    **CREDENTIAL_OPERATIONS,
    **VISIT_OPERATIONS,
    **GATE_OPERATIONS,
    **PEOPLE_OPERATIONS,
    **IMPORT_OPERATIONS,
    **DEVICES_OPERATIONS,
    **MACHINE_OPERATIONS,
    **SELFTEST_OPERATIONS,
    **REVIEW_OPERATIONS,
    **QUESTION_OPERATIONS,
    **VIEWING_OPERATIONS,
    **FACE_OPERATIONS,
    **RULE_OPERATIONS,
    **BACKUP_OPERATIONS,
}
