"""Imports by the API over a real desk: by token and by session, from the file to the source and back, as by form."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import threading
import typing
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from firmware.core.account_facts import Act
from firmware.network.accounts.account import Role
from firmware.network.forms import FormError
from firmware.network.imports import api_sheets, choosing
from firmware.network.imports.listing import ROWS_MAX, rows_of
from firmware.network.uploads import PIECE_BYTES_MAX, UPLOAD_BYTES_MAX, Body, TooLarge
from firmware.people.incoming import FOLDER
from firmware.people.jobs import Lane, Work
from firmware.people_words.base import Found
from firmware.people_words.imports import Problems, SheetRead
from firmware.roster.source.store import Source
from tests.network.api_client import call, told, words
from tests.network.running import WAIT_S, Response
from tests.people.api_office import silent_desk
from tests.people_import.desk import MANAGER
from tests.people_import.pages import DeskGate, desk_gate
from tests.people_import.test_import_pages import LIST, followed, hidden, sent

CLIENT = "Property office"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AT = "/api/v1/imports"


class Caller:
    """A program with a token; or, without one, script on a page of ours."""

    def __init__(self, gate: DeskGate, token: str | None = None) -> None:
        self.gate = gate
        self.token = token
        self._key = 0

    async def ask(self, method: str, path: str, body: object = None, raw: bytes | None = None, **more: str) -> Response:
        self._key += 1
        named = {
            "idempotency-key": f"key-{self._key:04}",
            **{name.replace("_", "-"): text for name, text in more.items()},
        }
        if self.token is None and method != "GET":
            csrf = str(told(await call(self.gate.page, "GET", "/api/v1/me"))["csrf_token"])
            named = {"origin": f"http://127.0.0.1:{self.gate.page.port}", "x-csrf-token": csrf, **named}
        return await call(self.gate.page, method, path, self.token, body, named, raw)

    async def send(self, content: bytes, kind: str = "text/csv", name: str = "owners.csv", **more: str) -> Response:
        return await self.ask("POST", AT, raw=content, content_type=kind, file_name=quote(name), **more)

    async def over(self, started: Response) -> dict[str, typing.Any]:
        """A job once it is over."""
        assert started.status == 202, started.text
        place = started.header("location") or ""
        async with asyncio.timeout(WAIT_S):
            while not (job := await self.get(place))["over"]:  # noqa: ASYNC110  nothing tells of it
                await asyncio.sleep(0.01)
        return job

    async def read(self, content: bytes, **more: str) -> str:
        """Where a sheet stands that was sent and read."""
        job = await self.over(await self.send(content, **more))
        assert (job["outcome"], job["refused"]) == ("sheet_read", ""), job
        return str(job["outcome_at"])

    async def get(self, path: str, **more: str) -> dict[str, typing.Any]:
        response = await self.ask("GET", path, **more)
        assert response.status == 200, response.text
        return told(response)


async def make_token(gate: DeskGate, *roles: str, name: str = CLIENT) -> str:
    fields = [("name", name), ("days", "365"), *(("role", role) for role in roles)]
    response = await gate.send("/clients/make", *fields)
    found = re.search(r'class="token">([^<]+)<', response.text)
    assert found is not None, response.text
    return found[1]


def play(folder: Path, scene: Callable[[DeskGate, Caller], Awaitable[None]], by_token: bool = True) -> None:
    async def whole() -> None:
        async with desk_gate(folder, Role.MANAGER) as gate:
            await scene(gate, Caller(gate, await make_token(gate, "manager") if by_token else None))

    asyncio.run(whole())


def kept(gate: DeskGate) -> list[str]:
    folder = gate.working.state / FOLDER
    return [each.name for each in folder.iterdir()] if folder.exists() else []


def unchunked(body: bytes) -> bytes:
    """What came in chunks (RFC 9112, 7.1), as one, after it is proven to be whole."""
    content, rest = b"", body
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        content, rest = content + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    assert body.endswith(b"0\r\n\r\n")
    return content


def people(gate: DeskGate) -> set[tuple[str, ...]]:
    with Source.open(gate.working.state / "office.source.db", readonly=True) as source:
        return set(source.db.execute("SELECT id, name, household, profiles FROM holder").fetchall())


async def raw_head(gate: DeskGate, token: str, length: int, body: bytes = b"", **more: str) -> bytes:
    """What is answered to a request of which this much of the body comes."""
    named = {
        "authorization": f"Bearer {token}",
        "cookie": "",
        "content_type": "text/csv",
        "content_length": str(length),
        "idempotency_key": "key-0001",
        "connection": "close",
        **more,
    }
    head = gate.page.request("POST", AT, **{name: text for name, text in named.items() if text})
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.page.port)
    try:
        writer.write(head + b"\r\n" + body)
        if len(body) < length and body:
            writer.write_eof()
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


@pytest.mark.parametrize("by_token", [True, False], ids=["token", "session"])
def test_a_list_with_wrong_rows_is_read_corrected_taken_and_put_back(tmp_path: Path, by_token: bool) -> None:
    async def scene(gate: DeskGate, caller: Caller) -> None:
        before = people(gate)
        at = await caller.read(LIST.encode(), name="业主.csv")
        sheet = await caller.get(at)
        assert (sheet["waiting"]["file"], sheet["waiting"]["size"]) == ("业主.csv", len(LIST.encode()))
        meanings = {each["title"]: each["meaning"] for each in sheet["parts"][0]["columns"]}
        assert meanings == {name: name for name in ("name", "household", "card", "profiles", "valid_until")}
        assert (sheet["preview"]["rows"], sheet["preview"]["bad_count"]) == (297, 3)
        assert sheet["preview"]["unknown_profiles"] == ["no such"]
        assert people(gate) == before, "nothing is changed by looking"
        chinese = await caller.get(at, accept_language="zh-CN")
        assert "第 299 行" in str(chinese["preview"]["bad"]), chinese["preview"]["bad"]
        # The word of the office's list stands for a profile of ours.
        job = await caller.over(await caller.ask("POST", f"{at}/read", {"profile_words": {"no such": "residents"}}))
        assert job["outcome_at"] == at
        sheet = await caller.get(at)
        assert (sheet["preview"]["bad_count"], sheet["choices"]["profile_words"]) == (2, {"no such": "residents"})
        number = sheet["preview"]["number"]
        refused = await caller.over(await caller.ask("POST", f"{at}/take", {"number": number, "why": "November"}))
        assert (refused["refused"], bool(refused["refused_text"])) == ("imports_refused_bad_rows", True), refused
        taking = {"number": number, "why": "November", "good_rows": True}
        job = await caller.over(await caller.ask("POST", f"{at}/take", taking))
        assert (job["outcome"], job["told"]["bad"]) == ("imported", "2"), job
        assert len(people(gate)) == len(before) + 298
        who = f"client:{CLIENT}" if caller.token else "manager"
        (act,) = gate.working.office.told
        assert (act.act, act.issuer, act.why) == (Act.EDITED, who, "业主.csv: November")
        done = await caller.get(job["outcome_at"])
        assert (done["who"], done["why"], done["undone"]) == (who, "November", False)
        listed = await caller.get(AT)
        assert (listed["waiting"], listed["done"][0]) == ([], done)
        assert (await caller.ask("GET", at)).status == 404, "it is in the list, and gone here"
        job = await caller.over(await caller.ask("POST", f"{job['outcome_at']}/undo", {"why": "the wrong list"}))
        assert job["outcome"] == "import_undone"
        assert people(gate) == before
        assert (await caller.get(job["outcome_at"]))["undone"]

    play(tmp_path, scene, by_token)


def test_the_form_and_the_api_do_the_same(tmp_path: Path) -> None:
    """The same list taken by both: the same people, the same words in history and journal but for who it was."""

    async def scene(gate: DeskGate, caller: Caller) -> None:
        _, page = await sent(gate, LIST.encode())
        fields = [("sheet", hidden(page, "sheet")), ("number", hidden(page, "number"))]
        fields += [("why", "November"), ("good_rows", "yes")]
        await followed(gate, await gate.send("/people/import/take", *fields))
        by_form = people(gate)
        first = (await caller.get(AT))["done"][0]
        await caller.over(await caller.ask("POST", f"{AT}/done/{first['batch']}/undo", {"why": "once more"}))
        assert people(gate) != by_form
        at = await caller.read(LIST.encode())
        number = (await caller.get(at))["preview"]["number"]
        await caller.over(
            await caller.ask("POST", f"{at}/take", {"number": number, "why": "November", "good_rows": True})
        )
        assert people(gate) == by_form
        second = (await caller.get(AT))["done"][0]
        same = ("file", "sha256", "changes", "why")
        assert [first[name] for name in same] == [second[name] for name in same]
        assert (first["who"], second["who"]) == ("manager", f"client:{CLIENT}")
        form, api = [act for act in gate.working.office.told if act.why == "owners.csv: November"]
        assert (form.act, form.detail) == (api.act, api.detail)

    play(tmp_path, scene)


def test_what_is_wrong_comes_row_by_row_and_as_a_file(tmp_path: Path) -> None:
    async def scene(gate: DeskGate, caller: Caller) -> None:
        bad = "".join(f'A,b9-{n:04},H10301:77:{n + 1},residents,"31/31, ""{n}"""\n' for n in range(2 * ROWS_MAX + 50))
        bad += "A,b8-0001,H10301:78:1,residents,=1+1\n"
        at = await caller.read(("name,household,card,profiles,valid_until\n" + bad).encode())
        for language in ("en", "zh-CN"):
            whole = await caller.ask("GET", f"{at}/problems.csv", accept_language=language)
            assert whole.header("content-type") == "text/csv; charset=utf-8"
            page = await gate.page.get(f"/people/import/problems?id={at[-12:]}", accept_language=language)
            assert whole.body == page.body
            expected = list(csv.reader(io.StringIO(unchunked(whole.body).decode("utf-8-sig"), newline="")))[1:]
            found: list[dict[str, typing.Any]] = []
            after = ""
            for _ in range(4):
                part = await caller.get(f"{at}/problems{after}", accept_language=language)
                found += part["problems"]
                if part["after"] is None:
                    break
                after = f"?after={part['after']}"
            assert len(found) == len(expected) == 2 * ROWS_MAX + 51
            columns = ("sheet", "row", "column", "found", "reason")
            assert [[str(row[name]) for name in columns] for row in found] == expected
            assert not part["cut"]
        assert (
            await caller.ask("GET", f"{at}/problems?after=en-99999999")
        ).body == b'{"problems":[],"after":null,"cut":false}'
        for wrong in ("en", "fr-0", "en-", "en--1", "en-0%0a", "0"):
            assert words(await caller.ask("GET", f"{at}/problems?after={wrong}")) == ("not_understood", "400"), wrong

    play(tmp_path, scene)


