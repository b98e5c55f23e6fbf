"""The controller's ends of the exchange: what is told, what is taken, who is missed. Real core, journal and keys."""

from __future__ import annotations

import asyncio
import itertools
import random
from pathlib import Path

import msgspec
import pytest

from firmware.controller import outbox
from firmware.controller.inbox import Rank
from firmware.controller.peers import FRAMES_WAITING_MAX
from firmware.core.codes import Code
from firmware.core.effects import SetOutput
from firmware.core.facts import ClockLost, ClockSet, NoiseSeen
from firmware.exchange import NOTICES_MAX, Notices, PassageNotice, read, seal
from firmware.journal import search
from tests.journal.making import UTC_MS
from tests.ledger.gates import HEARD_MS_MAX, Community, DeviceKey

NOW_S = UTC_MS // 1000


@pytest.fixture
def pair(tmp_path: Path):
    """Two gates whose clocks are 4 s apart."""
    community = Community(tmp_path, 0, 4)
    yield community
    community.close()


def content(frame: bytes) -> Notices:
    """What a frame says, whoever made it."""
    return msgspec.msgpack.decode(msgspec.msgpack.decode(frame)[1], type=Notices)


def frame_of(
    key: DeviceKey, *passages: PassageNotice, sent_s: int = NOW_S, since: int = 0, began_s: int = NOW_S
) -> bytes:
    return seal(Notices(key.id, sent_s, began_s, since + len(passages), since, passages), key)


# -- both ends --------------------------------------------------------------------------------------------------------


def test_who_came_in_at_one_gate_cannot_come_in_at_the_other(pair):
    here, there = pair.gates
    pair.exchange()
    assert here.pass_through("r_in", "ann")
    pair.wait(1_000)
    pair.exchange()
    assert there.present("r_in", "ann")[-1] == "antipassback_hard"
    assert there.state.occupancy == {"house": 1}
    assert there.pass_through("r_out", "ann")
    pair.wait(1_000)
    pair.exchange()
    assert here.state.occupancy == {"house": 0}
    assert here.present("r_in", "ann")[-1] == "granted"
    entry = there.journal.ledger.holder("ann")
    assert (entry.last_point, entry.area) == ("gate_out", None)
    assert here.journal.ledger.holder("ann").last_point == f"{there.key.id}/gate_out"


def test_what_is_told_is_committed_and_says_who_went_where(pair):
    here, there = pair.gates
    assert here.pass_through("r_in", "ann")
    pair.wait(5_000)
    assert here.pass_through("r_out", "ann")
    told = read(here.tell(), there.trusted, NOW_S + 5, {})
    assert (told.sender, told.number, told.since) == (here.key.id, 2, 0)
    came, went = told.notices
    assert (came.holder, came.area, came.at_s, came.access_point) == ("ann", "house", NOW_S, "gate_in")
    assert (went.holder, went.area, went.at_s, went.access_point) == ("ann", None, NOW_S + 5, "gate_out")
    assert (came.epoch, went.epoch) == (1, 1)
    rows = sorted(row.seq for row in search(here.journal.path, kind=Code.TAKEN))
    assert rows[0] <= came.seq < rows[1] <= went.seq


def test_what_is_not_committed_is_not_told(pair):
    here = pair.gates[0]
    here.outbox.committed = lambda *_: None  # the journal has not come so far
    assert here.pass_through("r_in", "ann")
    del here.outbox.committed
    assert content(here.tell()).notices == ()
    here.outbox.committed(*here.listener.commits[-1])
    assert len(content(here.tell()).notices) == 1


def test_a_gate_tells_of_its_own_passages_only(pair):
    here, there = pair.gates
    here.pass_through("r_in", "ann")
    pair.exchange()
    pair.exchange()
    assert content(there.tell()).notices == ()


def test_over_a_restart_the_newest_is_told_again(pair):
    here, there = pair.gates
    for holder in ("ann", "ben"):
        assert here.pass_through("r_in", holder)
        pair.wait(2_000)
    again = here.restarted("b2")
    again.wait(60_000)
    there.wait(56_000)
    there.hear(again.tell())
    assert there.state.occupancy == {"house": 2}
    assert [notice.holder for notice in content(again.tell()).notices] == ["ann", "ben"]
    pair.gates[0] = again


def test_more_than_a_frame_holds_is_told_by_its_newest(pair):
    here, there = pair.gates
    for number in range(NOTICES_MAX + 4):
        assert here.pass_through("r_in", f"h{number}")
        here.wait(3_000)
    told = content(here.tell())
    assert (told.number, told.since, len(told.notices)) == (NOTICES_MAX + 4, 4, NOTICES_MAX)
    there.wait(3_000 * (NOTICES_MAX + 4))
    there.hear(here.frames[-1])
    assert there.state.occupancy == {"house": NOTICES_MAX}
    assert not there.told("area.peers_heard")
    assert there.state.peers == "lost"
    again = here.restarted("b2")
    assert (content(again.tell()).number, content(again.tell()).since) == (NOTICES_MAX + 4, 4)
    pair.gates[0] = again


