"""The real controller process on real lines: cards, a lock, a contact; another process; kill -9, and hangs."""

from __future__ import annotations

import errno
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import gpiod
from chips import Chip, Outputs, Player, Step, pi_header
from gate import (
    CONTACT,
    D0,
    D1,
    GAP_INTERVALS,
    INTERVAL_NS,
    LOCK,
    Gate,
    Passage,
    ServiceManager,
    stranger,
    welcome,
)
from gpiod.line import Direction
from says import arguments, check, figure, news

from firmware.bench.clock import monotonic_ns, rest
from firmware.core.codes import Code
from firmware.journal import search, verify

LOCK_S_MAX = 2.0  # GB 50396 5.1.2: credential to actuator
RELEASE_S_MAX = 10.0
PERIOD_NS = 400_000_000  # of passages
WATCHDOG_S = 2.0
PEERS_MAX = 30
SAFE_S_MAX = 1.0  # from a death, or from the end of the watchdog's time, to every output at its safe level
KILLS, HANGS = 20, 20
UNTIL_S_MAX = 0.5  # from the release of the lock to the death: drawn
SEED = 7


def codes(gate: Gate) -> list[Code]:
    rows = search(gate.state / "journal" / "journal.db", limit=1_000)
    return [row.event.code for row in rows]


def a_person_comes(gate: Gate) -> None:
    chip = gate.chip
    check("the lock is secured by the start", chip.value(LOCK) is False)
    gate.swipe(welcome(1)[0])
    check("a card releases the lock line", chip.wait_value(LOCK, True, LOCK_S_MAX))
    gate.walk()
    closed_ns = monotonic_ns()
    check("it is secured behind the person", chip.wait_value(LOCK, False, RELEASE_S_MAX))
    figure("door closed to locked", (monotonic_ns() - closed_ns) / 1e6, "ms")
    gate.swipe(stranger())
    check("a card that nobody has does not", not chip.wait_value(LOCK, True, 0.5))


def a_contact_bounces(gate: Gate) -> None:
    """An opened door whose contact chatters 40 times in 2 ms, and a closed one likewise, tell of one opening."""
    before = codes(gate).count(Code.OPENED)
    gate.swipe(welcome(1)[0])
    gate.chip.wait_value(LOCK, True, LOCK_S_MAX)
    chatter = [Step(index * 50_000, CONTACT, index % 2 == 0) for index in range(41)]
    back = [Step(200_000_000 + index * 50_000, CONTACT, index % 2 == 1) for index in range(41)]
    Player(gate.chip, [*chatter, *back]).end(RELEASE_S_MAX)
    check("and is secured behind a contact that bounces", gate.chip.wait_value(LOCK, False, RELEASE_S_MAX))
    rest(0.2)
    check("a contact that bounces tells of one opening", codes(gate).count(Code.OPENED) == before + 1)


def another_process_comes(gate: Gate) -> None:
    for line in (LOCK, CONTACT, 17):
        settings = gpiod.LineSettings(direction=Direction.AS_IS)
        try:
            gpiod.request_lines(str(gate.chip.device), {line: settings}, consumer="another").release()
            check(f"line {line} is the controller's alone", False, "another process got it")
        except OSError as error:
            check(f"line {line} is the controller's alone", error.errno == errno.EBUSY, error)


def lock_times(chip: Chip, count: int) -> list[int]:
    """Cards at the pace of a busy door: from the last bit of each to the lock line, in nanoseconds, sorted."""
    passages = [Passage(index * PERIOD_NS, bits, walks=True) for index, bits in enumerate(welcome(count))]
    outputs = Outputs(chip)
    player = Player(chip, [step for passage in passages for step in passage.steps])
    player.end(count * PERIOD_NS / 1e9 + RELEASE_S_MAX)
    rest(0.5)
    released = outputs.changes(LOCK, True)
    outputs.close()
    took_ns = []
    for passage in passages:
        last_ns = player.started_ns + passage.last_bit_ns
        after = [at_ns for at_ns in released if last_ns <= at_ns < last_ns + PERIOD_NS]
        took_ns += [after[0] - last_ns] if after else []
    return sorted(took_ns)


