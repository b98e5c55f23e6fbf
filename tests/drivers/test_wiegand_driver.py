"""The Wiegand driver over simulated lines and virtual time: cards, keys, noise, mute, lights."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import selectors
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from drivers.bus.lines import Edge
from drivers.bus.simulated import SimulatedLines
from drivers.reports import AnyReport, Digits, DriverError, Frame, Noise, NoiseKind
from drivers.wiegand import Wiegand, WiegandConfig
from drivers.wire.keypad import KeypadKind
from firmware.rehearsal.virtual_time import run_virtual
from tests.drivers.format_pictures import drawn
from tests.drivers.wires import MS, US, FarEnd, S, after_ms, h10301, now_ns, pulses, until_ns

SEED = 20260705
READER = WiegandConfig("front_reader", "D0", "D1", formats=("H10301", "H10304"))
CARD = h10301(12, 34567)


class Bench:
    """One bus, one far end, readers that run, and what each said."""

    def __init__(self, far_end: FarEnd, lines: SimulatedLines) -> None:
        self.far_end = far_end
        self.lines = lines
        self.said: dict[str, list[AnyReport]] = {}
        self.tasks: list[asyncio.Task[None]] = []

    def start(self, config: WiegandConfig) -> Wiegand:
        driver = Wiegand(config, self.lines)
        said = self.said.setdefault(config.id, [])
        self.tasks.append(asyncio.create_task(driver.run(said.append)))
        return driver

    def frames(self, reader: str = "front_reader") -> list[Frame]:
        return [report for report in self.said[reader] if isinstance(report, Frame)]

    def keys(self, reader: str = "front_reader") -> str:
        return "".join(report.keys for report in self.said[reader] if isinstance(report, Digits))

    def noise(self, reader: str = "front_reader") -> dict[NoiseKind, int]:
        counts: dict[NoiseKind, int] = {}
        for report in self.said[reader]:
            if isinstance(report, Noise):
                counts[report.kind] = counts.get(report.kind, 0) + report.count
        return counts


@contextlib.asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    far_end = FarEnd()
    lines = SimulatedLines(await far_end.hand_over())
    made = Bench(far_end, lines)
    try:
        yield made
    finally:
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)
        lines.close()
        await far_end.close()


def on_bench(body: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        async with bench() as made:
            await body(made)

    run_virtual(run())


async def listening(made: Bench) -> int:
    """Wait until the reader has heard silence for long enough; returns an instant from which cards may come."""
    await after_ms(200)
    return now_ns()


def text_of(frame: Frame) -> str:
    return f"{frame.bits:0{frame.length}b}"


class Blind(selectors.EpollSelector):
    """Once, it has seen nothing: what Python makes of epoll_wait() where a stopped process goes on (EINTR)."""

    blind = False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.blind:
            self.blind = False
            return []
        return super().select(timeout)


def test_a_frame_in_whose_middle_the_process_was_stopped_is_whole() -> None:
    selector = Blind()

    async def run() -> None:
        async with bench() as made:
            made.start(READER)
            began_ns = await listening(made)
            edges = pulses(CARD, "D0", "D1", from_ns=began_ns, interval_ns=10 * MS)
            await until_ns(began_ns + 121 * MS)
            made.far_end.send(edges[:26])
            await after_ms(0.5)
            made.far_end.send(edges[26:])
            while now_ns() < began_ns + 400 * MS:
                pass  # stopped
            selector.blind = True
            await after_ms(100)
            assert [text_of(frame) for frame in made.frames()] == [CARD]
            assert made.noise() == {}

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(run())


def test_a_frame_beside_something_that_takes_long_is_whole() -> None:
    """A deadline that came late reads more bits, but the next ones come while somebody else has his turn before it."""

    async def body(made: Bench) -> None:
        made.start(READER)
        began_ns = await listening(made)
        loop = asyncio.get_running_loop()
        edges = pulses(CARD, "D0", "D1", from_ns=began_ns)

        def take_until(at_ms: float) -> None:
            """Time passes in this callback, and bits come meanwhile."""
            at_ns = began_ns + round(at_ms * MS)
            meanwhile = [edge for edge in left if edge.at_ns <= at_ns]
            made.far_end.send(meanwhile)
            del left[: len(meanwhile)]
            loop._now_s = at_ns / 1e9

        await made.far_end.play(edges[:8])  # to 3.05 ms: the deadline is at 6 ms
        left = edges[8:]
        loop.call_at((began_ns + 5_998 * US) / 1e9, take_until, 9.2)
        loop.call_at((began_ns + 5_999 * US) / 1e9, take_until, 12.4)  # in the next turn: the deadline is at 12 ms then
        await until_ns(began_ns + 12_500 * US)
        await made.far_end.play(left)
        await after_ms(100)
        assert [text_of(frame) for frame in made.frames()] == [CARD]
        assert made.noise() == {}

    on_bench(body)


def test_a_card_is_one_frame_three_intervals_after_its_last_bit() -> None:
    async def body(made: Bench) -> None:
        made.start(READER)
        began_ns = await listening(made)
        await made.far_end.play(pulses(CARD, "D0", "D1", from_ns=began_ns, interval_ns=2 * MS))
        await after_ms(100)
        (frame,) = made.frames()
        assert text_of(frame) == CARD
        assert frame.first_ns == began_ns
        assert frame.last_ns == began_ns + 50 * MS + 50 * US
        assert began_ns + 56 * MS <= frame.ended_ns <= began_ns + 56 * MS + 10 * US
        assert made.noise() == {}

    on_bench(body)


def test_a_card_that_arrives_in_one_piece_after_a_stall_is_the_same_card() -> None:
    async def body(made: Bench) -> None:
        made.start(READER)
        began_ns = await listening(made)
        await until_ns(began_ns + 300 * MS)
        made.far_end.send(pulses(CARD, "D0", "D1", from_ns=began_ns))
        await after_ms(1)
        assert [text_of(frame) for frame in made.frames()] == [CARD]

    on_bench(body)


@pytest.mark.attack("wire-11")
def test_a_37_bit_card_that_begins_with_an_enrolled_26_bit_card_is_a_37_bit_frame_or_nothing() -> None:
    async def body(made: Bench) -> None:
        made.start(READER)
        at_ns = await listening(made)
        for tail in ("0" * 11, "10110011001", "1" * 11):
            await made.far_end.play(pulses(CARD + tail, "D0", "D1", from_ns=at_ns))
            await after_ms(200)
            at_ns = now_ns()
        assert all(frame.length == 37 for frame in made.frames())
        assert len(made.frames()) + sum(made.noise().values()) == 3

    on_bench(body)


@pytest.mark.attack("wire-12")
def test_longest_frame_ends_with_the_last_bit_and_only_there() -> None:
    async def body(made: Bench) -> None:
        made.start(WiegandConfig("front_reader", "D0", "D1", formats=("H10301", "H10304"), longest_frame=True))
        long_card = drawn("H10304", {"facility": 5, "number": 77})
        began_ns = await listening(made)
        await made.far_end.play(pulses(long_card, "D0", "D1", from_ns=began_ns))
        await after_ms(0.001)
        (frame,) = made.frames()
        assert (text_of(frame), frame.ended_ns - frame.last_ns < 10 * US) == (long_card, True)
        # A shorter card still waits for its gap, or a longer one would be cut short.
        began_ns = await listening(made)
        await made.far_end.play(pulses(CARD, "D0", "D1", from_ns=began_ns))
        assert len(made.frames()) == 1
        await after_ms(4)
        assert text_of(made.frames()[1]) == CARD
        # Bits behind the longest card are noise, and no card.
        began_ns = await listening(made)
        await made.far_end.play(pulses(long_card + CARD, "D0", "D1", from_ns=began_ns))
        await after_ms(200)
        assert [frame.length for frame in made.frames()] == [37, 26, 37]
        assert made.noise() == {NoiseKind.NOISE: 1}

    on_bench(body)


@pytest.mark.attack("wire-13")
def test_bursts_of_every_length_from_1_to_200_bits() -> None:
    async def body(made: Bench) -> None:
        made.start(READER)
        at_ns = await listening(made)
        rng = random.Random(SEED)
        lengths = [length for length in range(1, 202) if length not in (26, 37)]
        for length in lengths:
            text = "".join(rng.choice("01") for _ in range(length))
            made.far_end.send(pulses(text, "D0", "D1", from_ns=at_ns))
            at_ns += (length + 200) * MS
            await until_ns(at_ns)
        assert made.frames() == []
        assert made.noise() == {
            NoiseKind.SHORT: 25,
            NoiseKind.UNKNOWN_FORMAT: 200 - 25 - 2,
            NoiseKind.OVERLONG: 1,
        }

    on_bench(body)


@pytest.mark.attack("wire-14")
def test_each_turned_bit_of_a_card_is_a_parity_error() -> None:
    async def body(made: Bench) -> None:
        made.start(WiegandConfig("front_reader", "D0", "D1", formats=("H10301",)))
        at_ns = await listening(made)
        for at in range(26):
            turned = CARD[:at] + ("0" if CARD[at] == "1" else "1") + CARD[at + 1 :]
            made.far_end.send(pulses(turned, "D0", "D1", from_ns=at_ns))
            at_ns += 300 * MS
            await until_ns(at_ns)
        assert made.frames() == []
        assert made.noise() == {NoiseKind.PARITY: 26}

    on_bench(body)


@pytest.mark.parametrize(
    ("keypad", "frames"),
    [
        (KeypadKind.FOUR_BIT, ["0001", "0000", "1010", "1001", "1011"]),
        (KeypadKind.EIGHT_BIT, ["11100001", "11110000", "01011010", "01101001", "01001011"]),
    ],
)
def test_a_keypad_shares_the_lines_with_the_cards(keypad: KeypadKind, frames: Sequence[str]) -> None:
    async def body(made: Bench) -> None:
        made.start(WiegandConfig("front_reader", "D0", "D1", formats=("H10301",), keypad=keypad))
        at_ns = await listening(made)
        for text in frames:
            made.far_end.send(pulses(text, "D0", "D1", from_ns=at_ns))
            at_ns += 60 * MS  # a reader that sends a whole PIN quickly
            await until_ns(at_ns)
        made.far_end.send(pulses(CARD, "D0", "D1", from_ns=at_ns + 100 * MS))
        await until_ns(at_ns + 300 * MS)
        assert made.keys() == "10*9#"
        assert [text_of(frame) for frame in made.frames()] == [CARD]
        assert made.noise() == {}

    on_bench(body)


def test_keys_within_fifty_milliseconds_of_a_key_are_keys_and_of_rubbish_are_not() -> None:
    async def body(made: Bench) -> None:
        made.start(WiegandConfig("front_reader", "D0", "D1", formats=("H10301",), keypad=KeypadKind.FOUR_BIT))
        at_ns = await listening(made)
        for text in ("0001", "0010", "00100", "0011"):  # the third is a bit too long, and the fourth may be its rest
            made.far_end.send(pulses(text, "D0", "D1", from_ns=at_ns))
            at_ns += 20 * MS
            await until_ns(at_ns)
        await after_ms(500)
        assert made.keys() == "12"
        assert sum(made.noise().values()) == 2

    on_bench(body)


def test_a_buffered_pin_is_complete() -> None:
    async def body(made: Bench) -> None:
        made.start(WiegandConfig("front_reader", "D0", "D1", formats=("H10304",), keypad=KeypadKind.BUFFERED))
        at_ns = await listening(made)
        made.far_end.send(pulses("0" + "000001000010" + "011111111111" + "0", "D0", "D1", from_ns=at_ns))
        await after_ms(200)
        assert made.keys() == "0427#"

    on_bench(body)


def storm(rng: random.Random, d0: str, d1: str, from_ns: int, for_ns: int) -> list[Edge]:
    """10,000 pulses a second of random width on random lines."""
    edges: list[Edge] = []
    at_ns = from_ns
    while at_ns < from_ns + for_ns:
        line = rng.choice((d0, d1))
        width_ns = rng.randrange(1 * US, 90 * US)
        edges += [Edge(line, False, at_ns), Edge(line, True, at_ns + width_ns)]
        at_ns += rng.randrange(50 * US, 150 * US)
    return sorted(edges, key=lambda edge: edge.at_ns)


@pytest.mark.attack("wire-15")
def test_a_storm_on_one_reader_leaves_the_other_alone() -> None:
    async def body(made: Bench) -> None:
        made.start(READER)
        made.start(WiegandConfig("bike_reader", "E0", "E1", formats=("H10301",)))
        began_ns = await listening(made)
        edges = storm(random.Random(SEED), "D0", "D1", began_ns, 10 * S)
        for at in range(20):
            edges += pulses(CARD, "E0", "E1", from_ns=began_ns + at * 500 * MS + 7 * US)
        edges.sort(key=lambda edge: edge.at_ns)
        while edges:
            batch = [edge for edge in edges[:200] if edge.at_ns < edges[0].at_ns + 500 * US]
            await until_ns(batch[-1].at_ns)
            made.far_end.send(batch)
            del edges[: len(batch)]
        await after_ms(1_000)
        assert made.frames() == [], f"seed {SEED}"
        assert [text_of(frame) for frame in made.frames("bike_reader")] == [CARD] * 20
        assert made.noise("bike_reader") == {}
        reports = [report for report in made.said["front_reader"] if isinstance(report, Noise)]
        assert len(reports) <= 4 * 11 * 2  # four rounds a second, two kinds at most
        assert sum(report.count for report in reports) >= 300  # 200,000 edges in pieces of 400

    on_bench(body)


def steady(from_ns: int, for_ns: int, edge_ns: int) -> list[Edge]:
    """Both lines jump about, an edge each `edge_ns`: no reader's bits."""
    chance, high, edges = random.Random(SEED), {"D0": True, "D1": True}, []
    for at_ns in range(from_ns, from_ns + for_ns, edge_ns):
        line = chance.choice(("D0", "D1"))
        high[line] = not high[line]
        edges.append(Edge(line, high[line], at_ns))
    return edges + [Edge(line, True, from_ns + for_ns) for line in high if not high[line]]


