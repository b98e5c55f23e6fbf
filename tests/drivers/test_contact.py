"""The contact driver: first level, debounce by stamps and by reading again, chatter, short pulses; prompt activity."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.bus.lines import Edge, Overflow
from drivers.bus.simulated import SimulatedLines
from drivers.contact import CHATTER_NS_MAX, STEADY_NS, Contact, ContactConfig
from drivers.reports import AnyReport, DriverError, InputLevel, Level
from drivers.settings import LevelWord
from firmware.rehearsal.virtual_time import run_virtual
from tests.drivers.wires import MS, US, FarEnd, after_ms, now_ns, until_ns

SEED = 20260706

Body = Callable[[FarEnd, list[AnyReport], Contact], Awaitable[None]]


def on_wire(
    body: Body, *, active: str = "high", debounce_ms: int = 20, start_high: bool = False, prompt: bool = False
) -> None:
    async def run() -> None:
        far_end = FarEnd({"C": start_high})
        lines = SimulatedLines(await far_end.hand_over())
        said: list[AnyReport] = []
        driver = Contact(ContactConfig("contact", "C", LevelWord(active), debounce_ms, prompt), lines)
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
        assert driver.counters() == {"edges": 31, "chatter": 30, "overflows": 0, "lost_edges": 0, "faults": 0}

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


def test_quiet_is_judged_after_all_that_the_bus_hands_over() -> None:
    """After a stall the edges come in several messages; the first of them alone looks like a level that has held."""

    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        at_ns = now_ns()
        await until_ns(at_ns + 300 * MS)
        far_end.send([Edge("C", True, at_ns)])
        far_end.send([Edge("C", False, at_ns + 5 * MS)])
        await after_ms(500)
        assert levels(said) == [InputLevel.INACTIVE]

    on_wire(body)


# -- prompt: what stops a motion --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("active", "start_high"), [("high", False), ("low", True)])
def test_prompt_activity_is_told_with_its_first_edge_and_its_end_when_it_is_quiet(
    active: str, start_high: bool
) -> None:
    on, off = active == "high", active != "high"

    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        at_ns = now_ns()
        far_end.send([Edge("C", on, at_ns)])
        await until_ns(at_ns + 1)  # the time that the wires of the rehearsal need, and no debounce
        assert [(report.level, report.at_ns) for report in said[1:]] == [(InputLevel.ACTIVE, at_ns)]
        for offset_ms in (1, 2, 3):  # it bounces
            await until_ns(at_ns + offset_ms * MS)
            far_end.send([Edge("C", off if offset_ms % 2 else on, at_ns + offset_ms * MS)])
        await until_ns(at_ns + 22 * MS)
        assert levels(said)[1:] == [InputLevel.ACTIVE]
        await until_ns(at_ns + 24 * MS)
        assert [(report.level, report.at_ns) for report in said[2:]] == [(InputLevel.INACTIVE, at_ns + 3 * MS)]

    on_wire(body, active=active, start_high=start_high, prompt=True)


def test_prompt_a_glitch_of_a_microsecond_is_activity_until_it_was_quiet() -> None:
    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        at_ns = now_ns()
        far_end.send([Edge("C", True, at_ns), Edge("C", False, at_ns + US)])
        await until_ns(at_ns + 19 * MS)
        assert levels(said)[1:] == [InputLevel.ACTIVE]
        await until_ns(at_ns + 21 * MS)
        assert levels(said)[1:] == [InputLevel.ACTIVE, InputLevel.INACTIVE]

    on_wire(body, prompt=True)


def test_prompt_chatter_is_activity_for_as_long_as_it_lasts() -> None:
    """It is not read as it stands after 400 ms: that may be the moment between two touches."""

    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        began_ns = now_ns()
        for index in range(200):
            at_ns = began_ns + index * 10 * MS
            await until_ns(at_ns)
            far_end.send([Edge("C", index % 2 == 0, at_ns)])
        assert levels(said)[1:] == [InputLevel.ACTIVE]
        assert said[1].at_ns == began_ns
        await after_ms(30)
        assert levels(said)[1:] == [InputLevel.ACTIVE, InputLevel.INACTIVE]

    on_wire(body, prompt=True)


def test_prompt_both_edges_in_one_piece_after_a_stall_are_both_told() -> None:
    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        at_ns = now_ns()
        await until_ns(at_ns + 300 * MS)
        stamps = [(True, at_ns), (False, at_ns + 80 * MS), (True, at_ns + 200 * MS)]
        far_end.send([Edge("C", level, stamp) for level, stamp in stamps])
        await after_ms(50)
        assert [(report.level, report.at_ns) for report in said[1:]] == [
            (InputLevel.ACTIVE if level else InputLevel.INACTIVE, stamp) for level, stamp in stamps
        ]

    on_wire(body, prompt=True)


def test_prompt_an_end_whose_beginning_was_lost_is_activity() -> None:
    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        far_end.send([Edge("C", False, now_ns())])
        await after_ms(1)
        assert levels(said) == [InputLevel.INACTIVE, InputLevel.ACTIVE]
        await after_ms(30)
        assert levels(said) == [InputLevel.INACTIVE, InputLevel.ACTIVE, InputLevel.INACTIVE]

    on_wire(body, prompt=True)


class OverflowingLines:
    """A bus of one input in memory: the kernel's buffer overflows when the test says so."""

    def __init__(self) -> None:
        self.now = False
        self.on_edges: Callable[[list[Edge | Overflow]], None] = lambda edges: None

    async def open(self) -> None:
        """It is open."""

    async def ready(self) -> None:
        """Its level is known."""

    async def lost(self) -> str:
        return str(await asyncio.get_running_loop().create_future())

    def claim_input(
        self, line: str, holder: str, on_edges: Callable[[list[Edge | Overflow]], None]
    ) -> OverflowingLines:
        self.on_edges = on_edges
        return self

    def level(self) -> bool:
        return self.now

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize(("prompt", "after"), [(False, []), (True, [InputLevel.ACTIVE, InputLevel.INACTIVE])])
def test_prompt_an_overflow_may_have_swallowed_activity(prompt: bool, after: list[InputLevel]) -> None:
    async def run() -> None:
        bus = OverflowingLines()
        said: list[AnyReport] = []
        driver = Contact(ContactConfig("contact", "C", LevelWord.HIGH, 20, prompt), bus)  # type: ignore[arg-type]
        task = asyncio.create_task(driver.run(said.append))
        await after_ms(10)
        bus.on_edges([Overflow("C", now_ns())])
        assert levels(said)[1:] == after[:1]  # in the same callback
        await after_ms(100)
        assert levels(said)[1:] == after
        assert driver.counters()["overflows"] == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_virtual(run())


