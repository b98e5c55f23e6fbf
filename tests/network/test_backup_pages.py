"""The page about backups over real HTTP: what is asked of the controller, what is never, and what is kept of it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from firmware.backup.asks import BACKUP_BYTES_MAX, Backups, LookIntoBackup, MakeBackup, RestoreBackup
from firmware.network.accounts.account import Role
from tests.network.accounts import PASSPHRASE, Gate, gate
from tests.network.running import Response, parsed_head
from tests.network.walks import BACKUPS, CONTENTS

WORDS = "four words of nobody"
CODE = "0123-4567-89AB"


class Asking(Gate):
    """Logged in as an installer."""

    handover: Path

    def asked(self, kind: type) -> list[object]:
        return [ask.command for ask in self.page.controller.asked if isinstance(ask.command, kind)]

    def tells(self, told: Backups) -> None:
        told = msgspec.structs.replace(told, folder=str(self.handover))
        self.page.controller.telling["TellBackups"] = msgspec.json.encode(told).decode()

    async def upload(self, content: bytes, passphrase: str = WORDS, declared: int | None = None) -> Response:
        page = self.page
        parts = [("token", await page.token()), ("passphrase", passphrase)]
        body = b"".join(
            b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), text.encode())
            for name, text in parts
        )
        body += b'--x\r\nContent-Disposition: form-data; name="file"; filename="../../it"\r\n\r\n' + content
        body += b"\r\n--x--\r\n"
        head = page.request(
            "POST",
            "/backup/look",
            origin=f"http://127.0.0.1:{page.port}",
            content_type="multipart/form-data; boundary=x",
            content_length=str(len(body) if declared is None else declared),
            connection="close",
        )
        answer = await page.raw(head + b"\r\n" + body)
        first, _, rest = answer.partition(b"\r\n\r\n")
        return Response(*parsed_head(first), rest)


def play(folder: Path, scene: Callable[[Asking], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with gate(folder) as running:
            asking = Asking(running.page, running.folder)
            asking.handover = folder / "handover"
            asking.handover.mkdir()
            asking.tells(Backups(""))
            assert (await asking.log_in(Role.INSTALLER.value)).status == 303
            await scene(asking)

    asyncio.run(whole())


MAKE = [("why", "monthly"), ("passphrase", WORDS), ("again", WORDS), ("code", CODE)]


def test_what_is_asked_of_the_controller_says_who_from_where_and_why(tmp_path: Path) -> None:
    async def scene(at: Asking) -> None:
        assert (await at.page.post("/backup/make", MAKE)).status == 303
        (made,) = at.asked(MakeBackup)
        assert isinstance(made, MakeBackup)
        assert (made.issuer, made.address, made.why) == ("installer", "127.0.0.1", "monthly")
        assert (made.passphrase, made.code) == (WORDS, CODE)

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"passphrase": "xyzzy-7", "again": "xyzzy-7"}, "too short"),
        ({"again": "four words of others"}, "not the same"),
        ({"passphrase": "passwordpassword1", "again": "passwordpassword1"}, "everybody would try"),
        ({"passphrase": "North gate 2026", "again": "North gate 2026"}, "little more than a name"),
        ({"why": ""}, "Say why, on one line"),
        ({"code": "0000-0000-0000"}, "refuses that"),
    ],
)
def test_a_weak_passphrase_or_no_reason_is_refused_before_anything_is_made(
    tmp_path: Path, wrong: dict[str, str], said: str
) -> None:
    async def scene(at: Asking) -> None:
        fields = [(name, wrong.get(name, content)) for name, content in MAKE]
        response = await at.page.post("/backup/make", fields, accept_language="en")
        assert response.status in (400, 409), response.text
        assert said in response.text
        assert at.asked(MakeBackup) == [] or "code" in wrong
        for secret in (WORDS, CODE, wrong.get("passphrase", WORDS)):
            assert secret not in response.text, "nothing secret comes back"

    play(tmp_path, scene)


def test_a_file_goes_through_the_handover_and_into_nobodys_folder(tmp_path: Path) -> None:
    content = os.urandom(300_000)

    async def scene(at: Asking) -> None:
        seen: list[bytes] = []
        at.page.controller.on_ask = lambda ask: (
            seen.append((at.handover / ask.command.file).read_bytes())
            if isinstance(ask.command, LookIntoBackup)
            else None
        )
        response = await at.upload(content)
        assert response.status == 303, response.text
        assert seen == [content]
        (look,) = at.asked(LookIntoBackup)
        assert isinstance(look, LookIntoBackup)
        assert look.passphrase == WORDS
        at.page.controller.refusals["LookIntoBackup"] = ("busy",)
        (at.handover / look.file).unlink()
        assert (await at.upload(content)).status == 409
        assert os.listdir(at.handover) == [], "what is refused is not kept"

    play(tmp_path, scene)


def test_what_is_no_file_too_large_or_without_words_is_refused_and_not_kept(tmp_path: Path) -> None:
    async def scene(at: Asking) -> None:
        assert (await at.upload(b"")).status == 400
        assert (await at.upload(b"x", passphrase="")).status == 400
        assert (await at.upload(b"x", declared=BACKUP_BYTES_MAX + (1 << 20))).status in (400, 413)
        assert at.asked(LookIntoBackup) == []
        assert os.listdir(at.handover) == []

    play(tmp_path, scene)


def test_a_restore_is_of_what_was_shown_and_wants_a_tick(tmp_path: Path) -> None:
    async def scene(at: Asking) -> None:
        at.tells(BACKUPS["looked"])
        shown = (await at.page.get("/backup", accept_language="en")).text
        assert "1200" in shown
        assert "very_long_name_" in shown
        fields = [("why", "the board died"), ("passphrase", WORDS), ("code", CODE), ("seen", "0" * 64)]
        refused = await at.page.post("/backup/restore", fields, accept_language="en")
        assert refused.status == 400
        assert "Tick the box" in refused.text
        assert "the board died" in refused.text, "what was typed stands there still"
        assert at.asked(RestoreBackup) == []
        assert (await at.page.post("/backup/restore", [*fields, ("tick", "yes")])).status == 303
        (restore,) = at.asked(RestoreBackup)
        assert isinstance(restore, RestoreBackup)
        assert (restore.seen, restore.why) == ("0" * 64, "the board died")

    play(tmp_path, scene)


def test_the_file_is_taken_once_it_is_there(tmp_path: Path) -> None:
    content = os.urandom(700_000)

    async def scene(at: Asking) -> None:
        assert (await at.page.post("/backup/file")).status == 410
        made = msgspec.structs.replace(BACKUPS["made"].made, bytes=len(content), contents=CONTENTS)
        at.tells(Backups("", made=made))
        assert (await at.page.post("/backup/file")).status == 410, "it is gone"
        (at.handover / made.file).write_bytes(content)
        response = await at.page.post("/backup/file")
        assert response.body == content
        assert response.header("content-length") == str(len(content))
        assert response.header("content-disposition") == (
            'attachment; filename="menshen-north_gate-2026-11-23-13-03-22.backup"'
        )
        state = json.loads((await at.page.get("/api/v1/backup")).text)
        assert (state["job"], state["made"]["bytes"]) == (None, len(content))

    play(tmp_path, scene)


def test_without_the_controller_it_says_so(tmp_path: Path) -> None:
    async def scene(at: Asking) -> None:
        await at.page.controller.die()
        response = await at.page.get("/backup", accept_language="en")
        assert response.status == 503
        assert "does not say how it stands" in response.text
        assert (await at.page.post("/backup/make", MAKE)).status == 503
        assert PASSPHRASE not in response.text

    play(tmp_path, scene)
