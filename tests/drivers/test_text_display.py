"""Text displays on serial ports: the packets of the manuals, and that a dead or slow display holds nobody up."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from drivers.bus.serial_port import open_serial
from drivers.display_protocol import (
    DISPLAYS,
    DisplayError,
    fitted,
    load_protocol,
    packet,
    protocol_names,
    read_protocol,
    width_of,
)
from drivers.reports import DriverError
from drivers.serial_settings import Parity
from drivers.text_display import LANGUAGES, TAKE_NS_MAX, TextDisplay, TextDisplayConfig
from firmware import texts
from firmware.rehearsal.virtual_time import run_virtual
from tests.drivers.modbus_far import ended, until
from tests.drivers.serial_far import Far, PtyFar, SocketPort

PLAIN = TextDisplayConfig("sign", "/dev/ttyUSB0", "plain_text")
ALPHA = TextDisplayConfig("sign", "/dev/ttyUSB0", "alpha_sign")
# By hand from 9708-8061F, 5.1: 02+41+41+1B+30+62+48+49+03 = 1C5.
ALPHA_HI = b"\x00\x00\x00\x00\x00\x01Z00\x02AA\x1b0bHI\x0301C5\x04"


def plain(*rows: str, columns: int = 16, encoding: str = "gb18030") -> bytes:
    """Two rows in full width, each with its end."""
    padded = [row + " " * (columns - width_of(row)) for row in (*rows, "", "")[:2]]
    return b"".join(row.encode(encoding) + b"\r\n" for row in padded)


def at_display(
    config: TextDisplayConfig, body: Callable[[Far, TextDisplay], Coroutine[Any, Any, Any]], *, run: bool = True
) -> Any:
    gc.collect()
    descriptors = len(os.listdir("/proc/self/fd"))
    threads = threading.active_count()

    async def all_of_it() -> Any:
        far = Far()
        display = TextDisplay(config, far.open_port)
        task = asyncio.create_task(display.run(lambda report: None)) if run else None
        await asyncio.sleep(1)
        try:
            return await body(far, display)
        finally:
            if task is not None:
                await ended(task)
            far.hang_up()

    result = run_virtual(all_of_it())
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert threading.active_count() == threads
    return result


# -- packets ----------------------------------------------------------------------------------------------------------


def test_the_packet_of_an_alpha_sign():
    assert packet(load_protocol("alpha_sign"), ["HI"], "ascii", 16) == ALPHA_HI


def test_rows_of_an_alpha_sign_are_divided_by_cr_and_the_sum_counts_it():
    made = packet(load_protocol("alpha_sign"), ["HI", "YOU"], "ascii", 16)
    body = b"\x02AA\x1b0bHI\rYOU\x03"
    assert made == b"\x00" * 5 + b"\x01Z00" + body + f"{sum(body):04X}".encode() + b"\x04"


def test_chinese_takes_two_columns_and_is_written_in_the_displays_letters():
    assert width_of("粤B12345") == 8
    assert packet(load_protocol("plain_text"), ["欢迎", "粤B12345"], "gb18030", 16) == plain("欢迎", "粤B12345")
    assert len(plain("欢迎")) == 2 * 18


@pytest.mark.attack("serial-13")
def test_hostile_text_is_letters_on_the_display_and_no_command():
    """A plate or a name cannot end the packet, begin another or send an escape."""
    for hostile in (
        "A\x1b0bX",
        "\x04\x01Z00\x02AA",
        "a\r\nb",
        "\u202eneddih",
        "x" * 10_000,
        "nul\x00",
        "=cmd|",
        "\x7f",
    ):
        row = fitted(hostile, 16)
        assert row.isprintable()
        assert width_of(row) <= 16
        for name, encoding in (("alpha_sign", "ascii"), ("plain_text", "gb18030")):
            made = packet(load_protocol(name), [row], encoding, 16)
            harmless = packet(load_protocol(name), ["x" * len(row)], encoding, 16)
            controls = [byte for byte in made if byte < 0x20 or byte == 0x7F]
            assert controls == [byte for byte in harmless if byte < 0x20]
    assert packet(load_protocol("alpha_sign"), ["粤A1"], "ascii", 16).count(b"?A1") == 1


def test_what_does_not_fit_is_cut_between_letters():
    assert fitted("粤B12345", 8) == "粤B12345"
    assert fitted("粤B12345", 7) == "粤B1234"
    assert fitted("欢迎通行", 7) == "欢迎通"
    assert fitted("欢迎通行", 1) == ""


# -- the driver -------------------------------------------------------------------------------------------------------


def test_it_shows_the_newest_text_once_and_is_dark_before():
    async def body(far: Far, display: TextDisplay) -> None:
        assert far.received() == plain()
        display.show_text(["Welcome", "粤B12345", "a third row"])
        await asyncio.sleep(0.01)
        assert far.received() == plain("Welcome", "粤B12345")
        display.show_text(["Welcome", "粤B12345"])
        await asyncio.sleep(2)
        assert far.received() == b""
        display.show_text([])
        await asyncio.sleep(2)
        assert far.received() == plain()

    at_display(PLAIN, body)


@pytest.mark.attack("serial-14")
def test_a_flood_of_texts_is_one_packet_each_half_second_and_ends_with_the_newest():
    async def body(far: Far, display: TextDisplay) -> None:
        far.received()
        for number in range(1_000):
            display.show_text([f"text {number}"])
            await asyncio.sleep(0.01)
        await asyncio.sleep(1)
        received = far.received()
        packets = len(received) // len(plain())
        assert 20 <= packets <= 22
        assert received.endswith(plain("text 999"))
        assert display.counters()["replaced"] == 1_000 - packets

    at_display(PLAIN, body)


class Deaf(SocketPort):
    """A port that takes nothing, as one whose flow control says stop."""

    def write(self, content: bytes) -> int:
        return 0


@pytest.mark.attack("serial-15")
def test_a_display_that_takes_nothing_is_lost_and_waits_for_nobody():
    async def body(far: Far, display: TextDisplay) -> None:
        deaf = TextDisplay(PLAIN, lambda settings: Deaf(far.open_port(settings)._end))
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        task = asyncio.create_task(deaf.run(lambda report: None))
        await asyncio.sleep(0)
        before_s = loop.real_time()
        for number in range(1_000):
            deaf.show_text([str(number)])
        assert loop.real_time() - before_s < 1
        with pytest.raises(DriverError, match=r"sign: .* takes nothing"):
            await task
        assert loop.time() - began_s <= TAKE_NS_MAX / 1e9 + 0.1
        deaf.show_text(["nobody sees it"])
        deaf.safe()
        assert deaf.counters()["safe_failed"] == 1

    at_display(PLAIN, body, run=False)


def test_loss_is_told_once_and_what_was_to_be_shown_is_shown_when_it_is_back():
    async def body(far: Far, display: TextDisplay) -> None:
        for _ in range(3):
            task = asyncio.create_task(display.run(lambda report: None))
            await asyncio.sleep(1)
            far.hang_up()
            with pytest.raises(DriverError, match="sign"):
                await task
        far.pulled = True
        with pytest.raises(DriverError, match="cannot be opened"):
            await display.run(lambda report: None)
        display.show_text(["Open"])
        far.pulled = False
        task = asyncio.create_task(display.run(lambda report: None))
        await asyncio.sleep(1)
        assert far.received() == plain("Open")
        await ended(task)

    at_display(PLAIN, body, run=False)


def test_safe_is_dark_with_and_without_a_loop_at_work_and_never_raises():
    async def body(far: Far, display: TextDisplay) -> None:
        task = asyncio.create_task(display.run(lambda report: None))
        await asyncio.sleep(1)
        display.show_text(["Welcome"])
        await asyncio.sleep(1)
        far.received()
        display.safe()
        display.safe()
        await asyncio.sleep(1)
        assert far.received() == plain()
        await ended(task)
        display.safe()
        assert far.received() == plain()
        far.pulled = True
        display.safe()
        assert display.counters()["safe_failed"] == 1
        far.pulled = False
        task = asyncio.create_task(display.run(lambda report: None))
        await asyncio.sleep(1)
        opened = len(far.opened)
        far.hang_up()
        with pytest.raises(DriverError):
            await task
        display.safe()  # a display that was lost is not tried again: that would hold everybody up
        assert len(far.opened) == opened
        assert display.counters()["safe_failed"] == 2

    at_display(PLAIN, body, run=False)


def test_rows_that_are_empty_are_none_to_a_sign_that_divides_them():
    async def body(far: Far, display: TextDisplay) -> None:
        dark = far.received()
        assert dark.startswith(b"\x00" * 5 + b"\x01Z00\x02AA\x1b0b\x03")
        display.show_text(["HI"])
        await asyncio.sleep(1)
        assert far.received() == ALPHA_HI
        display.show_text([])
        await asyncio.sleep(1)
        assert far.received() == dark

    at_display(ALPHA, body)


def test_what_a_display_answers_is_read_away():
    async def body(far: Far, display: TextDisplay) -> None:
        far.send(b"\x06ACK" * 500)
        await asyncio.sleep(0.1)
        assert display.counters()["answered_bytes"] == 2_000

    at_display(PLAIN, body)


def test_the_last_text_goes_out_without_a_loop_and_within_its_time():
    """As `menshen safe` has it; nobody reads at the far end, and a port that is gone costs nothing."""
    far = PtyFar()
    config = TextDisplayConfig("sign", far.path, "alpha_sign", parity=Parity.NONE, data_bits=8, rows=1)
    TextDisplay(config, open_serial).safe()
    dark = b"\x00" * 5 + b"\x01Z00\x02AA\x1b0b\x03"
    assert far.received(len(dark)).startswith(dark)
    far.pull()
    display = TextDisplay(config, open_serial)
    display.safe()
    assert display.counters()["safe_failed"] == 1


def test_over_a_pty_and_pulled():
    async def body() -> None:
        far = PtyFar()
        config = TextDisplayConfig("sign", far.path, "alpha_sign", parity=Parity.NONE, data_bits=8, rows=1)
        display = TextDisplay(config, open_serial)
        display.show_text(["HI"])
        task = asyncio.create_task(display.run(lambda report: None))
        await until(lambda: display.counters()["packets"] == 1)
        assert far.received(len(ALPHA_HI)) == ALPHA_HI
        far.pull()
        with pytest.raises(DriverError, match="is gone"):
            await asyncio.wait_for(task, 5)

    asyncio.run(body())


# -- protocols and tables ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", protocol_names())
def test_a_protocol_says_where_it_is_from_and_that_nobody_has_tried_it(name):
    protocol = load_protocol(name)
    assert protocol.title
    assert protocol.document
    assert protocol.page
    assert protocol.commissioning
    assert not protocol.verified


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('end = "04"', 'end = "4"', "damaged"),
        ('encodings = ["ascii"]', 'encodings = ["klingon"]', "klingon"),
        ('id = "alpha_sign"', 'id = "other"', "calls itself"),
        ("rows = 2", "rows = 9", "rows of"),
        ("every_ms = 1000", "every_ms = 10", "every_ms"),
        ('between = "0D"', f'between = "{"00" * 600}"', "packets of more"),
    ],
)
def test_a_protocol_that_cannot_be_is_refused(old, new, said):
    text = (DISPLAYS / "alpha_sign.toml").read_text()
    assert old in text
    with pytest.raises(DisplayError, match=said):
        read_protocol("alpha_sign", text.replace(old, new))


def test_the_languages_of_a_display_are_those_of_the_catalogues():
    assert sorted(LANGUAGES) == sorted(texts.LANGUAGES)
