"""Backups by the API: what is asked of the controller, and by whom it is not; what comes back, and what never does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from firmware.backup.asks import (
    BACKUP_BYTES_MAX,
    Backups,
    DropBackup,
    ForgetRestored,
    LookIntoBackup,
    MakeBackup,
    RestoreBackup,
    UndoRestore,
)
from tests.network.accounts import gate
from tests.network.api_client import call, token_for, told, words
from tests.network.running import Response
from tests.network.test_backup_pages import CODE, MAKE, WORDS, Asking
from tests.network.walks import BACKUPS, CONTENTS

AT = "/api/v1/backup"
MAKING = {"why": "monthly", "passphrase": WORDS, "code": CODE}
RESTORING = {"why": "the board died", "seen": "0" * 64, "passphrase": WORDS, "code": CODE, "confirmed": "yes"}
UNDOING = {"why": "the wrong one", "code": CODE, "confirmed": "yes"}
FILE = "application/octet-stream"


class Caller:
    """A program with a token; or, without one, script on a page of ours."""

    def __init__(self, at: Asking, token: str | None) -> None:
        self.at = at
        self.token = token
        self._key = 0

    async def ask(self, method: str, path: str, body: object = None, raw: bytes | None = None, **more: str) -> Response:
        self._key += 1
        named = {"idempotency-key": f"key-{self._key:04}"} | {
            name.replace("_", "-"): text for name, text in more.items()
        }
        if self.token is None and method != "GET":
            csrf = str(told(await call(self.at.page, "GET", "/api/v1/me"))["csrf_token"])
            named = {"origin": f"http://127.0.0.1:{self.at.page.port}", "x-csrf-token": csrf, **named}
        return await call(self.at.page, method, AT + path, self.token, body, named, raw)

    async def look(self, content: bytes, passphrase: str = WORDS, **more: str) -> Response:
        named = {"content_type": FILE, "backup_passphrase": quote(passphrase, safe=" "), **more}
        return await self.ask("POST", "/look", raw=content, **named)


def play(folder: Path, scene: Callable[[Asking, Caller, Caller], Awaitable[None]]) -> None:
    """With a program that has an installer's token, and an installer who is logged in."""

    async def whole() -> None:
        async with gate(folder) as running:
            at = Asking(running.page, running.folder)
            at.handover = folder / "handover"
            at.handover.mkdir()
            at.tells(Backups(""))
            token = await token_for(running, "nightly", "installer")
            assert (await at.log_in("installer")).status == 303
            await scene(at, Caller(at, token), Caller(at, None))

    asyncio.run(whole())


def state(response: Response) -> dict[str, Any]:
    assert response.status in (200, 202), response.text
    return told(response)


def test_a_backup_is_made_and_taken_by_a_program_and_by_a_person_as_by_the_form(tmp_path: Path) -> None:
    content = os.urandom(700_000)

    async def scene(at: Asking, program: Caller, person: Caller) -> None:
        assert (await at.page.post("/backup/make", MAKE)).status == 303
        for who, name in ((program, "client:nightly"), (person, "installer")):
            response = await who.ask("POST", "", MAKING)
            assert (response.status, response.header("location")) == (202, AT)
            form, *_, api = at.asked(MakeBackup)
            assert api == msgspec.structs.replace(form, issuer=name)
        made = msgspec.structs.replace(BACKUPS["made"].made, bytes=len(content), contents=CONTENTS)
        for who in (program, person):
            at.tells(Backups(""))
            assert words(await who.ask("POST", "/file", {})) == ("not_taken", "409")
            at.tells(Backups("", made=made))
            gone = await who.ask("POST", "/file", {})
            assert told(gone)["reasons"] == ["backup_gone"]
            (at.handover / made.file).write_bytes(content)
            response = await who.ask("POST", "/file", {})
            assert response.body == content
            assert response.header("content-type") == FILE
            assert response.header("content-disposition") == (
                'attachment; filename="menshen-north_gate-2026-11-23-13-03-22.backup"'
            )
            (at.handover / made.file).unlink()
            assert (await who.ask("DELETE", "")).status == 204
        assert [each.issuer for each in at.asked(DropBackup)] == ["client:nightly", "installer"]  # type: ignore[attr-defined]

    play(tmp_path, scene)


