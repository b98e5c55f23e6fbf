"""The bus over a real kernel's lines: claims, levels, edges, frames, storms, loss, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from chips import Chip, Player, Step, frame, pi_header
from says import arguments, check, figure

from drivers.board_description import load_board
from drivers.bus.gpio import GpioLines
from drivers.bus.gpio_safe import SafeGpioLines
from drivers.bus.lines import READ_NS, BusError, Edge, Found, Overflow
from drivers.contact import Contact, ContactConfig
from drivers.driver import Driver
from drivers.relay import Relay, RelayConfig
from drivers.reports import AnyReport, Frame, InputLevel, Level
from drivers.settings import LevelWord
from drivers.wiegand import Wiegand, WiegandConfig
from firmware.bench.clock import monotonic_ns

BOARD = load_board("raspberry_pi_header")
D0, D1, E0, E1, BUTTON, PROMPT, LOCK, LAMP = 17, 27, 22, 23, 5, 6, 13, 19
LIMIT_S = 60.0
AFTER_S = 0.05
# H10301 as its card format has it: even parity, 8 bits facility, 16 bits number, odd parity. Facility 12, card 34567.
CARD = "0" + "00001100" + "1000011100000111"
FULL_CARD = CARD + ("1" if CARD[13:].count("1") % 2 == 0 else "0")
CARD_BITS = ("1" if CARD[1:13].count("1") % 2 else "0") + FULL_CARD[1:]

Batch = Sequence[Edge | Overflow]

STRANGER = """
import gpiod
request = gpiod.request_lines({chip!r}, {{19: None, 17: None}}, consumer="a stranger")
print("has", flush=True)
input()
"""
HOLDER = """
import asyncio
from drivers.board_description import load_board
from drivers.bus.gpio import GpioLines