def test_columns_are_told_otherwise_and_what_is_missing_is_said(tmp_path: Path) -> None:
    async def scene(gate: DeskGate, caller: Caller) -> None:
        at = await caller.read(b"name,household,card,profiles,hobby\nA,b1,123456,residents,chess\n")
        sheet = await caller.get(at, accept_language="zh-CN")
        if sheet["preview"] is None:
            assert sheet["needs_text"]
        chosen = {
            "columns": {"hobby": "note", "card": "card"},
            "card_style": "number",
            "card_format": "raw:32",
            "default_profile": "residents",
            "fill_down": False,
        }
        job = await caller.over(await caller.ask("POST", f"{at}/read", chosen))
        assert job["outcome"] == "sheet_read", job
        sheet = await caller.get(at)
        assert {each["title"]: each["meaning"] for each in sheet["parts"][0]["columns"]}["hobby"] == "note"
        assert {name: sheet["choices"][name] for name in chosen} == chosen
        for wrong in (
            {"columns": {"hobby": "DROP TABLE"}},
            {"columns": {"h" * 101: "note"}},
            {"card_style": "roman"},
            {"fill_down": "yes"},
            {"sheets": "x"},
            {"strange": 1},
        ):
            assert words(await caller.ask("POST", f"{at}/read", wrong)) == ("not_understood", "422"), wrong

    play(tmp_path, scene)


