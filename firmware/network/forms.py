"""What is sent with a form or to the API: read within limits of size and time, and only from a page of our own."""

from __future__ import annotations

import asyncio
import contextlib
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

FORM_BYTES_MAX = 8 * 1024  # our largest has three passphrases of 128 characters
FORM_FIELDS_MAX = 256  # a profile ticks access points, each a field
LONG_BYTES_MAX = 64 * 1024  # a field for each of a sheet's columns
LONG_FIELDS_MAX = 320
FORM_S_MAX = 10.0  # for all of it to arrive
FORM_TYPE = "application/x-www-form-urlencoded"
DRAIN_S_MAX = 1.0
JSON_TYPE = "application/json"
TOKEN_HEADER = "x-csrf-token"  # the same in a request of script to the API
TOKEN = "token"  # the field that says whose form it is


class FormError(Exception):
    """What was sent is no form of ours; `status` says what is wrong with it."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


def is_from_here(request: Request) -> bool:
    """Whether a page of ours sent it: by Origin (RFC 6454) and Fetch Metadata, at least one of which is there.

    Every browser of today sends Origin with a POST. The host was looked at before.
    """
    origins, sites = request.headers.getlist("origin"), request.headers.getlist("sec-fetch-site")
    if len(origins) > 1 or len(sites) > 1 or not (origins or sites):
        return False
    own = f"{request.url.scheme}://{request.headers['host']}".lower()
    return all(origin.lower() == own for origin in origins) and all(site == "same-origin" for site in sites)


async def read_form(request: Request, *, long: bool = False) -> dict[str, tuple[str, ...]]:
    """The fields of a form, each with its values. Raises FormError."""
    if type_of(request) != FORM_TYPE:
        raise FormError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    body = await _read(request, LONG_BYTES_MAX if long else FORM_BYTES_MAX)
    most = LONG_FIELDS_MAX if long else FORM_FIELDS_MAX
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=most, errors="strict")
    except ValueError as error:  # UnicodeError is one
        raise FormError(HTTPStatus.BAD_REQUEST) from error
    fields: dict[str, tuple[str, ...]] = {}
    for name, content in pairs:
        fields[name] = (*fields.get(name, ()), content)
    return fields


async def read_json(request: Request, *, long: bool = False) -> bytes:
    """What was sent to the API: said to be JSON, or nothing at all. Raises FormError."""
    body = await _read(request, LONG_BYTES_MAX if long else FORM_BYTES_MAX)
    if body and type_of(request) != JSON_TYPE:
        raise FormError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    return bytes(body)


async def drain(request: Request) -> None:
    """Take what is left of a small body whose request is answered already; of a large or a slow one, a part."""
    taken = 0
    with contextlib.suppress(TimeoutError, ClientDisconnect, RuntimeError):  # RuntimeError: it was taken before
        async with asyncio.timeout(DRAIN_S_MAX):
            async for piece in request.stream():
                taken += len(piece)
                if taken > FORM_BYTES_MAX:
                    return


def type_of(request: Request) -> str:
    """The media type of what is sent, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read(request: Request, most: int = FORM_BYTES_MAX) -> bytearray:
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > 9 or int(declared) > most:
        raise FormError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(FORM_S_MAX):
            async for piece in request.stream():
                body += piece
                if len(body) > most:
                    raise FormError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except TimeoutError as error:
        raise FormError(HTTPStatus.REQUEST_TIMEOUT) from error
    except ClientDisconnect as error:  # nobody reads what is answered
        raise FormError(HTTPStatus.BAD_REQUEST) from error
    return body
