"""The contact driver: first level, debounce by stamps and by reading again, chatter, short pulses."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from drivers.bus.lines import Edge
from drivers.bus.simulated import SimulatedLines
from drivers.contact import Contact, ContactConfig
from drivers.reports import AnyReport, InputLevel, Level
from drivers.settings import LevelWord
from firmware.rehearsal.virtual_time import run_virtual
from tests.drivers.wires import MS, US, FarEnd, after_ms, now_ns, until_ns

SEED = 20260706

Body = Callable[[FarEnd, list[AnyReport], Contact], Awaitable[None]]


def on_wire(body: Body, *, active: str = "high", debounce_ms: int = 20, start_high: bool = False) -> None:
    async def run() -> None:
        far_end = FarEnd({"C": start_high})
        lines = SimulatedLines(await far_end.hand_over())
        said: list[AnyReport] = []
        driver = Contact(ContactConfig("contact", "C", LevelWord(active), debounce_ms), lines)
        task = asyncio.create_task(driver.run(said.append))
        try:
            await after_ms(10)
            await body(far_end, said, driver)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            lines.close()
            await far_end.close()

    run_virtual(run())


def levels(said: list[AnyReport]) -> list[InputLevel]:
    assert all(isinstance(report, Level) for report in said)
    return [report.level for report in said if isinstance(report, Level)]


@pytest.mark.parametrize(
    ("active", "high", "level"),
    [
        ("high", True, InputLevel.ACTIVE),
        ("high", False, InputLevel.INACTIVE),
        ("low", True, InputLevel.INACTIVE),
        ("low", False, InputLevel.ACTIVE),
    ],
)
def test_the_level_at_the_start_is_reported_once(active: str, high: bool, level: InputLevel) -> None:
    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        await after_ms(1_000)
        assert levels(said) == [level]

    on_wire(body, active=active, start_high=high)


def test_a_bouncing_contact_is_one_change_when_it_has_settled() -> None:
    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        rng = random.Random(SEED)
        began_ns = at_ns = now_ns()
        for index in range(31):
            await until_ns(at_ns)
            far_end.send([Edge("C", index % 2 == 0, at_ns)])
            settled_ns = at_ns
            at_ns += rng.randrange(50 * US, 2 * MS)
        await until_ns(settled_ns + 19 * MS)
        assert levels(said) == [InputLevel.INACTIVE]
        await until_ns(settled_ns + 21 * MS)
        assert levels(said) == [InputLevel.INACTIVE, InputLevel.ACTIVE], f"seed {SEED}"
        assert began_ns <= said[1].at_ns == settled_ns
        assert driver.counters() == {"edges": 31, "chatter": 30, "overflows": 0}

    on_wire(body)


def test_a_pulse_shorter_than_the_debounce_is_nothing() -> None:
    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        at_ns = now_ns()
        far_end.send([Edge("C", True, at_ns)])
        await until_ns(at_ns + 19 * MS)
        far_end.send([Edge("C", False, at_ns + 19 * MS)])
        await after_ms(500)
        assert levels(said) == [InputLevel.INACTIVE]

    on_wire(body)


def test_a_pulse_that_arrives_in_one_piece_after_a_stall_is_still_two_changes() -> None:
    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        at_ns = now_ns()
        await until_ns(at_ns + 300 * MS)
        far_end.send([Edge("C", True, at_ns), Edge("C", False, at_ns + 80 * MS)])
        await after_ms(50)
        assert [(report.level, report.at_ns) for report in said[1:]] == [
            (InputLevel.ACTIVE, at_ns),
            (InputLevel.INACTIVE, at_ns + 80 * MS),
        ]

    on_wire(body)


def test_a_contact_that_chatters_without_rest_is_read_after_400_ms() -> None:
    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        began_ns = now_ns()
        for index in range(120):
            at_ns = began_ns + index * 5 * MS
            await until_ns(at_ns)
            far_end.send([Edge("C", index % 4 != 2, at_ns)])  # mostly high, and never quiet for 20 ms
        assert levels(said)[:2] == [InputLevel.INACTIVE, InputLevel.ACTIVE]
        assert said[1].at_ns - began_ns <= 400 * MS

    on_wire(body)


@pytest.mark.parametrize("pulse_ms", [401, 1_000])
def test_active_for_more_than_400_ms_is_always_seen_with_the_longest_debounce(pulse_ms: int) -> None:
    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        at_ns = now_ns()
        for offset_ms, level in ((0, True), (pulse_ms, False)):
            await until_ns(at_ns + offset_ms * MS)
            far_end.send([Edge("C", level, at_ns + offset_ms * MS)])
        await after_ms(1_000)
        assert levels(said) == [InputLevel.INACTIVE, InputLevel.ACTIVE, InputLevel.INACTIVE]

    on_wire(body, debounce_ms=200)


def test_without_debounce_every_edge_counts() -> None:
    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        at_ns = now_ns()
        far_end.send([Edge("C", index % 2 == 0, at_ns + index * US) for index in range(5)])
        await after_ms(10)
        assert levels(said) == [InputLevel.INACTIVE, *[InputLevel.ACTIVE, InputLevel.INACTIVE] * 2, InputLevel.ACTIVE]

    on_wire(body, debounce_ms=0)


def test_what_the_edges_do_not_tell_the_next_reading_does() -> None:
    """The far end's level changed without an edge (lost); the next bounce makes us read it again."""

    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        at_ns = now_ns()
        far_end.send([Edge("C", True, at_ns), Edge("C", True, at_ns + 1 * MS)])
        await after_ms(100)
        assert levels(said) == [InputLevel.INACTIVE, InputLevel.ACTIVE]

    on_wire(body)
