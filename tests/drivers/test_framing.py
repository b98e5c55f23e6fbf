"""The framer on stamps alone: what is a bit, where a frame ends, what noise spoils."""

from __future__ import annotations

import random

import pytest

from drivers.bus.lines import Edge, Overflow
from drivers.reports import NoiseKind
from drivers.wire.framing import Burst, Framer
from tests.drivers.wires import MS, US, pulses

SEED = 20260704
BITS = "01101001011100001111010110"


def frames(edges: list[Edge | Overflow], *, from_ns: int = -1_000 * MS) -> list[Burst]:
    """Feed one by one, as stamps come, and let the end expire."""
    framer = Framer("D0", "D1")
    framer.reset(from_ns)
    found: list[Burst] = []
    for edge in edges:
        found += framer.feed([edge])
    while framer.deadline_ns is not None:
        last = framer.expire(framer.deadline_ns)
        assert last is not None
        found.append(last)
    return found


def text_of(burst: Burst) -> str:
    return f"{burst.bits:0{burst.length}b}" if burst.length else ""


@pytest.mark.parametrize("pulse_us", [20, 50, 100])
@pytest.mark.parametrize("interval_us", [200, 1_000, 2_000, 20_000])
def test_the_corners_of_ac_01(pulse_us: int, interval_us: int) -> None:
    edges = pulses(BITS, "D0", "D1", from_ns=0, interval_ns=interval_us * US, pulse_ns=pulse_us * US)
    (burst,) = frames(edges)
    assert (text_of(burst), burst.flaw, burst.torn) == (BITS, None, False)
    assert (burst.first_ns, burst.last_ns) == (0, 25 * interval_us * US + pulse_us * US)


@pytest.mark.parametrize("interval_us", [1_000, 2_000, 5_000, 20_000])
def test_a_frame_ends_after_three_of_its_own_intervals(interval_us: int) -> None:
    framer = Framer("D0", "D1")
    framer.feed(pulses(BITS, "D0", "D1", from_ns=0, interval_ns=interval_us * US))
    assert framer.deadline_ns == (25 + 3) * interval_us * US
    assert framer.expire(framer.deadline_ns - 1) is None
    assert framer.expire(framer.deadline_ns) is not None


def test_stamps_end_a_frame_even_when_everything_arrives_together() -> None:
    first = pulses(BITS, "D0", "D1", from_ns=0)
    second = pulses(BITS[::-1], "D0", "D1", from_ns=300 * MS)
    framer = Framer("D0", "D1")
    (burst,) = framer.feed(first + second)
    rest = framer.expire(10_000 * MS)
    assert text_of(burst) == BITS
    assert rest is not None
    assert (text_of(rest), rest.torn) == (BITS[::-1], False)


@pytest.mark.parametrize("at", range(26))
@pytest.mark.attack("wire-16")
def test_a_glitch_anywhere_spoils_the_frame(at: int) -> None:
    edges = pulses(BITS, "D0", "D1", from_ns=0)
    glitch_ns = at * MS + 500 * US
    edges += [Edge("D0", False, glitch_ns), Edge("D0", True, glitch_ns + 19 * US)]
    found = frames(sorted(edges, key=lambda edge: edge.at_ns))
    assert [burst.flaw for burst in found] == [NoiseKind.NOISE]


@pytest.mark.parametrize("cut_us", [1, 5, 10])
def test_short_pulses_whose_stamps_are_late_are_bits(cut_us: int) -> None:
    """A reader at the standard's limit, 20 us each 200 us, before a kernel that is busy for some microseconds."""
    chance = random.Random(SEED)
    edges = pulses(BITS, "D0", "D1", from_ns=0, interval_ns=200 * US, pulse_ns=20 * US)
    late = [Edge(edge.line, edge.level, edge.at_ns + chance.randrange(cut_us * US)) for edge in edges]
    assert any(rise.at_ns - fall.at_ns < 20 * US for fall, rise in zip(late[::2], late[1::2], strict=True))
    (burst,) = frames(late)
    assert (text_of(burst), burst.flaw) == (BITS, None)