def test_a_sheet_is_dropped_once_and_unknown_ones_are_nowhere(tmp_path: Path) -> None:
    async def scene(gate: DeskGate, caller: Caller) -> None:
        at = await caller.read(LIST.encode())
        assert (await caller.ask("DELETE", at)).status == 204
        assert kept(gate) == []
        taking = {"number": "x", "why": "November"}
        for sheet in (at, f"{AT}/sheets/{'a' * 12}", f"{AT}/sheets/%2e%2e", f"{AT}/sheets/{'b' * 65}"):
            for method, path, body in (
                ("GET", "", None),
                ("DELETE", "", None),
                ("POST", "/read", {}),
                ("POST", "/take", taking),
                ("GET", "/problems", None),
                ("GET", "/problems.csv", None),
            ):
                response = await caller.ask(method, sheet + path, body)
                assert words(response) == ("no_such_thing", "404"), (method, sheet, path)
        for batch in ("0", "x", "999999", "1" * 13, "-1", "１"):
            assert words(await caller.ask("GET", f"{AT}/done/{quote(batch)}")) == ("no_such_thing", "404"), batch
        for batch in ("0", "x", "1" * 13):
            assert (await caller.ask("POST", f"{AT}/done/{batch}/undo", {"why": "x"})).status == 404, batch
        job = await caller.over(await caller.ask("POST", f"{AT}/done/999999/undo", {"why": "x"}))
        assert job["refused"] == "imports_no_such_import"
        for path, body in ((f"{at}/take", {"number": "x", "why": " \t"}), (f"{AT}/done/1/undo", {"why": ""})):
            assert words(await caller.ask("POST", path, body)) == ("not_understood", "422")

    play(tmp_path, scene)


