"""What the office's socket makes of installers: a real controller, raw messages, the far end's stamps of each drive."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.bench.clock import monotonic_ns, rest
from firmware.bench.lane_rig import LaneRig
from firmware.bench.rig import CONTACT, LOCK, Rig
from firmware.controller.role_socket import GRIPS_BURST
from firmware.core.codes import Code
from firmware.core.trial import RENEW_MS_MAX
from firmware.journal import search
from firmware.messages import (
    GRIP_MS,
    Answer,
    AskWires,
    Grip,
    HoldOutput,
    ListWires,
    Service,
    Wired,
    pack,
)
from tests.wire.installer import Installer

LOADED_S = 0.4  # what a busy machine adds


@pytest.fixture
def installers() -> Iterator[list[Installer]]:
    made: list[Installer] = []
    yield made
    for each in made:
        each.close()


def comes(rig: Rig, installers: list[Installer], out: bool = True) -> Installer:
    made = Installer(rig.state)
    installers.append(made)
    if out:
        assert made.ask(Service(issuer="Li", portal="door", out=True)).done
    return made


def off_s(rig: Rig, since: int, began_ns: int) -> float:
    found = rig.far_end.wait_driven(LOCK, False, since)
    assert found is not None, "still on"
    return (found.at_ns - began_ns) / 1e9


def renew(installer: Installer, request: str, times: int) -> None:
    for _ in range(times):
        rest(GRIP_MS / 1000)
        installer.say(Grip(request, True))


def reasons(rig: Rig) -> tuple[str, ...]:
    for _ in range(400):
        rows = search(rig.state / "journal" / "journal.db", limit=1000)
        found = [row.event for row in rows if row.event.code is Code.OUTPUT_TRY_ENDED]
        if found:
            return found[0].reasons
        rest(0.01)
    raise AssertionError("no event of the end")


def test_a_list_of_all_wires(rig: Rig, installers: list[Installer]):
    listed = comes(rig, installers, out=False).ask(ListWires())
    assert isinstance(listed, Wired)
    assert (listed.site, listed.more) == ("bench", False)
    assert {wire.id: wire.level for wire in listed.wires} == {"reader": "quiet", "lock": "off", "contact": "inactive"}
    assert [(portal.id, portal.out_of_service) for portal in listed.portals] == [("door", False)]


def test_held_for_as_long_as_it_is_renewed_and_600_ms_more(rig: Rig, installers: list[Installer]):
    fitter = comes(rig, installers)
    since = len(rig.far_end.driven)
    request = fitter.hold()
    renew(fitter, request, 8)
    last_ns = monotonic_ns()
    assert rig.far_end.levels[LOCK]
    assert len(rig.far_end.driven) == since + 1, "it is driven once"
    took_s = off_s(rig, since, last_ns)
    assert RENEW_MS_MAX / 1000 - 0.05 <= took_s <= RENEW_MS_MAX / 1000 + LOADED_S
    assert reasons(rig) == ("not_renewed",)


def test_letting_go_is_at_once(rig: Rig, installers: list[Installer]):
    fitter = comes(rig, installers)
    since = len(rig.far_end.driven)
    request = fitter.hold()
    began_ns = monotonic_ns()
    fitter.say(Grip(request, False))
    assert off_s(rig, since, began_ns) <= LOADED_S
    assert reasons(rig) == ("let_go",)


@pytest.mark.attack("trial-05")
def test_a_connection_that_is_lost_while_held_ends_it_at_once(rig: Rig, installers: list[Installer]):
    fitter = comes(rig, installers)
    since = len(rig.far_end.driven)
    request = fitter.hold()
    renew(fitter, request, 2)
    began_ns = monotonic_ns()
    fitter.close()
    assert off_s(rig, since, began_ns) <= LOADED_S
    assert reasons(rig) == ("connection_lost",)


@pytest.mark.attack("trial-06")
def test_another_connection_neither_renews_nor_ends_it(rig: Rig, installers: list[Installer]):
    """Even one that knows the request: a key is held by the connection that asked."""
    fitter, other = comes(rig, installers), comes(rig, installers, out=False)
    since = len(rig.far_end.driven)
    request = fitter.hold()
    began_ns = monotonic_ns()
    for _ in range(3):
        other.say(Grip(request, False))
        rest(0.05)
    assert rig.far_end.levels[LOCK]
    for _ in range(10):
        other.say(Grip(request, True))
        rest(0.1)
    assert off_s(rig, since, began_ns) <= RENEW_MS_MAX / 1000 + LOADED_S
    assert reasons(rig) == ("not_renewed",)


@pytest.mark.attack("trial-07")
@pytest.mark.parametrize("beside", ["nothing", "grips of nobody", "questions"])
def test_renewals_that_are_heaped_up_hold_nothing_later(rig: Rig, installers: list[Installer], beside: str):
    """A heap of them in the socket's buffer, behind what is refused slowly, would hold the output for minutes."""
    flooder, other = comes(rig, installers), comes(rig, installers, out=False)
    since = len(rig.far_end.driven)
    request = flooder.hold()
    flooder.socket.setblocking(False)
    junk = {"nothing": b"", "grips of nobody": pack(Grip("of nobody", True))}
    for n in range(100 * GRIPS_BURST):
        more = junk.get(beside, pack(AskWires(ListWires(), f"q{n}")) * 20)
        try:
            flooder.socket.send(more + (pack(Grip(request, True)) if n % 20 == 0 or beside != "questions" else b""))
        except (BlockingIOError, ConnectionError):
            break
    began_ns = monotonic_ns()
    flooder.close()
    assert off_s(rig, since, began_ns) <= RENEW_MS_MAX / 1000 + LOADED_S
    assert isinstance(other.ask(ListWires()), Wired | Answer), "whoever else asks is answered, if only with too_many"


