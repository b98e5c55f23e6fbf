"""Logs without what tells of a person, from a folder and from a service manager's journal; figures of the kernel's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from firmware.development_log import FILE_BYTES_MAX, DevelopmentLog
from firmware.network.devices import figures
from firmware.network.devices.logs import LINES_MAX, FolderLogs, JournalLogs, level_of, scrubbed


@pytest.mark.attack("devices-03")
@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("menshen: the office's socket is taken", "menshen: the office's socket is taken"),
        ("connection from 10.0.0.7 refused", "connection from [address] refused"),
        ("connection from fe80::1c2d:3e4f:5a6b:7c8d", "connection from [address]"),
        ("KeyError: 'Chen Wei'", "KeyError"),
        (
            "firmware.roster.errors.SourceDamaged: holder 4711 of Li",
            "firmware.roster.errors.SourceDamaged",
        ),
        ("ValueError: card 12345678 of Li Na", "ValueError"),
        ("read 26 bits 0x1E240 of card 123456", "read 26 bits 0x1E240 of card [number]"),
        ("mail li.na@example.org", "mail [mail]"),
        ("Page: http://127.0.0.1:8080/?code=abcDEF123", "Page: http://[address]:8080/?code=[secret]"),
        ("claim code 0123-4567-89AB was wrong", "claim code [code] was wrong"),
        ("plate 京A12345 seen", "plate [plate] seen"),
        ("no holder 'Li Na' here", "no holder [text] here"),
        (
            '  File "/opt/menshen/firmware/core/step.py", line 12, in step',
            '  File "firmware/core/step.py", line 12, in step',
        ),
    ],
)
def test_what_may_tell_of_a_person_is_left_out(written: str, kept: str) -> None:
    assert scrubbed(written) == kept


def test_a_line_says_its_level_as_service_managers_have_it() -> None:
    """sd-daemon(3): <3> is an error, <4> a warning, <6> information."""
    assert level_of("<3>the disk is full") == ("error", "the disk is full")
    assert level_of("<4>late") == ("warning", "late")
    assert level_of("<6>ready") == ("info", "ready")
    assert level_of("Traceback (most recent call last):")[0] == "error"
    assert level_of("ready")[0] == "info"


def test_of_a_folder_the_newest_lines_of_one_process_come(tmp_path: Path) -> None:
    (tmp_path / "controller.log").write_text("".join(f"line {n}\n" for n in range(LINES_MAX + 50)))
    (tmp_path / "network.log").write_bytes(b"\xff\xfe not text\n")

    async def read() -> None:
        logs = FolderLogs(tmp_path)
        lines = await logs.last("controller")
        assert (len(lines), lines[-1].text) == (LINES_MAX, f"line {LINES_MAX + 49}")
        assert [line.text.endswith("not text") for line in await logs.last("network")] == [True]
        assert await logs.last("vision") == []

    asyncio.run(read())


def test_of_a_service_managers_journal_with_its_times_and_levels(tmp_path: Path) -> None:
    """The program is one that writes what journalctl --output json does: systemd.journal-fields(7)."""
    program = tmp_path / "journalctl"
    rows = (
        '{"MESSAGE":"started","PRIORITY":"6","__REALTIME_TIMESTAMP":"1795410202000000"}',
        '{"MESSAGE":"connection from 10.0.0.7","PRIORITY":"3"}',
        '{"MESSAGE":[1,2,3]}',
        "{cut off",
    )
    program.write_text("#!/bin/sh\n" + "".join(f"echo '{row}'\n" for row in rows) + 'echo "$@" >&2\n')
    program.chmod(0o755)

    async def read() -> None:
        lines = await JournalLogs(str(program)).last("controller")
        assert [(line.level, line.text, line.at_us) for line in lines] == [
            ("info", "started", 1_795_410_202_000_000),
            ("error", "connection from [address]", None),
        ]
        assert await JournalLogs(str(tmp_path / "absent")).last("controller") == []

    asyncio.run(read())


def test_of_a_service_managers_journal_all_comes_however_slowly_it_is_written(tmp_path: Path) -> None:
    program = tmp_path / "journalctl"
    row = '{"MESSAGE":"line %s","PRIORITY":"6"}'
    lines = "".join(f"echo '{row % number}'\nsleep 0.05\n" for number in range(8))
    program.write_text("#!/bin/sh\n" + lines)
    program.chmod(0o755)
    found = asyncio.run(JournalLogs(str(program)).last("controller"))
    assert [line.text for line in found] == [f"line {number}" for number in range(8)]


def test_a_log_of_development_keeps_its_bound_and_its_newest_end(tmp_path: Path) -> None:
    log = DevelopmentLog(tmp_path / "logs", "controller")
    for n in range(300):
        log.write(b"%04d " % n + b"x" * 1_995)
    content = log.path.read_bytes()
    assert len(content) <= FILE_BYTES_MAX
    assert b"0299 " in content


def test_figures_are_read_as_the_kernel_and_the_boards_firmware_give_them(tmp_path: Path) -> None:
    """0x50005: under-voltage and throttled, now and since the start (Raspberry Pi, get_throttled)."""
    zone = tmp_path / "class" / "thermal" / "thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "temp").write_text("61250\n")
    soc = tmp_path / "devices" / "platform" / "soc" / "soc:firmware"
    soc.mkdir(parents=True)
    (soc / "get_throttled").write_text("50005\n")
    assert figures.celsius(tmp_path) == 61.25
    assert figures.throttled(tmp_path) == (("under_voltage", "throttled"), ("under_voltage", "throttled"))
    (soc / "get_throttled").write_text("0\n")
    assert figures.throttled(tmp_path) == ((), ())


def test_a_machine_that_does_not_tell_is_no_trouble(tmp_path: Path) -> None:
    assert figures.celsius(tmp_path) is None
    assert figures.throttled(tmp_path) == (None, None)
    assert figures.disk(tmp_path / "absent") == figures.disk(tmp_path)
    found = figures.read(tmp_path)
    assert found.memory_bytes is not None
    assert found.memory_bytes > 0
    assert found.clock_synchronised in (True, False, None)
