"""Asked of the controller at once, and then killed: what is not so is told, what was half done is done to its end."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from firmware.messages import Enrol, Invite, Leave, Lift, LocalEntry, Suspend, TellPeople
from firmware.people.at_once import Asked, By, finish
from firmware.people.errors import Denied
from firmware.people.following import FOLLOWING
from firmware.people_words.base import HowAreThings, Question, Standing
from firmware.people_words.holders import (
    BringToGate,
    Edited,
    EndHolder,
    EnrolAtReader,
    EnrolledThere,
    LiftHere,
    SuspendHere,
    TakeBack,
)
from firmware.people_words.visitors import InviteVisitor
from firmware.terminal import now_utc_s
from tests.people.desk import FAR_S, MANAGER, AtDesk, at_desk
from tests.people.test_promises import until
from tests.people.test_serving import WAIT_S, ask, process

CARD, NEW_CARD = "H10301:12:34567", "H10301:12:50002"
VISIT = {"name": "Chen Bo", "until": "2027-06-01T18:00", "profile": "visitors", "kind": "made", "uses": "2"}
PEOPLE = (
    ("holder", "h1", {"name": "Wang", "profiles": "residents"}),
    ("credential", f"card:{CARD}", {"holder": "h1"}),
    ("holder", "h2", {"name": "Li", "profiles": "staff"}),
)
ENTRY = LocalEntry("l0000abcd", "suspend", "h1", "Somebody", "before", 1, FAR_S, status="suspended")
QUESTIONS: dict[str, tuple[Question, type, str]] = {
    "suspend": (SuspendHere(holder="h1", why="lost keys"), Suspend, "suspension asked"),
    "lift": (LiftHere(holder="h1", entry=ENTRY.id, why="found"), Lift, "local entry ended"),
    "end": (EndHolder(holder="h1", revision=99, remove=False, why="moves out"), Leave, "holder leaves"),
    "end and remove": (EndHolder(holder="h1", revision=99, why="moves out"), Leave, "holder leaves"),
    "take back": (TakeBack(holder="h1", entry=ENTRY.id), Lift, "local entry ended"),
    "invite": (InviteVisitor(fields=VISIT, why="a parcel"), Invite, "visitor invited"),
}


@contextlib.contextmanager
def desk_with_people(folder: Path):  # type: ignore[no-untyped-def]
    with at_desk(folder) as desk:
        desk.put(*PEOPLE)
        desk.gate.owners[CARD] = "h1"
        desk.gate.entries = [ENTRY]
        yield desk


def left(desk: AtDesk) -> list[Path]:
    return sorted((desk.state / "people").glob("asked-*"))


def visitors(desk: AtDesk) -> int:
    """Whose names are known."""
    with contextlib.closing(sqlite3.connect(desk.state / "people" / "visitors.db")) as db:
        return int(db.execute("SELECT count(*) FROM visitor").fetchone()[0])


def listed(desk: AtDesk, holder: str) -> bool:
    return desk.rows("SELECT count(*) FROM holder WHERE id = ?", holder) == [(1,)]


async def killed_at(desk: AtDesk, path: Path, question: Question, here: Callable[[object], bool]) -> None:
    """Ask a desk of its own process, which dies once the gate has got `here`; then the gate goes on."""
    loop = asyncio.get_running_loop()
    got, hold = asyncio.Event(), asyncio.Event()

    def stall(command: object) -> None:
        if here(command) and not got.is_set():
            loop.call_soon_threadsafe(got.set)
            asyncio.run_coroutine_threadsafe(hold.wait(), loop).result(WAIT_S)

    desk.gate.before = stall
    async with process(desk, path) as running:
        asking = asyncio.create_task(ask(path, question))
        async with asyncio.timeout(WAIT_S):
            await got.wait()
        running.kill()
        await running.wait()
        await asyncio.gather(asking, return_exceptions=True)
    assert left(desk), "it is written down"
    hold.set()


async def started_again(desk: AtDesk, path: Path) -> None:
    async with process(desk, path):
        await until(lambda: left(desk) == [])


@pytest.mark.attack("people-15")
@pytest.mark.parametrize("name", QUESTIONS)
def test_killed_before_it_was_asked_the_next_start_tells_that_it_is_not_so(tmp_path: Path, name: str) -> None:
    question, kind, detail = QUESTIONS[name]

    async def whole() -> None:
        with desk_with_people(tmp_path) as desk:
            await killed_at(desk, tmp_path / "people.sock", question, lambda each: isinstance(each, TellPeople))
            await until(lambda: desk.gate.told() == [("edited", detail)])
            await started_again(desk, tmp_path / "people.sock")
            assert desk.gate.told() == [("edited", detail), ("edit_not_done", detail)]
            assert [each for each in desk.gate.asked if isinstance(each, kind)] == []
            assert desk.gate.entries == [ENTRY]
            assert listed(desk, "h1")
            assert desk.rows("SELECT count(*) FROM credential") == [(1,)]
            told = [each for each in desk.gate.asked if isinstance(each, TellPeople)][-1]
            assert (told.issuer, told.address) == (MANAGER.name, MANAGER.address)
            if name == "invite":
                assert visitors(desk) == 0, "nobody keeps the name of somebody who is not invited"

    asyncio.run(whole())


@pytest.mark.parametrize("name", QUESTIONS)
def test_killed_before_the_answer_it_is_not_taken_back_and_the_list_follows(tmp_path: Path, name: str) -> None:
    """The controller has done it: an edit that is taken back in the journal would be a lie, and half of it a loss."""
    question, kind, detail = QUESTIONS[name]

    async def whole() -> None:
        with desk_with_people(tmp_path) as desk:
            path = tmp_path / "people.sock"
            asked = question
            if isinstance(question, TakeBack):  # and out of the list, too
                asked = msgspec.structs.replace(question, ref=desk.identity.pseudonym("card", CARD))
            await killed_at(desk, path, asked, lambda each: isinstance(each, kind))
            await until(lambda: desk.gate.entries != [ENTRY])
            at_gate = list(desk.gate.entries)
            await started_again(desk, path)
            assert ("edit_not_done", detail) not in desk.gate.told()
            assert desk.gate.told()[0] == ("edited", detail)
            assert desk.gate.entries == at_gate, "asked once"
            follows = {
                "end and remove": [("edited", "holder removed")],
                "take back": [("edited", "enrolment taken back")],
            }
            assert desk.gate.told()[1:] == follows.get(name, [])
            assert listed(desk, "h1") == (name != "end and remove")
            assert listed(desk, "h2")
            gone = name in ("end and remove", "take back")
            assert desk.rows("SELECT count(*) FROM credential") == [(0 if gone else 1,)]
            if name == "invite":
                assert visitors(desk) == 1

    asyncio.run(whole())


@pytest.mark.attack("people-16")
def test_killed_between_the_controllers_answer_and_the_list_somebody_who_left_is_removed(tmp_path: Path) -> None:
    question, _, _ = QUESTIONS["end and remove"]

    def removing(command: object) -> bool:
        return isinstance(command, TellPeople) and command.detail == "holder removed"

    async def whole() -> None:
        with desk_with_people(tmp_path) as desk:
            await killed_at(desk, tmp_path / "people.sock", question, removing)
            assert [each.status for each in desk.gate.entries] == ["suspended", "left"]
            assert listed(desk, "h1"), "not yet"
            await started_again(desk, tmp_path / "people.sock")
            assert not listed(desk, "h1")
            assert desk.rows("SELECT who, why FROM batch ORDER BY id DESC LIMIT 1") == [("Li Wei", "moves out")]
            assert desk.gate.told() == [
                ("edited", "holder leaves"),
                ("edited", "holder removed"),
                ("edit_not_done", "holder removed"),
                ("edited", "holder removed"),
            ]
            assert len([each for each in desk.gate.asked if isinstance(each, Leave)]) == 1

    asyncio.run(whole())


def test_killed_between_the_controllers_answer_and_the_list_what_was_presented_is_kept(tmp_path: Path) -> None:
    question = EnrolAtReader(holder="h2", reader="bike_reader", seconds=30, why="a new card")

    def keeping(command: object) -> bool:
        return isinstance(command, TellPeople) and command.detail == "card enrolled"

    async def whole() -> None:
        with desk_with_people(tmp_path) as desk:
            desk.gate.presented["bike_reader"] = f"card:{NEW_CARD}"
            await killed_at(desk, tmp_path / "people.sock", question, keeping)
            assert all(path.stat().st_mode & 0o077 == 0 for path in left(desk)), "the card's number is in it"
            await started_again(desk, tmp_path / "people.sock")
            assert desk.rows("SELECT holder FROM credential WHERE key = ?", NEW_CARD) == [("h2",)]
            assert len([each for each in desk.gate.asked if isinstance(each, Enrol)]) == 1
            again = await asyncio.to_thread(desk.ask, question)
            assert isinstance(again, EnrolledThere)

    asyncio.run(whole())


@pytest.mark.parametrize("handed", [False, True])
def test_killed_while_the_list_is_brought(tmp_path: Path, handed: bool) -> None:
    """Before the roster is built it is told that nothing was handed in; what was handed in is not taken back."""

    async def whole() -> None:
        with desk_with_people(tmp_path) as desk:
            standing = desk.ask(HowAreThings())
            assert isinstance(standing, Standing)
            bring = BringToGate(batch=standing.batch)
            detail = f"batch {standing.batch}"
            desk.gate.takes_rosters = False
            if not handed:
                path = tmp_path / "people.sock"
                await killed_at(desk, path, bring, lambda each: isinstance(each, TellPeople))
                await until(lambda: desk.gate.told() == [("handed_in", detail)])
                await started_again(desk, path)
                assert desk.gate.told() == [("handed_in", detail), ("edit_not_done", detail)]
                return
            kept: list[bytes] = []

            def copy(command: object) -> None:
                if isinstance(command, TellPeople):
                    kept.extend(path.read_bytes() for path in left(desk))

            desk.gate.before = copy
            job = desk.start(bring)
            await until((desk.state / "roster" / "incoming.roster").exists)
            (content,) = kept
            (desk.state / "people" / "asked-again.json").write_bytes(content)  # as if it had been killed just then
            assert finish(desk.place, FOLLOWING)
            assert desk.gate.told() == [("handed_in", detail)]
            desk.gate.takes_rosters = True
            await asyncio.to_thread(desk.ended, job)

    asyncio.run(whole())


def test_without_an_answer_it_is_said_so_and_found_out_later(tmp_path: Path) -> None:
    with desk_with_people(tmp_path) as desk:

        def goes(command: object) -> None:
            if isinstance(command, Suspend):
                raise ConnectionError

        desk.gate.before = goes
        with pytest.raises(Denied) as refused:
            desk.ask(SuspendHere(holder="h1", why="lost keys"))
        assert refused.value.said.word == "people_gate_unanswered"
        assert desk.gate.told() == [("edited", "suspension asked")]
        assert len(left(desk)) == 1
        desk.gate.before = lambda _command: None
        assert finish(desk.place, FOLLOWING)
        assert desk.gate.told()[1:] == [("edit_not_done", "suspension asked")]
        assert left(desk) == []


def test_a_visitor_without_an_answer_keeps_the_name_until_it_is_known(tmp_path: Path) -> None:
    with desk_with_people(tmp_path) as desk:

        def goes(command: object) -> None:
            if isinstance(command, Invite):
                raise ConnectionError

        desk.gate.before = goes
        with pytest.raises(Denied):
            desk.ask(InviteVisitor(fields=VISIT))
        assert visitors(desk) == 1
        desk.gate.before = lambda _command: None
        assert finish(desk.place, FOLLOWING)
        assert visitors(desk) == 0


def test_a_reader_that_may_wait_yet_is_not_decided_before_its_time(tmp_path: Path) -> None:
    with desk_with_people(tmp_path) as desk:
        asked = Asked(MANAGER, By.ENROLLED, "enrolment at a reader", "h2", until_s=now_utc_s() + 120)
        path = desk.place.own_folder() / "asked-x.json"
        path.write_bytes(msgspec.json.encode(asked))
        assert not finish(desk.place, FOLLOWING)
        assert (left(desk), desk.gate.told()) == ([path], [])
        path.write_bytes(msgspec.json.encode(msgspec.structs.replace(asked, until_s=now_utc_s() - 1)))
        assert finish(desk.place, FOLLOWING)
        assert (left(desk), desk.gate.told()) == ([], [("edit_not_done", "enrolment at a reader")])


def test_what_another_one_did_and_what_was_there_before_is_not_taken_for_it(tmp_path: Path) -> None:
    with desk_with_people(tmp_path) as desk:
        asked = Asked(MANAGER, By.SUSPENDED, "suspension asked", "h1", before=("l00000001",))
        entry = msgspec.structs.replace(ENTRY, issuer=MANAGER.name)
        theirs = (
            [msgspec.structs.replace(entry, id="l00000001")],
            [msgspec.structs.replace(entry, issuer="Chen Jie")],
            [msgspec.structs.replace(entry, holder="h2")],
            [msgspec.structs.replace(entry, kind="enrol")],
        )
        for number, entries in enumerate((*theirs, [entry])):
            desk.gate.entries = entries
            (desk.place.own_folder() / "asked-x.json").write_bytes(msgspec.json.encode(asked))
            before = len(desk.gate.told())
            assert finish(desk.place, FOLLOWING)
            assert len(desk.gate.told()) - before == (number < len(theirs)), entries


def test_what_cannot_follow_any_more_is_left_to_people_and_what_can_later_is_tried_again(tmp_path: Path) -> None:
    with desk_with_people(tmp_path) as desk:
        gone = msgspec.structs.replace(ENTRY, id="l00000009", issuer=MANAGER.name, status="left")
        desk.gate.entries = [ENTRY, gone]
        path = desk.place.own_folder() / "asked-x.json"
        stale = Asked(MANAGER, By.LEFT, "holder leaves", "h1", before=(ENTRY.id,), revision=0)
        path.write_bytes(msgspec.json.encode(stale))
        assert finish(desk.place, FOLLOWING)
        assert listed(desk, "h1"), "somebody has changed it since"
        path.write_bytes(msgspec.json.encode(msgspec.structs.replace(stale, revision=99)))
        desk.gate.refuse["TellPeople"] = ("not_recorded",)
        with pytest.raises(Denied):
            finish(desk.place, FOLLOWING)
        assert left(desk) == [path]
        del desk.gate.refuse["TellPeople"]
        assert finish(desk.place, FOLLOWING)
        assert not listed(desk, "h1")
        path.write_bytes(msgspec.json.encode(msgspec.structs.replace(stale, revision=99)))
        before = desk.gate.told()
        assert finish(desk.place, FOLLOWING)
        assert desk.gate.told() == before, "done before the end: nothing more is told"


def test_a_wrong_card_is_taken_out_of_the_list_though_its_entry_has_ended(tmp_path: Path) -> None:
    with desk_with_people(tmp_path) as desk:
        ref = desk.identity.pseudonym("card", CARD)
        told = desk.ask(TakeBack(holder="h1", entry="l00000404", ref=ref))
        assert isinstance(told, Edited)
        assert (told.at_gate, told.batch > 0) == (False, True)
        assert desk.rows("SELECT count(*) FROM credential") == [(0,)]
        with pytest.raises(Denied) as again:
            desk.ask(TakeBack(holder="h1", entry="l00000404", ref=ref))
        assert again.value.said.word == "people_entry_gone"


def test_what_is_refused_or_answered_leaves_nothing_behind(tmp_path: Path) -> None:
    with desk_with_people(tmp_path) as desk:
        desk.ask(SuspendHere(holder="h1"))
        assert left(desk) == []
        for name, word in (("TellPeople", "people_not_recorded"), ("Suspend", "people_gate_refused")):
            desk.gate.refuse = {name: ("no",)}
            with pytest.raises(Denied) as refused:
                desk.ask(SuspendHere(holder="h1"))
            assert (refused.value.said.word, left(desk)) == (word, [])
        (desk.place.own_folder() / "asked-x.json").write_bytes(b"{")
        assert finish(desk.place, FOLLOWING)
        assert left(desk) == []
