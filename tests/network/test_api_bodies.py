"""Bodies that are in order as JSON, and made to cost: none of them holds the page's only loop."""

from __future__ import annotations

import resource
from typing import Annotated

import msgspec
import pytest
from starlette.requests import Request

from firmware.network.api.errors import ApiError
from firmware.network.api.speaking import body_of
from firmware.network.forms import LONG_BYTES_MAX
from firmware.network.routes import Asked

CPU_S_MAX = 0.12  # of a body of the largest size; by a parser without a bound it was half a second


class Counted(msgspec.Struct, forbid_unknown_fields=True):
    count: Annotated[int, msgspec.Meta(ge=0, le=10**15)]
    share: float = 0.0


def asked(body: bytes) -> Asked:
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""})
    return Asked(request, None, {}, body=body)


def filled(part: bytes, begin: bytes = b"[", end: bytes = b"]") -> bytes:
    """As much of it as goes into a body."""
    return begin + b",".join([part] * ((LONG_BYTES_MAX - 2) // (len(part) + 1))) + end


@pytest.mark.attack("api-24")
@pytest.mark.parametrize(
    "body",
    [
        filled(b"1e308"),
        filled(b"1e-308"),
        filled(b"5e-324"),
        filled(b"17976931348623157e292"),
        filled(b"0." + b"123456789" * 80 + b"e-300"),
        filled(b"9" * 4_000),
        filled(b"{}"),
        filled(b'""'),
        b"[" * (LONG_BYTES_MAX // 2) + b"]" * (LONG_BYTES_MAX // 2),
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"9" * LONG_BYTES_MAX,
        b'{"count":9e' + b"0" * 60_000 + b"99}",
    ],
    ids=lambda body: body[:24].decode(),
)
def test_no_body_costs_more_than_a_moment(body: bytes) -> None:
    def used_s() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_utime

    began_s = used_s()
    with pytest.raises(ApiError) as raised:
        body_of(asked(body), Counted)
    assert used_s() - began_s < CPU_S_MAX
    assert raised.value.word == "not_understood"


@pytest.mark.parametrize(
    ("body", "count"), [("5", 5), ("5.0", 5), ("5e0", 5), ("0.5E1", 5), ("-0.0", 0), ("1e15", 10**15), ("50e-1", 5)]
)
def test_a_whole_number_is_one_however_it_is_written(body: str, count: int) -> None:
    """JSON Schema 2020-12, core, 4.2.3; RFC 8259, section 6."""
    assert body_of(asked(f'{{"count":{body}}}'.encode()), Counted).count == count


@pytest.mark.parametrize("body", ["5.5", "1e-1", "1e308", "1e999", "-1e999", "NaN", "Infinity", "01", "1.", ".5"])
def test_what_is_no_whole_number_is_none(body: str) -> None:
    with pytest.raises(ApiError):
        body_of(asked(f'{{"count":{body}}}'.encode()), Counted)


def test_no_number_is_without_end() -> None:
    assert body_of(asked(b'{"count":1,"share":0.25}'), Counted).share == 0.25
    for share in (b"1e999", b"-1e400"):
        with pytest.raises(ApiError):
            body_of(asked(b'{"count":1,"share":%b}' % share), Counted)