def test_an_erased_holder_is_told_no_more(pair):
    here = pair.gates[0]
    for holder in ("ann", "ben"):
        assert here.pass_through("r_in", holder)
        pair.wait(2_000)
    here.outbox.forget("ann")
    told = content(here.tell())
    assert (told.number, told.since, told.notices) == (2, 2, ())
    assert here.pass_through("r_in", "eve")
    assert [notice.holder for notice in content(here.tell()).notices] == ["eve"]


def test_nothing_is_told_while_wall_time_is_unknown(pair):
    here, there = pair.gates
    here.clock.known = False
    here.outbox.tell()
    assert here.frames == []
    there.clock.known = False
    here.clock.known = True
    there.hear(here.tell())
    assert there.peers.counters == {"clock_unknown": 1}


def test_a_passage_while_wall_time_is_unknown_is_missing_and_not_forgotten(pair):
    """It cannot be told, so that the others must doubt what they know of shared areas."""
    here, there = pair.gates
    here.pass_through("r_in", "ann")
    pair.exchange()
    assert there.state.peers == "heard"
    here.do(ClockLost())
    here.clock.known = False
    here.pass_through("r_out", "ann")
    here.clock.known = True
    here.do(ClockSet(here.clock.utc_ms()))
    pair.wait(2_000)
    pair.exchange()
    assert there.state.peers == "lost"
    assert "peers_cut_off" in there.present("r_in", "ann")


def test_while_the_disk_takes_nothing_what_waits_is_bounded_and_what_is_left_out_is_seen(pair, monkeypatch):
    here, there = pair.gates
    pair.exchange()
    monkeypatch.setattr(outbox, "WAITING_MAX", 2)
    here.outbox.committed = lambda *_: None  # the journal has not come so far
    for holder in ("ann", "ben", "eve"):
        assert here.pass_through("r_in", holder)
        pair.wait(3_000)
    del here.outbox.committed
    here.outbox.committed(*here.listener.commits[-1])
    told = content(here.tell())
    assert (told.number, told.since, [notice.holder for notice in told.notices]) == (3, 1, ["ben", "eve"])
    there.hear(here.frames[-1])
    assert there.state.peers == "lost"
    assert there.state.occupancy == {"house": 2}


# -- the ledger everywhere --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [11, 12])
def test_with_frames_lost_doubled_and_late_all_ledgers_come_to_the_same(tmp_path, seed):
    """Three gates whose clocks are off by up to 5 s. The oracle sorts the passages that the gates recorded."""
    draw = random.Random(seed)
    community = Community(tmp_path, -5, 0, 5)
    holders = ("ann", "ben", "eve")
    proven: list[tuple[int, str, str, str | None]] = []
    late: list[bytes] = []
    for _ in range(60):
        gate, holder, reader = draw.choice(community.gates), draw.choice(holders), draw.choice(("r_in", "r_out"))
        if gate.pass_through(reader, holder):
            entry = gate.journal.ledger.holder(holder)
            proven.append((entry.placed_s, gate.key.id, holder, entry.area))
        community.wait(draw.choice((0, 1_000, 4_000)) + 2_500)
        for sender in community.gates:
            late.append(sender.tell())
        for frame in draw.sample(late, k=min(4, len(late))):
            draw.choice(community.gates).hear(frame)
    community.exchange()
    expected: dict[str, tuple[str | None, int]] = {}
    for at_s, _, holder, area in sorted(proven):
        expected[holder] = (area, at_s)
    assert set(expected) == set(holders), "a day on which nobody passes proves nothing"
    for gate in community.gates:
        assert gate.places(*holders) == expected, f"seed {seed}"
        inside = sum(area == "house" for area, _ in expected.values())
        assert gate.state.occupancy.get("house", 0) == inside, f"seed {seed}"
        assert gate.journal.ledger.occupancy().get("house", 0) == inside
    community.close()


def test_what_was_told_before_does_not_undo_forgiveness(pair):
    here, there = pair.gates
    here.pass_through("r_in", "ann")
    pair.exchange()
    for holder in (None, "ann"):
        there.forgive(holder)
        pair.wait(2_000)
        pair.exchange()  # the same passage once more
        assert there.journal.ledger.holder("ann").area is None
        assert there.state.occupancy.get("house", 0) == 0


def test_a_passage_that_the_full_inbox_dropped_is_made_good_by_the_next_frame(pair):
    here, there = pair.gates
    here.pass_through("r_in", "ann")
    there.peers.heard(here.tell())
    for _ in range(2_000):
        there.inbox.put(NoiseSeen("r_in", "noise"), Rank.INPUT)  # more than there is room for, and more important
    while there.inbox.take() is not None:
        pass
    pair.wait(1_000)
    there.hear(here.tell())
    assert there.journal.ledger.holder("ann").area == "house"