def test_a_key_counts_once_for_one_file_and_for_no_other(tmp_path: Path) -> None:
    async def scene(gate: DeskGate, caller: Caller) -> None:
        first = await caller.send(LIST.encode(), idempotency_key="key-of-one")
        again = await caller.send(LIST.encode(), idempotency_key="key-of-one")
        assert (first.status, again.status) == (202, 202)
        assert first.header("location") == again.header("location")
        assert len(kept(gate)) == 1
        await caller.over(first)
        other = LIST.encode().replace(b"Sun Li", b"Sun Bo")
        assert words(await caller.send(other, idempotency_key="key-of-one")) == ("key_used", "409")
        assert words(await caller.send(other + b"\n", idempotency_key="key-of-one")) == ("key_used", "409")
        assert len(kept(gate)) == 1
        both = await asyncio.gather(*(caller.send(other, idempotency_key="key-of-two") for _ in range(2)))
        assert len({each.header("location") for each in both}) == 1
        assert len(kept(gate)) == 2
        await caller.over(both[0])
        assert words(await caller.send(b"", idempotency_key="key-empty")) == ("not_taken", "409")
        assert (await caller.send(b"name\nA\n", idempotency_key="key-empty")).status == 202, "nothing was done under it"
        missing = await call(gate.page, "POST", AT, caller.token, raw=b"x", headers={"content-type": "text/csv"})
        assert words(missing) == ("key_needed", "400")

    play(tmp_path, scene)


def test_while_the_desk_does_something_else_nothing_is_kept_and_it_may_be_sent_again(tmp_path: Path) -> None:
    async def scene(gate: DeskGate, caller: Caller) -> None:
        over = threading.Event()

        def busy(_: Work) -> Found:
            assert over.wait(WAIT_S)
            return SheetRead(sheet="x")

        job = gate.working.desk.jobs.start("Test", MANAGER, Lane.WORK, busy)
        response = await caller.send(LIST.encode(), idempotency_key="key-of-one")
        assert words(response) == ("not_taken", "409")
        assert told(response)["reasons"] == ["people_job_runs"]
        assert kept(gate) == []
        over.set()
        async with asyncio.timeout(WAIT_S):
            while not job.over:  # noqa: ASYNC110  nothing tells of it
                await asyncio.sleep(0.01)
        assert (await caller.over(await caller.send(LIST.encode(), idempotency_key="key-of-one")))[
            "outcome"
        ] == "sheet_read"

    play(tmp_path, scene)


@pytest.mark.attack("import-13")
def test_what_is_no_sheet_is_refused_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    """Other kinds, no length, more than is taken by head and by what comes, and one that breaks off."""

    async def scene(gate: DeskGate, caller: Caller) -> None:
        token = caller.token or ""
        for kind in ("application/json", "multipart/form-data; boundary=x", "text/html", "text/csv2", ""):
            response = await caller.send(b"name\n", kind=kind)
            assert words(response) == ("wrong_type", "415"), kind
            assert told(response)["allowed"] == ["text/csv", XLSX, "application/octet-stream"]
        chunked = await raw_head(
            gate, token, 0, b"5\r\nname\n\r\n0\r\n\r\n", content_length="", transfer_encoding="chunked"
        )
        assert chunked.split(b" ")[1] == b"411"
        large = await raw_head(gate, token, UPLOAD_BYTES_MAX + 1)
        assert large.split(b" ")[1] == b"413"
        assert kept(gate) == []
        broken = await raw_head(gate, token, 500_000, b"name,card\n" * 1_000)
        assert broken == b"" or broken.split(b" ")[1] == b"400"
        assert kept(gate) == []
        for name in ("%00", "a\x7fb", "x" * 2_000):
            response = await caller.ask("POST", AT, raw=b"name\n", content_type="text/csv", file_name=name)
            assert response.status in (202, 400), name
        listed = (await caller.get(AT))["waiting"]
        assert all(each["file"].isprintable() for each in listed)
        pdf = await caller.over(await caller.send(b"%PDF-1.7", name="list.pdf"))
        assert "PDF" in pdf["refused_text"]

    play(tmp_path, scene)


