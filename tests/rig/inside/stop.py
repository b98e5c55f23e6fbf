"""A barrier on real lines: how long after its stop circuit opens its drive's line is off, in the kernel's own time.

As `menshen bench stop` measures it while a bollard opens by the local key: stop, reset, and it opens again.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

from chips import Outputs, pi_header
from gate import BOARD, D0, D1, Gate
from says import arguments, check, figure

from firmware.bench.clock import monotonic_ns, rest
from firmware.bench.lane_rig import CLOSED_CONTACTS, DOWN, OUTPUTS, SETTLED_S, TO_GROUND, Wiring, wired

# By what they boot with: outputs low, so that nothing is driven before the controller is there.
LINES = dict(
    zip(
        (*OUTPUTS, *CLOSED_CONTACTS, *TO_GROUND),
        (9, 10, 11, 12, 13, 16, 18, 19, 20, 21, 22, 23, 4, 5, 6, 7, 8),
        strict=True,
    )
)
SAMPLES = 200
UNTIL_S_MAX = 0.05  # from the begin of a motion to its stop: drawn
MOVES_S_MAX = 10.0
STOPS_S_MAX = 1.0
SEED = 21


def site(wiring: Wiring) -> str:
    """The site of the bench, on the header. Contacts get no pull: in the machine it would be the wire's level."""
    [lane] = wiring.lanes.values()
    names = {line: f"GPIO{LINES[part]}" for part, line in lane.items()}
    names |= dict(zip(wiring.data[0], (f"GPIO{D0}", f"GPIO{D1}"), strict=True))
    text = re.sub(r'(line|d0|d1) = "(\w+)"', lambda found: f'{found[1]} = "{names[found[2]]}"', wiring.site)
    pulls = ", ".join(f'GPIO{LINES[part]} = "none"' for part in (*CLOSED_CONTACTS, *TO_GROUND))
    return text.replace('kind = "simulated_board"', f'kind = "{BOARD}"\npull = {{ {pulls} }}')


class Bollard:
    """The far end: `put` is a hand, a limit or a vehicle."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        for part in (*CLOSED_CONTACTS, *TO_GROUND):
            self.put(part, part == "is_up")

    def put(self, part: str, active: bool) -> int:
        at_ns = monotonic_ns()
        self._gate.chip.drive(LINES[part], active is not (part in TO_GROUND))
        return at_ns

    def press(self, part: str) -> None:
        self.put(part, True)
        rest(SETTLED_S)
        self.put(part, False)

    def moves(self, on: bool, limit_s: float) -> bool:
        return self._gate.chip.wait_value(LINES[DOWN], on, limit_s)


def stops(bollard: Bollard, outputs: Outputs, samples: int) -> list[int]:
    """From the stop's edge to the kernel's line, nanoseconds; as many as there were motions to stop."""
    chance = random.Random(SEED)
    took_ns: list[int] = []
    bollard.put("key_open", True)
    for _ in range(samples):
        if not bollard.moves(True, MOVES_S_MAX):
            break
        rest(chance.uniform(0.0, UNTIL_S_MAX))
        at_ns = bollard.put("stop", True)
        if not bollard.moves(False, STOPS_S_MAX):
            break
        took_ns += [min(off_ns for off_ns in outputs.changes(LINES[DOWN], False) if off_ns > at_ns) - at_ns]
        bollard.put("stop", False)
        rest(SETTLED_S)
        bollard.press("reset")
    bollard.put("key_open", False)
    return sorted(took_ns)


def main() -> None:
    samples = arguments().get("samples", SAMPLES)
    chip = pi_header()
    gate = Gate(Path.cwd(), chip)
    gate.furnish(site(wired(1, 1)))
    bollard = Bollard(gate)
    gate.start()
    check("nothing moves because it started", not chip.value(LINES[DOWN]))
    outputs = Outputs(chip)
    took_ns = stops(bollard, outputs, samples)
    outputs.close()
    check(f"each of {samples} motions is stopped", len(took_ns) == samples, len(took_ns))
    if took_ns:
        for word, share in (("median", 0.5), ("99th percentile", 0.99), ("worst", 1.0)):
            figure(
                f"stop circuit to drive line, {word}",
                took_ns[min(len(took_ns) - 1, int(share * len(took_ns)))] / 1e6,
                "ms",
            )
    check("the controller stops as it should", gate.stop() == 0)


if __name__ == "__main__":
    main()