def test_a_passage_here_while_the_news_waits_in_the_inbox_counts(pair):
    """North tells that Ann came in at noon; before that is taken, she leaves here. She is out."""
    here, there = pair.gates
    here.pass_through("r_in", "ann")
    pair.wait(10_000)
    there.peers.heard(here.tell())
    assert there.pass_through("r_out", "ann")
    there.work()
    assert there.journal.ledger.holder("ann").area is None
    assert there.state.occupancy.get("house", 0) == 0


def test_an_instant_that_cannot_have_come_is_counted_and_not_believed(pair):
    here = pair.gates[0]
    there = DeviceKey(2)
    future = PassageNotice("ann", "house", NOW_S + 3_600, "n_in")
    here.hear(frame_of(there, future, PassageNotice("ben", "house", NOW_S, "n_in")))
    assert here.peers.counters["clock_off"] == 1
    assert here.state.occupancy == {"house": 1}
    here.wait(HEARD_MS_MAX + 1)
    assert "missing" in here.told("area.peers_lost")[-1].detail
    # It is taken once its time has come.
    here.wait(3_590_000)
    here.hear(frame_of(there, future, PassageNotice("ben", "house", NOW_S, "n_in"), sent_s=NOW_S + 3_620))
    assert here.state.occupancy == {"house": 2}


# -- who is heard -----------------------------------------------------------------------------------------------------


def test_it_begins_cut_off_and_tells_of_silence_when_it_should_have_heard(pair):
    here, there = pair.gates
    here.pass_through("r_in", "ann")
    here.wait(3_000)
    assert "peers_cut_off" in here.present("r_in", "ann")
    here.wait(HEARD_MS_MAX - 3_000)
    assert here.told("area.peers_lost") == []
    here.wait(1)
    (lost,) = here.told("area.peers_lost")
    assert lost.detail == f"not heard for 30 s: {there.key.id}"
    here.wait(10 * HEARD_MS_MAX)
    assert len(here.told("area.peers_lost")) == 1
    there.wait(here.clock.t)
    here.hear(there.tell())
    assert len(here.told("area.peers_heard")) == 1
    here.wait(3_000)
    assert here.present("r_in", "ann")[-1] == "antipassback_hard"


