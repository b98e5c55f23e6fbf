"""The rig itself: chips and names are there, stamps are right, outputs show, and no bit of 1,000 frames is lost."""

from __future__ import annotations

import os
import random
import statistics
import threading
from datetime import timedelta

import gpiod
from chips import Chip, Player, Step, frame, pi_header
from gpiod.line import Bias, Direction, Edge
from says import arguments, check, figure

D0, D1, BUTTON, LOCK = 17, 27, 5, 13
BITS = 26
PULSE_NS = 50_000
INTERVAL_NS = 1_000_000
PAUSE_NS = 60_000_000  # between two frames
STAMP_NS_MAX = 100_000  # between a step and the kernel's stamp of its edge
END_S_MAX = 200.0


def chips_are_there(chip: Chip) -> None:
    with gpiod.Chip(str(chip.device)) as opened:
        info = opened.get_info()
        check("the header is /dev/gpiochip0 with 58 lines", chip.chip == "gpiochip0" and info.num_lines == 58, info)
        check("lines have the names of a Pi's header", opened.line_offset_from_id("GPIO17") == 17)
        with opened.request_lines({"GPIO17": None}, consumer="one"):
            try:
                opened.request_lines({"GPIO17": None}, consumer="two")
                check("a line has one owner", False, "the second request was granted")
            except OSError as error:
                check("a line has one owner", error.errno == 16, error)


def stamps_are_right(chip: Chip) -> None:
    settings = gpiod.LineSettings(direction=Direction.INPUT, edge_detection=Edge.BOTH, bias=Bias.PULL_UP)
    steps = [Step(index * 250_000, BUTTON, index % 2 == 1) for index in range(200)]
    with gpiod.request_lines(str(chip.device), {BUTTON: settings}, consumer="stamps", event_buffer_size=1024) as lines:
        player = Player(chip, steps)
        found = _read(lines, len(steps))
        late_ns = player.end(END_S_MAX)
    apart = [event.timestamp_ns - player.started_ns - step.at_ns for event, step in zip(found, steps, strict=False)]
    check("each edge has its kernel stamp", len(found) == len(steps), len(found))
    check(
        "stamps are within 100 us of the step", min(apart) >= 0 and max(apart) < STAMP_NS_MAX, (min(apart), max(apart))
    )
    figure("stamp after step, median", statistics.median(apart) / 1000, "us")
    figure("step late, at most", late_ns / 1000, "us")


def outputs_show(chip: Chip) -> None:
    os.environ["LG_WD"] = os.getcwd()  # lgpio makes a pipe there
    from gpiozero import Button, DigitalOutputDevice  # it looks at the machine when it is imported
    from gpiozero.pins.lgpio import LGPIOFactory

    factory = LGPIOFactory()
    lock = DigitalOutputDevice("GPIO13", pin_factory=factory)
    check("an output begins low", chip.value(LOCK) is False)
    lock.on()
    check("gpiozero drives a line through lgpio", chip.value(LOCK) is True)
    lock.off()
    check("and back", chip.value(LOCK) is False)
    lock.close()
    named = DigitalOutputDevice("BOARD33", pin_factory=factory, initial_value=True)
    check("BOARD33 is GPIO13", chip.value(LOCK) is True)
    named.close()
    button = Button("J8:29", pin_factory=factory)  # GPIO5
    pressed = threading.Event()
    button.when_pressed = pressed.set
    chip.drive(BUTTON, False)
    check("a button is pressed", pressed.wait(5.0))
    chip.drive(BUTTON, True)
    button.close()
    factory.close()


def bits_are_kept(chip: Chip, frames: int) -> None:
    chance = random.Random(5)
    sent = ["".join(chance.choice("01") for _ in range(BITS)) for _ in range(frames)]
    steps: list[Step] = []
    for index, bits in enumerate(sent):
        steps += frame(bits, D0, D1, index * (BITS * INTERVAL_NS + PAUSE_NS), PULSE_NS, INTERVAL_NS)
    settings = gpiod.LineSettings(direction=Direction.INPUT, edge_detection=Edge.FALLING, bias=Bias.PULL_UP)
    with gpiod.request_lines(
        str(chip.device), {(D0, D1): settings}, consumer="wiegand", event_buffer_size=1024
    ) as lines:
        player = Player(chip, steps)
        found = _read(lines, frames * BITS)
        late_ns = player.end(END_S_MAX)
    got = "".join(
        "1" if event.line_offset == D1 else "0" for event in sorted(found, key=lambda each: each.timestamp_ns)
    )
    lost = frames * BITS - len(found)
    check(f"{frames} frames of {BITS} bits, 50 us each 1 ms: every bit is there", lost == 0, lost)
    check("every bit is right", got == "".join(sent))
    figure("bits lost", lost, "bits")
    figure("bits sent", frames * BITS, "bits")
    figure("step late, at most", late_ns / 1000, "us")


def _read(lines: gpiod.LineRequest, count: int) -> list[gpiod.EdgeEvent]:
    """Events, until there are `count` or none comes for a while."""
    found: list[gpiod.EdgeEvent] = []
    while len(found) < count and lines.wait_edge_events(timedelta(seconds=2)):
        found += lines.read_edge_events()
    return found


def main() -> None:
    chip = pi_header()
    for line in (D0, D1, BUTTON):
        chip.drive(line, True)
    chips_are_there(chip)
    stamps_are_right(chip)
    outputs_show(chip)
    bits_are_kept(chip, arguments().get("frames", 1_000))
    chip.close()


if __name__ == "__main__":
    main()
