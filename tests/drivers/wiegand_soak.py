"""Random edges at a Wiegand reader's two lines: `python -m tests.drivers.wiegand_soak --bursts 1000000`.

Three soaks, each of so many bursts, into the real driver behind the order of kernel edges; nothing may crash.

- `noise`: edges at random times and places, some of them lost, misread, twice or in another order, as a kernel may hand
  them over and worse. No card.
- `damaged`: a good card with one thing wrong: an edge, a pulse or a bit lost or added, a bit turned, a pulse too short
  or too long, two lines at once, a pause in the middle. No card. (A pause behind bits that are a whole card of a
  shorter format is not among them: that reader has sent that card, as far as anybody can see.)
- `bits`: what a reader sends in good time, of 1 to 100 random bits. A card's only proof is its parity: of random bits
  of the right length a share of 1/2 for each parity bit is a good card, which nobody can tell from one that was meant.
  So there are cards here: each must have a format's length and right parities by its maker's picture, and they must be
  as many as chance makes. For a door to open, such a card must be enrolled too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import sys
from collections.abc import Callable, Sequence

from drivers.bus.gpio_edges import HELD_MAX, EdgeOrder, KernelEdge
from drivers.bus.lines import Edge, EdgeStream, OnEdges
from drivers.reports import AnyReport, Frame
from drivers.wiegand import Wiegand, WiegandConfig
from firmware.rehearsal.virtual_time import run_virtual
from tests.drivers.format_pictures import PICTURES, drawn, widths
from tests.drivers.wires import MS, US, now_ns, pulses, until_ns

SEED = 20261126
BITS_MAX = 100
NOISE_EDGES = (1, 90)
APART_NS = 400 * MS  # longer than any quiet time, and than a rest from a storm
KINDS = ("noise", "damaged", "bits")
FORMATS = ("H10301", "H10306", "H10302")
RUN_BURSTS, RUN_S_MAX = 10_000, 3_600.0  # of one start of the reader; real time, on a machine that may be busy
CARDS = 500  # good ones, that are damaged again and again
SIGMAS = 5.0


class Lines:
    """A bus that takes edges from the soak, through the order of kernel edges."""

    def __init__(self) -> None:
        self.on_edges: OnEdges | None = None
        self.order = EdgeOrder({"D0": True, "D1": True})

    async def open(self) -> None:
        pass

    async def lost(self) -> str:
        await asyncio.Event().wait()
        return ""

    def claim_edges(self, lines: Sequence[str], holder: str, on_edges: OnEdges) -> EdgeStream:
        self.on_edges = on_edges
        self.order = EdgeOrder(dict.fromkeys(lines, True))
        return self

    async def ready(self) -> None:
        pass

    def counters(self) -> dict[str, int]:
        return {"late_edges": self.order.late, "repaired_edges": self.order.repaired}

    def close(self) -> None:
        self.on_edges = None

    def arrive(self, edges: Sequence[KernelEdge]) -> None:
        for told in (self.order.feed(edges), self.order.expire()):
            if told and self.on_edges is not None:
                self.on_edges(told)
        assert len(self.order._held) <= HELD_MAX


def kernel_edges(edges: Sequence[Edge], first: int) -> list[KernelEdge]:
    return [KernelEdge(first + index, edge.line, edge.level, edge.at_ns) for index, edge in enumerate(edges)]


def later(edges: Sequence[Edge], from_ns: int, late_ns: int) -> list[Edge]:
    """All edges from here on come later."""
    return [edge if edge.at_ns < from_ns else Edge(edge.line, edge.level, edge.at_ns + late_ns) for edge in edges]


class Soak:
    """One reader for one soak. `formats`: of different lengths, none a bit longer or shorter than another."""

    def __init__(self, kind: str, bursts: int, seed: int, formats: Sequence[str]) -> None:
        self.kind = kind
        self.bursts = bursts
        self.chance = random.Random(f"{seed} {kind}")
        self.formats = formats
        self.lengths = {len(PICTURES[name][0]): name for name in formats}
        self.cards: list[Frame] = []
        self.edges = 0
        self.good = [drawn(name, self._fields(name)) for name in formats for _ in range(CARDS)]

    def _fields(self, name: str) -> dict[str, int]:
        return {field: self.chance.getrandbits(bits) for field, bits in widths(name).items() if bits}

    # -- what is sent, from 0 on --------------------------------------------------------------------------------------

    def noise(self) -> list[Edge]:
        chance = self.chance
        levels, edges, at_ns = {"D0": True, "D1": True}, [], 0
        for _ in range(chance.randint(*NOISE_EDGES)):
            at_ns += int(10 ** chance.uniform(3, 7.4))  # 1 us to 25 ms
            line = chance.choice(("D0", "D1"))
            levels[line] = not levels[line]
            edges.append(Edge(line, levels[line], at_ns))
        return edges

    def damaged(self) -> list[Edge]:
        chance = self.chance
        text = chance.choice(self.good)
        interval_ns, pulse_ns = chance.choice(((200, 20), (1_000, 50), (2_000, 100)))

        def make(bits: str) -> list[Edge]:
            return pulses(bits, "D0", "D1", from_ns=0, interval_ns=interval_ns * US, pulse_ns=pulse_ns * US)

        edges = make(text)
        at = chance.randrange(len(text))
        fall, rise = edges[2 * at : 2 * at + 2]
        other = "D1" if fall.line == "D0" else "D0"
        match chance.randrange(9):
            case 0:
                del edges[chance.randrange(len(edges))]
            case 1:
                return make(text[:at] + text[at + 1 :])
            case 2:
                return make(text[:at] + chance.choice("01") + text[at:])
            case 3:
                return make(text[:at] + "10"[int(text[at])] + text[at + 1 :])
            case 4:
                edges[2 * at + 1] = Edge(fall.line, True, fall.at_ns + chance.randrange(1, 10 * US))
            case 5:
                at_ns = rise.at_ns + (interval_ns - pulse_ns) // 3 * US
                edges += [Edge(other, False, at_ns), Edge(other, True, at_ns + chance.randrange(1, 20 * US))]
            case 6:
                edges += [Edge(other, False, fall.at_ns + 3 * US), Edge(other, True, rise.at_ns + 3 * US)]
            case 7:
                edges = later(edges, rise.at_ns, chance.randrange(501, 5_000) * US)
            case _:
                at = chance.choice([cut for cut in range(1, len(text)) if cut not in self.lengths])
                pause_ns = int(10 ** chance.uniform(6.9, 7.6))  # 8 to 40 ms: it ends a frame, or is no interval of it
                edges = later(edges, edges[2 * at].at_ns, pause_ns)
        return sorted(edges, key=lambda edge: edge.at_ns)

    def bits(self) -> list[Edge]:
        chance = self.chance
        length = chance.randint(1, BITS_MAX)
        text = f"{chance.getrandbits(length):0{length}b}"
        interval_ns = chance.choice((200, 1_000, 2_000)) * US
        return pulses(text, "D0", "D1", from_ns=0, interval_ns=interval_ns, pulse_ns=50 * US)

    def shuffled(self, edges: list[KernelEdge]) -> list[KernelEdge]:
        """What a kernel may make of edges, and worse."""
        chance = self.chance
        for _ in range(chance.choice((0, 0, 1, 3))):
            at = chance.randrange(len(edges))
            edge = edges[at]
            match chance.randrange(4):
                case 0 if len(edges) > 1:
                    del edges[at]
                case 1:
                    edges[at] = edge._replace(level=not edge.level)
                case 2:
                    edges.insert(chance.randrange(len(edges)), edge)
                case _:
                    edges[at] = edge._replace(number=chance.getrandbits(32))
        return edges

    # -- sent ---------------------------------------------------------------------------------------------------------

    async def run(self, bursts: int) -> None:
        make: Callable[[], list[Edge]] = {"noise": self.noise, "damaged": self.damaged, "bits": self.bits}[self.kind]
        lines = Lines()
        driver = Wiegand(WiegandConfig("soaked", "D0", "D1", formats=tuple(self.formats)), lines)
        running = asyncio.create_task(driver.run(self.take))
        at_ns = now_ns()
        number = 1
        for _ in range(bursts):
            await until_ns(at_ns := at_ns + APART_NS)
            planned = make()
            self.edges += len(planned)
            edges = kernel_edges([Edge(edge.line, edge.level, edge.at_ns + at_ns) for edge in planned], number)
            number += len(edges)
            at_ns = edges[-1].at_ns
            await until_ns(at_ns)
            lines.arrive(self.shuffled(edges) if self.kind == "noise" else edges)
            if self.kind == "noise":
                at_ns += APART_NS
                await until_ns(at_ns)
                lines.order, number = EdgeOrder({"D0": True, "D1": True}), 1  # its numbers were at random
            assert not running.done(), running
        await until_ns(at_ns + APART_NS)
        running.cancel()
        await asyncio.wait((running,))

    def take(self, report: AnyReport) -> None:
        if isinstance(report, Frame):
            self.cards.append(report)

    def said(self) -> dict[str, object]:
        said: dict[str, object] = {"soak": self.kind, "bursts": self.bursts, "edges": self.edges}
        said["cards"] = len(self.cards)
        if self.kind != "bits":
            return said | {"ok": not self.cards}
        shares = {length: 0.5 ** len(PICTURES[name][1]) for length, name in self.lengths.items()}
        share = sum(shares.values()) / BITS_MAX
        sigma = math.sqrt(self.bursts * share * (1 - share))
        expected = self.bursts * share
        wrong = [card for card in self.cards if not self.is_good(card)]
        ok = not wrong and abs(len(self.cards) - expected) <= SIGMAS * sigma
        return said | {"cards_by_chance": round(expected), "sigma": round(sigma), "wrong_cards": len(wrong), "ok": ok}

    def is_good(self, card: Frame) -> bool:
        """Whether its parities are those that the maker's picture shows."""
        name = self.lengths.get(card.length)
        if name is None:
            return False
        text = f"{card.bits:0{card.length}b}"
        for row in PICTURES[name][1]:
            ones = sum(bit == "1" for bit, sign in zip(text, row, strict=True) if sign != ".")
            if ones % 2 != ("O" in row):
                return False
        return True


def soak(kind: str, bursts: int, seed: int = SEED) -> dict[str, object]:
    """Send so many bursts; what came of them. `ok`: as it has to be."""
    made = Soak(kind, bursts, seed, FORMATS)
    for sent in range(0, bursts, RUN_BURSTS):
        run_virtual(made.run(min(RUN_BURSTS, bursts - sent)), wall_s_max=RUN_S_MAX, block_s_max=RUN_S_MAX)
    return made.said()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", nargs="*", choices=[[], *KINDS], help="default: all of them")
    parser.add_argument("--bursts", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    failed = False
    for kind in arguments.kind or KINDS:
        said = soak(kind, arguments.bursts, arguments.seed)
        print(json.dumps(said), flush=True)
        failed |= not said["ok"]
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
