"""`menshen wire` at a real pseudo-terminal beside a real controller: what is shown, and an output in a hand.

The far end of the wires stamps each drive of the lock, so that what is said of time is said of the lock.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from firmware.bench.clock import monotonic_ns, rest
from firmware.bench.rig import LOCK, Rig
from firmware.core.codes import Code
from firmware.journal import search
from firmware.messages import Service
from tests.wire.installer import Installer
from tests.wire.terminal import Terminal

COMMITTED_S_MAX = 15  # a busy machine's disk
OFF_S_MAX = 1.0
LOCK_ROW = b"j"  # down, from the first row, which is the reader's


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    made: list[Terminal] = []
    yield made
    for terminal in made:
        terminal.close()


def sits_down(rig: Rig, terminals: list[Terminal], *words: str, out: bool = True, **size: int) -> Terminal:
    """An installer, with the cursor on the lock, and the door out of service."""
    terminal = Terminal(rig.site, *(words or ("--by", "Li")), **size)
    terminals.append(terminal)
    assert terminal.sees("contact"), terminal.heard
    terminal.type(LOCK_ROW)
    assert terminal.sees("relay"), terminal.heard
    if out:
        terminal.type(b"o")
        assert terminal.sees("Take door out of service?"), terminal.heard
        terminal.type(b"y")
        assert terminal.sees("door is out of service"), terminal.heard
        assert terminal.sees("May be tested"), terminal.heard
    return terminal


def on(rig: Rig) -> bool:
    return rig.far_end.levels[LOCK]


def held(rig: Rig, terminal: Terminal) -> int:
    """Press the key and hold it until the lock is released; the number of drives until then."""
    terminal.press()
    since = len(rig.far_end.driven)
    for _ in range(100):
        terminal.hold(0.04)
        if on(rig):
            return since
    raise AssertionError(f"the lock was not released: {terminal.heard[-2000:]}")


def off_within(rig: Rig, since: int, began_ns: int) -> float:
    found = rig.far_end.wait_driven(LOCK, False, since)
    assert found is not None, "still on"
    return (found.at_ns - began_ns) / 1e9


def events(rig: Rig, code: Code) -> list:
    rows = search(rig.state / "journal" / "journal.db", limit=1000)
    return [row.event for row in reversed(rows) if row.event.code is code]


def ended(rig: Rig) -> tuple[str, ...]:
    """Why the last one ended, once that is committed."""
    until_ns = monotonic_ns() + COMMITTED_S_MAX * 1_000_000_000
    while monotonic_ns() < until_ns:
        found = events(rig, Code.OUTPUT_TRY_ENDED)
        if found:
            return found[-1].reasons
        rest(0.02)
    raise AssertionError(f"no event of the end within {COMMITTED_S_MAX} s")


def test_it_shows_what_there_is_and_ends_with_the_terminal_as_it_was(rig: Rig, terminals: list[Terminal]):
    terminal = sits_down(rig, terminals, "--language", "en", out=False)
    for text in ("bench", "Door door, in service", "off", "inactive", "quiet", "+08:00", "q end"):
        assert terminal.sees(text), terminal.heard
    since = len(terminal.heard)
    rig.contact(True)
    assert terminal.sees("active", since), "a change is shown by itself"
    terminal.type(b"q")
    assert terminal.ends() == 0
    assert terminal.is_restored()


def test_on_a_phone(rig: Rig, terminals: list[Terminal]):
    terminal = sits_down(rig, terminals, out=False, columns=34, lines=14)
    assert terminal.sees("hold SPACE: on")
    for lines in terminal.screens():
        assert len(lines) <= 14
        assert max(map(len, lines)) < 34, "the last column stays free: it would be erased"


def test_held_on_and_let_go(rig: Rig, terminals: list[Terminal]):
    terminal = sits_down(rig, terminals, "--by", "Li", "--why", "does it click")
    for _ in range(3):  # where this machine stalls for 0.4 s, the key counts as let go
        since = held(rig, terminal)
        terminal.hold(2.5)
        if on(rig):
            break
        terminal.read(1.0)
    assert on(rig), "for as long as the key is held"
    assert terminal.sees("lock IS ON while you hold the key"), terminal.heard
    let_go_ns = monotonic_ns()
    assert off_within(rig, since, let_go_ns) <= OFF_S_MAX
    assert ended(rig) == ("let_go",)
    begun = events(rig, Code.OUTPUT_TRIED)[-1]
    assert (begun.portal, begun.device, begun.detail) == ("door", "lock", "lock")
    terminal.type(b"q")
    assert terminal.ends() == 0
    assert "still out of service" in terminal.heard
    assert terminal.is_restored()


def test_a_touch_switches_nothing(rig: Rig, terminals: list[Terminal]):
    terminal = sits_down(rig, terminals)
    since = len(rig.far_end.driven)
    terminal.press()
    terminal.read(0.5)
    terminal.type(b" " * 50)  # what a stalled line brings at once
    terminal.read(1.0)
    assert rig.far_end.driven[since:] == []


@pytest.mark.attack("trial-08")
def test_in_service_a_held_key_switches_nothing(rig: Rig, terminals: list[Terminal]):
    terminal = sits_down(rig, terminals, out=False)
    since = len(rig.far_end.driven)
    terminal.press()
    terminal.hold(1.0)
    assert rig.far_end.driven[since:] == []
    assert terminal.sees("Take its door or lane out of service first"), terminal.heard


def test_without_a_name_it_only_shows(rig: Rig, terminals: list[Terminal]):
    terminal = sits_down(rig, terminals, "--language", "en", out=False)
    terminal.type(b"o")
    assert terminal.sees("--by NAME, and your name")
    terminal.press()
    terminal.hold(0.5)
    assert not on(rig)
    assert events(rig, Code.COMMANDED) == events(rig, Code.COMMAND_REFUSED) == []


@pytest.mark.attack("trial-09")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGHUP])
def test_killed_hung_or_hung_up_while_held_it_is_off_within_a_second(rig: Rig, terminals: list[Terminal], how: int):
    """Its connection ends with it; one that hangs renews nothing."""
    terminal = sits_down(rig, terminals)
    since = held(rig, terminal)
    began_ns = monotonic_ns()
    terminal.process.send_signal(how)
    assert off_within(rig, since, began_ns) <= OFF_S_MAX
    expected = {signal.SIGKILL: "connection_lost", signal.SIGSTOP: "not_renewed"}.get(how)
    if expected is not None:
        assert ended(rig) == (expected,)
    else:
        assert terminal.ends() == 0
        assert terminal.is_restored()
        assert ended(rig)[0] in ("let_go", "connection_lost")


def test_another_key_lets_go_at_once(rig: Rig, terminals: list[Terminal]):
    terminal = sits_down(rig, terminals)
    since = held(rig, terminal)
    terminal.type(b"x")
    terminal.hold(1.0)
    assert rig.far_end.wait_driven(LOCK, False, since) is not None
    assert not on(rig), "and the key that goes on repeating begins nothing before it was let go"
    assert ended(rig) == ("let_go",)


def test_put_back_into_service_by_somebody_else_it_ends_and_a_key_still_held_begins_nothing(
    rig: Rig, terminals: list[Terminal]
):
    first = sits_down(rig, terminals)
    since = held(rig, first)
    second = Installer(rig.state)
    second.asks(Service(issuer="Wang", portal="door", out=False))
    first.hold(0.5)
    second.close()
    assert rig.far_end.wait_driven(LOCK, False, since) is not None
    after = len(rig.far_end.driven)
    first.hold(1.5)
    assert rig.far_end.driven[after:] == []
    assert ended(rig) == ("in_service:door",)
    assert first.sees("It is off."), first.heard


def test_a_controller_that_goes_is_told_and_the_terminal_is_as_it_was(rig: Rig, terminals: list[Terminal]):
    terminal = sits_down(rig, terminals)
    held(rig, terminal)
    assert rig.stop() == 0
    assert not on(rig)
    assert terminal.ends() == 1
    assert "The controller has gone" in terminal.heard
    assert terminal.is_restored()