async def main():
    lines = GpioLines(load_board("raspberry_pi_header"))
    await lines.open()
    lines.claim_output("GPIO13", "lock", True)
    lines.claim_input("GPIO5", "contact", print)
    print("has", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def python(program: str) -> subprocess.Popen[str]:
    """Another process."""
    return subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


async def until(done: Callable[[], bool], limit_s: float = LIMIT_S) -> bool:
    """Wait for a condition; whether it came."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + limit_s
    while not done():
        if loop.time() > end_s:
            return False
        await asyncio.sleep(0.002)
    return True


def refused(ask: Callable[[], object]) -> str:
    try:
        ask()
    except BusError as error:
        return str(error)
    return ""


async def outputs(chip: Chip, lines: GpioLines) -> None:
    trace = Path("/sys/kernel/tracing")
    (trace / "trace").write_text("")
    for name in ("gpio_value", "gpio_direction"):
        (trace / "events/gpio" / name / "enable").write_text("1")
    high = lines.claim_output("GPIO13", "lock", True)
    told = [line.split(": ", 1)[1] for line in (trace / "trace").read_text().splitlines() if ": gpio_" in line]
    for name in ("gpio_value", "gpio_direction"):
        (trace / "events/gpio" / name / "enable").write_text("0")
    wrong = [line for line in told if " set 0" in line or " in " in line]
    check("an output that begins high is never low nor an input, and is claimed once", not wrong and told, told)
    check("it is high", chip.value(LOCK))
    for level in (False, True, False):
        high.set(level)
        check(f"it is driven {level}", chip.value(LOCK) is level)
    high.set(True)
    high.close()
    check("a driver that lets go leaves its level", chip.value(LOCK))
    check("and can drive no more", "not claimed" in refused(lambda: high.set(False)))
    again = lines.claim_output("BOARD33", "lock", True)
    check("the line is claimed again by another name, where it was", chip.value(LOCK))
    lines.set_now("J8:33", False)
    check("set_now() drives a claimed line", not chip.value(LOCK))
    lines.set_now("GPIO19", True)
    check("set_now() drives a line that nobody has claimed", chip.value(LAMP))
    again.close()


async def refusals(chip: Chip, lines: GpioLines) -> None:
    lines.claim_output("GPIO13", "front_lock", False)
    said = refused(lambda: lines.claim_input("BOARD33", "contact", print))
    check(
        "a second claim by another name names line, pin and holder",
        "BOARD33" in said and "GPIO13" in said and "front_lock" in said and "contact" in said,
        said,
    )
    said = refused(lambda: lines.claim_input("GPIO99", "contact", print))
    check("a line that the board has not is refused", "GPIO99" in said and "raspberry_pi_header" in said, said)
    other = python(STRANGER.format(chip=str(chip.device)))
    try:
        assert other.stdout is not None
        other.stdout.readline()
        for kind, ask in (
            ("output", lambda: lines.claim_output("GPIO19", "lamp", False)),
            ("input", lambda: lines.claim_input("GPIO19", "lamp", print)),
            ("stream", lambda: lines.claim_edges(("GPIO22", "BOARD11"), "lamp", print)),
            ("set_now", lambda: lines.set_now("GPIO19", False)),
            ("safe", lambda: SafeGpioLines(BOARD).set_now("GPIO19", False)),
        ):
            said = refused(ask)
            check(
                f"{kind}: the message names line and holder",
                "a stranger" in said and str(other.pid) in said and ("GPIO19" in said or "BOARD11 (GPIO17)" in said),
                said,
            )
    finally:
        other.communicate("\n")
    lines.claim_output("GPIO19", "lamp", False).close()
    check("a line is had once its holder has ended", not refused(lambda: lines.claim_output("GPIO19", "lamp", True)))
    check("and driven", chip.value(LAMP))
    lines.claim_edges(("GPIO22", "GPIO23"), "reader", print).close()
    lines.claim_edges(("GPIO22", "GPIO23"), "reader", print).close()


async def contacts(chip: Chip, lines: GpioLines) -> None:
    batches: list[Edge | Overflow] = []
    foreign: list[str] = []

    def take(edges: Batch) -> None:
        foreign.extend([threading.current_thread().name] if threading.current_thread() is not main_thread else [])
        batches.extend(edges)

    main_thread = threading.current_thread()
    chip.drive(BUTTON, True)
    line = lines.claim_input("J8:29", "button", take)
    await line.ready()
    check("the first level is known", line.level() is True)
    steps = [Step(index * 5_000_000, BUTTON, index % 2 == 1) for index in range(100)]
    player = Player(chip, steps)
    all_there = await until(lambda: len(batches) >= 100)
    player.end(LIMIT_S)
    check("each edge of a contact comes, in the loop's own thread", all_there and not foreign, (len(batches), foreign))
    check("under the name that its driver gave it", {edge.line for edge in batches} == {"J8:29"})
    check("with the level after it", [edge.level for edge in batches] == [step.level for step in steps])
    apart = [edge.at_ns - player.started_ns - step.at_ns for edge, step in zip(batches, steps, strict=False)]
    check("stamped by the kernel", min(apart) >= 0 and max(apart) < 200_000, (min(apart), max(apart)))
    figure("contact: stamp after step, at most", max(apart) / 1000, "us")
    check("the level follows", line.level() is True)
    check("nothing was found by reading", not any(isinstance(edge, Found) for edge in batches))
    line.close()
    chip.drive(BUTTON, False)
    await asyncio.sleep(AFTER_S)
    check("a closed contact tells nothing", len(batches) == 100, len(batches))
    check("and says so", "not claimed" in refused(line.level))
    batches.clear()
    again = lines.claim_input("GPIO5", "button", take)
    check("a contact is claimed again, with the pull that GPIO5 boots with", again.level() is True)
    chip.drive(BUTTON, False)
    check("and read", again.level() is False)
    again.close()


async def lost_edges(chip: Chip, lines: GpioLines) -> None:
    """lgpio's thread is held up by a callback that does not return: the edge is there, and is not told."""
    from drivers.bus.lgpio_quietly import lgpio

    told: list[Edge | Overflow] = []
    line = lines.claim_input("GPIO5", "loop", told.extend)  # its claim pulls it up
    chip.drive(BUTTON, False)
    await until(lambda: bool(told), 2.0)
    told.clear()
    listed = list(lgpio._notify_thread.callbacks)
    lgpio._notify_thread.callbacks.clear()
    begun_ns = monotonic_ns()
    chip.drive(BUTTON, True)
    found = await until(lambda: bool(told), 2.0)
    took_ns = monotonic_ns() - begun_ns
    lgpio._notify_thread.callbacks.extend(listed)
    check("an edge that nobody told is found by reading", found and isinstance(told[0], Found) and told[0].level, told)
    check("within READ_NS", took_ns <= READ_NS + 20_000_000, took_ns)
    figure("lost edge found after", took_ns / 1e6, "ms")
    chip.drive(BUTTON, False)
    await until(lambda: len(told) >= 2, 2.0)
    check("and the next edge is told as ever", type(told[-1]) is Edge and not told[-1].level, told)
    line.close()


async def storm_at_a_contact(chip: Chip, lines: GpioLines) -> None:
    """5 kHz at one contact, 1 s, while another one is pressed."""
    noisy: list[Edge | Overflow] = []
    quiet: list[Edge | Overflow] = []
    chip.drive(PROMPT, True)
    storm = lines.claim_input("GPIO5", "noisy", noisy.extend)
    stop = lines.claim_input("GPIO6", "stop", quiet.extend)
    steps = [Step(index * 100_000, BUTTON, index % 2 == 0) for index in range(10_000)]
    steps.append(Step(500_025_000, PROMPT, False))
    player = Player(chip, sorted(steps))
    heard = await until(lambda: bool(quiet))
    latency_ns = monotonic_ns() - player.started_ns - 500_025_000
    player.end(LIMIT_S)
    await asyncio.sleep(1.0)
    chip.drive(BUTTON, True)
    chip.drive(BUTTON, False)
    await asyncio.sleep(0.5)
    last = storm.level()
    told = next((edge.level for edge in reversed(noisy) if isinstance(edge, Edge)), None)
    check("a storm at one contact does not keep another one's edge back", heard and latency_ns < 50_000_000, latency_ns)
    check("and it is told, not found", type(quiet[0]) is Edge, quiet)
    figure("edge beside a storm of 5 kHz, heard after", latency_ns / 1e6, "ms")
    check("a storm is told as lost edges", any(isinstance(edge, Overflow) for edge in noisy))
    figure("edges of the storm told", sum(isinstance(edge, Edge) for edge in noisy), "edges")
    check("after it the level is right", told == last is False, (told, last))
    storm.close()
    stop.close()


class Running:
    """A driver in a task, with what it reports."""

    def __init__(self, driver: Driver) -> None:
        self.reports: list[AnyReport] = []
        self.task = asyncio.create_task(driver.run(self.reports.append))

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.wait((self.task,))


async def frames(chip: Chip, lines: GpioLines, count: int, pulse_ns: int, interval_ns: int) -> None:
    for line in (D0, D1):
        chip.drive(line, True)
    reader = Wiegand(WiegandConfig("reader", "GPIO17", "BOARD13", ("H10301",)), lines)
    running = Running(reader)
    await asyncio.sleep(0.2)
    chance = random.Random(7)
    sent = []
    steps: list[Step] = []
    at_ns = 0
    for _ in range(count):
        body = "".join(chance.choice("01") for _ in range(24))
        bits = str(body[:12].count("1") % 2) + body + str(1 - body[12:].count("1") % 2)
        sent.append(int(bits, 2))
        steps += frame(bits, D0, D1, at_ns, pulse_ns, interval_ns)
        at_ns += 26 * interval_ns + 60_000_000
    player = Player(chip, steps)
    there = await until(lambda: len(running.reports) >= count, 2 * at_ns / 1e9 + 5)
    player.end(LIMIT_S)
    await asyncio.sleep(AFTER_S)
    got = [report.bits for report in running.reports if isinstance(report, Frame)]
    what = f"{count} frames, {pulse_ns // 1000} us each {interval_ns // 1000} us"
    check(f"{what}: all are there and right", there and got == sent, (len(got), reader.counters()))
    stream = reader._stream
    figure(f"{what}: levels that the kernel read too late", stream.counters()["repaired_edges"], "edges")
    figure(f"{what}: noise", sum(n for key, n in reader.counters().items() if key.startswith("noise")), "bursts")
    await running.end()


async def stalled(chip: Chip, lines: GpioLines) -> None:
    """The loop is held up for 0.3 s each second; then for so long that the kernel's buffer is full."""
    batches: list[Edge | Overflow] = []
    chip.drive(D0, True)
    chip.drive(D1, True)
    stream = lines.claim_edges(("GPIO17", "GPIO27"), "reader", batches.extend)
    await stream.ready()
    steps = [Step(index * 1_000_000, (D0, D1)[index // 2 % 2], index % 2 == 1) for index in range(1_000)]
    player = Player(chip, steps)
    player_done = False
    while not player_done and len(batches) < 1_000:
        end_ns = monotonic_ns() + 300_000_000
        while monotonic_ns() < end_ns:
            pass
        await asyncio.sleep(0.7)
        player_done = monotonic_ns() > player.started_ns + 5_000_000_000
    player.end(LIMIT_S)
    check(
        "a loop that stands still for 0.3 s each second loses no edge",
        [(edge.line, edge.level) for edge in batches]
        == [({D0: "GPIO17", D1: "GPIO27"}[step.line], step.level) for step in steps],
        len(batches),
    )
    check("stamps are in order", batches == sorted(batches, key=lambda edge: edge.at_ns))
    batches.clear()
    steps = [Step(index * 200_000, (D0, D1)[index // 2 % 2], index % 2 == 1) for index in range(3_000)]
    player = Player(chip, steps)
    player.end(LIMIT_S)  # blocks the loop
    await asyncio.sleep(AFTER_S)
    lost = [edge for edge in batches if isinstance(edge, Overflow)]
    check(
        "a buffer that was full is told, before the edges behind it",
        len(lost) == 1 and batches[0] is lost[0],
        (len(lost), len(batches)),
    )
    check("and holds the newest edges", len(batches) == 1_025 and batches[-1].level, len(batches))
    stream.close()


async def drivers(chip: Chip, lines: GpioLines) -> None:
    """A door's devices at once, as the controller runs them."""
    chip.drive(BUTTON, False)
    contact = Contact(ContactConfig("contact", "GPIO5", LevelWord.HIGH), lines)
    lock = Relay(RelayConfig("lock", "GPIO13", LevelWord.HIGH), lines)
    reader = Wiegand(
        WiegandConfig("reader", "GPIO17", "GPIO27", ("H10301",), longest_frame=True, led_green="GPIO19"), lines
    )
    running = [Running(each) for each in (contact, lock, reader)]
    await until(lambda: bool(running[0].reports))
    first = [report.level for report in running[0].reports if isinstance(report, Level)]
    check("a contact tells its first level, that of its pull", first == [InputLevel.ACTIVE], first)
    chip.drive(BUTTON, False)
    await until(lambda: len(running[0].reports) >= 2)
    running[0].reports.clear()
    player = Player(
        chip, [Step(t * 1_000_000, BUTTON, on) for t, on in ((0, True), (2, False), (3, True), (5, False), (6, True))]
    )
    await until(lambda: bool(running[0].reports))
    player.end(LIMIT_S)
    await asyncio.sleep(0.1)
    told = [report for report in running[0].reports if isinstance(report, Level)]
    check("a bounced contact tells once", [each.level for each in told] == [InputLevel.ACTIVE], told)
    player = Player(chip, frame(CARD_BITS, D0, D1, 0, 50_000, 1_000_000))
    seen = await until(lambda: bool(running[2].reports))
    lock.apply(True)
    await_high = chip.wait_value(LOCK, True, 1.0)
    player.end(LIMIT_S)
    check("a card is read and the lock driven", seen and await_high, running[2].reports)
    lock.safe()
    check("safe() puts it back", not chip.value(LOCK))
    for each in running:
        await each.end()
    check("a cancelled driver leaves the output where it was", not chip.value(LOCK))


async def loss(chip: Chip) -> Chip:
    """The chip goes away, and comes back."""
    lines = GpioLines(BOARD)
    await lines.open()
    output = lines.claim_output("GPIO13", "lock", True)
    line = lines.claim_input("GPIO5", "contact", lambda edges: None)
    stream = lines.claim_edges(("GPIO17", "GPIO27"), "reader", lambda edges: None)
    waiting = asyncio.create_task(lines.lost())
    await asyncio.sleep(AFTER_S)
    check("nothing is lost yet", not waiting.done())
    chip.close()
    done, _ = await asyncio.wait((waiting,), timeout=2.0)
    check("a chip that is gone is told", bool(done), None)
    why = waiting.result() if done else ""
    for name, ask in (("output", lambda: output.set(False)), ("input", line.level)):
        check(f"{name}: says why", why in refused(ask) if why else False, refused(ask))
    try:
        await lines.open()
        check("there is nothing to open", False)
    except BusError as error:
        check("and what is missing", "pinctrl-bcm2711" in str(error), error)
    check("set_now() says so, too", "pinctrl-bcm2711" in refused(lambda: lines.set_now("GPIO13", False)))
    stream.close()
    line.close()
    output.close()
    waiting.cancel()
    chip = pi_header()
    lines.set_now("GPIO13", True)
    check("set_now() drives as soon as it is back, without the bus", chip.value(LOCK))
    await lines.open()
    lines.claim_output("GPIO13", "lock", True)
    check("the bus comes back", chip.value(LOCK))
    lines.close()
    return chip


async def safe_after_death(chip: Chip) -> None:
    """A process that holds a lock released is killed; its lines can be had at once."""
    child = python(HOLDER)
    assert child.stdout is not None
    child.stdout.readline()
    check("the process holds the lock", chip.value(LOCK))
    safe = SafeGpioLines(BOARD)
    check("while it lives nobody else drives it", "is held by" in refused(lambda: safe.set_now("GPIO13", False)))
    child.kill()
    child.wait()
    child.stdout.close()
    assert child.stdin is not None
    child.stdin.close()
    begun_ns = monotonic_ns()
    safe.set_now("BOARD33", False)
    took_ns = monotonic_ns() - begun_ns
    check("after kill -9 it is driven at once", not chip.value(LOCK) and took_ns < 100_000_000, took_ns)
    safe.set_now("GPIO13", True)
    check("and again by another name", chip.value(LOCK))
    safe.close()
    files = [
        name
        for folder in (os.getcwd(), "/tmp", "/")
        for name in os.listdir(folder)
        if name.startswith((".lgd", "menshen-lgpio"))
    ]
    check("no pipe of lgpio's is left in any folder", not files, files)


def left() -> tuple[int, int, str]:
    """Threads, descriptors, working folder."""
    descriptors = [
        os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{n}")
    ]
    return len(os.listdir("/proc/self/task")), len(descriptors), os.getcwd()


async def everything(chip: Chip) -> Chip:
    count = arguments().get("frames", 40)
    lines = GpioLines(BOARD)
    here = os.getcwd()
    await lines.open()
    lines.claim_input("GPIO5", "contact", print).close()
    lines.close()
    before = left()
    check("the working folder is the same", before[2] == here, before)
    without = arguments().get("without", [])
    for part in (outputs, refusals, contacts, lost_edges, storm_at_a_contact, stalled, drivers):
        if part.__name__ in without:
            continue
        lines = GpioLines(BOARD)
        await lines.open()
        await part(chip, lines)
        lines.close()
        check(f"{part.__name__}: no line is left", not held(chip), held(chip))
        check(f"{part.__name__}: no thread and no descriptor is left", left() == before, (before, left()))
    for pulse_ns, interval_ns in ((50_000, 1_000_000), (20_000, 200_000)):
        lines = GpioLines(BOARD)
        await lines.open()
        await frames(chip, lines, count, pulse_ns, interval_ns)
        lines.close()
    chip = await loss(chip)
    await safe_after_death(chip)
    check("no line is left", not held(chip), held(chip))
    check("no thread and no descriptor is left in the end", left() == before, (before, left()))
    return chip


def held(chip: Chip) -> list[int]:
    import gpiod

    with gpiod.Chip(str(chip.device)) as opened:
        return [offset for offset in range(opened.get_info().num_lines) if opened.get_line_info(offset).used]


def main() -> None:
    chip = pi_header()
    for line in (D0, D1, E0, E1, BUTTON, PROMPT):
        chip.drive(line, True)
    chip = asyncio.run(everything(chip))
    chip.close()


if __name__ == "__main__":
    main()
