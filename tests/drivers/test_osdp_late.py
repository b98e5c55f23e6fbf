"""Answers of OSDP readers that come late, or not at all: by libosdp's peripheral device in another process."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from drivers.bus.osdp_line import LATENCY_NS, REPLY_NS
from drivers.bus.osdp_member import LATE_ANSWER_NS
from drivers.reports import Frame
from tests.drivers.osdp_rig import KEY, Rig, on_line

GIVEN_UP_S = (REPLY_NS + LATENCY_NS) / 1e9
LATE_S_MAX = LATE_ANSWER_NS / 1e9
TRIES_MAX = 10
TWO = [{"address": 1, "key": KEY}, {"address": 2, "key": KEY}]


async def late(rig: Rig, address: int, for_s: float) -> None:
    """Have the reader's next answer held back, and wait until it has been said."""
    before = sum("late" in each for each in rig.peer.said)
    rig.peer.order("late", address=address, for_s=for_s)
    await rig.peer.until(lambda said: sum("late" in each for each in said) > before)


async def heard_late(rig: Rig, address: int, for_s: float) -> None:
    """Until that was so, and the answer was heard: on a busy machine it may come later than it was held back."""
    for _ in range(TRIES_MAX):
        await rig.secure()
        before = rig.counted(address, "late")
        await late(rig, address, for_s)
        with contextlib.suppress(TimeoutError):
            await rig.ours[address].until(lambda before=before: rig.counted(address, "late") > before, 2)
            return
    raise AssertionError("no late answer was ever heard")


@pytest.mark.parametrize("readers", [TWO[:1], TWO])
def test_an_answer_that_a_busy_machine_hands_over_late_costs_no_channel(
    readers: list[dict[str, object]], tmp_path: Path
) -> None:
    """Alone, the line is idle when it comes; with another reader it comes in that one's turn or between two."""

    async def scenario(rig: Rig) -> None:
        await rig.secure()
        for step in range(5):
            await heard_late(rig, 1, GIVEN_UP_S + 0.05 + step * LATE_S_MAX / 8)
            await rig.presents(1, 12, 345 + step)
        assert rig.counted(1, "late") >= 5
        assert rig.counted(1, "channels") <= 1 + rig.counted(1, "unanswered") - rig.counted(1, "late")
        assert [len(each.of(Frame)) for each in rig.ours.values()] == [5, 0][: len(readers)]
        assert all(each.lost == [] for each in rig.ours.values())

    on_line(tmp_path, scenario, readers=readers)


def test_a_card_in_a_late_answer_is_a_card(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        rig.peer.order("silent", address=1, silent=False)
        for _ in range(3):
            had = len(rig.ours[1].of(Frame))
            rig.peer.order("late", address=1, for_s=GIVEN_UP_S + 0.1)
            rig.peer.card(1, "0" * 8, 26)  # no card of a format: what is told of it is noise
            await rig.presents(1)
            assert len(rig.ours[1].of(Frame)) == had + 1
        assert rig.counted(1, "late") >= 1

    on_line(tmp_path, scenario)


def test_an_answer_that_never_comes_costs_a_second_and_the_others_nothing(tmp_path: Path) -> None:
    """libosdp would wait for 0.8 s, say the same again and be refused: the reader has gone on with its numbers."""

    async def scenario(rig: Rig) -> None:
        await rig.secure()
        for _ in range(3):
            before = rig.counted(1, "channels")
            await late(rig, 1, GIVEN_UP_S + 2 * LATE_S_MAX)  # when nobody waits for it any more
            await rig.presents(2)
            await rig.ours[1].until(lambda before=before: rig.counted(1, "channels") > before, 5)
            await rig.presents(1)
        assert [each.lost for each in rig.ours.values()] == [[], []]
        assert (rig.untrusted(1), rig.untrusted(2)) == ([], [])
        assert rig.counted(2, "channels") <= 1 + rig.counted(2, "unanswered")

    on_line(tmp_path, scenario, readers=TWO)


@pytest.mark.attack("osdp-29")
def test_what_is_forged_in_the_place_of_a_late_answer_is_none(tmp_path: Path) -> None:
    """In the clear, or under a seal that nobody can make."""

    async def scenario(rig: Rig) -> None:
        await rig.secure()
        for block, code in (("", 0x41), ("", 0x50), ("16", 0x40), ("18", 0x50)):
            await late(rig, 1, GIVEN_UP_S + 2 * LATE_S_MAX)
            await rig.ours[1].until(lambda: rig.counted(1, "unanswered") > 0)
            rig.peer.order("forge", address=2, code=code, block=block, data="00" * 20, beside=True, **{"as": 1})
            await rig.secure()
            await rig.presents(1)
        assert all(frame.bits for frame in rig.ours[1].of(Frame))
        assert len(rig.ours[1].of(Frame)) == 4

    on_line(tmp_path, scenario, readers=TWO)
