"""A reader as many build it: it waits 50 ms for a further bit before it looks at the card. The controller's measure.

Reads 26 bits at the two lines that it is given, and drives the third for 100 ms. Nothing of the house is in it.
"""

from __future__ import annotations

import sys
from datetime import timedelta

import gpiod
from gpiod.line import Bias, Direction, Edge, Value

GAP = timedelta(milliseconds=50)
FOREVER = timedelta(hours=1)
HELD = timedelta(milliseconds=100)
BITS = 26


def main() -> None:
    d0, d1, lock = map(int, sys.argv[1:])
    data = gpiod.LineSettings(direction=Direction.INPUT, edge_detection=Edge.FALLING, bias=Bias.PULL_UP)
    output = gpiod.LineSettings(direction=Direction.OUTPUT, output_value=Value.INACTIVE)
    chip = "/dev/gpiochip0"
    with (
        gpiod.request_lines(chip, {(d0, d1): data}, consumer="peer", event_buffer_size=1024) as reader,
        gpiod.request_lines(chip, {lock: output}, consumer="peer") as door,
    ):
        print("ready", flush=True)
        while True:
            bits = 0
            while reader.wait_edge_events(GAP if bits else FOREVER):
                bits += len(reader.read_edge_events())
            if bits == BITS:
                door.set_value(lock, Value.ACTIVE)
                reader.wait_edge_events(HELD)
                door.set_value(lock, Value.INACTIVE)


if __name__ == "__main__":
    main()