def test_a_file_is_proven_by_both_and_its_passphrase_is_whatever_people_write(tmp_path: Path) -> None:
    content = os.urandom(300_000)

    async def scene(at: Asking, program: Caller, person: Caller) -> None:
        seen: list[bytes] = []

        def on_ask(ask: Any) -> None:
            if isinstance(ask.command, LookIntoBackup):
                seen.append((at.handover / ask.command.file).read_bytes())

        at.page.controller.on_ask = on_ask
        for who, name, passphrase in (
            (program, "client:nightly", "绿水 青山 100% 月饼"),
            (person, "installer", WORDS),
        ):
            response = await who.look(content, passphrase)
            assert (response.status, response.header("location")) == (202, AT), response.text
            look = at.asked(LookIntoBackup)[-1]
            assert isinstance(look, LookIntoBackup)
            assert (look.issuer, look.passphrase) == (name, passphrase)
            (at.handover / look.file).unlink()
        assert seen == [content, content]
        at.page.controller.refusals["LookIntoBackup"] = ("busy",)
        response = await program.look(content)
        assert (words(response), told(response)["reasons"]) == (("not_taken", "409"), ["backup_busy"])
        assert os.listdir(at.handover) == [], "what is refused is not kept"

    play(tmp_path, scene)


def test_what_is_no_backup_in_form_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    async def scene(at: Asking, program: Caller, _: Caller) -> None:
        assert words(await program.look(b"")) == ("not_taken", "409")
        assert words(await program.look(b"x", "")) == ("not_understood", "400")
        assert words(await program.look(b"x", "x" * 1_025)) == ("not_understood", "400")
        assert words(await program.look(b"x", content_type="application/json")) == ("wrong_type", "415")
        csrf = {"authorization": f"Bearer {program.token}", "cookie": "", "idempotency_key": "key-large"}
        head = at.page.request(
            "POST",
            f"{AT}/look",
            content_type=FILE,
            content_length=str(BACKUP_BYTES_MAX + 1),
            backup_passphrase=WORDS,
            connection="close",
            **csrf,
        )
        assert (await at.page.raw(head + b"\r\n")).split(b" ")[1] == b"413"
        assert at.asked(LookIntoBackup) == []
        assert os.listdir(at.handover) == []

    play(tmp_path, scene)


def test_one_key_makes_one_backup(tmp_path: Path) -> None:
    async def scene(at: Asking, program: Caller, _: Caller) -> None:
        answers = [await program.ask("POST", "", MAKING, idempotency_key="of-tonight") for _ in range(3)]
        assert {each.status for each in answers} == {202}
        assert len(at.asked(MakeBackup)) == 1
        other = await program.ask("POST", "", {**MAKING, "why": "another one"}, idempotency_key="of-tonight")
        assert words(other) == ("key_used", "409")
        content = os.urandom(5_000)
        assert {(await program.look(content, idempotency_key="the-file")).status for _ in range(2)} == {202}
        assert len(at.asked(LookIntoBackup)) == 1
        assert words(await program.look(content[:-1] + b"!", idempotency_key="the-file")) == ("key_used", "409")

    play(tmp_path, scene)


@pytest.mark.attack("backup-25")
def test_what_outlives_a_token_is_asked_by_a_person_only(tmp_path: Path) -> None:
    async def scene(at: Asking, program: Caller, person: Caller) -> None:
        at.tells(BACKUPS["looked"])
        for path, body in (("/restore", RESTORING), ("/undo", UNDOING), ("/forget", UNDOING)):
            assert words(await program.ask("POST", path, body)) == ("person_needed", "403"), path
        for kind in (RestoreBackup, UndoRestore, ForgetRestored):
            assert at.asked(kind) == []
        for path, body, kind in (
            ("/restore", RESTORING, RestoreBackup),
            ("/undo", UNDOING, UndoRestore),
            ("/forget", UNDOING, ForgetRestored),
        ):
            assert (await person.ask("POST", path, {**body, "confirmed": "no"})).status == 422
            assert (await person.ask("POST", path, {**body, "code": ""})).status == 422
            response = await person.ask("POST", path, body)
            assert (response.status, response.header("location")) == (202, AT), response.text
            (asked,) = at.asked(kind)
            shared = {"why": body["why"], "code": CODE, "issuer": "installer", "address": "127.0.0.1"}
            assert {name: getattr(asked, name) for name in shared} == shared
        (restore,) = at.asked(RestoreBackup)
        assert isinstance(restore, RestoreBackup)
        assert (restore.seen, restore.passphrase) == ("0" * 64, WORDS)

    play(tmp_path, scene)


