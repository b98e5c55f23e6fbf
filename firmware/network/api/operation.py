"""What one route of the API takes and answers: the second half of its line in the table of routes."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from firmware.network.api.speaking import JSON, Param

READ = (HTTPStatus.SERVICE_UNAVAILABLE,)  # who is asked may be away
CHANGED = (HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
BINARY_TYPE = "application/octet-stream"
ORDERED = (HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE)


class Header(NamedTuple):
    """One line of the head that a route takes: text in UTF-8, percent-encoded where it is no plain ASCII.

    "param_NAME" are its words, with _ for each -.
    """

    name: str
    required: bool = False


class Operation(NamedTuple):
    """`answers` is the body of `status`, None for none; `problems` are those beyond the ones that every route has.

    `once`: it takes an idempotency key, and is done once for each (`own_keys`: its room keeps them itself). `located`:
    the answer says in Location where the thing stands. `late`: 202 may be answered instead, with the same body.
    `file`: the media types of a file that is the whole body; what else there is to say of it stands in `headers`.
    """

    answers: type | None
    query: tuple[Param, ...] = ()
    body: type | None = None
    status: HTTPStatus = HTTPStatus.OK
    media: str = JSON
    once: bool = False
    own_keys: bool = False
    located: bool = False
    late: bool = False
    problems: tuple[HTTPStatus, ...] = ()
    file: tuple[str, ...] = ()
    headers: tuple[Header, ...] = ()