def test_a_key_that_is_asked_for_again_and_again_is_refused_by_rate(rig: Rig, installers: list[Installer]):
    fitter = comes(rig, installers)
    asked = [fitter.asks(HoldOutput(issuer="Li", output="lock")) for _ in range(100)]
    answers = [fitter.hears(request) for request in asked]
    assert [answer.done for answer in answers].count(True) == 1
    assert {reason for answer in answers for reason in answer.reasons} <= {"output_tried:lock", "too_many"}
    assert "too_many" in {reason for answer in answers for reason in answer.reasons}


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (HoldOutput(issuer="Li", output="lock"), "in_service:door"),
        (HoldOutput(issuer="Li", output="nothing"), "output_not_found:nothing"),
        (HoldOutput(issuer="", output="lock"), "not_allowed"),
        (Service(issuer="Li", portal="nothing", out=True), "portal_not_found:nothing"),
        (Service(issuer="", portal="door", out=True), "not_allowed"),
    ],
)
@pytest.mark.attack("trial-01")
def test_what_is_refused_is_said_and_switches_nothing(rig: Rig, installers: list[Installer], command, reason: str):
    fitter = comes(rig, installers, out=False)
    since = len(rig.far_end.driven)
    answer = fitter.ask(command)
    assert (answer.done, answer.reasons) == (False, (reason,))
    assert rig.far_end.driven[since:] == []


def test_an_input_that_is_lost_says_why_and_since_when(rig: Rig, installers: list[Installer]):
    fitter = comes(rig, installers, out=False)
    rig.contact(True)
    wire = None
    for _ in range(100):
        (wire,) = [each for each in fitter.ask(ListWires()).wires if each.id == "contact"]
        if wire.level == "active":
            break
        rest(0.15)  # as often as may be asked
    assert wire is not None
    assert wire.level == "active"
    for client in list(rig.far_end._clients):
        client.shutdown(socket.SHUT_RDWR)  # the bus goes
    rig.far_end.close()
    for _ in range(100):
        (wire,) = [each for each in fitter.ask(ListWires()).wires if each.id == "contact"]
        if wire.level == "lost":
            break
        rest(0.15)
    assert wire.level == "lost"
    assert CONTACT in wire.why
    assert wire.age_ms is not None
    assert wire.counters["restarts"] >= 1


@pytest.mark.attack("trial-04")
def test_no_motion_output_of_a_real_lane_is_ever_held_on(tmp_path: Path, installers: list[Installer]):
    made = LaneRig(tmp_path, lanes=1, readers=1)
    try:
        made.start()
        made.listens()
        fitter = Installer(made.state)
        installers.append(fitter)
        listed = fitter.ask(ListWires())
        (lane,) = [portal.id for portal in listed.portals if portal.kind == "barrier"]
        assert fitter.ask(Service(issuer="Li", portal=lane, out=True)).done
        outputs = {wire.id: wire for wire in fitter.ask(ListWires()).wires if wire.role == "output"}
        moving = {name for name, wire in outputs.items() if wire.use in ("move_open", "move_close", "permit", "test")}
        assert len(moving) >= 3
        since = len(made.far_end.driven)
        for name in moving:
            assert outputs[name].refused[0].startswith("local_key_only"), "said before anybody tries"
            answer = fitter.ask(HoldOutput(issuer="Li", output=name))
            assert not answer.done
            assert answer.reasons[0].startswith("local_key_only")
        assert made.far_end.driven[since:] == []
        (warning,) = [name for name, wire in outputs.items() if wire.use == "warning"]
        request = fitter.hold(warning)
        fitter.say(Grip(request, False))
        assert {wire.id for wire in fitter.ask(ListWires()).wires if wire.tried} <= {warning}
    finally:
        made.close()