@pytest.mark.attack("backup-26")
def test_no_passphrase_and_no_code_comes_back_in_any_answer(tmp_path: Path) -> None:
    async def scene(at: Asking, program: Caller, person: Caller) -> None:
        heard = b""
        secret = "nobody else's words 77"
        for refused in ((), ("busy",), ("not_seen",), ("wrong_code",), ("too_many",), ("code_wait",), ("strange",)):
            for name in ("MakeBackup", "LookIntoBackup", "RestoreBackup", "UndoRestore", "ForgetRestored"):
                at.page.controller.refusals[name] = refused
            for who in (program, person):
                bodies = (("", MAKING), ("/restore", RESTORING), ("/undo", UNDOING), ("/forget", UNDOING))
                for path, body in bodies:
                    named = {**body, **({"passphrase": secret} if "passphrase" in body else {})}
                    for sent in (named, {**named, "why": "x"}, {**named, "strange": 1}):
                        heard += (await who.ask("POST", path, sent)).body
                heard += (await who.look(b"x" * 10, secret)).body
                heard += (await who.ask("GET", "")).body
        assert heard
        assert secret.encode() not in heard
        assert CODE.encode() not in heard

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("wrong", "kind", "reason"),
    [
        ({"passphrase": "x" * 11}, ("not_understood", "422"), ""),
        ({"passphrase": "passwordpassword1"}, ("not_taken", "409"), "passphrase_obvious"),
        ({"passphrase": "North gate 2026"}, ("not_taken", "409"), "passphrase_name"),
        ({"why": ""}, ("not_understood", "422"), ""),
        ({"why": " " * 20}, ("not_taken", "409"), "journal_bad_purpose"),
        ({"code": "0000-0000-0000"}, ("not_taken", "409"), ""),
        ({"code": None}, ("not_understood", "422"), ""),
    ],
)
def test_a_weak_passphrase_or_no_reason_is_refused(
    tmp_path: Path, wrong: dict[str, object], kind: tuple[str, str], reason: str
) -> None:
    async def scene(_: Asking, program: Caller, person: Caller) -> None:
        for who in (program, person):
            response = await who.ask("POST", "", {**MAKING, **wrong})
            assert words(response) == kind, response.text
            if reason:
                assert told(response)["reasons"] == [reason]

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("refused", "kind", "more"),
    [
        ("busy", ("not_taken", "409"), {"reasons": ["backup_busy"]}),
        ("wrong_code", ("not_taken", "409"), {"reasons": ["backup_wrong_code"], "field": "code"}),
        ("not_seen", ("not_taken", "409"), {"reasons": ["backup_not_seen"], "field": "seen"}),
        ("strange", ("not_taken", "409"), {"reasons": ["backup_not_allowed"]}),
        ("too_many", ("too_fast", "429"), {}),
        ("code_wait", ("too_fast", "429"), {}),
    ],
)
def test_each_refusal_of_the_controller_is_a_problem_that_says_what_to_do(
    tmp_path: Path, refused: str, kind: tuple[str, str], more: dict[str, object]
) -> None:
    async def scene(at: Asking, _: Caller, person: Caller) -> None:
        at.page.controller.refusals["RestoreBackup"] = (refused,)
        response = await person.ask("POST", "/restore", RESTORING, accept_language="zh-CN")
        assert words(response) == kind
        assert more.items() <= told(response).items()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in str(told(response)["cause"]))
        assert (response.header("retry-after") is not None) == (kind[1] == "429")

    play(tmp_path, scene)