def test_prompt_what_is_active_at_the_start_stays_so() -> None:
    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        await after_ms(1_000)
        assert levels(said) == [InputLevel.ACTIVE]

    on_wire(body, start_high=True, prompt=True)


STORMS = st.lists(
    st.tuples(
        st.sampled_from((1 * US, 900 * US, 3 * MS, 19 * MS, 20 * MS, 21 * MS, 60 * MS)),  # since the edge before
        st.booleans(),  # the level after it; the same twice: an edge was lost
        st.sampled_from((0, 0, 0, 5, 300)),  # milliseconds that the process is stalled before it takes the edge
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=80, deadline=None)
@given(storm=STORMS)
def test_prompt_activity_never_late_and_its_end_never_early(storm: list[tuple[int, bool, int]]) -> None:
    """Against the edges themselves: one that finds it inactive is told when it comes; an end has had its quiet."""

    async def run() -> None:
        far_end = FarEnd({"C": False})
        lines = SimulatedLines(await far_end.hand_over())
        told: list[tuple[int, Level]] = []
        driver = Contact(ContactConfig("contact", "C", LevelWord.HIGH, 20, True), lines)
        task = asyncio.create_task(driver.run(lambda report: told.append((now_ns(), report))))  # type: ignore[arg-type]
        await after_ms(10)
        edges: list[tuple[int, int]] = []  # stamp, arrival
        stamp_ns = arrive_ns = now_ns()
        for gap_ns, level, stalled_ms in storm:
            stamp_ns += gap_ns
            arrive_ns = max(arrive_ns, stamp_ns + stalled_ms * MS)
            await until_ns(arrive_ns)
            far_end.send([Edge("C", level, stamp_ns)])
            edges.append((stamp_ns, arrive_ns))
        await until_ns(arrive_ns + 100 * MS)
        assert [report.level for _, report in told] == [
            InputLevel.ACTIVE if index % 2 else InputLevel.INACTIVE for index in range(len(told))
        ]
        for (before_ns, before), (at_ns, report) in pairwise(told):
            if report.level is InputLevel.ACTIVE:  # the first edge since, when it came
                first = next((at, came) for at, came in edges if at > before.at_ns and came >= before_ns - US)
                assert report.at_ns == first[0]
                assert at_ns - first[1] <= US
            else:
                known = [at for at, came in edges if came < at_ns]
                assert report.at_ns in {at for at, _ in edges}
                assert not [at for at in known if report.at_ns < at < report.at_ns + 20 * MS]
                assert at_ns >= report.at_ns + 20 * MS - US
        assert (told[-1][1].level is InputLevel.ACTIVE) == storm[-1][1]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        lines.close()
        await far_end.close()

    run_virtual(run())


# -- edges that are lost without a word -------------------------------------------------------------------------------

EACH = pytest.mark.parametrize(("active", "prompt"), [("high", False), ("low", False), ("high", True), ("low", True)])


@EACH
@pytest.mark.parametrize("phase_ms", [0, 1, 77, 250, 399])
def test_a_lost_edge_to_active_is_found_once(active: str, prompt: bool, phase_ms: int) -> None:
    """Within the longest debounce and 400 ms; a prompt one, which waits for no debounce, within 400 ms."""

    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        await after_ms(1_000 + phase_ms)
        far_end.change_unheard("C", active == "high")
        began_ns = now_ns()
        await until_ns(began_ns + (400 if prompt else 600) * MS + 10 * US)
        assert levels(said) == [InputLevel.INACTIVE, InputLevel.ACTIVE]
        assert began_ns <= said[1].at_ns <= began_ns + 400 * MS + 10 * US
        await after_ms(5_000)
        assert levels(said) == [InputLevel.INACTIVE, InputLevel.ACTIVE]
        assert driver.counters() == {"edges": 0, "chatter": 0, "overflows": 0, "lost_edges": 1, "faults": 0}

    on_wire(body, active=active, debounce_ms=200, start_high=active == "low", prompt=prompt)


@EACH
def test_a_lost_edge_to_inactive_is_found_and_debounced(active: str, prompt: bool) -> None:
    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        far_end.change_unheard("C", active == "low")
        began_ns = now_ns()
        await until_ns(began_ns + 420 * MS + 10 * US)
        assert levels(said) == [InputLevel.ACTIVE, InputLevel.INACTIVE]
        await after_ms(5_000)
        assert levels(said) == [InputLevel.ACTIVE, InputLevel.INACTIVE]
        assert driver.counters()["lost_edges"] == 1

    on_wire(body, active=active, start_high=active == "high", prompt=prompt)


@EACH
def test_edges_that_are_heard_are_told_once_and_none_is_found(active: str, prompt: bool) -> None:
    """Edges at every distance from the readings, with the readings and without them: the same is told."""

    def told(answers: bool) -> list[tuple[InputLevel, int]]:
        heard: list[tuple[InputLevel, int]] = []

        async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
            far_end.answers = answers
            began_ns = now_ns()
            for index in range(60):
                at_ns = began_ns + index * 71 * MS
                await until_ns(at_ns)
                far_end.send([Edge("C", index % 2 == 0, at_ns)])
            await after_ms(100)
            assert driver.counters() == {"edges": 60, "chatter": 0, "overflows": 0, "lost_edges": 0, "faults": 0}
            heard.extend((report.level, report.at_ns) for report in said[1:] if isinstance(report, Level))

        on_wire(body, active=active, prompt=prompt)
        return heard

    assert len(told(True)) >= 58  # a prompt one that starts active has told the first one already
    assert told(True) == told(False)


@pytest.mark.parametrize("prompt", [False, True])
def test_a_storm_is_told_as_without_readings(prompt: bool) -> None:
    def told(answers: bool) -> list[tuple[InputLevel, int]]:
        heard: list[tuple[InputLevel, int]] = []

        async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
            far_end.answers = answers
            rng = random.Random(SEED)
            at_ns = now_ns()
            for index in range(1_000):
                await until_ns(at_ns)
                far_end.send([Edge("C", index % 2 == 0, at_ns)])
                at_ns += rng.randrange(100 * US, 8 * MS)
            await after_ms(500)
            assert driver.counters()["lost_edges"] == 0
            heard.extend((report.level, report.at_ns) for report in said if isinstance(report, Level))

        on_wire(body, prompt=prompt)
        return heard

    assert told(True) == told(False), f"seed {SEED}"


@pytest.mark.parametrize("prompt", [False, True])
def test_a_storm_that_loses_edges_ends_as_the_line_does(prompt: bool) -> None:
    """A reading adds at most one edge every 400 ms; activity stands through it, and what stands at its end is told."""

    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        rng = random.Random(SEED)
        at_ns = began_ns = now_ns()
        for index in range(1_001):
            await until_ns(at_ns)
            if rng.random() < 0.5:
                far_end.send([Edge("C", index % 2 == 0, at_ns)])
            else:
                far_end.change_unheard("C", index % 2 == 0)
            at_ns += rng.randrange(100 * US, 3 * MS)
        far_end.change_unheard("C", False)
        storm_ns = now_ns() - began_ns
        if prompt:
            assert levels(said) == [InputLevel.INACTIVE, InputLevel.ACTIVE], f"seed {SEED}"
        await after_ms(1_000)
        assert levels(said)[-1] is InputLevel.INACTIVE
        assert driver.counters()["lost_edges"] <= storm_ns // (200 * MS) + 2
        assert len(said) <= 2 + storm_ns // (400 * MS) + 2

    on_wire(body, prompt=prompt)


def test_a_line_that_cannot_be_read_any_more_is_lost() -> None:
    async def run() -> None:
        far_end = FarEnd({"C": False})
        lines = SimulatedLines(await far_end.hand_over())
        said: list[AnyReport] = []
        task = asyncio.create_task(Contact(ContactConfig("contact", "C"), lines).run(said.append))
        await after_ms(3_000)
        far_end.answers = False
        began_ns = now_ns()
        with pytest.raises(DriverError, match=r"contact: input C is lost .* hang"):
            await task
        assert 4_500 * MS < now_ns() - began_ns < 5_500 * MS
        lines.close()
        await far_end.close()

    run_virtual(run())


def test_a_contact_that_is_stopped_is_read_no_more() -> None:
    async def run() -> None:
        far_end = FarEnd({"C": False})
        lines = SimulatedLines(await far_end.hand_over())
        driver = Contact(ContactConfig("contact", "C"), lines)
        for _ in range(2):
            task = asyncio.create_task(driver.run(lambda report: None))
            await after_ms(1_100)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            read = len(far_end.reads)
            far_end.change_unheard("C", not far_end.levels["C"])
            await after_ms(3_000)
            assert len(far_end.reads) == read
        assert read in (4, 5)
        assert driver.counters()["lost_edges"] == 0
        lines.close()
        await far_end.close()

    run_virtual(run())


# -- chatter ----------------------------------------------------------------------------------------------------------

FAULT = InputLevel.FAULT


async def chattering(far_end: FarEnd, for_ms: int, every_ms: int = 5) -> None:
    """The contact never holds a level; it ends as it was."""
    for number in range(for_ms // every_ms // 2 * 2):
        far_end.send([Edge("C", number % 2 == 0, now_ns())])
        await after_ms(every_ms)


@pytest.mark.parametrize("rest", ["high", "low"])
def test_a_contact_that_chatters_is_a_fault_that_is_told_once_and_ends_when_it_was_quiet(rest: str) -> None:
    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        await chattering(far_end, CHATTER_NS_MAX // MS - 200)
        assert FAULT not in levels(said)  # it may be a hand
        await chattering(far_end, 60_000)
        assert levels(said).count(FAULT) == 1
        assert levels(said)[-1] is FAULT
        assert len(said) < 12
        told = len(said)
        await after_ms(STEADY_NS // MS - 100)
        assert len(said) == told
        await after_ms(300)
        assert levels(said)[told:] == [InputLevel.INACTIVE if rest == "high" else InputLevel.ACTIVE]
        far_end.send([Edge("C", True, now_ns())])
        await after_ms(100)
        assert len(said) == told + 2  # and it works as before
        assert driver.counters()["faults"] == 1

    on_wire(body, active=rest)


def test_a_short_rest_ends_no_chatter() -> None:
    """Loose in the wind: a second and a half of chatter, half a second of peace, and again."""

    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        await chattering(far_end, 3_000)
        told = len(said)
        assert levels(said)[-1] is FAULT
        for _ in range(20):
            await after_ms(500)
            await chattering(far_end, 1_500)
        assert len(said) == told
        await after_ms(2_000)
        assert levels(said)[told:] == [InputLevel.INACTIVE]

    on_wire(body)


def test_hands_are_no_chatter() -> None:
    """Twelve presses in four seconds, each with a bounce: somebody is in a hurry, and the button is well."""

    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        for _ in range(12):
            for level in (True, False):
                await chattering(far_end, 10, 1)
                far_end.send([Edge("C", level, now_ns())])
                await after_ms(160)
        assert levels(said) == [InputLevel.INACTIVE, *[InputLevel.ACTIVE, InputLevel.INACTIVE] * 12]

    on_wire(body)


def test_a_prompt_contact_is_active_for_as_long_as_it_chatters() -> None:
    async def body(far_end: FarEnd, said: list[AnyReport], driver: Contact) -> None:
        await chattering(far_end, 30_000)
        assert levels(said) == [InputLevel.INACTIVE, InputLevel.ACTIVE]
        await after_ms(100)
        assert levels(said) == [InputLevel.INACTIVE, InputLevel.ACTIVE, InputLevel.INACTIVE]

    on_wire(body, prompt=True)
