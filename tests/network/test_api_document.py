"""The OpenAPI document: valid by an independent validator, complete against the table, in both languages; its page."""

from __future__ import annotations

import asyncio
import gzip
import html
import re
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, ValidationError

from firmware.network.api.document import document, roles_of
from firmware.network.api.operations import OPERATIONS
from firmware.network.api.problems import KINDS
from firmware.network.api.subjects import SUBJECTS, subject_of
from firmware.network.route import API
from firmware.network.routes import ROUTES
from firmware.network.words import LANGUAGES, Words
from tests.house.print_map import API_PAGE, with_routes
from tests.network.accounts import Gate, gate
from tests.network.api_client import token_for
from tests.network.running import RunningPage

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def play(folder: Path, scene: Callable[[Gate], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with gate(folder) as running:
            await scene(running)

    asyncio.run(whole())


def validate(told: dict[str, Any]) -> None:
    """By openapi-spec-validator, which knows the schema of OpenAPI 3.1; what it deprecates in itself is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from openapi_spec_validator import validate as by_schema

        by_schema(told)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_is_valid_and_has_every_route_with_all_that_may_happen(language: str) -> None:
    told = msgspec.json.decode(msgspec.json.encode(document(Words(language), "menshen_session_1", ("front_door",))))
    validate(told)
    assert told["openapi"] == "3.1.0"
    assert set(told["components"]["securitySchemes"]) == {"token", "session"}
    have = {f"{method.upper()} {path}" for path, methods in told["paths"].items() for method in methods}
    assert have == {f"{route.method} {route.path}" for route in ROUTES if route.of_api}
    ids = [operation["operationId"] for methods in told["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))
    for route in (route for route in ROUTES if route.of_api):
        operation = told["paths"][route.path][route.method.lower()]
        assert operation["x-role"] == list(roles_of(route)), route
        answers = set(operation["responses"])
        assert {"400", "401", "403"} <= answers, route
        in_path = [part["name"] for part in operation["parameters"] if part["in"] == "path"]
        assert in_path == re.findall(r"\{(\w+)\}", route.path)
        assert ("404" in answers) == bool(in_path), route
        keys = [part for part in operation["parameters"] if part["name"] == "Idempotency-Key"]
        assert [key["required"] for key in keys] == ([True] if OPERATIONS[route.call].once else [])
        if keys:
            assert {"409", "413", "415", "422", "429"} <= answers, route
            assert answers & {"201", "202", "200", "204"}
        if route.path.startswith(f"{API}/portals/") and route.method == "POST":  # an order
            assert {"201", "202", "409", "413", "415", "422", "429", "503"} <= answers, route
        if route.file:
            content = operation["requestBody"]["content"]
            assert tuple(content) == OPERATIONS[route.call].file != (), route
            assert all(each["schema"] == {"type": "string", "format": "binary"} for each in content.values())
            assert {"408", "411", "413", "415"} <= answers, route
        elif route.changes and route.method != "DELETE":
            assert "example" in operation["requestBody"]["content"]["application/json"], route
        in_head = {part["name"]: part["required"] for part in operation["parameters"] if part["in"] == "header"}
        assert in_head.pop("Idempotency-Key", True)
        assert in_head == {header.name: header.required for header in OPERATIONS[route.call].headers}, route
        for status, answer in operation["responses"].items():
            if status[0] in "45":
                schema = answer["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}, (route, status)
        texts = [operation["summary"], *(part["description"] for part in operation["parameters"])]
        texts += [answer["description"] for answer in operation["responses"].values()]
        assert all(bool(CHINESE.search(text)) == (language == "zh") for text in texts), (route, texts)


def test_a_route_without_an_entry_and_an_entry_without_a_route_would_not_start() -> None:
    assert set(OPERATIONS) == {route.call for route in ROUTES if route.of_api}


def test_a_fault_planted_in_the_document_is_found() -> None:
    told = msgspec.json.decode(msgspec.json.encode(document(Words("en"), "c")))
    del told["paths"]["/api/v1/portals/{portal}"]["get"]["parameters"]
    with pytest.raises(Exception, match="portal"):
        validate(told)


PRESSED_BYTES_MAX = 100_000  # on a phone, as a first view of the page


async def pressed_together(page: RunningPage, token: str, plain: bytes) -> None:
    """Whoever takes gzip gets the same in a tenth of it."""
    asked = {"accept_encoding": "gzip, br", "authorization": f"Bearer {token}", "cookie": ""}
    response = await page.get("/api/v1/openapi.json", **asked)
    assert response.header("content-encoding") == "gzip"
    assert "accept-encoding" in response.header("vary")
    assert len(response.body) <= PRESSED_BYTES_MAX, len(response.body)
    assert gzip.decompress(response.body) == plain


def test_every_role_gets_it_by_token_and_reads_the_page_without_script(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "panel", "auditor")
        response = await page.get("/api/v1/openapi.json", authorization=f"Bearer {token}", cookie="")
        assert response.header("content-type") == "application/json"
        told = msgspec.json.decode(response.body)
        await pressed_together(page, token, response.body)
        assert told["components"]["securitySchemes"]["session"]["name"] == f"menshen_session_{page.port}"
        await running.log_in("auditor")
        for language, title in (("en", "Menshen's API"), ("zh-CN", "门神接口")):
            shown = await looked_at(page, "/api", language)
            assert f'<h1 dir="auto">{title}' in shown
            for path in told["paths"]:
                assert f"<code>{path}</code>" in shown, path
            for kind in KINDS:
                assert f'id="{kind}"' in shown, kind

    play(tmp_path, scene)


SUBJECT_BYTES_MAX = 160_000  # more than that is no page to read on a phone, or to render beside a gate


def test_each_subject_has_a_page_with_its_operations_and_all_that_they_are_made_of(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        await running.log_in("auditor")
        told = msgspec.json.decode((await running.page.get("/api/v1/openapi.json")).body)
        subjects = [tag["name"] for tag in told["tags"]]
        by_session = "Only by somebody who has logged in at the page; a token is refused."
        have, shapes = set(), set()
        contents = await looked_at(running.page, "/api", "en")
        for subject in subjects:
            shown = await looked_at(running.page, f"/api?of={subject}", "en")
            assert len(shown.encode()) <= SUBJECT_BYTES_MAX, (subject, len(shown))
            have |= set(re.findall(r'<h2 id="([a-z_0-9]+)"><span class="method">', shown))
            shapes |= set(re.findall(r'<h3 id="schema-([^"]+)"', shown))
            for target in re.findall(rf'href="/api\?of={subject}#([^"]+)"', contents):
                assert f'id="{target}"' in shown, target
            alone = [
                operation
                for methods in told["paths"].values()
                for operation in methods.values()
                if operation["tags"] == [subject] and operation.get("security") == [{"session": []}]
            ]
            assert shown.count(by_session) == len(alone), subject
            chinese = await looked_at(running.page, f"/api?of={subject}", "zh-CN")
            assert by_session not in chinese
        assert have == {
            operation["operationId"] for methods in told["paths"].values() for operation in methods.values()
        }
        assert shapes == set(told["components"]["schemas"])
        assert (await running.page.get("/api?of=nothing")).header("location") == "/api"

    play(tmp_path, scene)


async def looked_at(page: RunningPage, target: str, language: str) -> str:
    """A page of the API without script: nothing of another host, and every link within it leads somewhere."""
    response = await page.get(target, accept_language=language)
    assert response.status == 200, target
    shown = html.unescape(response.text)
    assert "<script" not in shown
    assert not re.search(r'(?:src|href)="(?:https?:)?//', shown), "nothing of another host"
    for within in re.findall(r'href="#([^"]+)"', shown):
        assert f'id="{within}"' in shown, within
    return shown


def test_every_path_of_the_api_is_about_one_subject() -> None:
    assert {subject_of(route.path) for route in ROUTES if route.of_api} == set(SUBJECTS)
    assert subject_of(f"{API}/stream/devices") == "devices"
    assert subject_of(f"{API}/stream") == "gate_now"
    with pytest.raises(KeyError):
        subject_of(f"{API}/a-room-that-is-new/{{thing}}")


def test_every_route_stands_in_the_printed_table_with_whom_it_needs() -> None:
    text = API_PAGE.read_text(encoding="utf-8")
    assert with_routes(text) == text, "run `python -m tests.house.print_map`"
    rows = re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \| ([a-z, ]+) \|", text, re.MULTILINE)
    assert sorted((method, path) for method, path, _ in rows) == sorted((each.method, each.path) for each in ROUTES)
    for method, path, _ in rows:
        how = re.search(rf"^\| {method} \| `{re.escape(path)}` \| [a-z, ]+ \| (.*) \|$", text, re.MULTILINE)[1]
        (route,) = (each for each in ROUTES if (each.method, each.path) == (method, path))
        assert ("token" in how) == route.by_token, (method, path)
    open_to_all = {path for _, path, needs in rows if needs == "nobody"}
    assert open_to_all == {"/page.css", "/icon.svg", "/login", "/join"}


def test_each_kind_of_problem_and_each_parameter_is_said_in_both_languages() -> None:
    for language in LANGUAGES:
        words = Words(language)
        for kind in KINDS:
            for key in (f"problem_{kind}", f"problem_{kind}_next"):
                assert bool(CHINESE.search(words(key))) == (language == "zh"), key


def test_each_example_is_one_of_its_schema_by_an_independent_judge() -> None:
    """JSON Schema 2020-12, as OpenAPI 3.1 has it, by jsonschema."""
    told = msgspec.json.decode(msgspec.json.encode(document(Words("en"), "c")))
    judged = 0
    for methods in told["paths"].values():
        for operation in methods.values():
            contents = [answer.get("content", {}) for answer in operation["responses"].values()]
            contents.append(operation.get("requestBody", {}).get("content", {}))
            for content in contents:
                for media, each in content.items():
                    if "example" not in each:
                        assert "json" not in media or operation["operationId"] == "get_document", operation[
                            "operationId"
                        ]
                        continue
                    whole = {**each["schema"], "components": told["components"]}
                    Draft202012Validator(whole).validate(each["example"])
                    judged += 1
    assert judged > 150
    portal = {"$ref": "#/components/schemas/Portal", "components": told["components"]}
    with pytest.raises(ValidationError):
        Draft202012Validator(portal).validate({"id": 5})
