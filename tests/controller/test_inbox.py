"""The bounded inbox: order of arrival, who is dropped first, and that one reader cannot crowd out another."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.controller.inbox import READINGS_OF_ONE_MAX, Inbox, Rank
from firmware.core.facts import InputChanged, Level, NoiseSeen


def fact(number: int) -> NoiseSeen:
    return NoiseSeen(reader="r", kind="noise", count=number)


def drain(inbox: Inbox) -> list[tuple[Rank, int]]:
    taken = []
    while (entry := inbox.take()) is not None:
        taken.append((entry.rank, entry.item.count))
    return taken


def test_entries_come_out_in_order_of_arrival_whatever_their_rank():
    inbox = Inbox()
    ranks = [Rank.INPUT, Rank.NOISE, Rank.READING, Rank.COMMAND, Rank.NOISE, Rank.SYSTEM]
    for number, rank in enumerate(ranks, 1):
        inbox.put(fact(number), rank, "a")
    assert drain(inbox) == [(rank, number) for number, rank in enumerate(ranks, 1)]
    assert inbox.depth == 0


def test_a_full_inbox_drops_the_oldest_of_the_least_important_first():
    inbox = Inbox(entries_max=4)
    for number, rank in enumerate([Rank.INPUT, Rank.NOISE, Rank.NOISE, Rank.READING], 1):
        inbox.put(fact(number), rank, "a")
    inbox.put(fact(5), Rank.INPUT, "b")  # noise 2 goes
    inbox.put(fact(6), Rank.INPUT, "b")  # noise 3 goes
    inbox.put(fact(7), Rank.INPUT, "b")  # reading 4 goes
    inbox.put(fact(8), Rank.INPUT, "b")  # only inputs are left: the oldest goes
    assert [number for _, number in drain(inbox)] == [5, 6, 7, 8]
    assert inbox.dropped == 4


def test_noise_that_arrives_at_a_full_inbox_of_inputs_is_what_is_lost_next():
    inbox = Inbox(entries_max=2)
    inbox.put(fact(1), Rank.NOISE)
    inbox.put(fact(2), Rank.INPUT)
    inbox.put(fact(3), Rank.NOISE)
    assert [number for _, number in drain(inbox)] == [2, 3]


def test_one_flooding_reader_loses_its_own_readings_and_nobody_elses():
    inbox = Inbox()
    inbox.put(fact(-1), Rank.READING, "quiet")
    for number in range(10 * READINGS_OF_ONE_MAX):
        inbox.put(fact(number), Rank.READING, "flooding")
    numbers = [number for _, number in drain(inbox)]
    assert numbers[0] == -1
    assert numbers[1:] == list(range(9 * READINGS_OF_ONE_MAX, 10 * READINGS_OF_ONE_MAX))
    assert inbox.untold_drops == 9 * READINGS_OF_ONE_MAX
    assert inbox.untold_sources == {"flooding"}


@settings(max_examples=200, derandomize=True)
@given(st.lists(st.one_of(st.none(), st.sampled_from(list(Rank))), max_size=80))
def test_the_bound_holds_and_nothing_vanishes_uncounted(script: list[Rank | None]):
    inbox = Inbox(entries_max=7)
    put = taken = 0
    for rank in script:
        if rank is None:
            taken += inbox.take() is not None
        else:
            put += 1
            inbox.put(fact(put), rank, "s")
        assert inbox.depth <= 7
    assert put == taken + inbox.dropped + inbox.depth


def test_waiting_ends_with_an_entry_and_at_the_deadline():
    async def scenario() -> list[str]:
        loop = asyncio.get_running_loop()
        inbox = Inbox()
        seen = []
        loop.call_soon(inbox.put, InputChanged(input="i", level=Level.ACTIVE), Rank.INPUT, "i")
        await asyncio.wait_for(inbox.wait(None), 1)
        seen.append("entry" if inbox.take() else "nothing")
        await asyncio.wait_for(inbox.wait(loop.time() + 0.01), 1)
        seen.append("entry" if inbox.take() else "deadline")
        return seen

    assert asyncio.run(scenario()) == ["entry", "deadline"]
