"""What stands around each call of the API: its address proven, its key counted, its errors told as problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from firmware.network.api.errors import ApiError
from firmware.network.api.keys import Keys
from firmware.network.api.operations import OPERATIONS
from firmware.network.api.problems import problem
from firmware.network.api.speaking import query_of
from firmware.network.routes import Answering, Asked
from firmware.network.words import Words

Speaking = Callable[[Request], Words]


def answering(calls: Mapping[str, Answering], words: Speaking) -> dict[str, Answering]:
    """The same calls; those of the API behind what every one of them needs."""
    keys = Keys()
    return {name: _checked(name, call, words, keys) if name in OPERATIONS else call for name, call in calls.items()}


def _checked(name: str, answer: Answering, words: Speaking, keys: Keys) -> Answering:
    operation = OPERATIONS[name]
    keyed = operation.once and not operation.own_keys

    async def checked(asked: Asked) -> Response:
        try:
            query_of(asked, operation.query)
            return await (keys.once(asked, answer) if keyed else answer(asked))
        except ApiError as error:
            return problem(error, words(asked.request))

    return checked
