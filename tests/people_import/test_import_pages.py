"""The pages of imports over a real desk: a list with wrong rows, from the form to the source and back."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from firmware.core.account_facts import Act
from firmware.network.accounts.account import Role
from firmware.network.uploads import ABOUT_BYTES_MAX, UPLOAD_BYTES_MAX
from firmware.people.incoming import FOLDER
from firmware.roster.source.store import Source
from tests.network.running import Response
from tests.network.sending import BOUNDARY, head_of, multipart, send_file
from tests.people_import.pages import DeskGate, desk_gate

LIST = (
    "name,household,card,profiles,valid_until\n"
    + "".join(f"Person {n},b9-{n:04},H10301:77:{n},residents,\n" for n in range(1, 298))
    + "Sun Li,b2-0103,card 3,residents,\nZhou Bo,b2-0104,H10301:78:4,no such,\n"
    "Wu Fan,b2-0105,H10301:78:5,residents,31/31/2027\n"
)
JOB_STEPS_MAX, STEP_S = 400, 0.02


def play(folder: Path, scene: Callable[[DeskGate], Awaitable[None]], role: Role = Role.MANAGER) -> None:
    async def whole() -> None:
        async with desk_gate(folder, role) as gate:
            await scene(gate)

    asyncio.run(whole())


async def followed(gate: DeskGate, response: Response) -> tuple[str, str]:
    """Where the work that a form began leads, once it is over: (address, page). The page of a job says so by itself."""
    assert response.status == 303, response.text
    target = response.header("location") or ""
    for _ in range(JOB_STEPS_MAX):
        shown = await gate.page.get(target)
        if shown.status == 303:
            target = shown.header("location") or ""
            continue
        if not target.startswith("/people/job") or 'http-equiv="refresh"' not in shown.text:
            return target, shown.text
        await asyncio.sleep(STEP_S)  # the thread of the desk has its turn, on a busy machine too
    raise AssertionError(f"the work did not end: {target}")


async def sent(gate: DeskGate, content: bytes, name: str = "owners.csv") -> tuple[str, str]:
    response = await send_file(gate.page, "/people/import", name=name, file=content, token=await gate.form_token())
    return await followed(gate, response)


def text_of(page: str) -> str:
    main = page[page.index("<main") :]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


def holders(gate: DeskGate) -> int:
    with Source.open(gate.working.state / "office.source.db", readonly=True) as source:
        return int(source.db.execute("SELECT count(*) FROM holder").fetchone()[0])


def test_a_list_with_wrong_rows_is_looked_at_taken_and_put_back(tmp_path):
    async def scene(gate: DeskGate) -> None:
        before = holders(gate)
        target, page = await sent(gate, LIST.encode())
        assert target.startswith("/people/import/sheet?id=")
        said = text_of(page)
        assert "297 rows are right. 3 rows are wrong" in said
        assert "Holders 297 0 0" in said
        assert "row 299" in said
        assert "31/31/2027" in said
        assert holders(gate) == before
        chinese = text_of((await gate.page.get(target, accept_language="zh-CN")).text)
        assert "297 行无误。 3 行有问题" in chinese
        problems = await gate.page.get(f"/people/import/problems?id={hidden(page, 'sheet')}")
        assert problems.header("content-disposition") == 'attachment; filename="problems.csv"'
        assert problems.text.count("\r\n") >= 4
        assert "no such" in problems.text
        # A word of the office's list stands for a profile of ours; another one is chosen anew.
        fields = [("sheet", hidden(page, "sheet")), ("profile.0", "residents")]
        target, page = await followed(gate, await gate.send("/people/import/read", *fields))
        assert "298 rows are right. 2 rows are wrong" in text_of(page)
        taking = [("sheet", hidden(page, "sheet")), ("number", hidden(page, "number"))]
        assert (await gate.send("/people/import/take", *taking)).status == 400, "why?"
        target, page = await followed(gate, await gate.send("/people/import/take", *taking, ("why", "November")))
        assert "2 rows are wrong. Nothing was imported." in text_of(page)
        fields = [*taking, ("why", "November"), ("good_rows", "yes")]
        target, page = await followed(gate, await gate.send("/people/import/take", *fields))
        assert target.startswith("/people/import/done?batch=")
        assert "2 wrong rows were left out" in text_of(page)
        assert 'href="/people/review"' in page
        assert holders(gate) == before + 298
        (told,) = gate.working.office.told
        assert (told.act, told.issuer) == (Act.EDITED, "manager")
        assert told.why == "owners.csv: November"
        batch = re.search(r"batch=([0-9]+)", target)[1]
        assert "owners.csv" in (await gate.page.get("/people/import")).text
        undoing = [("batch", batch), ("why", "the wrong list")]
        target, page = await followed(gate, await gate.send("/people/import/undo", *undoing))
        assert f"What batch {batch} changed is put back" in text_of(page)
        assert holders(gate) == before
        _, page = await followed(gate, await gate.send("/people/import/undo", *undoing))
        assert "Nothing was undone." in text_of(page)
        assert f"Batch {batch} is undone already" in text_of(page)

    play(tmp_path, scene)


def test_columns_can_be_told_otherwise_in_a_form_of_many_fields(tmp_path):
    async def scene(gate: DeskGate) -> None:
        titles = ["name", "household", "card", "profiles", *(f"extra {n}" for n in range(40))]
        _, page = await sent(gate, (",".join(titles) + "\nA,b1,H10301:70:1,residents" + ",x" * 40 + "\n").encode())
        assert page.count('<select id="c-0-') == 44
        fields = [("sheet", hidden(page, "sheet")), *((f"column.0.{n}", "ignored") for n in range(4, 44))]
        fields += [
            ("column.0.0", "note"),
            ("column.0.1", "household"),
            ("column.0.2", "card"),
            ("column.0.3", "profiles"),
        ]
        _, page = await followed(gate, await gate.send("/people/import/read", *fields))
        assert re.search(r'<option value="note" selected>', page)
        wrong = await gate.send("/people/import/read", fields[0], ("column.0.0", "DROP TABLE"))
        assert wrong.status == 400

    play(tmp_path, scene)


def test_a_list_is_dropped_and_gone(tmp_path):
    async def scene(gate: DeskGate) -> None:
        target, page = await sent(gate, LIST.encode())
        assert (await gate.send("/people/import/drop", ("sheet", hidden(page, "sheet")))).status == 303
        assert list((gate.working.state / FOLDER).iterdir()) == []
        assert "This list is not here any more" in (await gate.page.get(target)).text

    play(tmp_path, scene)


def test_what_is_no_table_or_no_file_is_said_with_what_to_do(tmp_path):
    async def scene(gate: DeskGate) -> None:
        _, page = await sent(gate, b"%PDF-1.7", "list.pdf")
        assert "PDF" in page
        token = await gate.form_token()
        for name, file, said in (("list.csv", b"", "The file is empty"), ("", b"", "")):
            response = await send_file(gate.page, "/people/import", name=name, file=file, token=token)
            assert response.status == 400
            assert said in response.text
        assert len(list((gate.working.state / FOLDER).iterdir())) == 1, "only the one that came whole"

    play(tmp_path, scene)


# -- what others may send ---------------------------------------------------------------------------------------------


@pytest.mark.attack("import-01")
def test_a_giant_list_is_refused_by_its_head_and_by_what_comes(tmp_path):
    async def scene(gate: DeskGate) -> None:
        token = await gate.form_token()
        too_much = UPLOAD_BYTES_MAX + ABOUT_BYTES_MAX + 1
        fields = multipart([("token", token)], "a.csv", b"")[: -len(f"\r\n--{BOUNDARY}--\r\n")]
        head = head_of(gate.page, "/people/import", too_much)
        reader, writer = await asyncio.open_connection("127.0.0.1", gate.page.port)
        try:
            writer.write(head + fields)
            answer = await asyncio.wait_for(reader.read(), 30)
        finally:
            writer.close()
        assert answer.split(b" ")[1] == b"400"
        assert b"The file is larger than 64 MB" in answer
        assert not (gate.working.state / FOLDER).exists(), "not a byte of it was kept"

    play(tmp_path, scene)


@pytest.mark.attack("import-02")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        f"--{BOUNDARY}--\r\n".encode(),
        multipart([("why", "x")], "a.csv", b"x"),  # the token is not the first
        multipart([("token", "TOKEN")]),  # no file
        multipart([("token", "TOKEN"), *((f"f{n}", "x") for n in range(20))], "a.csv", b"x"),
        multipart([("token", "TOKEN"), ("f", "x" * 5_000)], "a.csv", b"x"),
        multipart([("token", "TOKEN")], "a.csv", b"x" * 100)[:-60],  # it breaks off
        multipart([("token", "TOKEN")], "a.csv", b"x").replace(b"form-data", b"attachment"),
        multipart([("token", "TOKEN")], "a.csv", b"x").replace(b"name=", b"nome="),
        multipart([("token", "TOKEN")], "a.csv", b"x").replace(b"--\r\n", b"\r\n") + multipart([], "b.csv", b"y"),
        f"--{BOUNDARY}\r\n".encode() + b"a: b\r\n" * 1_000 + b"\r\n",
    ],
)
def test_what_is_no_form_of_ours_is_refused_and_nothing_is_kept(tmp_path, body):
    async def scene(gate: DeskGate) -> None:
        whole = body.replace(b"TOKEN", (await gate.form_token()).encode())
        answer = await gate.page.raw(head_of(gate.page, "/people/import", len(whole)) + whole)
        assert answer.split(b" ")[1] in (b"400", b"403"), answer[:200]
        folder = gate.working.state / FOLDER
        assert not folder.exists() or list(folder.iterdir()) == []
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        for strange in (
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "text/csv",
            kind.replace("form", "mixed"),
        ):
            head = head_of(gate.page, "/people/import", len(whole), content_type=strange)
            assert (await gate.page.raw(head + whole)).split(b" ")[1] == b"415"
        chunked = head_of(gate.page, "/people/import", 0).replace(b"content-length: 0", b"transfer-encoding: chunked")
        assert (await gate.page.raw(chunked + b"5\r\nhello\r\n0\r\n\r\n")).split(b" ")[1] == b"411"
        assert (await gate.page.get("/people/import")).status == 200

    play(tmp_path, scene)


@pytest.mark.attack("import-03")
def test_without_the_right_token_nothing_of_the_file_is_taken(tmp_path):
    async def scene(gate: DeskGate) -> None:
        for token in ("", "x" * 40, (await gate.form_token())[:-1] + "!"):
            body = multipart([("token", token)], "a.csv", b"name,card\r\n")
            head = head_of(gate.page, "/people/import", len(body) + UPLOAD_BYTES_MAX // 2)  # more seems to come
            reader, writer = await asyncio.open_connection("127.0.0.1", gate.page.port)
            try:
                writer.write(head + body[:-40])
                answer = await asyncio.wait_for(reader.read(), 5)  # at once, though most of it did not come
            finally:
                writer.close()
            assert answer.split(b" ")[1] == b"403"
        assert not (gate.working.state / FOLDER).exists()

    play(tmp_path, scene)


@pytest.mark.attack("import-10")
def test_whoever_is_logged_out_meanwhile_sends_nothing_more(tmp_path):
    async def scene(gate: DeskGate) -> None:
        token = await gate.form_token()
        body = multipart([("token", token)], "a.csv", b"name,card\r\n" * 60_000)
        reader, writer = await asyncio.open_connection("127.0.0.1", gate.page.port)
        try:
            writer.write(head_of(gate.page, "/people/import", len(body)) + body[:300_000])
            await writer.drain()
            folder = gate.working.state / FOLDER
            async with asyncio.timeout(30):
                while not list(folder.glob("*/sheet.coming")):  # the desk has begun to take it
                    await gate.page.get("/journal")
            assert (await gate.page.post("/logout", token=token)).status == 303
            writer.write(body[300_000:])
            answer = await asyncio.wait_for(reader.read(), 30)
        finally:
            writer.close()
        assert answer.split(b" ")[1] == b"303"
        assert b"location: /login" in answer
        assert list(folder.iterdir()) == []

    play(tmp_path, scene)