@pytest.mark.parametrize(
    ("short_us", "others_us", "flaw"),
    [(9, 20, NoiseKind.NOISE), (11, 20, None), (19, 39, None), (19, 41, NoiseKind.NOISE), (20, 100, None)],
)
@pytest.mark.parametrize("at", [0, 13, 25])
def test_a_pulse_below_the_standard_s_counts_only_among_short_ones(
    at: int, short_us: int, others_us: int, flaw: NoiseKind | None
) -> None:
    edges = pulses(BITS, "D0", "D1", from_ns=0, pulse_ns=others_us * US)
    fall = edges[2 * at]
    edges[2 * at + 1] = Edge(fall.line, True, fall.at_ns + short_us * US)
    assert [burst.flaw for burst in frames(edges)] == [flaw]


@pytest.mark.parametrize("at", range(26))
@pytest.mark.attack("wire-17")
def test_both_lines_low_at_once_spoil_the_frame(at: int) -> None:
    edges = pulses(BITS, "D0", "D1", from_ns=0)
    other = "D0" if BITS[at] == "1" else "D1"
    edges += [Edge(other, False, at * MS + 20 * US), Edge(other, True, at * MS + 70 * US)]
    found = frames(sorted(edges, key=lambda edge: edge.at_ns))
    assert [burst.flaw for burst in found] == [NoiseKind.NOISE]


@pytest.mark.parametrize("lost", range(52))
def test_a_lost_edge_never_leaves_a_shorter_frame(lost: int) -> None:
    edges = pulses(BITS, "D0", "D1", from_ns=0)
    del edges[lost]
    assert all(burst.flaw is not None or burst.torn for burst in frames(edges))


def test_a_lost_bit_is_a_frame_of_another_length_at_most() -> None:
    edges = pulses(BITS, "D0", "D1", from_ns=0)
    for bit in range(1, 25):
        without = edges[: 2 * bit] + edges[2 * bit + 2 :]
        assert [(burst.length, burst.flaw) for burst in frames(without)] == [(25, None)]


@pytest.mark.parametrize("length", [1, 3, 25, 26, 27, 37, 120, 199, 200])
@pytest.mark.attack("wire-18")
def test_up_to_200_bits_are_kept(length: int) -> None:
    (burst,) = frames(pulses("10" * 100, "D0", "D1", from_ns=0)[: 2 * length])
    assert (burst.length, burst.flaw) == (length, None)


@pytest.mark.attack("wire-19")
def test_more_than_200_bits_are_overlong_and_take_no_more_memory() -> None:
    found = frames(pulses("1" * 5_000, "D0", "D1", from_ns=0))
    assert {burst.flaw for burst in found} == {NoiseKind.OVERLONG}
    assert {burst.length for burst in found} == {200}
    assert max(burst.bits.bit_length() for burst in found) == 200
    assert len(found) == (10_000 - 401) // 400 + 1  # told once for each 400 edges behind the 200 bits, and at its end


@pytest.mark.parametrize("first", range(1, 26))
@pytest.mark.parametrize("pause_ms", [3.2, 5, 20, 45])
@pytest.mark.attack("wire-20")
def test_both_halves_of_a_frame_split_at_the_gap_are_no_frame(first: int, pause_ms: float) -> None:
    edges = pulses(BITS[:first], "D0", "D1", from_ns=0)
    resumed_ns = (first - 1) * MS + round(pause_ms * MS)
    edges += pulses(BITS[first:], "D0", "D1", from_ns=resumed_ns)
    found = frames(edges)
    assert all(burst.length < 26 or burst.flaw is not None for burst in found)
    assert all(burst.flaw is not None or burst.torn for burst in found[1:])


@pytest.mark.attack("wire-21")
def test_the_rest_of_a_torn_long_frame_is_no_frame() -> None:
    # 11 bits, a pause of four intervals, 26 bits: what follows the pause looks like a card of its own.
    edges = pulses("1" * 11, "D0", "D1", from_ns=0)
    edges += pulses(BITS, "D0", "D1", from_ns=14 * MS)
    head, tail = frames(edges)
    assert (head.length, tail.length, tail.torn) == (11, 26, True)


