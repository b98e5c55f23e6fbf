"""The OpenAPI 3.1 document of the API, made from the table of routes, the operations and the types of their content."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import msgspec

from firmware import __version__
from firmware.network.accounts.account import Role
from firmware.network.api.examples import EXAMPLES
from firmware.network.api.keys import KEY_HEADER, KEY_PATTERN
from firmware.network.api.operation import BINARY_TYPE, Operation
from firmware.network.api.operations import OPERATIONS
from firmware.network.api.problems import OF_STATUS, PROBLEM_TYPE, Problem, refusal
from firmware.network.api.speaking import HEADER_CHARACTERS_MAX, HEADER_PATTERN, JSON, PART_CHARACTERS_MAX
from firmware.network.api.stream import STREAM_TYPE
from firmware.network.api.subjects import SUBJECTS, subject_of
from firmware.network.forms import TOKEN_HEADER
from firmware.network.route import RUNNERS, Need, Route, of_api
from firmware.network.routes import ROUTES
from firmware.network.words import HTML_LANGUAGE, Words

OPENAPI = "3.1.0"
DIALECT = "https://spec.openapis.org/oas/3.1/dialect/base"
REF = "#/components/schemas/{name}"
BINARY = {"type": "string", "format": "binary"}
_PART = re.compile(r"\{([a-z_]+)\}")
_OF_ALL = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_OF_HEADS = (HTTPStatus.MISDIRECTED_REQUEST, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
_OF_BODIES = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_RETRIED = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def document(words: Words, cookie: str, portals: tuple[str, ...] = ()) -> dict[str, Any]:
    """The whole document in one language. `cookie` is the session cookie's name; `portals` are this site's."""
    types = list(dict.fromkeys(_types()))
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    schema_of = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        if of_api(route.path):
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(words, route, schema_of, portals)
    return {
        "openapi": OPENAPI,
        "jsonSchemaDialect": DIALECT,
        "info": {"title": words("api_title"), "version": f"v1 ({__version__})", "description": words("api_policy")},
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "tags": [{"name": subject, "description": words(f"api_of_{subject}")} for subject in SUBJECTS],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": words("api_by_token")},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": cookie,
                    "description": words("api_by_session", header=TOKEN_HEADER),
                },
            },
        },
        "x-language": HTML_LANGUAGE[words.language],
    }


def roles_of(route: Route) -> tuple[str, ...]:
    """Whom a route needs, as the document's x-role and the printed table have it; "any" for everybody who is known."""
    if isinstance(route.needs, Role):
        return (route.needs.value,)
    if route.needs is Need.METRICS:
        return (*(role.value for role in Role if role in RUNNERS), "metrics")
    if isinstance(route.needs, frozenset):
        return tuple(role.value for role in Role if role in route.needs)
    return {Need.NOBODY: ("nobody",), Need.SESSION: ("any",), Need.ACCOUNT: ("account",)}[route.needs]


def _types() -> Iterator[Any]:
    yield Problem
    for operation in OPERATIONS.values():
        yield from (param.type for param in operation.query)
        yield from (kind for kind in (operation.answers, operation.body) if kind is not None)


def _operation(words: Words, route: Route, schema_of: dict[Any, Any], portals: tuple[str, ...]) -> dict[str, Any]:
    operation = OPERATIONS[route.call]
    name = route.call.removeprefix("api ").replace(" ", "_")
    told: dict[str, Any] = {
        "operationId": f"{route.method.lower()}_{name}",
        "tags": [subject_of(route.path)],
        "summary": words(f"api_{name}" if words.has(f"api_{name}") else f"act_{name}"),
        "x-role": roles_of(route),
        "parameters": [*_in_path(words, route, portals), *_in_query(words, operation, schema_of)],
        "responses": _responses(words, route, operation, schema_of),
    }
    if not route.by_token:
        told["security"] = [{"session": []}]
    if operation.once:
        told["parameters"].append(
            {
                "name": KEY_HEADER.title(),
                "in": "header",
                "required": True,
                "description": words("param_idempotency_key"),
                "schema": {"type": "string", "pattern": KEY_PATTERN},
                "example": "night-shift-0001",
            }
        )
    for header in operation.headers:
        told["parameters"].append(
            {
                "name": header.name,
                "in": "header",
                "required": header.required,
                "description": words(f"param_{header.name.lower().replace('-', '_')}"),
                "schema": {"type": "string", "pattern": HEADER_PATTERN, "maxLength": HEADER_CHARACTERS_MAX},
            }
        )
    if operation.file:
        told["requestBody"] = {"required": True, "content": {media: {"schema": BINARY} for media in operation.file}}
    if operation.body is not None:
        told["requestBody"] = {
            "required": bool(_required(operation.body)),
            "content": {JSON: {"schema": schema_of[operation.body], "example": EXAMPLES[operation.body]}},
        }
    return told


