"""What the answers of the API share: parameters and bodies proven by their types, JSON, and problems for errors."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote

import msgspec
from starlette.responses import Response

from firmware.network.api.errors import ApiError
from firmware.network.routes import Asked

T = TypeVar("T")
JSON = "application/json"
PART_CHARACTERS_MAX = 64  # of what stands in a path: ids of a site are shorter
VALUE_CHARACTERS_MAX = 256
HEADER_CHARACTERS_MAX = 1_024
HEADER_PATTERN = "^[!-~]([ -~]*[!-~])?$"
_HEADER = re.compile(HEADER_PATTERN.removesuffix("$"), re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Param(NamedTuple):
    """One field of an address. `type` is what msgspec takes it for; "param_NAME" are its words."""

    name: str
    type: Any
    number: bool = False


def answer(content: object, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), status, dict(headers or {}), JSON)


def query_of(asked: Asked, params: tuple[Param, ...]) -> dict[str, Any]:
    """What the address says, each by its type; None where it says nothing. Raises ApiError."""
    told = asked.request.query_params
    names = tuple(param.name for param in params)
    for name in told:
        if name not in names:
            raise ApiError(HTTPStatus.BAD_REQUEST, "not_understood", name[:PART_CHARACTERS_MAX], allowed=names)
    found: dict[str, Any] = dict.fromkeys(names)
    for param in params:
        values = told.getlist(param.name)
        if not values:
            continue
        # A pattern's end takes a line break behind it: nothing that no address should have reaches one.
        if len(values) > 1 or len(values[0]) > VALUE_CHARACTERS_MAX or not values[0].isprintable():
            raise ApiError(HTTPStatus.BAD_REQUEST, "not_understood", f"{param.name}: once, short, and printable")
        try:
            found[param.name] = msgspec.convert(values[0], param.type, strict=not param.number)
        except (msgspec.ValidationError, ValueError) as error:
            allowed = getattr(param.type, "__args__", ())
            said = tuple(map(str, allowed)) if all(isinstance(one, str) for one in allowed) else ()
            raise ApiError(HTTPStatus.BAD_REQUEST, "not_understood", f"{param.name}: {error}", allowed=said) from error
    return found


def header_of(asked: Asked, name: str) -> str:
    """What a line of the head says, decoded; "" where there is none. Raises ApiError."""
    told = asked.request.headers.getlist(name)
    if not told:
        return ""
    if len(told) > 1 or len(told[0]) > HEADER_CHARACTERS_MAX or _HEADER.fullmatch(told[0]) is None:
        raise ApiError(HTTPStatus.BAD_REQUEST, "not_understood", f"{name}: once, short, and percent-encoded UTF-8")
    return unquote(told[0])  # what is no UTF-8 stands there as such


def body_of(asked: Asked, kind: type[T]) -> T:
    """What was sent, as `kind`; nothing at all is an empty object. Raises ApiError."""
    try:
        return msgspec.convert(_json.decode(asked.body or b"{}"), kind)
    except msgspec.ValidationError as error:
        raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "not_understood", str(error)) from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ApiError(HTTPStatus.BAD_REQUEST, "not_understood", str(error)) from error


def _number(told: str) -> float:
    """With 5.0 as 5: an integer is one in JSON, however it is written (JSON Schema 2020-12, core, 4.2.3).

    Read by Python: msgspec's own reading takes 50 us for 1e308, half a second of the page's loop for a body of them.
    """
    number = float(told)
    if not math.isfinite(number):
        raise ValueError("number out of range")
    return int(number) if number.is_integer() else number


_json = msgspec.json.Decoder(float_hook=_number)


def part_of(asked: Asked, name: str) -> str:
    """What stands in the path. Raises ApiError."""
    part = asked.parts[name]
    if len(part) > PART_CHARACTERS_MAX:
        raise missing()
    return part


def missing() -> ApiError:
    return ApiError(HTTPStatus.NOT_FOUND, "no_such_thing")


def utc_of(utc_ms: int | None) -> datetime | None:
    """A time as the API has it; None for none, or one that no calendar has."""
    if utc_ms is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=utc_ms)
    except OverflowError:
        return None


def utc_ms_of(time: datetime | None) -> int | None:
    return None if time is None else (time - _EPOCH) // timedelta(milliseconds=1)
