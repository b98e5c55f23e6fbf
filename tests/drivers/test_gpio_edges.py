"""The order of kernel edges: reordered, lost and misread ones, as the kernel makes them of true edges."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.bus.gpio_edges import HELD_MAX, EdgeOrder, KernelEdge
from drivers.bus.lines import Edge, Overflow

US = 1_000


def pulses(count: int, pulse_us: int = 50, interval_us: int = 1_000, first: int = 1) -> list[KernelEdge]:
    """Low pulses, on D0 and D1 in turn, as a kernel that makes no mistake tells them."""
    edges = []
    for index in range(count):
        line, at_ns = ("D0", "D1")[index % 2], (10 + index * interval_us) * US
        edges.append(KernelEdge(first + 2 * index, line, False, at_ns))
        edges.append(KernelEdge(first + 2 * index + 1, line, True, at_ns + pulse_us * US))
    return edges


def truth(edges: Iterable[KernelEdge]) -> list[Edge | Overflow]:
    return [Edge(edge.line, edge.level, edge.at_ns) for edge in edges]


def fresh() -> EdgeOrder:
    return EdgeOrder({"D0": True, "D1": True})


def test_edges_in_order_pass_as_they_are() -> None:
    order = fresh()
    edges = pulses(26)
    assert order.feed(edges[:7]) + order.feed(edges[7:]) == truth(edges)
    assert not order.waiting


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 30))
def test_any_batches_in_which_threads_overtake_each_other_come_out_in_order(chance: random.Random, count: int) -> None:
    """The thread of each line keeps its own order; the two are delayed against each other."""
    edges = pulses(count)
    late = {edge.number: edge.at_ns + (edge.line == "D1") * chance.randrange(2_000) * US for edge in edges}
    for line in ("D0", "D1"):
        at = 0
        for edge in edges:
            if edge.line == line:
                at = late[edge.number] = max(at, late[edge.number])
    arrived = sorted(edges, key=lambda edge: (late[edge.number], edge.number))
    order = fresh()
    told: list[Edge | Overflow] = []
    while arrived:
        size = chance.randrange(1, len(arrived) + 1)
        told += order.feed(arrived[:size])
        del arrived[:size]
    assert told == truth(edges)


@pytest.mark.parametrize("missing", [{1}, {2}, {5, 6}, {20}, {1, 2, 3, 4}])
def test_what_is_missing_is_waited_for_and_then_told_as_lost_before_what_follows(missing: set[int]) -> None:
    edges = pulses(12)
    there = [edge for edge in edges if edge.number not in missing]
    before = [edge for edge in there if edge.number < min(missing)]
    order = fresh()
    assert order.feed(there) == truth(before)
    assert order.waiting
    told = order.expire()
    assert not order.waiting
    first = there[len(before)]
    assert told[0] == Overflow(first.line, first.at_ns)
    assert [edge for edge in told if isinstance(edge, Edge)] == truth(there[len(before) :])


def test_a_full_buffer_is_told_at_once() -> None:
    """The kernel drops the oldest: there is no sense in waiting where so many stand behind the gap."""
    edges = pulses(HELD_MAX)
    order = fresh()
    order.feed(edges[:2])
    told = order.feed(edges[40:])
    assert told[0] == Overflow("D0", edges[40].at_ns)
    assert told[1] == Edge("D0", False, edges[40].at_ns)


def test_an_edge_that_was_told_as_lost_and_comes_all_the_same_is_dropped() -> None:
    edges = pulses(4)
    order = fresh()
    order.feed(edges[:2] + edges[3:])
    order.expire()
    assert order.feed([edges[2]]) == []
    assert order.late == 1


def test_numbers_begin_again() -> None:
    edges = pulses(4, first=(1 << 32) - 3)
    edges = [edge._replace(number=edge.number % (1 << 32)) for edge in edges]
    order = fresh()
    order._next = (1 << 32) - 3
    assert order.feed(edges) == truth(edges)


@pytest.mark.parametrize("together", [True, False])
def test_a_level_that_was_read_too_late_is_put_right(together: bool) -> None:
    """The pulse was over when the thread read the level: both of its edges say high."""
    edges = pulses(6, pulse_us=20)
    misread = [edge._replace(level=True) if edge.number in (1, 5, 9) else edge for edge in edges]
    order = fresh()
    told: list[Edge | Overflow] = []
    for edge in [misread] if together else [[each] for each in misread]:
        told += order.feed(edge)
    assert told == truth(edges)
    assert order.repaired == 3


def test_a_pulse_of_which_only_one_edge_was_told_is_lost() -> None:
    """The second interrupt came before the thread had seen the first: one edge, a number left out, the level after."""
    edges = pulses(6)
    merged = [edge for edge in edges if edge.number != 5]
    order = fresh()
    told = order.feed(merged) + order.expire()
    assert [edge for edge in told if isinstance(edge, Overflow)] == [Overflow("D0", edges[5].at_ns)]
    assert [edge for edge in told if isinstance(edge, Edge)] == truth(merged)


def test_two_edges_that_the_hardware_told_as_one_are_lost() -> None:
    """No number is left out, and the level has not changed."""
    edges = [
        KernelEdge(1, "D0", True, 10 * US),
        KernelEdge(2, "D0", False, 500 * US),
        KernelEdge(3, "D0", True, 550 * US),
    ]
    order = fresh()
    assert order.feed(edges) == [Overflow("D0", 10 * US), *truth(edges)]


def test_no_level_is_put_right_over_a_gap() -> None:
    """What lies between the two is not known, and so it is not known which of them was misread."""
    edges = [KernelEdge(1, "D0", True, 10 * US), KernelEdge(3, "D0", True, 90 * US)]
    order = fresh()
    told = order.feed(edges) + order.expire()
    assert [edge for edge in told if isinstance(edge, Edge)] == truth(edges)
    assert Overflow("D0", 10 * US) in told
    assert order.repaired == 0


def test_a_last_edge_that_says_nothing_new_is_waited_for_and_then_told_as_a_loss() -> None:
    order = fresh()
    assert order.feed([KernelEdge(1, "D0", True, 10 * US)]) == []
    assert order.waiting
    assert order.expire() == [Overflow("D0", 10 * US), Edge("D0", True, 10 * US)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, (1 << 32) - 1), st.sampled_from(["D0", "D1"]), st.booleans()), max_size=200))
def test_no_nonsense_of_a_kernel_makes_edges_up_or_keeps_them(nonsense: list[tuple[int, str, bool]]) -> None:
    edges = [KernelEdge(number, line, level, at) for at, (number, line, level) in enumerate(nonsense)]
    order = fresh()
    told = order.feed(edges) + order.expire()
    assert not order.waiting
    stamps = {(edge.line, edge.at_ns) for edge in edges}
    told_edges = [(edge.line, edge.at_ns) for edge in told if isinstance(edge, Edge)]
    assert set(told_edges) <= stamps
    assert len(told_edges) + order.late == len(edges)
