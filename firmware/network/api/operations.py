"""What each route of the API takes and answers: the second half of its line in the table of routes.

To add a resource: a line in ROUTES (method, path, who may, call), its call in the room that answers it (a room of
firmware/network, wrapped by `answering` of api/room.py), and an entry here with the types of its parameters, body and
answer. Words: `api_CALL` in words.py says what it does; `param_NAME` what a parameter means. The OpenAPI document, the
page /api and the fuzzing in tests/network/test_api_fuzzed.py follow from that; a line without an entry does not start.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from firmware.network.acts.act import What
from firmware.network.api import resources
from firmware.network.api.events import OF_COUNTS, OF_EVENTS
from firmware.network.api.metric_text import METRICS_TYPE
from firmware.network.api.orders import BODIES
from firmware.network.api.resources import Nothing
from firmware.network.api.speaking import JSON, Param
from firmware.network.api.stream import OF_STREAM, STREAM_TYPE
from firmware.network.routes import ORDERED_AT


class Operation(NamedTuple):
    """`answers` is the body of `status`, None for none; `problems` are those beyond the ones that every route has.

    `once`: it takes an idempotency key. `late`: 202, where it is not known yet whether it was done.
    """

    answers: type | None
    query: tuple[Param, ...] = ()
    body: type | None = None
    status: HTTPStatus = HTTPStatus.OK
    media: str = JSON
    once: bool = False
    problems: tuple[HTTPStatus, ...] = ()


_READ = (HTTPStatus.SERVICE_UNAVAILABLE,)
_ASKED = (HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE)


def _order(what: What) -> Operation:
    body = BODIES.get(what, Nothing)
    return Operation(resources.Order, body=body, status=HTTPStatus.CREATED, once=True, problems=_ASKED)


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
    "api events": Operation(resources.Events, OF_EVENTS, problems=_READ),
    "api counts": Operation(resources.EventCounts, OF_COUNTS, problems=_READ),
    "api chain": Operation(resources.Chain, problems=_READ),
    "api clients": Operation(resources.Clients),
    "api revoke": Operation(None, status=HTTPStatus.NO_CONTENT, problems=_ASKED),
    "metrics": Operation(None, media=METRICS_TYPE),
}
