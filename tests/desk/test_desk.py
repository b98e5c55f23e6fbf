"""What a named person asks at the office's desk, at a whole gate: in force at once, saved, told, and answered then."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from firmware.core.access import Factor
from firmware.core.codes import Code
from firmware.messages import (
    Answer,
    CancelEnrolment,
    Enrol,
    Erase,
    Invite,
    Leave,
    Lift,
    ListOverlay,
    Overlaid,
    Suspend,
)
from firmware.rehearsal.frames import encode_card
from tests.attacks.gates import cut_power, enters, send
from tests.desk.at_desk import CARD, NOON_S, WHO, at_desk, person_at

RESIDENT_CARD, NEIGHBOUR_CARD, LOST_CARD = "H10301:12:34567", "H10301:12:34568", "H10301:12:40404"
STRANGERS_CARD = "H10301:99:1"
DAY_S = 86_400


async def last(gate, code: Code):
    return (await gate.events(code))[-1].event


async def refusal(gate, reader: str = "front_reader", card: str = "resident") -> tuple[str, ...]:
    """The reasons with which a card is refused."""
    before = len(await gate.events(Code.DENIED, Code.UNKNOWN_CREDENTIAL))
    await gate.present(card, reader)
    await gate.pass_time(3)
    refused = await gate.events(Code.DENIED, Code.UNKNOWN_CREDENTIAL)
    assert len(refused) == before + 1
    return refused[-1].event.reasons


# -- suspended, and found again ---------------------------------------------------------------------------------------


def test_a_suspended_holder_is_refused_at_once_and_let_in_when_it_is_lifted(tmp_path: Path):
    async def scenario(gate, person):
        assert await enters(gate)
        assert await person.ask(Suspend(holder="resident", **WHO)) == Answer("r1", done=True)
        assert not await enters(gate)
        event = await last(gate, Code.SUSPENDED)
        assert event.body.holder == "resident"
        assert (event.body.issuer, event.body.note) == (WHO["issuer"], WHO["why"])
        assert (await last(gate, Code.DENIED)).reasons[-1] == "credential_suspended"
        assert (await person.ask(Lift(holder="resident", **WHO))).done
        assert await enters(gate)

    at_desk(tmp_path, scenario)


def test_a_lost_card_is_refused_as_lost_and_nobody_elses(tmp_path: Path):
    async def scenario(gate, person):
        assert (await person.ask(Suspend(factor=CARD, key=RESIDENT_CARD, lost=True, **WHO))).done
        assert (await refusal(gate))[-1] == "credential_lost"
        assert await enters(gate, card="neighbour")
        event = await last(gate, Code.SUSPENDED)
        assert (event.body.holder, event.body.credential is not None) == ("resident", True)
        assert RESIDENT_CARD not in event.detail
        assert (await person.ask(Lift(factor=CARD, key=RESIDENT_CARD, **WHO))).done
        assert await enters(gate)

    at_desk(tmp_path, scenario)


def test_an_offer_that_stands_open_is_withdrawn(tmp_path: Path):
    async def scenario(gate, person):
        await gate.present("resident", "front_reader")
        assert gate.plants.state().doors[0].released
        assert (await person.ask(Leave(holder="resident", **WHO))).done
        assert not gate.plants.doors["front_door"].lock.told_to_release(), "before the answer: the coil is let go"
        await gate.pass_time(0.5)  # the bolt needs its time to fall
        assert not gate.plants.state().doors[0].released

    at_desk(tmp_path, scenario)


def test_it_holds_after_the_power_was_cut_from_the_first_card_on(tmp_path: Path):
    async def scenario(gate, person):
        assert (await person.ask(Suspend(holder="resident", **WHO))).done
        await cut_power(gate)
        assert not await enters(gate)
        async with person_at(gate.folder) as again:
            listed = await again.ask(ListOverlay(**WHO))
            assert [entry.holder for entry in listed.entries] == ["resident"]
            assert listed.revision == 1

    at_desk(tmp_path / "gate", scenario)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (Suspend(holder="nobody", **WHO), "holder_not_found"),
        (Suspend(factor=CARD, key=STRANGERS_CARD, **WHO), "credential_not_found"),
        (Suspend(**WHO), "not_allowed"),
        (Suspend(holder="resident", factor=CARD, key=RESIDENT_CARD, **WHO), "not_allowed"),
        (Suspend(holder="resident", factor=CARD, **WHO), "not_allowed"),
        (Suspend(holder="resident", until_s=NOON_S, **WHO), "not_allowed"),
        (Suspend(holder="resident", issuer="", why="no name"), "not_allowed"),
        (Suspend(holder="resident", issuer="Li", why=""), "not_allowed"),
        (Suspend(holder="resident", issuer="Li\nWang", why="two lines"), "not_allowed"),
        (Leave(holder="nobody", **WHO), "holder_not_found"),
        (Lift(holder="resident", **WHO), "credential_not_found"),
        (Lift(holder="nobody", **WHO), "holder_not_found"),
        (Lift(entry="l00000000", **WHO), "credential_not_found"),
        (Lift(entry="l00000000", holder="resident", **WHO), "not_allowed"),
        (Lift(factor=CARD, key=LOST_CARD, **WHO), "said_by_roster"),
        (Lift(holder="careless", **WHO), "said_by_roster"),
        (Enrol(holder="nobody", key="H10301:1:1", **WHO), "holder_not_found"),
        (Enrol(holder="resident", key="12345", **WHO), "not_allowed"),
        (Enrol(holder="resident", factor=Factor.PIN, key="483726", **WHO), "not_allowed"),
        (Enrol(holder="resident", factor=Factor.FACE, key="x", **WHO), "not_allowed"),
        (Enrol(holder="resident", factor=Factor.PIN, reader="front_reader", **WHO), "not_allowed"),
        (Enrol(holder="resident", **WHO), "not_allowed"),
        (Enrol(holder="resident", reader="nowhere", **WHO), "reader_not_found:nowhere"),
        (Enrol(holder="resident", reader="front_reader", for_ms=1, **WHO), "not_allowed"),
        (Enrol(holder="resident", key="H10301:1:1", until_s=NOON_S + 367 * DAY_S, **WHO), "not_allowed"),
        (Enrol(holder="resident", key="H10301:1:1", replaces=("no such",), **WHO), "credential_not_found"),
        (Enrol(holder="resident", key=NEIGHBOUR_CARD, **WHO), "credential_already_issued:neighbour"),
        (
            Invite(visitor="v1", profiles=("nonsense",), until_s=NOON_S + DAY_S, use_limit=1, key="H10301:1:1", **WHO),
            "profile_missing:nonsense",
        ),
        (
            Invite(visitor="v1", profiles=("visitors",), until_s=NOON_S + DAY_S, use_limit=0, key="H10301:1:1", **WHO),
            "not_allowed",
        ),
        (
            Invite(visitor="resident", profiles=("visitors",), until_s=NOON_S + DAY_S, use_limit=1, key="x", **WHO),
            "said_by_roster",
        ),
        (CancelEnrolment(reader="nowhere", **WHO), "reader_not_found:nowhere"),
        (Erase(holder="resident", **WHO), "said_by_roster"),
        (Erase(holder="no id of a holder", **WHO), "not_allowed"),
    ],
)
def test_what_is_refused_is_answered_told_and_changes_nothing(tmp_path: Path, command, reason: str):
    async def scenario(gate, person):
        assert await person.ask(command) == Answer("r1", done=False, reasons=(reason,))
        told = (await gate.events(Code.LOCAL_REFUSED, Code.COMMAND_REFUSED))[-1].event
        assert told.request == "r1"
        assert told.reasons[0].partition(":")[0] == reason.partition(":")[0]
        assert "neighbour" not in "".join(told.reasons), "whose it is can be erased"
        assert gate.controller.desk.overlay.revision == 0
        assert await enters(gate)

    at_desk(tmp_path, scenario)


def test_whose_a_credential_is_stands_in_the_answer_and_in_what_can_be_erased(tmp_path: Path):
    async def scenario(gate, person):
        await person.ask(Enrol(holder="resident", key=NEIGHBOUR_CARD, **WHO))
        body = (await last(gate, Code.LOCAL_REFUSED)).body
        assert (body.holder, body.second_holder) == ("resident", "neighbour")

    at_desk(tmp_path, scenario)


# -- enrolled, at the desk and at a reader ----------------------------------------------------------------------------


def test_a_card_that_is_enrolled_by_its_number_opens_until_its_end(tmp_path: Path):
    async def scenario(gate, person):
        assert (await refusal(gate, card="stranger")) == ("credential_not_found",)
        asked = Enrol(holder="resident", key=STRANGERS_CARD, until_s=NOON_S + 600, **WHO)
        assert (await person.ask(asked)).done
        assert await enters(gate, card="stranger")
        assert "local_entry" in (await last(gate, Code.GRANTED)).reasons
        await gate.pass_time(600)
        assert (await refusal(gate, card="stranger")) == ("credential_not_found",)
        (over,) = await gate.events(Code.LOCAL_EXPIRED)
        assert over.event.body.holder == "resident"

    at_desk(tmp_path, scenario)


def test_a_new_card_replaces_the_old_ones(tmp_path: Path):
    async def scenario(gate, person):
        assert (await person.ask(Enrol(holder="resident", key=STRANGERS_CARD, replaces_all=True, **WHO))).done
        assert (await refusal(gate))[-1] == "credential_lost"
        assert await enters(gate, card="stranger")
        listed = await person.ask(ListOverlay(**WHO))
        assert sorted((entry.kind, entry.status) for entry in listed.entries) == [("enrol", ""), ("suspend", "lost")]

    at_desk(tmp_path, scenario)


def test_a_card_is_enrolled_by_presenting_it(tmp_path: Path):
    async def scenario(gate, person):
        request = person.say(Enrol(holder="neighbour", reader="front_reader", **WHO))
        await gate.pass_time(1)
        assert (await last(gate, Code.ENROLMENT_BEGUN)).body.holder == "neighbour"
        await gate.present("resident", "front_reader")  # somebody's: an ordinary reading
        assert gate.plants.doors["front_door"].push().value == "opened"
        await gate.pass_time(12)
        await gate.present("stranger", "front_reader")
        (entry,) = gate.controller.desk.overlay.entries
        # Whose card came in between nobody can tell but a person who sees which one it was.
        assert await person.hear() == Answer(request, done=True, presented=f"card:{STRANGERS_CARD}", entry=entry)
        event = await last(gate, Code.ENROLLED)
        assert (event.body.holder, event.request, event.reader) == ("neighbour", request, "front_reader")
        assert not gate.plants.state().doors[0].released, "enrolment opens nothing"
        await gate.pass_time(5)
        assert await enters(gate, card="stranger")
        assert (await last(gate, Code.GRANTED)).body.holder == "neighbour"

    at_desk(tmp_path, scenario)


def test_nobody_comes_and_the_desk_hears_why(tmp_path: Path):
    async def scenario(gate, person):
        request = person.say(Enrol(holder="neighbour", reader="front_reader", for_ms=10_000, **WHO))
        await gate.pass_time(1)
        await gate.present("resident", "front_reader")
        await gate.pass_time(12)
        said = ("credential_already_issued:resident", "dialog_expired")
        assert await person.hear() == Answer(request, done=False, reasons=said)
        request = person.say(Enrol(holder="neighbour", reader="front_reader", **WHO))
        await gate.pass_time(1)
        async with person_at(gate.folder) as other:
            busy = await other.ask(Enrol(holder="resident", reader="front_reader", **WHO))
            assert (busy.done, busy.reasons) == (False, ("not_allowed",))
            busy = await other.ask(Erase(holder="neighbour", **WHO))
            assert not busy.done
            assert (await other.ask(CancelEnrolment(reader="front_reader", **WHO))).done
        assert await person.hear() == Answer(request, done=False, reasons=("operator",))

    at_desk(tmp_path, scenario)


@pytest.mark.attack("roster-41")
def test_a_window_of_enrolment_is_used_once_and_not_after_its_end(tmp_path: Path):
    """Two strangers at a reader that is set to enrol: the first card is enrolled, the second opens nothing, and at a
    window that is over none does."""

    async def scenario(gate, person):
        person.say(Enrol(holder="resident", reader="front_reader", for_ms=30_000, **WHO))
        await gate.pass_time(1)
        await gate.present("stranger", "front_reader")
        assert (await person.hear()).done
        await send(gate, "front_reader", encode_card("H10301", 99, 2))
        assert (await last(gate, Code.UNKNOWN_CREDENTIAL)).reasons == ("credential_not_found",)
        person.say(Enrol(holder="resident", reader="front_reader", for_ms=5_000, **WHO))
        await gate.pass_time(5.1)
        assert not (await person.hear()).done
        await send(gate, "front_reader", encode_card("H10301", 99, 2))
        await gate.pass_time(3)
        assert len(await gate.events(Code.UNKNOWN_CREDENTIAL)) == 2
        assert len(gate.controller.desk.overlay) == 1
        assert not gate.plants.state().doors[0].released

    at_desk(tmp_path, scenario)


# -- visitors, and holders who leave ----------------------------------------------------------------------------------


def test_a_visitor_passes_as_often_as_invited_and_not_after_the_end(tmp_path: Path):
    async def scenario(gate, person):
        asked = Invite(
            visitor="plumber",
            profiles=("visitors",),
            until_s=NOON_S + 3_600,
            use_limit=2,
            reader="front_reader",
            household="b1-0101",
            **WHO,
        )
        person.say(asked)
        await gate.pass_time(1)
        await gate.present("stranger", "front_reader")
        assert (await person.hear()).done
        assert (await last(gate, Code.VISITOR_INVITED)).body.holder == "plumber"
        await gate.pass_time(3)
        assert await enters(gate, card="stranger")
        assert await enters(gate, card="stranger")
        assert (await refusal(gate, card="stranger"))[-1] == "credential_used_up"
        await gate.pass_time(3_600)
        assert (await refusal(gate, card="stranger")) == ("credential_not_found",)

    at_desk(tmp_path, scenario)


def test_who_leaves_has_nothing_that_opens_and_visitors_can_be_sent_away(tmp_path: Path):
    async def scenario(gate, person):
        assert (await person.ask(Enrol(holder="resident", key=STRANGERS_CARD, **WHO))).done
        assert (await person.ask(Leave(holder="resident", **WHO))).done
        assert (await refusal(gate))[-1] == "credential_suspended"
        assert (await refusal(gate, card="stranger")) == ("credential_not_found",)
        assert len(await gate.events(Code.HOLDER_LEFT)) == len(await gate.events(Code.LOCAL_REVOKED)) == 1
        asked = Invite(
            visitor="v", profiles=("visitors",), until_s=NOON_S + DAY_S, use_limit=9, key=STRANGERS_CARD, **WHO
        )
        assert (await person.ask(asked)).done
        assert await enters(gate, card="stranger")
        (entry,) = [one for one in (await person.ask(ListOverlay(**WHO))).entries if one.kind == "visitor"]
        assert (await person.ask(Lift(entry=entry.id, **WHO))).done
        assert (await refusal(gate, card="stranger")) == ("credential_not_found",)

    at_desk(tmp_path, scenario)


# -- what time brings -------------------------------------------------------------------------------------------------


def test_a_suspension_that_ends_while_the_roster_lets_in_is_told_as_such_once(tmp_path: Path):
    async def scenario(gate, person):
        assert (await person.ask(Suspend(holder="resident", until_s=NOON_S + 300, **WHO))).done
        assert not await enters(gate)
        await gate.pass_time(300)
        assert await enters(gate)
        assert len(await gate.events(Code.LOCAL_EXPIRED)) == 1
        conflict = await last(gate, Code.LOCAL_CONFLICT)
        assert "roster_active" in conflict.detail
        assert (await person.ask(ListOverlay(**WHO))).entries == ()

    at_desk(tmp_path, scenario)


def test_with_an_unknown_clock_suspensions_are_made_and_nothing_is_enrolled(tmp_path: Path):
    async def scenario(gate, person):
        assert (await person.ask(Suspend(holder="resident", **WHO))).done
        assert not await enters(gate)
        answer = await person.ask(Enrol(holder="neighbour", key=STRANGERS_CARD, **WHO))
        assert answer.reasons == ("clock_unknown_refused",)

    at_desk(tmp_path, scenario, utc_ms=0)


# -- a disk that fails ------------------------------------------------------------------------------------------------


def test_what_cannot_be_saved_is_in_force_told_once_and_saved_when_it_can_be(tmp_path: Path):
    async def scenario(gate, person):
        aside = tmp_path / "roster" / "overlay.new"
        aside.mkdir()  # nothing can be written aside under that name
        answer = await person.ask(Suspend(holder="resident", **WHO))
        assert (answer.done, answer.reasons) == (False, ("not_saved",))
        assert not await enters(gate)
        assert (await person.ask(Suspend(holder="neighbour", **WHO))).reasons == ("not_saved",)
        await gate.pass_time(30)
        assert len(await gate.events(Code.LOCAL_FAILED)) == 1
        assert len(await gate.events(Code.SUSPENDED)) == 2
        aside.rmdir()
        await gate.pass_time(120)
        assert (tmp_path / "roster" / "overlay").exists()
        assert (await person.ask(Lift(holder="resident", **WHO))).done

    at_desk(tmp_path, scenario)


def test_a_damaged_file_is_an_alarm_and_the_one_before_serves(tmp_path: Path):
    async def scenario(gate, person):
        assert (await person.ask(Suspend(holder="resident", **WHO))).done
        assert (await person.ask(Suspend(holder="neighbour", **WHO))).done
        await gate.committed()
        path = gate.folder / "roster" / "overlay"
        path.write_bytes(path.read_bytes()[:-10])
        await cut_power(gate)
        assert len(await gate.events(Code.LOCAL_FAILED)) >= 1
        assert not await enters(gate)

    at_desk(tmp_path / "gate", scenario)


@pytest.mark.attack("roster-42")
def test_an_older_list_that_somebody_puts_back_is_an_alarm_and_its_enrolled_cards_open_nothing(tmp_path: Path):
    async def scenario(gate, person):
        assert (await person.ask(Enrol(holder="resident", key=STRANGERS_CARD, **WHO))).done
        folder = gate.folder / "roster"
        older = (folder / "overlay").read_bytes()
        (entry,) = (await person.ask(ListOverlay(**WHO))).entries
        assert (await person.ask(Lift(entry=entry.id, **WHO))).done
        for holder in ("neighbour", "guard"):
            assert (await person.ask(Suspend(holder=holder, **WHO))).done
        (folder / "overlay").write_bytes(older)
        (folder / "overlay.previous").write_bytes(older)
        await cut_power(gate)
        assert "of revision 1, not 4" in (await last(gate, Code.LOCAL_FAILED)).detail
        assert (await refusal(gate, card="stranger")) == ("credential_not_found",)

    at_desk(tmp_path / "gate", scenario)


# -- who asks ---------------------------------------------------------------------------------------------------------


@pytest.mark.attack("roster-40")
def test_names_and_reasons_of_ten_kilobytes_are_refused_and_cut_in_the_journal(tmp_path: Path):
    async def scenario(gate, person):
        for long in ({"issuer": "x" * 10_000, "why": "y"}, {"issuer": "x", "why": "y" * 10_000}):
            assert (await person.ask(Suspend(holder="resident", **long))).reasons == ("not_allowed",)
        assert (await person.ask(Suspend(holder="z" * 10_000, **WHO))).reasons == ("holder_not_found",)
        for row in await gate.events(Code.LOCAL_REFUSED):
            body = row.event.body
            assert len(body.issuer) <= 64
            assert len(body.note) <= 200
            assert len(body.holder) <= 64
        assert await enters(gate)

    at_desk(tmp_path, scenario)


def test_the_list_comes_in_as_many_frames_as_it_takes(tmp_path: Path):
    async def scenario(gate, person):
        for number in range(130):
            asked = Enrol(holder="resident", key=f"H10301:7:{number + 1}", **WHO)
            assert (await person.ask(asked)).done
            await gate.pass_time(0.2)  # no faster than a desk may ask
        person.say(ListOverlay(**WHO))
        frames = [await person.hear()]
        while frames[-1].more:
            frames.append(await person.hear())
        assert all(isinstance(frame, Overlaid) for frame in frames)
        assert [len(frame.entries) for frame in frames] == [100, 30]
        assert len({entry.id for frame in frames for entry in frame.entries}) == 130

    at_desk(tmp_path, scenario)


def test_a_request_that_is_open_is_not_asked_for_again(tmp_path: Path):
    async def scenario(gate, person):
        person.say(Enrol(holder="resident", reader="front_reader", **WHO), "same")
        await gate.pass_time(1)
        person.say(Suspend(holder="resident", **WHO), "same")
        assert (await person.hear()).reasons == ("request_reused",)
        async with person_at(gate.folder) as other:
            other.say(Suspend(holder="resident", **WHO), "same")
            assert not (await asyncio.wait_for(other.hear(), 5)).done
        assert await enters(gate)

    at_desk(tmp_path, scenario)


def test_the_socket_goes_with_the_controller_and_a_stale_one_is_replaced(tmp_path: Path):
    async def scenario(gate, person):
        path = gate.folder / "office.sock"
        assert path.stat().st_mode & 0o777 == 0o600
        await gate.controller.stop()
        assert not path.exists()
        path.write_text("stale")
        await gate.power_on()
        async with person_at(gate.folder) as again:
            assert (await again.ask(Suspend(holder="resident", **WHO))).done

    at_desk(tmp_path, scenario)
