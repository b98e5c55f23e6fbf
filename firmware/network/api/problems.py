"""Refusals of the API: problem+json (RFC 9457), in the reader's language, of kinds that the page /api explains."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.responses import Response

from firmware.network.api.errors import ApiError
from firmware.network.words import Words

PROBLEM_TYPE = "application/problem+json"
# Kinds of problems, each with its words "problem_KIND" and "problem_KIND_next".
KINDS = (
    "no_token",
    "not_allowed",
    "person_needed",
    "no_such_thing",
    "method",
    "not_understood",
    "too_large",
    "wrong_type",
    "too_slow",
    "wrong_host",
    "key_needed",
    "key_used",
    "too_fast",
    "refused",
    "not_taken",
    "not_sent",
    "not_known",
    "not_recorded",
    "journal",
)
# What is said where nothing else is.
OF_STATUS = {
    HTTPStatus.UNAUTHORIZED: "no_token",
    HTTPStatus.FORBIDDEN: "not_allowed",
    HTTPStatus.NOT_FOUND: "no_such_thing",
    HTTPStatus.METHOD_NOT_ALLOWED: "method",
    HTTPStatus.BAD_REQUEST: "not_understood",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "wrong_type",
    HTTPStatus.LENGTH_REQUIRED: "wrong_type",
    HTTPStatus.REQUEST_TIMEOUT: "too_slow",
    HTTPStatus.MISDIRECTED_REQUEST: "wrong_host",
    HTTPStatus.UNPROCESSABLE_ENTITY: "not_understood",
    HTTPStatus.CONFLICT: "refused",
    HTTPStatus.SERVICE_UNAVAILABLE: "not_sent",
    HTTPStatus.TOO_MANY_REQUESTS: "too_fast",
    HTTPStatus.GATEWAY_TIMEOUT: "not_known",
}


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong (RFC 9457). `detail` says what to do next; `allowed` what would have been understood.

    `order` is where the order stands that this is about, `reasons` why the controller, or the desk of people, refused
    it; `field` is the field of the body that it is about, `at` where to look first.
    """

    type: str
    title: str
    status: int
    detail: str = ""
    cause: str = ""
    allowed: tuple[str, ...] = ()
    order: str = ""
    reasons: tuple[str, ...] = ()
    field: str = ""
    at: str = ""


def refusal(status: HTTPStatus, words: Words, kind: str = "") -> Response:
    """Of what the guard refuses."""
    return problem(ApiError(status, kind or OF_STATUS[status]), words)


def problem(error: ApiError, words: Words) -> Response:
    assert error.word in KINDS, error.word
    told = Problem(
        type=f"/api#{error.word}",
        title=words(f"problem_{error.word}"),
        status=error.status.value,
        detail=words(f"problem_{error.word}_next"),
        cause=error.detail,
        allowed=error.allowed,
        **error.more,  # type: ignore[arg-type]
    )
    response = Response(msgspec.json.encode(told), error.status, media_type=PROBLEM_TYPE)
    if error.status is HTTPStatus.UNAUTHORIZED:
        response.headers["www-authenticate"] = 'Bearer realm="menshen"'
    if error.retry_s:
        response.headers["retry-after"] = str(error.retry_s)
    return response
