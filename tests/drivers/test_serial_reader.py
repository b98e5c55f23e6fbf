"""Readers on serial ports: the promises of drivers/driver.py, and what they do with repeats, silence and storms."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from drivers.bus.serial_port import open_serial
from drivers.reports import AnyReport, DriverError, Line, Noise, NoiseKind, Tag
from drivers.serial_reader import READS_MAX, TEXTS_MAX, SerialReader, SerialReaderConfig, Told
from drivers.serial_settings import Parity
from firmware.rehearsal.virtual_time import run_virtual
from tests.drivers.modbus_far import ended, until
from tests.drivers.serial_far import Far, PtyFar
from tests.drivers.test_serial_frames import EPC, PACKED_HELLO, heartbeat, tag_frame

SEED = 20261126
CODES = SerialReaderConfig("codes", "/dev/ttyUSB0", "plain_line")
PACKED = SerialReaderConfig("packed", "/dev/ttyUSB0", "newland_fm200")
TAGS = SerialReaderConfig("tags", "/dev/ttyUSB0", "sid_ur_series")
GOOD = {"codes": b"Hello\r", "packed": PACKED_HELLO, "tags": tag_frame(EPC)}
every_reader = pytest.mark.parametrize("config", [CODES, PACKED, TAGS], ids=lambda config: config.id)

Said = list[AnyReport]


def at_reader(
    config: SerialReaderConfig, body: Callable[[Far, SerialReader, Said], Coroutine[Any, Any, Any]], *, run: bool = True
) -> Any:
    """Run `body` beside a reader on virtual time; nothing may be left behind."""
    gc.collect()
    descriptors = len(os.listdir("/proc/self/fd"))
    threads = threading.active_count()

    async def all_of_it() -> Any:
        far, said = Far(), Said()
        reader = SerialReader(config, far.open_port)
        task = asyncio.create_task(reader.run(said.append)) if run else None
        await asyncio.sleep(0.01)
        try:
            result = await body(far, reader, said)
            assert task is None or not task.done()
            return result
        finally:
            if task is not None:
                await ended(task)
            far.hang_up()

    result = run_virtual(all_of_it())
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert threading.active_count() == threads
    return result


def texts(said: Said) -> list[str]:
    return [report.text for report in said if isinstance(report, Line | Tag)]


def noise(said: Said) -> dict[NoiseKind, int]:
    kinds: dict[NoiseKind, int] = {}
    for report in said:
        if isinstance(report, Noise):
            kinds[report.kind] = kinds.get(report.kind, 0) + report.count
    return kinds


# -- the promises -----------------------------------------------------------------------------------------------------


@every_reader
def test_it_tells_what_it_reads_under_its_own_name(config: SerialReaderConfig) -> None:
    async def body(far: Far, reader: SerialReader, said: Said) -> None:
        far.send(GOOD[config.id])
        await asyncio.sleep(0.01)
        assert len(said) == 1
        assert isinstance(said[0], Tag if config is TAGS else Line)
        assert said[0].device == config.id
        assert texts(said) == [EPC if config is TAGS else "Hello"]
        assert reader.counters()["reads"] == 1
        reader.safe()
        reader.safe()

    at_reader(config, body)


@pytest.mark.attack("serial-20")
def test_garbage_on_a_line_without_a_checksum_is_noise_where_the_installer_says_what_codes_look_like() -> None:
    async def body(far: Far, reader: SerialReader, said: Said) -> None:
        rng = random.Random(SEED)
        letters = bytes(range(32, 127))
        for _ in range(300):
            far.send(bytes(rng.choices(letters, k=rng.randrange(4, 40))) + b"\r")  # printable, every one of them
            await asyncio.sleep(0.06)
        far.send(b"GATE-123\rGATE-12345678\rGATE-1234567X\r")  # a digit lost; as it is printed; a digit garbled
        await asyncio.sleep(3)
        assert texts(said) == ["GATE-12345678"], f"seed {SEED}"
        assert noise(said) == {NoiseKind.UNKNOWN_FORMAT: 302}

    form = {"text_starts": "GATE-", "text_characters": "GATE0-9-", "text_min": 13, "text_max": 13}
    at_reader(SerialReaderConfig("codes", "/dev/ttyUSB0", "plain_line", **form), body)


@every_reader
@pytest.mark.attack("serial-06")
def test_garbage_is_survived_counted_and_told_in_sums(config: SerialReaderConfig) -> None:
    async def body(far: Far, reader: SerialReader, said: Said) -> None:
        rng = random.Random(SEED)
        for _ in range(300):
            far.send(rng.randbytes(rng.randrange(1, 300)))
            await asyncio.sleep(rng.uniform(0, 0.03))
        assert config is CODES or texts(said) == [], f"seed {SEED}"
        assert len(said) < 300, "garbage must not flood the inbox"
        await asyncio.sleep(3)
        counted = sum(count for name, count in reader.counters().items() if name.startswith("noise_"))
        assert counted > 0
        assert sum(noise(said).values()) == counted
        said.clear()
        far.send(GOOD[config.id])
        await asyncio.sleep(0.01)
        assert len(texts(said)) == 1, f"deaf after garbage, seed {SEED}"

    at_reader(config, body)


@every_reader
def test_loss_is_one_error_that_names_the_device_and_it_recovers(config: SerialReaderConfig) -> None:
    async def body(far: Far, reader: SerialReader, said: Said) -> None:
        for _ in range(3):
            task = asyncio.create_task(reader.run(said.append))
            await asyncio.sleep(0.01)
            far.send(GOOD[config.id][:-1])
            await asyncio.sleep(0.01)
            far.hang_up()
            with pytest.raises(DriverError, match=config.id):
                await task
        far.pulled = True
        with pytest.raises(DriverError, match="cannot be opened"):
            await reader.run(said.append)
        far.pulled = False
        assert texts(said) == []
        task = asyncio.create_task(reader.run(said.append))
        await asyncio.sleep(0.01)
        far.send(GOOD[config.id])  # nothing of before belongs to it
        await asyncio.sleep(0.01)
        assert len(texts(said)) == 1
        await ended(task)

    at_reader(config, body, run=False)


def test_the_port_is_opened_as_the_protocol_says_unless_the_table_does() -> None:
    async def body(far: Far, reader: SerialReader, said: Said) -> None:
        assert far.opened == [TAGS.settings()]
        assert far.opened[0].baud == 57_600
        other = SerialReaderConfig("tags", "/dev/ttyS1", "sid_ur_series", 115_200, Parity.EVEN, 2)
        assert other.settings()[:4] == ("/dev/ttyS1", 115_200, Parity.EVEN, 2)

    at_reader(TAGS, body)


# -- repeats ----------------------------------------------------------------------------------------------------------


@pytest.mark.attack("serial-07")
def test_a_tag_that_stays_is_told_once_a_second_and_not_twenty_times() -> None:
    """Told again at all, because its vehicle may stand on the loop only now."""

    async def body(far: Far, reader: SerialReader, said: Said) -> None:
        for _ in range(100):
            far.send(tag_frame(EPC))
            await asyncio.sleep(0.05)
        assert 5 <= len(texts(said)) <= 6
        assert reader.counters()["repeats"] == 100 - len(texts(said))

    at_reader(TAGS, body)


def test_a_code_that_is_held_to_the_reader_stays_one_presentation() -> None:
    async def body(far: Far, reader: SerialReader, said: Said) -> None:
        for _ in range(30):
            far.send(PACKED_HELLO)
            await asyncio.sleep(0.3)
        assert texts(said) == ["Hello"]
        await asyncio.sleep(1.6)
        far.send(PACKED_HELLO)
        await asyncio.sleep(0.01)
        assert texts(said) == ["Hello", "Hello"]

    at_reader(PACKED, body)


def test_what_is_remembered_of_repeats_is_bounded() -> None:
    told = Told(10**12, since_seen=False)
    assert not any(told.repeats(str(number), number) for number in range(10 * TEXTS_MAX))
    assert len(told._at_ns) == TEXTS_MAX
    assert told.repeats(str(10 * TEXTS_MAX - 1), 10 * TEXTS_MAX)


@pytest.mark.attack("serial-08")
def test_a_flood_of_other_codes_is_cut_counted_and_noise() -> None:
    async def body(far: Far, reader: SerialReader, said: Said) -> None:
        for number in range(2_000):
            far.send(f"code {number}\r".encode())
            if number % 10 == 0:
                await asyncio.sleep(0.005)
        await asyncio.sleep(2)
        counters = reader.counters()
        assert counters["reads"] + counters["flooded"] == 2_000
        assert counters["reads"] <= 3 * READS_MAX
        assert noise(said) == {NoiseKind.NOISE: counters["flooded"]}
        assert len(said) < 3 * READS_MAX + 20
        far.send(b"resident\r")
        await asyncio.sleep(0.01)
        assert texts(said)[-1] == "resident"

    at_reader(CODES, body)


# -- silence, muting, heartbeats --------------------------------------------------------------------------------------


def test_half_a_line_is_given_up_by_silence_and_joins_nothing() -> None:
    async def body(far: Far, reader: SerialReader, said: Said) -> None:
        far.send(b"half")
        await asyncio.sleep(0.15)
        far.send(b" of a line")  # the reader is slow: the silence begins anew
        await asyncio.sleep(0.15)
        assert said == []
        await asyncio.sleep(0.1)
        far.send(b"whole\r")
        await asyncio.sleep(0.01)
        assert texts(said) == ["whole"]
        assert noise(said) == {NoiseKind.SHORT: 1}

    at_reader(CODES, body)


def test_a_muted_reader_is_not_heard_and_what_it_said_meanwhile_is_forgotten() -> None:
    async def body(far: Far, reader: SerialReader, said: Said) -> None:
        far.send(b"ha")
        await asyncio.sleep(0.01)
        reader.mute(True)
        reader.mute(True)
        far.send(b"lf\rmuted\rbegun")
        await asyncio.sleep(0.01)
        reader.mute(False)
        far.send(b"\rheard\r")
        await asyncio.sleep(0.01)
        assert texts(said) == ["heard"]
        assert reader.counters()["mutes"] == 1

    at_reader(CODES, body)


@pytest.mark.attack("serial-09")
def test_a_reader_without_its_heartbeat_is_lost_and_noise_proves_nothing() -> None:
    config = SerialReaderConfig("tags", "/dev/ttyUSB0", "sid_ur_series", silent_ms_max=3_000)

    async def body(far: Far, reader: SerialReader, said: Said) -> None:
        task = asyncio.create_task(reader.run(said.append))
        await asyncio.sleep(0.01)
        assert not reader.proven()
        for number in range(10):
            far.send(heartbeat(number))
            await asyncio.sleep(1)
        assert reader.proven()
        assert reader.counters()["idle"] == 10
        assert said == []
        began_s = asyncio.get_running_loop().time()
        while not task.done():
            far.send(b"\xee" * 50)
            await asyncio.sleep(0.1)
        assert asyncio.get_running_loop().time() - began_s < 3.2
        with pytest.raises(DriverError, match=r"tags: .* said nothing for 3000 ms"):
            await task

    at_reader(config, body, run=False)


def test_a_reader_without_a_heartbeat_may_be_silent_for_ever() -> None:
    async def body(far: Far, reader: SerialReader, said: Said) -> None:
        await asyncio.sleep(86_400)
        assert said == []
        assert reader.proven()

    at_reader(CODES, body)


# -- a real port ------------------------------------------------------------------------------------------------------


@every_reader
def test_over_a_pty_split_anywhere_and_pulled(config: SerialReaderConfig) -> None:
    async def body() -> None:
        for cut in (0, 1, len(GOOD[config.id]) // 2):
            far, said = PtyFar(), Said()
            far.send(GOOD[config.id])  # before it was opened: nobody knows how old that is
            reader = SerialReader(SerialReaderConfig(config.id, far.path, config.protocol, baud=115_200), open_serial)
            task = asyncio.create_task(reader.run(said.append))
            await until(lambda reader=reader: reader._port is not None)
            for piece in (GOOD[config.id][:cut], GOOD[config.id][cut:]):
                far.send(piece)
                await until(lambda reader=reader, piece=piece: reader.counters()["bytes"] >= len(piece))
            await until(lambda said=said: bool(said))
            assert len(texts(said)) == len(said) == 1
            far.pull()
            with pytest.raises(DriverError, match="is gone"):
                await asyncio.wait_for(task, 5)

    asyncio.run(body())


def test_a_port_belongs_to_one_device_and_no_port_is_no_file() -> None:
    async def body() -> None:
        far = PtyFar()
        config = SerialReaderConfig("one", far.path, "plain_line")
        one, other = SerialReader(config, open_serial), SerialReader(config, open_serial)
        task = asyncio.create_task(one.run(lambda report: None))
        await until(lambda: one._port is not None)
        with pytest.raises(DriverError, match="cannot be opened"):
            await other.run(lambda report: None)
        assert not task.done()
        await ended(task)
        far.pull()
        for path in ("/dev/null", "/dev/nobody"):
            with pytest.raises(DriverError, match=path):
                await SerialReader(SerialReaderConfig("none", path, "plain_line"), open_serial).run(lambda report: None)

    asyncio.run(body())
