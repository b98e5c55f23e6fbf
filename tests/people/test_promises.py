"""Told, and then killed: the journal says that it was edited, nothing is so; the next start of the desk tells that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from firmware.messages import TellPeople
from firmware.people.errors import Denied
from firmware.people.promises import settle
from firmware.people_words.holders import BeginSource, EditHolder
from tests.people.desk import MANAGER, AtDesk, at_desk
from tests.people.test_serving import WAIT_S, ask, process

LOOK_S, LOOKS_MAX = 0.02, 1_000
NEW = EditHolder(fields={"name": "Wang", "profiles": "staff"}, why="moved in")


async def until(right: Callable[[], bool]) -> None:
    for _ in range(LOOKS_MAX):
        if right():
            return
        await asyncio.sleep(LOOK_S)
    raise AssertionError("it did not come to that")


def left(desk: AtDesk) -> list[Path]:
    return sorted((desk.state / "people").glob("told-*"))


@pytest.mark.attack("people-10")
def test_killed_between_told_and_done_the_next_start_tells_that_it_is_not_so(tmp_path: Path) -> None:
    async def whole() -> None:
        with at_desk(tmp_path) as desk:
            path, loop = tmp_path / "people.sock", asyncio.get_running_loop()
            told, hold = asyncio.Event(), asyncio.Event()

            def stall(command: object) -> None:
                if isinstance(command, TellPeople) and not hold.is_set():
                    loop.call_soon_threadsafe(told.set)
                    asyncio.run_coroutine_threadsafe(hold.wait(), loop).result(WAIT_S)

            desk.gate.before = stall
            async with process(desk, path) as running:
                asking = asyncio.create_task(ask(path, NEW))
                async with asyncio.timeout(WAIT_S):
                    await told.wait()
                running.kill()
                await running.wait()
                assert await asking is None
            hold.set()
            await until(lambda: desk.gate.told() == [("edited", "holder added")])
            assert desk.rows("SELECT count(*) FROM holder") == [(0,)]
            async with process(desk, path):
                await until(lambda: desk.gate.told()[-1] == ("edit_not_done", "holder added"))
                await until(lambda: left(desk) == [])
            last = [one for one in desk.gate.asked if isinstance(one, TellPeople)][-1]
            assert (last.issuer, last.address, last.holder[:1]) == ("Li Wei", "10.0.0.7", "p")
            async with process(desk, path):
                assert await ask(path, NEW) is not None
            assert [act for act, _ in desk.gate.told()] == ["edited", "edit_not_done", "edited"]

    asyncio.run(whole())


def test_what_was_done_leaves_nothing_behind(tmp_path: Path) -> None:
    with at_desk(tmp_path) as desk:
        desk.ask(NEW)
        assert left(desk) == []
        assert desk.gate.told() == [("edited", "holder added")]


def test_an_answer_that_was_lost_is_made_good_by_the_next_edit(tmp_path: Path) -> None:
    """The controller may have committed it before it went: whoever reads the journal is told that it is not so."""
    with at_desk(tmp_path) as desk:

        def goes(command: object) -> None:
            if isinstance(command, TellPeople):
                raise ConnectionError

        desk.gate.before = goes
        with pytest.raises(Denied) as refused:
            desk.ask(NEW)
        assert refused.value.said.word == "people_no_controller"
        assert len(left(desk)) == 1
        assert all(path.stat().st_mode & 0o077 == 0 for path in left(desk))
        desk.gate.before = lambda _command: None
        desk.ask(NEW)
        assert desk.gate.told() == [("edit_not_done", "holder added"), ("edited", "holder added")]
        assert left(desk) == []


def test_what_was_committed_before_the_end_is_not_taken_back(tmp_path: Path) -> None:
    """Killed after the commit: the promise stands there still, and it was kept."""
    with at_desk(tmp_path) as desk:
        kept: list[bytes] = []

        def copy(command: object) -> None:
            if isinstance(command, TellPeople):
                kept.extend(path.read_bytes() for path in left(desk))

        desk.gate.before = copy
        desk.ask(NEW)
        (content,) = kept
        (desk.state / "people" / "told-again.json").write_bytes(content)
        settle(desk.place)
        assert left(desk) == []
        assert desk.gate.told() == [("edited", "holder added")]


def test_a_refusal_of_the_journal_promises_nothing(tmp_path: Path) -> None:
    with at_desk(tmp_path) as desk:
        desk.gate.refuse["TellPeople"] = ("not_recorded",)
        with pytest.raises(Denied) as refused:
            desk.ask(NEW)
        assert refused.value.said.word == "people_not_recorded"
        assert left(desk) == []


def test_what_is_no_promise_is_taken_away(tmp_path: Path) -> None:
    with at_desk(tmp_path) as desk:
        folder = desk.place.own_folder()
        (folder / "told-x.json").write_bytes(b"{")
        settle(desk.place)
        assert left(desk) == []
        assert desk.gate.told() == []


def test_a_list_that_was_not_begun_is_told(tmp_path: Path) -> None:
    with at_desk(tmp_path, source=False) as desk:
        (desk.state / "office.source.db.new").mkdir()  # it cannot be made there
        with pytest.raises(Denied):
            desk.ask(BeginSource())
        assert desk.gate.told() == [("edited", "list begun"), ("edit_not_done", "list begun")]
        assert MANAGER.name == "Li Wei"


def test_several_who_edit_at_once_break_no_promise_of_each_other(tmp_path: Path) -> None:
    with at_desk(tmp_path) as desk, ThreadPoolExecutor(4) as several:
        made = [several.submit(desk.ask, EditHolder(fields={"name": f"P {n}", "profiles": "staff"})) for n in range(40)]
        done = [one.result() for one in made if one.exception() is None]
        assert {type(one.exception()) for one in made} <= {type(None), Denied}  # the list may be busy for one
        assert len(done) >= 10
        assert desk.rows("SELECT count(*) FROM holder") == [(len(done),)]
        assert desk.gate.told() == [("edited", "holder added")] * len(done)
        assert left(desk) == []