def _required(body: Any) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(body) if field.required)


def _in_path(words: Words, route: Route, portals: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for name in _PART.findall(route.path):
        known = portals if name in ("portal", "subject") else ()
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": words(f"param_{name}"),
            "schema": {"type": "string", "minLength": 1, "maxLength": PART_CHARACTERS_MAX, "pattern": "^[^/]+$"},
        } | ({"examples": {portal: {"value": portal} for portal in known}} if known else {})


def _in_query(words: Words, operation: Operation, schema_of: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    for param in operation.query:
        yield {
            "name": param.name,
            "in": "query",
            "required": False,
            "description": words(f"param_{param.name}"),
            "schema": schema_of[param.type],
        }


def _responses(words: Words, route: Route, operation: Operation, schema_of: dict[Any, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {str(operation.status.value): _right(words, operation, schema_of)}
    problems = [*_OF_ALL, *_OF_HEADS, *operation.problems]
    if "{" in route.path:
        problems.append(HTTPStatus.NOT_FOUND)
    if operation.body is not None or operation.file or route.method == "DELETE":
        problems += _OF_BODIES
    if operation.file:
        problems.append(HTTPStatus.LENGTH_REQUIRED)
    if operation.once:
        problems += (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.CONFLICT)
    right = told[str(operation.status.value)]
    if operation.located:
        place = {"required": True, "description": words("api_location"), "schema": {"type": "string"}}
        right["headers"] = {"Location": place}
    if operation.late:
        told["202"] = right | {"description": words("api_202")}
    for status in sorted(set(problems)):
        told[str(status.value)] = {
            "description": words(f"api_{status.value}"),
            "content": {PROBLEM_TYPE: {"schema": schema_of[Problem], "example": _problem(words, status)}},
        }
        if status in _RETRIED:
            told[str(status.value)]["headers"] = {
                "Retry-After": {"description": words("api_retry_after"), "schema": {"type": "string"}}
            }
    return told


def _right(words: Words, operation: Operation, schema_of: dict[Any, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"description": words(f"api_{operation.status.value}")}
    if operation.status is HTTPStatus.NO_CONTENT:
        return told
    if operation.media.startswith(("image/", "application/zip")):
        told["content"] = {operation.media: {}}  # as it is: no schema says anything of it (OpenAPI 3.1.1, 4.8.14.2)
        return told
    if operation.answers is None:
        schema: Any = {"type": "object"} if operation.media == JSON else {"type": "string"}
        schema = BINARY if operation.media == BINARY_TYPE else schema
    else:
        schema = schema_of[operation.answers]
    if operation.media == STREAM_TYPE:
        told["content"] = {operation.media: {"schema": {"type": "string"}, "x-events": schema}}
    else:
        told["content"] = {operation.media: {"schema": schema}}
        if operation.answers in EXAMPLES:
            told["content"][operation.media]["example"] = EXAMPLES[operation.answers]
    return told


def _problem(words: Words, status: HTTPStatus) -> Any:
    """What such a refusal says."""
    return msgspec.json.decode(refusal(status, words).body) if status in OF_STATUS else EXAMPLES[Problem]


assert {route.call for route in ROUTES if of_api(route.path)} == set(OPERATIONS), "a route of the API without its entry"