async def storms(made: Bench, edges: list[Edge]) -> None:
    """Play them, a millisecond's edges at once."""
    for _, slice_of in itertools.groupby(edges, key=lambda edge: edge.at_ns // MS):
        batch = list(slice_of)
        await until_ns(batch[-1].at_ns)
        made.far_end.send(batch)


def test_a_reader_rests_from_a_storm_and_the_storm_counts_as_if_it_did_not() -> None:
    """10 kHz for 3 s: 60,000 edges, 150 pieces of 400. Only those of the first 20 ms of each 0.27 s are taken."""

    async def body(made: Bench) -> None:
        reader = made.start(READER)
        began_ns = await listening(made)
        heard = 0
        for at in range(10):
            edges = steady(began_ns + at * 300 * MS, 300 * MS, 50 * US)
            for _, slice_of in itertools.groupby(edges, key=lambda edge: edge.at_ns // MS):
                batch = list(slice_of)
                await until_ns(batch[-1].at_ns)
                heard += len(batch) * (made.far_end.watched == {"D0", "D1"})
                made.far_end.send(batch)
        await after_ms(600)
        assert heard < 60_000 // 8
        assert 120 <= made.noise()[NoiseKind.NOISE] <= 150
        assert reader.counters()["storms"] >= 10
        at_ns = now_ns()
        made.far_end.send(pulses(CARD, "D0", "D1", from_ns=at_ns))
        await after_ms(200)
        assert [text_of(frame) for frame in made.frames()] == [CARD]

    on_bench(body)


def test_a_short_storm_counts_for_what_was_heard_of_it_and_cards_are_read_soon_after() -> None:
    async def body(made: Bench) -> None:
        made.start(READER)
        for _ in range(5):
            await storms(made, steady(await listening(made), 30 * MS, 50 * US))
            await after_ms(300)
        assert made.noise() == {NoiseKind.NOISE: 5}
        made.far_end.send(pulses(CARD, "D0", "D1", from_ns=now_ns()))
        await after_ms(100)
        assert [text_of(frame) for frame in made.frames()] == [CARD]

    on_bench(body)


def test_noise_that_takes_nobody_s_time_is_listened_to() -> None:
    """1 kHz: 2,000 edges a second."""

    async def body(made: Bench) -> None:
        reader = made.start(READER)
        await storms(made, steady(await listening(made), 2 * S, 500 * US))
        assert made.far_end.watched == {"D0", "D1"}
        assert reader.counters()["storms"] == 0
        assert 8 <= made.noise()[NoiseKind.NOISE] <= 11

    on_bench(body)


def test_muted_while_it_rests_from_a_storm_it_stays_muted() -> None:
    async def body(made: Bench) -> None:
        reader = made.start(READER)
        await storms(made, steady(await listening(made), 25 * MS, 50 * US))
        assert made.far_end.watched == set()
        reader.mute(True)
        await after_ms(1_000)
        assert made.far_end.watched == set()
        reader.mute(False)
        await listening(made)
        assert made.far_end.watched == {"D0", "D1"}

    on_bench(body)


def test_rubbish_is_told_at_once_and_then_in_sums() -> None:
    async def body(made: Bench) -> None:
        made.start(READER)
        at_ns = await listening(made)
        for _ in range(10):
            made.far_end.send(pulses("10101", "D0", "D1", from_ns=at_ns))
            at_ns += 90 * MS
            await until_ns(at_ns)
        await after_ms(500)
        reports = [report for report in made.said["front_reader"] if isinstance(report, Noise)]
        assert reports[0].count == 1
        assert sum(report.count for report in reports) == 10
        assert all(second.at_ns - first.at_ns >= 250 * MS - US for first, second in itertools.pairwise(reports))

    on_bench(body)


def test_muted_nothing_is_heard_and_the_lines_are_let_go() -> None:
    async def body(made: Bench) -> None:
        reader = made.start(READER)
        at_ns = await listening(made)
        reader.mute(True)
        await after_ms(10)
        assert made.far_end.watched == set()
        made.far_end.send(pulses(CARD, "D0", "D1", from_ns=at_ns))
        await after_ms(200)
        assert made.said["front_reader"] == []
        reader.mute(False)
        reader.mute(False)
        at_ns = await listening(made)
        assert made.far_end.watched == {"D0", "D1"}
        made.far_end.send(pulses(CARD, "D0", "D1", from_ns=at_ns))
        await after_ms(200)
        assert [text_of(frame) for frame in made.frames()] == [CARD]
        assert reader.counters()["mutes"] == 1

    on_bench(body)


def test_muted_in_the_middle_of_a_card_the_rest_is_no_card() -> None:
    async def body(made: Bench) -> None:
        reader = made.start(READER)
        at_ns = await listening(made)
        long = "1" * 11 + CARD
        edges = pulses(long, "D0", "D1", from_ns=at_ns)
        await made.far_end.play(edges[:20])
        reader.mute(True)
        reader.mute(False)
        await made.far_end.play(edges[22:])
        await after_ms(200)
        assert made.frames() == []
        assert sum(made.noise().values()) >= 1

    on_bench(body)


def test_lines_refused_when_a_mute_ends_lose_the_reader() -> None:
    async def body(made: Bench) -> None:
        reader = made.start(READER)
        await listening(made)
        reader.mute(True)
        made.far_end.refused["D1"] = "somebody took the wire"
        reader.mute(False)
        with pytest.raises(DriverError, match="somebody took the wire"):
            await made.tasks[0]

    on_bench(body)


def test_lights_and_buzzer_play_and_come_back_to_rest() -> None:
    async def body(made: Bench) -> None:
        config = WiegandConfig("front_reader", "D0", "D1", ("H10301",), led_green="G", led_red="R", buzzer="B")
        reader = made.start(config)
        await listening(made)
        levels = made.far_end.levels
        assert (levels["G"], levels["R"], levels["B"]) == (False, False, False)
        reader.show("granted")
        await after_ms(100)
        assert (levels["G"], levels["R"], levels["B"]) == (True, False, True)
        await after_ms(200)
        assert (levels["G"], levels["B"]) == (True, False)
        await after_ms(3_000)
        assert (levels["G"], levels["R"], levels["B"]) == (False, False, False)
        reader.show("unlocked")
        reader.show("denied")
        await after_ms(10)
        assert (levels["G"], levels["R"], levels["B"]) == (False, True, True)
        beeps = [at for at, line, level in made.far_end.drives if line == "B" and level]
        await after_ms(3_000)
        assert len([at for at, line, level in made.far_end.drives if line == "B" and level]) == len(beeps) + 2
        assert (levels["G"], levels["R"], levels["B"]) == (True, False, False)
        reader.show("no such word")
        await after_ms(100)
        assert levels["G"] is True
        reader.show("locked_out")
        await after_ms(60_000)
        assert sum(1 for _, line, level in made.far_end.drives if line == "R" and level) > 50

    on_bench(body)