def a_peer(chip: Chip, count: int) -> list[int]:
    """The same cards at a reader that waits 50 ms for a further bit."""
    for line in (D0, D1):
        chip.drive(line, True)
    words = [sys.executable, str(Path(__file__).with_name("peer.py")), str(D0), str(D1), str(LOCK)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as peer:
        try:
            check("the peer is ready", peer.stdout.readline() == "ready\n")
            return lock_times(chip, count)
        finally:
            peer.kill()


def many_come(gate: Gate, count: int, peers_ns: list[int]) -> None:
    took_ns = lock_times(gate.chip, count)
    check(f"{count} cards release the lock {count} times", len(took_ns) == count, len(took_ns))
    if not took_ns or not peers_ns:
        return
    for word, share in (("median", 0.5), ("99th percentile", 0.99), ("worst", 1.0)):
        at_ns = took_ns[min(len(took_ns) - 1, int(share * len(took_ns)))]
        figure(f"last bit to lock line, {word}", at_ns / 1e6, "ms")
        figure(f"end of frame to lock line, {word}", (at_ns - GAP_INTERVALS * INTERVAL_NS) / 1e6, "ms")
    peer_ns, ours_ns = peers_ns[len(peers_ns) // 2], took_ns[len(took_ns) // 2]
    figure("last bit to lock line of a peer that waits 50 ms, median", peer_ns / 1e6, "ms")
    figure("the peer takes so many times as long", peer_ns / ours_ns, "times")
    check("ten times as fast as that peer", peer_ns >= 10 * ours_ns, (peer_ns, ours_ns))


def released(gate: Gate, chance: random.Random) -> bool:
    """Somebody has been let in, and the lock is released for a drawn while."""
    gate.swipe(welcome(1)[0])
    came = gate.chip.wait_value(LOCK, True, LOCK_S_MAX)
    rest(chance.uniform(0.0, UNTIL_S_MAX))
    return came and gate.chip.value(LOCK)


def tell(what: str, took_s: Sequence[float], asked: int, most_s: float) -> None:
    """Say how long it took, and check that it never took longer."""
    check(f"{what}: {asked} times", len(took_s) == asked, len(took_s))
    if took_s:
        figure(f"{what}, median", sorted(took_s)[len(took_s) // 2], "s")
        figure(f"{what}, worst", max(took_s), "s")
        check(f"{what}: at most {most_s:g} s", max(took_s) <= most_s, max(took_s))


def it_is_killed(gate: Gate, count: int) -> None:
    """SIGKILL while the lock is released; the service manager runs `menshen safe`. The gate's controller runs."""
    chance = random.Random(SEED)
    line_s, done_s = [], []
    for number in range(count):
        if number:
            gate.start()
        if not check("before the kill the lock is released", released(gate, chance)):
            break
        outputs = Outputs(gate.chip)
        began_ns = monotonic_ns()
        gate.kill()
        done = gate.safe()
        done_s.append((monotonic_ns() - began_ns) / 1e9)
        secured = [at_ns for at_ns in outputs.changes(LOCK, False) if at_ns > began_ns]
        outputs.close()
        check("`menshen safe` after kill -9 says that it succeeded", done.returncode == 0, done.stdout + done.stderr)
        check("and the lock is secured", bool(secured) and gate.chip.value(LOCK) is False, secured)
        line_s += [(at_ns - began_ns) / 1e9 for at_ns in secured[:1]]
        news(f"kill {number + 1} of {count}: {done_s[-1]:.2f} s")
    tell("kill to lock line", line_s, count, SAFE_S_MAX)
    tell("kill to safe", done_s, count, SAFE_S_MAX)


def it_hangs(gate: Gate, count: int) -> None:
    """SIGSTOP while the lock is released: nobody feeds the watchdog any more."""
    chance = random.Random(SEED)
    took_s = []
    for number in range(count):
        manager = ServiceManager(gate, WATCHDOG_S)
        gate.start(manager.surroundings)
        manager.watch()
        check("the watchdog is fed", manager.wait_fed(WATCHDOG_S))
        if not check("before the hang the lock is released", released(gate, chance)):
            break
        assert gate.process is not None
        hung_ns = monotonic_ns()
        gate.process.send_signal(signal.SIGSTOP)
        safe = manager.wait_safe(WATCHDOG_S + RELEASE_S_MAX)
        check("after a hang `menshen safe` succeeds", safe and manager.safe.returncode == 0, manager.safe)
        check("the lock is secured", gate.chip.value(LOCK) is False)
        took_s.append((manager.safe_ns - hung_ns) / 1e9)
        news(f"hang {number + 1} of {count}: {took_s[-1]:.2f} s")
    tell(f"hang to safe, watchdog of {WATCHDOG_S:g} s", took_s, count, WATCHDOG_S + SAFE_S_MAX)


def the_journal_stands(gate: Gate) -> None:
    verdict = verify(gate.state / "journal" / "journal.db", gate.key)
    check("the journal verifies", verdict.ok, verdict)


def main() -> None:
    chip = pi_header()
    count = arguments().get("passages", 300)
    peers_ns = a_peer(chip, min(count, PEERS_MAX))
    gate = Gate(Path.cwd(), chip)
    gate.furnish()
    began_ns = monotonic_ns()
    gate.start()
    figure("start to ready", (monotonic_ns() - began_ns) / 1e9, "s")
    a_person_comes(gate)
    a_contact_bounces(gate)
    another_process_comes(gate)
    many_come(gate, count, peers_ns)
    it_is_killed(gate, arguments().get("kills", KILLS))
    it_hangs(gate, arguments().get("hangs", HANGS))
    the_journal_stands(gate)


if __name__ == "__main__":
    main()
