"""The office's socket: who may connect, how much at once, and answers that wait for what they rest on."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from firmware.controller.answers import Answers
from firmware.controller.office_socket import OfficeSocket
from firmware.controller.role_socket import OFFICE_PACE, REFUSALS_BURST, REFUSALS_PER_S
from firmware.core.facts import OpenOnce
from firmware.messages import FRAME_BYTES_MAX, Answer, Ask, ListOverlay, Suspend, pack
from firmware.rehearsal.virtual_time import run_virtual
from tests.desk.at_desk import WHO, person_at

LONG = "a-folder-with-a-name-of-fifty-characters-or-so-in-it"


def serving(folder: Path, scenario, user_ids: frozenset[int] | None = None):
    """Run `scenario(socket, asked)` beside a socket that only listens."""

    async def run():
        asked: list = []
        served = OfficeSocket(folder, asked.append, user_ids)
        assert await served.open() == ""
        try:
            return await scenario(served, asked)
        finally:
            await served.close()

    return run_virtual(run())


@pytest.mark.attack("roster-37")
def test_another_user_gets_no_word_in(tmp_path: Path):
    """Past the folder's and the socket's mode, whoever the kernel says is not of our user is hung up on."""

    async def scenario(_served, asked):
        assert (tmp_path / "office.sock").stat().st_mode & 0o777 == 0o600
        async with person_at(tmp_path) as person:
            person.say(Suspend(holder="resident", **WHO))
            assert await person.hear() is None
        assert asked == []

    serving(tmp_path, scenario, frozenset({os.getuid() + 1}))


@pytest.mark.parametrize(
    "garbage",
    [
        (FRAME_BYTES_MAX + 1).to_bytes(4, "big") + b"x" * 100,
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x01\xc1",
        pack(Ask(OpenOnce(issuer="x", request="r", portal="front_door"), "r")),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=["oversized", "4 GiB", "no MessagePack", "a command of the page's", "HTTP"],
)
@pytest.mark.attack("roster-38")
def test_an_oversized_or_foreign_frame_ends_that_connection_and_no_other(tmp_path: Path, garbage: bytes):
    async def scenario(_served, asked):
        async with person_at(tmp_path) as good, person_at(tmp_path) as bad:
            bad.writer.write(garbage)
            assert await bad.hear() is None
            good.say(ListOverlay(**WHO))
            await asyncio.sleep(0.1)
            assert len(asked) == 1

    serving(tmp_path, scenario)


@pytest.mark.attack("roster-39")
def test_a_flood_of_commands_is_cut_at_the_burst_and_then_read_slowly(tmp_path: Path):
    """On virtual time, so that the pace is the socket's own."""
    count = 600

    async def scenario(_served, asked):
        began_s = asyncio.get_running_loop().time()
        refused = 0
        async with person_at(tmp_path) as person:
            for _ in range(count):
                person.say(Suspend(holder="resident", **WHO))
            while refused + len(asked) < count:
                answer = await person.hear()
                assert answer.reasons == ("too_many",)
                refused += 1
        took_s = asyncio.get_running_loop().time() - began_s
        assert len(asked) <= OFFICE_PACE.asks_burst + OFFICE_PACE.asks_per_s * took_s + 1
        paced = refused - REFUSALS_BURST
        assert took_s >= paced / (2 * REFUSALS_PER_S) - 1 > 10

    serving(tmp_path, scenario)


def test_a_state_folder_may_have_a_long_path(tmp_path: Path):
    folder = tmp_path / LONG / LONG / LONG
    folder.mkdir(parents=True)
    assert len(str(folder)) > 107

    async def scenario(served, asked):
        async with person_at(folder) as person:
            request = person.say(ListOverlay(**WHO))
            await asyncio.sleep(0.1)
            served.send(request, [Answer(request, True)])
            assert await person.hear() == Answer(request, True)
        assert len(asked) == 1

    serving(folder, scenario)


def test_a_folder_that_takes_no_socket_is_told_and_nothing_raises(tmp_path: Path):
    async def run():
        served = OfficeSocket(tmp_path / "no such folder", lambda _: None)
        assert "office cannot ask" in await served.open()
        await served.close()

    run_virtual(run())


# -- answers ----------------------------------------------------------------------------------------------------------


class Told:
    """Answers whose messages are kept."""

    def __init__(self, saved: int = 0) -> None:
        self.answers = Answers(saved)
        self.sent: list[Answer] = []
        self.answers.send = lambda _request, messages: self.sent.extend(messages)


def test_an_answer_waits_for_every_fact_the_file_and_the_journal():
    told = Told()
    asked = told.answers.open("r", Answer("r", True), facts=2, revision=3)
    told.answers.tell()
    asked.facts = 0
    asked.ticket = 7
    told.answers.saved(2)
    told.answers.committed(7)
    assert told.sent == []
    told.answers.saved(3)
    assert told.sent == [Answer("r", True)]
    assert "r" not in told.answers
    told.answers.committed(8)
    assert len(told.sent) == 1


def test_the_journal_may_be_the_last():
    told = Told()
    asked = told.answers.open("r", Answer("r", True), facts=0, revision=1)
    asked.ticket = 2
    told.answers.saved(1)
    told.answers.committed(1)
    assert told.sent == []
    told.answers.committed(2)
    assert told.sent == [Answer("r", True)]


def test_what_will_not_be_durable_is_said_to_be_not_saved_and_a_refusal_stays_one():
    told = Told()
    for request, done in (("file", True), ("no", False)):
        told.answers.open(request, Answer(request, done, ("said",)), facts=0, revision=1)
    told.answers.not_saved()
    assert told.sent == [Answer("file", False, ("said", "not_saved")), Answer("no", False, ("said",))]
    told.answers.open("journal", Answer("journal", True), facts=0).ticket = 5
    told.answers.tell()
    assert len(told.sent) == 2, "the journal may still commit it"
    told.answers.store_works(False)
    assert told.sent[2] == Answer("journal", False, ("not_saved",))


def test_while_the_file_fails_the_journal_is_waited_for_all_the_same():
    told = Told()
    told.answers.not_saved()
    told.answers.open("r", Answer("r", True), facts=0, revision=1).ticket = 1
    told.answers.tell()
    assert told.sent == []
    told.answers.committed(1)
    assert told.sent == [Answer("r", False, ("not_saved",))]