@pytest.mark.attack("import-14")
def test_without_role_token_or_the_header_of_a_session_not_a_byte_is_taken(tmp_path: Path) -> None:
    """The body never comes, and the answer does all the same."""

    async def scene(gate: DeskGate, caller: Caller) -> None:
        most = UPLOAD_BYTES_MAX // 2
        for token, status in (
            ("mst_0123456789ab_" + "A" * 43, b"401"),
            (await make_token(gate, "guard", "installer", name="others"), b"403"),
        ):
            assert (await raw_head(gate, token, most)).split(b" ")[1] == status
        csrf = str(told(await call(gate.page, "GET", "/api/v1/me"))["csrf_token"])
        own = {"authorization": "", "cookie": gate.page.cookie or ""}
        origin = f"http://127.0.0.1:{gate.page.port}"
        for wrong in (
            {"x_csrf_token": csrf},
            {"origin": origin},
            {"origin": origin, "x_csrf_token": csrf[:-1] + "!"},
            {"origin": "http://evil.example", "x_csrf_token": csrf},
        ):
            assert (await raw_head(gate, "", most, **own, **wrong)).split(b" ")[1] == b"403", wrong
        assert kept(gate) == []
        right = await raw_head(gate, "", 5, b"name\n", **own, origin=origin, x_csrf_token=csrf)
        assert right.split(b" ")[1] == b"202"
        assert len(kept(gate)) == 1

    play(tmp_path, scene)


@pytest.mark.attack("import-15")
def test_a_client_that_is_revoked_while_it_sends_sends_nothing_more(tmp_path: Path) -> None:
    async def scene(gate: DeskGate, caller: Caller) -> None:
        content = b"name,card\n" + b"A,1\n" * 200_000
        named = {
            "authorization": f"Bearer {caller.token}",
            "cookie": "",
            "content_type": "text/csv",
            "content_length": str(len(content)),
            "idempotency_key": "key-0001",
            "connection": "close",
        }
        reader, writer = await asyncio.open_connection("127.0.0.1", gate.page.port)
        try:
            writer.write(gate.page.request("POST", AT, **named) + b"\r\n" + content[:200_000])
            async with asyncio.timeout(20):
                while not kept(gate):  # noqa: ASYNC110  nothing tells of it
                    await asyncio.sleep(0.01)
            assert (await gate.send("/clients/revoke", ("name", CLIENT))).status == 303
            writer.write(content[200_000:])
            answer = await asyncio.wait_for(reader.read(), 20)
        finally:
            writer.close()
        assert answer.split(b" ")[1] == b"401"
        assert kept(gate) == []

    play(tmp_path, scene)


def test_more_than_two_at_once_wait_and_page_and_api_share_that(tmp_path: Path) -> None:
    async def scene(gate: DeskGate, caller: Caller) -> None:
        held = []
        try:
            for number in range(2):
                named = {
                    "authorization": f"Bearer {caller.token}",
                    "cookie": "",
                    "content_type": "text/csv",
                    "content_length": "100000",
                    "idempotency_key": f"key-held-{number}",
                }
                _, writer = await asyncio.open_connection("127.0.0.1", gate.page.port)
                held.append(writer)
                writer.write(gate.page.request("POST", AT, **named) + b"\r\nname\n")
                async with asyncio.timeout(20):
                    while len(kept(gate)) <= number:  # noqa: ASYNC110  nothing tells of it
                        await asyncio.sleep(0.01)
            response = await caller.send(b"name\nA\n")
            assert words(response) == ("not_taken", "409")
            assert told(response)["reasons"] == ["imports_busy"]
        finally:
            for writer in held:
                writer.close()

    play(tmp_path, scene)


