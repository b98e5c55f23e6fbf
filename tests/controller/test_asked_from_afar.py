"""What persons ask at the page, at a whole controller: what site and portal allow, told with who and from where."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.bench.clock import monotonic_ns, rest
from firmware.bench.lane_rig import LaneRig
from firmware.bench.rig import LOCK, Rig
from firmware.controller.role_socket import NETWORK_PACE, URGENT_BURST
from firmware.core.codes import Code
from firmware.core.facts import (
    Acknowledge,
    Afar,
    Command,
    EndEvacuation,
    EndLockdown,
    HoldOpen,
    LockPortal,
    OpenOnce,
    ReleasePortal,
    ResetFault,
    StartEvacuation,
    StartLockdown,
)
from firmware.journal import Row, search
from firmware.messages import Answer
from tests.controller.test_network_asks import LIMIT_S, Client

QUIET_S = 0.5  # for an input to be debounced
WHO = Afar("guard manager", "10.0.0.7")
FORBIDDEN = ("not_from_afar",)


CLIENTS: list[Client] = []


@pytest.fixture(autouse=True)
def hung_up() -> Iterator[None]:
    yield
    while CLIENTS:
        CLIENTS.pop().socket.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def starts(rig: Rig, **remote: str) -> Client:
    """A client of a controller that is started, whose door and site allow this."""
    site = rig.site.read_text()
    for name, words in remote.items():
        table = {"door": 'id = "door"', "lane0": 'id = "lane0"', "site": "[site]"}[name]
        assert site.count(table) == 1
        site = site.replace(table, f"{table}\nremote = {words}")
    rig.site.write_text(site)
    rig.start()
    client = Client(rig.role)
    CLIENTS.append(client)
    return client


def events(rig: Rig, code: Code) -> list[Row]:
    return search(rig.state / "journal" / "journal.db", limit=200, kind=code, with_bodies=True)


def test_who_asked_for_it_in_which_role_and_from_where_stands_in_its_event(rig: Rig) -> None:
    client = starts(rig)
    assert client.ask(OpenOnce("Chen Wei", afar=WHO, portal="door"), "r1") == Answer("r1", True)
    (row,) = events(rig, Code.COMMANDED)
    assert row.event.body is not None
    assert (row.event.body.issuer, row.event.body.address) == ("Chen Wei", "10.0.0.7")
    assert (row.event.detail, row.event.portal) == ("OpenOnce as guard manager", "door")
    assert rig.far_end.wait_driven(LOCK, True, 0), "and it was released"


@pytest.mark.attack("act-01")
def test_a_site_that_allows_nothing_from_afar_is_asked_in_vain(rig: Rig) -> None:
    """Whatever a taken-over network process says: roles, address, that somebody is in sight, or nothing of it."""
    client = starts(rig, door="[]", site="[]")
    asked: tuple[Command, ...] = (
        OpenOnce("boss", portal="door"),
        OpenOnce("boss", portal="door", afar=WHO),
        HoldOpen("boss", portal="door", for_ms=60_000),
        LockPortal("boss", portal="door"),
        ResetFault("boss", portal="door", in_sight=True),
    )
    for number, command in enumerate(asked):
        assert client.ask(command, f"p{number}") == Answer(f"p{number}", False, FORBIDDEN), command
    of_site: tuple[Command, ...] = (
        StartLockdown("boss"),
        StartEvacuation("boss", confirmed=True),
        EndEvacuation("boss"),
    )
    for number, command in enumerate(of_site):
        assert client.ask(command, f"s{number}") == Answer(f"s{number}", False, FORBIDDEN), command
    assert client.ask(Acknowledge("boss", subject="door"), "a") == Answer("a", True)
    assert not [driven for driven in rig.far_end.driven if driven.line == LOCK and driven.level]
    assert len(events(rig, Code.COMMAND_REFUSED)) == len(asked) + len(of_site), "each is told, with who"
    assert {row.event.reasons for row in events(rig, Code.COMMAND_REFUSED)} == {FORBIDDEN}


def test_a_hold_is_ended_where_only_holding_is_allowed_and_a_lock_is_not(rig: Rig) -> None:
    client = starts(rig, door='["hold"]')
    assert client.ask(HoldOpen("Chen Wei", portal="door", for_ms=60_000), "r1").done
    assert client.ask(ReleasePortal("Chen Wei", portal="door"), "r2").done
    assert client.ask(LockPortal("Chen Wei", portal="door"), "r3").reasons == FORBIDDEN
    assert client.ask(ReleasePortal("Chen Wei", portal="nowhere"), "r4").reasons == ("portal_not_found:nowhere",)


def test_lockdown_refuses_who_opens_and_ends_by_its_own_command(rig: Rig) -> None:
    client = starts(rig)
    assert client.ask(StartLockdown("Chen Wei", portals=("door",)), "r1").done
    assert client.ask(OpenOnce("Chen Wei", portal="door"), "r2").reasons == ("lockdown",)
    assert client.ask(EndLockdown("Chen Wei"), "r3").done
    assert client.ask(OpenOnce("Chen Wei", portal="door"), "r4").done


@pytest.mark.attack("act-02")
def test_what_lets_people_in_is_slowed_and_what_lets_them_out_is_not(rig: Rig) -> None:
    client = starts(rig)
    answers = [
        client.ask(OpenOnce("boss", portal="door"), f"o{number}") for number in range(3 * NETWORK_PACE.slowed_burst)
    ]
    done = [answer for answer in answers if answer.done]
    assert NETWORK_PACE.slowed_burst <= len(done) <= NETWORK_PACE.slowed_burst + 3
    assert {answer.reasons for answer in answers if not answer.done} == {("too_many",)}
    assert len(events(rig, Code.COMMANDED)) == len(done), "what was refused by its rate fills no journal"
    assert client.ask(StartEvacuation("Chen Wei", confirmed=True), "e") == Answer("e", True), "though nothing is left"
    evacuated = [client.ask(StartEvacuation("boss", confirmed=True), f"e{number}") for number in range(20)]
    assert len([answer for answer in evacuated if answer.done]) <= URGENT_BURST + 2


@pytest.mark.attack("act-03")
def test_nobody_at_the_page_is_in_sight_of_a_lane(tmp_path: Path) -> None:
    """R12, R19: a pressed stop that was let go is reset at the lane, whatever the network process says of sight."""
    with contextlib.closing(LaneRig(tmp_path, lanes=1, readers=1)) as rig:
        client = starts(rig)
        rig.listens()
        lane = rig.lanes[0]
        lane.put("stop", True)
        told(rig, Code.STOP_PRESSED)
        lane.put("stop", False)
        rest(QUIET_S)
        answer = client.ask(ResetFault("boss", portal="lane0", in_sight=True), "r1")
        assert (answer.done, answer.reasons) == (False, ("not_in_sight",))
        assert lane.moved(0) == []


def told(rig: Rig, code: Code) -> None:
    """Until it stands in the journal."""
    end_ns = monotonic_ns() + round(LIMIT_S * 1e9)
    while not events(rig, code):
        assert monotonic_ns() < end_ns, code
        rest(0.05)