@pytest.mark.parametrize("name", sorted(BACKUPS))
def test_how_it_stands_is_told_in_both_languages(tmp_path: Path, name: str) -> None:
    async def scene(at: Asking, program: Caller, person: Caller) -> None:
        stands = BACKUPS[name]
        if stands.made is not None:
            stands = msgspec.structs.replace(stands, made=msgspec.structs.replace(stands.made, file="ab" * 16))
        at.tells(stands)
        english, chinese = [state(await program.ask("GET", "", accept_language=each)) for each in ("en", "zh-CN")]
        for field in ("job", "made", "looked", "failed", "last"):
            assert (english[field] is None) == (getattr(stands, field) is None), field
        assert any("\u4e00" <= letter <= "\u9fff" for letter in str(chinese))
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in str(english["without_texts"]))
        assert len(english["without_texts"]) == 5
        if stands.job is not None:
            assert (english["job"]["kind"], english["job"]["done"]) == (stands.job.kind, stands.job.done)
        if stands.looked is not None:
            assert english["looked"]["sha256"] == stands.looked.sha256
            assert [each["file"] for each in english["looked"]["changes"]] == [f for _, f in stands.looked.changes]
        if stands.failed is not None:
            assert english["failed"]["why"] == stands.failed.why
            assert english["failed"]["next_text"]
        assert str(at.handover) not in str(english), "no path of this machine"
        if stands.made is not None:
            assert stands.made.file not in str(english), "nor the name that nobody can guess"
        assert state(await person.ask("GET", "", accept_language="en")) == english

    play(tmp_path, scene)


def test_without_the_controller_it_is_not_done_and_with_a_silent_one_not_known(tmp_path: Path) -> None:
    async def scene(at: Asking, program: Caller, person: Caller) -> None:
        at.page.controller.answers = False
        silent = await asyncio.gather(
            program.ask("POST", "", MAKING), person.ask("POST", "/undo", UNDOING), program.ask("DELETE", "")
        )
        assert [words(each) for each in silent] == [("not_known", "504")] * 3
        await at.page.controller.die()
        for method, path, body in (
            ("GET", "", None),
            ("POST", "", MAKING),
            ("DELETE", "", None),
            ("POST", "/restore", RESTORING),
            ("POST", "/undo", UNDOING),
            ("POST", "/forget", UNDOING),
        ):
            assert words(await person.ask(method, path, body)) == ("not_sent", "503"), path
        assert words(await program.look(b"x")) == ("not_sent", "503")

    play(tmp_path, scene)


# -- forgetting, by the form ------------------------------------------------------------------------------------------


def test_the_form_that_forgets_names_the_effect_and_wants_tick_code_and_reason(tmp_path: Path) -> None:
    async def scene(at: Asking, _: Caller, __: Caller) -> None:
        at.tells(Backups(""))
        assert "/backup/forget" not in (await at.page.get("/backup")).text, "nothing is kept"
        at.tells(BACKUPS["last"])
        english = (await at.page.get("/backup", accept_language="en")).text
        assert "no way back to them" in english
        assert "无法再退回" in (await at.page.get("/backup", accept_language="zh-CN")).text
        fields = [("why", "it works as it is"), ("code", CODE)]
        refused = await at.page.post("/backup/forget", fields, accept_language="en")
        assert (refused.status, "Tick the box" in refused.text, "it works as it is" in refused.text) == (
            400,
            True,
            True,
        )
        assert (await at.page.post("/backup/forget", [("code", CODE), ("tick", "yes")])).status == 400
        assert at.asked(ForgetRestored) == []
        assert (await at.page.post("/backup/forget", [*fields, ("tick", "yes")])).status == 303
        (forget,) = at.asked(ForgetRestored)
        assert isinstance(forget, ForgetRestored)
        assert (forget.issuer, forget.address, forget.why, forget.code) == (
            "installer",
            "127.0.0.1",
            "it works as it is",
            CODE,
        )

    play(tmp_path, scene)