@pytest.mark.parametrize("silent", [False, True])
def test_with_the_desk_away_it_is_not_done_and_with_a_silent_one_not_known(tmp_path: Path, silent: bool) -> None:
    async def scene(gate: DeskGate, caller: Caller) -> None:
        path = tmp_path / "people.sock"
        path.rename(tmp_path / "elsewhere.sock")

        async def refused() -> None:
            kind = ("not_known", "504") if silent else ("not_sent", "503")
            sheet = f"{AT}/sheets/{'a' * 12}"
            assert words(await caller.send(b"name\n")) == kind
            for method, at, body in (
                ("GET", AT, None),
                ("GET", sheet, None),
                ("DELETE", sheet, None),
                ("POST", f"{sheet}/read", {}),
                ("POST", f"{sheet}/take", {"number": "x", "why": "x"}),
                ("GET", f"{sheet}/problems", None),
                ("GET", f"{sheet}/problems.csv", None),
                ("GET", f"{AT}/done/7", None),
                ("POST", f"{AT}/done/7/undo", {"why": "x"}),
            ):
                assert words(await caller.ask(method, at, body)) == kind, (method, at)

        try:
            if silent:
                async with silent_desk(path):
                    await refused()
            else:
                await refused()
        finally:
            path.unlink(missing_ok=True)
            (tmp_path / "elsewhere.sock").rename(path)

    play(tmp_path, scene)


# -- pieces -----------------------------------------------------------------------------------------------------------


def test_the_api_and_the_form_have_the_same_choices() -> None:
    names = {name for group in choosing.GROUPS.values() for name in group}
    assert set(typing.get_args(api_sheets.Meaning)) == names | {choosing.IGNORED}
    assert set(typing.get_args(api_sheets.CardStyle)) == {"", *choosing.STYLES}
    assert set(typing.get_args(api_sheets.DateOrder)) == {"", *choosing.ORDERS}
    assert set(typing.get_args(api_sheets.Whole)) == {"", *choosing.WHOLES}


CELLS = st.text(st.sampled_from(list("a\"\r\n,'=名 ")), max_size=6)


@given(rows=st.lists(st.tuples(CELLS, st.integers(1, 99), CELLS, CELLS, CELLS), max_size=30), size=st.integers(60, 400))
def test_pages_of_the_list_are_the_whole_list_wherever_a_part_of_it_ends(
    rows: list[tuple[str, int, str, str, str]], size: int
) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["Sheet", "Row", "Column", "Found", "Reason"])
    for sheet, row, column, found, reason in rows:
        writer.writerow([f"s{sheet}", row, f"c{column}", f"f{found}", f"r{reason}"])  # none begins a formula
    content = file.getvalue().encode("utf-8-sig")
    found_rows, offset = [], 0
    for _ in range(len(rows) + 2):
        part = content[offset : offset + size]
        page = rows_of(Problems(content=part, more=offset + size < len(content)), offset)
        found_rows += page.rows
        if page.following is None:
            break
        assert page.following > offset
        offset = page.following
    assert [(r.sheet[1:], r.row, r.column[1:], r.found[1:], r.reason[1:]) for r in found_rows] == rows


def body_of(content: bytes, cuts: list[int], most: int, declared: int | None = None) -> Body:
    ends = sorted({min(cut, len(content)) for cut in cuts} | {len(content)})
    pieces = [content[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]

    async def receive() -> dict[str, object]:
        piece = pieces.pop(0) if pieces else b""
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    length = str(len(content) if declared is None else declared).encode()
    return Body(Request({"type": "http", "method": "POST", "headers": [(b"content-length", length)]}, receive), most)


async def taken(body: Body) -> bytes:
    await body.begin()
    pieces = [piece async for piece in body.pieces()]
    assert all(0 < len(piece) <= PIECE_BYTES_MAX for piece in pieces)
    return b"".join(pieces)


@given(content=st.binary(max_size=3_000), cuts=st.lists(st.integers(0, 3_000), max_size=12))
def test_a_body_comes_as_it_was_sent_however_it_is_cut(content: bytes, cuts: list[int]) -> None:
    async def scene() -> None:
        assert await taken(body_of(content, cuts, 3_000)) == content

    asyncio.run(scene())


def test_a_body_that_is_too_large_or_breaks_off_is_none() -> None:
    async def scene() -> None:
        assert len(await taken(body_of(b"x" * 200_000, [150_000], 200_000))) == 200_000
        with pytest.raises(TooLarge):
            await taken(body_of(b"x" * 5_001, [], 5_000))
        with pytest.raises(TooLarge):  # more than its head says
            await taken(body_of(b"x" * 9_000, [], 5_000, declared=4_000))
        with pytest.raises(FormError):
            await taken(body_of(b"x" * 4_000, [100], 5_000, declared=4_001))

    asyncio.run(scene())