def test_what_is_under_way_when_listening_begins_is_torn() -> None:
    (burst,) = frames(pulses(BITS, "D0", "D1", from_ns=10 * MS), from_ns=0)
    assert burst.torn
    (later,) = frames(pulses(BITS, "D0", "D1", from_ns=60 * MS), from_ns=0)
    assert not later.torn


def test_lost_edges_told_by_the_kernel_spoil_what_they_touch() -> None:
    edges: list[Edge | Overflow] = list(pulses(BITS, "D0", "D1", from_ns=0))
    edges.insert(20, Overflow("D0", 9 * MS + 500 * US))
    assert [burst.flaw for burst in frames(edges)] == [NoiseKind.NOISE]
    before: list[Edge | Overflow] = [Overflow("D0", -1 * MS), *pulses(BITS, "D0", "D1", from_ns=0)]
    assert [burst.flaw for burst in frames(before)] == [NoiseKind.NOISE]


@pytest.mark.parametrize(
    ("pulse_us", "interval_us", "why"),
    [(19, 1_000, "glitches"), (600, 2_000, "no pulse is so long"), (50, 150, "too close"), (50, 26_000, "too far")],
)
def test_outside_the_tolerances_is_no_frame(pulse_us: int, interval_us: int, why: str) -> None:
    edges = pulses(BITS, "D0", "D1", from_ns=0, interval_ns=interval_us * US, pulse_ns=pulse_us * US)
    assert all(burst.flaw is not None or burst.torn or burst.length < 2 for burst in frames(edges)), why


def test_an_uneven_clock_within_three_times_is_a_reader_and_beyond_is_noise() -> None:
    def uneven(slow_ns: int) -> list[Edge]:
        at_ns, edges = 0, []
        for index, bit in enumerate(BITS):
            edges += pulses(bit, "D0", "D1", from_ns=at_ns)
            at_ns += slow_ns if index % 8 == 7 else MS
        return edges

    assert [burst.flaw for burst in frames(uneven(2_900 * US))] == [None]
    # Beyond three times is a gap where the frame may end so soon, and a flaw where it may not.
    assert all(burst.length < 26 or burst.flaw is not None for burst in frames(uneven(3_100 * US)))
    fast = [Edge(edge.line, edge.level, edge.at_ns // 4) for edge in uneven(3_100 * US)]
    assert [burst.flaw for burst in frames(fast)] == [NoiseKind.NOISE]


@pytest.mark.attack("wire-22")
def test_random_edges_make_no_frame_of_a_card() -> None:
    rng = random.Random(SEED)
    cards = 0
    for mean_us in (30, 100, 500, 1_000, 3_000, 10_000):
        at_ns, edges = 0, []
        for _ in range(20_000):
            at_ns += round(rng.expovariate(1 / (mean_us * US)))
            edges.append(Edge(rng.choice(("D0", "D1")), rng.random() < 0.5, at_ns))
        cards += sum(burst.flaw is None and not burst.torn and burst.length >= 26 for burst in frames(edges))
    assert cards == 0, f"seed {SEED}"


def test_lines_that_stay_low_are_noise_and_heal() -> None:
    edges: list[Edge | Overflow] = [Edge("D0", False, 0)]
    (stuck,) = frames(edges)
    assert stuck.flaw is NoiseKind.NOISE
    healed = [*edges, Edge("D0", True, 5_000 * MS), *pulses(BITS, "D0", "D1", from_ns=6_000 * MS)]
    framer = Framer("D0", "D1")
    framer.feed(healed[:1])
    framer.expire(25 * MS)
    assert framer.feed(healed[1:]) == []
    last = framer.expire(10_000 * MS)
    assert last is not None
    assert (text_of(last), last.flaw, last.torn) == (BITS, None, False)