def test_heard_in_time_nothing_is_told(pair):
    for _ in range(10):
        pair.wait(HEARD_MS_MAX // 3)
        pair.exchange()
    for gate in pair.gates:
        assert not gate.told("area.peers_lost")
        assert not gate.told("area.peers_heard")
        assert gate.state.peers == "heard"


def test_all_have_to_be_heard(tmp_path):
    community = Community(tmp_path, 0, 0, 0)
    here, near, far = community.gates
    here.hear(near.tell())
    assert here.state.peers == "unheard"
    here.hear(far.tell())
    assert here.state.peers == "heard"
    for _ in range(4):
        community.wait(10_000)
        here.hear(near.tell())
    assert here.told("area.peers_lost")[0].detail == f"not heard for 30 s: {far.key.id}"
    here.hear(far.tell())
    assert here.state.peers == "heard"
    community.close()


def test_a_gap_is_doubt_until_it_is_told_anew(pair):
    """North's count goes on without two passages: whoever they were may have left."""
    here = pair.gates[0]
    there = DeviceKey(2)
    here.hear(frame_of(there, PassageNotice("ann", "house", NOW_S, "n_in")))
    assert here.state.peers == "heard"
    here.hear(frame_of(there, PassageNotice("ben", "house", NOW_S, "n_in"), since=3))
    assert here.told("area.peers_lost")[-1].detail == f"passages are missing: {there.id}"
    assert here.state.occupancy == {"house": 2}  # what was told is taken all the same
    here.wait(5_000)
    more = [PassageNotice(name, "house", NOW_S, "n_in") for name in ("ben", "eve")]
    here.hear(frame_of(there, *more, since=3, sent_s=NOW_S + 5))
    assert here.state.peers == "lost"
    whole = [PassageNotice(name, "house", NOW_S, "n_in") for name in ("ann", "joe", "kim", "ben", "eve")]
    here.hear(frame_of(there, *whole, sent_s=NOW_S + 6))  # from the beginning
    assert here.told("area.peers_heard")
    assert here.state.occupancy == {"house": 5}


def test_a_full_frame_is_taken_in_slices_and_in_the_order_of_the_frames(pair):
    """256 passages cost 21 ms in one piece; a swipe may wait for 20 in all, whatever else there is."""
    here = pair.gates[0]
    there = DeviceKey(2)
    first = frame_of(there, *(PassageNotice(f"h{n}", "house", NOW_S, "n_in") for n in range(256)))
    second = frame_of(there, PassageNotice("ann", "house", NOW_S, "n_in"), since=256, sent_s=NOW_S + 1)

    async def run() -> list[int]:
        taking = asyncio.create_task(here.peers.run())
        here.peers.put(first)
        here.peers.put(second)
        depths = [0]
        async with asyncio.timeout(10):
            while depths[-1] < 258:  # and that all are heard
                await asyncio.sleep(0)
                depths.append(here.inbox.depth)
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
        return depths

    depths = asyncio.run(run())
    assert max(after - before for before, after in itertools.pairwise(depths)) <= 17
    here.work()
    assert here.state.occupancy == {"house": 257}
    assert here.state.peers == "heard"


def test_frames_that_come_faster_than_they_are_taken_are_counted(pair):
    for _ in range(FRAMES_WAITING_MAX + 3):
        pair.gates[0].peers.put(b"")
    assert pair.gates[0].peers.counters == {"too_many": 3}


def test_heard_comes_behind_the_passages_it_rests_on(pair):
    here, there = pair.gates
    there.pass_through("r_in", "ann")
    here.peers.heard(there.tell())
    kinds = []
    while (entry := here.inbox.take()) is not None:
        kinds.append(type(entry.item).__name__)
    assert kinds == ["PassageElsewhere", "PeersHeard"]


# -- attacks ----------------------------------------------------------------------------------------------------------


@pytest.mark.attack("roster-50")
def test_a_taken_over_network_process_moves_nobody(pair):
    """It has every frame that was ever sent, and no key. Seed 50."""
    here, there = pair.gates
    draw = random.Random(50)
    pair.exchange()
    recorded = []
    for _ in range(5):
        there.pass_through("r_in", "ann")
        pair.wait(3_000)
        recorded.append(there.tell())
        there.pass_through("r_out", "ann")
        pair.wait(3_000)
    recorded.append(there.tell())
    here.hear(recorded[-1])
    places, occupancy, state = here.places("ann", "ben"), dict(here.state.occupancy), here.state
    before = len(here.effects)
    mallory = DeviceKey(9)
    for _ in range(300):
        frame = bytearray(draw.choice(recorded))
        kind = draw.randrange(5)
        if kind == 0:
            frame[draw.randrange(len(frame))] ^= 1 << draw.randrange(8)
        elif kind == 1:
            frame = bytearray(frame_of(mallory, PassageNotice("ben", "house", NOW_S, "n_in")))
        elif kind == 2:
            frame = bytearray(draw.randbytes(draw.randrange(300)))
        elif kind == 3:
            told = Notices(there.key.id, NOW_S + 30, NOW_S, 1, 0, (PassageNotice("ben", "house", NOW_S, "n_in"),))
            frame = bytearray(seal(told, mallory))
        here.peers.heard(bytes(frame))
    here.work()
    assert here.places("ann", "ben") == places
    assert here.state.occupancy == occupancy
    assert here.state.peers == state.peers == "heard"
    assert len(here.effects) == before
    refused = {"malformed", "foreign", "unsigned", "replayed"}
    assert sum(here.peers.counters[kind] for kind in refused) == 300
    assert all(here.peers.counters[kind] > 10 for kind in refused)
    # Holding everything back is the most it can do: that is silence, and it is told.
    here.wait(HEARD_MS_MAX + 1)
    assert here.told("area.peers_lost")
    assert not [effect for effect in here.effects[before:] if isinstance(effect, SetOutput)]


def test_a_frame_that_was_held_back_is_too_old(pair):
    here, there = pair.gates
    there.pass_through("r_in", "ann")
    frame = there.tell()
    here.wait(66_000)
    here.hear(frame)
    assert here.peers.counters == {"too_old": 1}
    assert here.places("ann") == {"ann": (None, None)}


def test_its_own_frames_are_foreign(pair):
    here = pair.gates[0]
    here.trusted[here.key.id] = here.key.public_key
    again = here.restarted("b2")
    again.hear(again.tell())
    assert again.peers.counters == {"foreign": 1}
    pair.gates[0] = again


def test_a_peer_that_tells_nonsense_moves_only_whom_it_names(tmp_path):
    """A real peer's key in wrong hands: unknown areas are none, and the count never goes below nought."""
    community = Community(tmp_path, 0, 0)
    here = community.gates[0]
    there = DeviceKey(2)
    nonsense = [
        PassageNotice(f"h{n}", area, NOW_S + n % 5, "x")
        for n, area in enumerate(("", "shed", "*", None) * 20)
        if area != ""
    ]
    here.hear(frame_of(there, *nonsense))
    assert not any(here.state.occupancy.values())
    assert not [effect for effect in here.effects[-200:] if isinstance(effect, SetOutput) and effect.on]
    community.close()
