"""What stands around each call of the API: its address proven, its key counted, its errors told as problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from firmware.network.api.errors import ApiError
from firmware.network.api.keys import Keys
from firmware.network.api.operation import Header, Operation
from firmware.network.api.operations import OPERATIONS
from firmware.network.api.problems import problem, refusal
from firmware.network.api.speaking import header_of, query_of
from firmware.network.forms import FormError, type_of
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Session
from firmware.network.words import Words

Speaking = Callable[[Request], Words]


def answering(calls: Mapping[str, Answering], words: Speaking, may: Callable[[Session], bool]) -> dict[str, Answering]:
    """The same calls; those of the API behind what every one of them needs. `may`: whether a session lives still."""
    keys = Keys(may)
    return {name: _checked(name, call, words, keys) if name in OPERATIONS else call for name, call in calls.items()}


def _checked(name: str, answer: Answering, words: Speaking, keys: Keys) -> Answering:
    operation = OPERATIONS[name]
    keyed = operation.once and not operation.own_keys

    async def checked(asked: Asked) -> Response:
        try:
            query_of(asked, operation.query)
            _of_this_kind(asked, operation)
            head = tuple(_said(asked, header) for header in operation.headers)
            return await (keys.once(asked, answer, head) if keyed else answer(asked))
        except ApiError as error:
            refused = problem(error, words(asked.request))
        except FormError as error:
            refused = refusal(error.status, words(asked.request))
        if asked.upload is not None:
            await asked.upload.drain()  # whoever is still sending does not read an answer
            refused.headers["connection"] = "close"
        return refused

    return checked


def _said(asked: Asked, header: Header) -> str:
    """A line of the head, proven before a key counts: it is a part of what is asked. Raises ApiError."""
    said = header_of(asked, header.name)
    if header.required and not said:
        raise ApiError(HTTPStatus.BAD_REQUEST, "not_understood", f"{header.name}: missing")
    return said


def _of_this_kind(asked: Asked, operation: Operation) -> None:
    """A file of another kind is refused before anything of it is taken. Raises ApiError."""
    if operation.file and type_of(asked.request) not in operation.file:
        raise ApiError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "wrong_type", allowed=operation.file)
