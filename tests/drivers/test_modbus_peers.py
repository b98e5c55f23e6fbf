"""Other people's Modbus: a slave and a master that share no line with ours, each against one of our two sides."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.bus.modbus_ports import Ports
from drivers.modbus_io import ModbusIo
from drivers.reports import AnyReport, InputLevel, Level
from firmware.rehearsal.modbus_board import Board
from tests.drivers.modbus_far import FarThread, ended, io_config, running, until

MBPOLL, SOCAT = shutil.which("mbpoll"), shutil.which("socat")


# -- modbus-tk as the slave, in a process of its own -------------------------------------------------------------------

TK_SLAVE = """
import sys
import modbus_tk.defines as tk
if sys.argv[1] == "tcp":
    from modbus_tk.modbus_tcp import TcpServer
    server = TcpServer(port=int(sys.argv[2]), address="127.0.0.1")
else:
    import serial
    from modbus_tk.modbus_rtu import RtuServer
    server = RtuServer(serial.Serial(sys.argv[2], 19200))
server.start()
slave = server.add_slave(1)
slave.add_block("coils", tk.COILS, 0, 8)
slave.add_block("inputs", tk.DISCRETE_INPUTS, 0, 8)
slave.add_block("holding", tk.HOLDING_REGISTERS, 0, 8)
print("ready", flush=True)
for line in sys.stdin:
    words = line.split()
    if words[0] == "set":
        slave.set_values("inputs", 0, int(words[1]))
    print(*slave.get_values("coils", 0, 8), flush=True)
server.stop()
"""


class TkSlave:
    """A board of modbus-tk with eight coils and eight inputs."""

    def __init__(self, folder: Path, tcp: bool) -> None:
        self._socat: subprocess.Popen[bytes] | None = None
        if tcp:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = str(free.getsockname()[1])
            self.address = f"127.0.0.1:{port}"
        else:
            ours, theirs = folder / "ours", folder / "theirs"
            ends = [f"pty,raw,echo=0,link={end}" for end in (ours, theirs)]
            assert SOCAT is not None
            self._socat = subprocess.Popen([SOCAT, *ends])
            for _ in range(500):
                if ours.exists() and theirs.exists():
                    break
                threading.Event().wait(0.01)
            self.address, port = str(ours), str(theirs)
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", TK_SLAVE, "tcp" if tcp else "rtu", port],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def ask(self, *words: object) -> list[int]:
        """The coils, after an input was set."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(*words, file=self._process.stdin, flush=True)
        return [int(each) for each in self._process.stdout.readline().split()]

    def close(self) -> None:
        self._process.communicate()
        if self._socat is not None:
            self._socat.terminate()
            self._socat.wait()


@pytest.fixture(params=["rtu", "tcp"])
def tk_slave(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TkSlave]:
    if importlib.util.find_spec("modbus_tk") is None:
        pytest.skip("modbus-tk is not installed: it is in the dev extra")
    if request.param == "rtu" and SOCAT is None:
        pytest.skip("socat is not installed: sudo apt-get install socat")
    made = TkSlave(tmp_path, request.param == "tcp")
    yield made
    made.close()


def test_our_driver_with_a_slave_of_modbus_tk(tk_slave: TkSlave):
    where = {"port": tk_slave.address} if "/" in tk_slave.address else {"port": None, "host": tk_slave.address}

    async def body() -> None:
        said: list[AnyReport] = []

        def last() -> InputLevel | None:
            return next((each.level for each in reversed(said) if isinstance(each, Level)), None)

        device = ModbusIo(io_config(latency_ms=50, **where), Ports())
        task = running(device, said)
        await until(lambda: device.proven() and last() is not None, 20)
        for value, level in ((1, InputLevel.ACTIVE), (0, InputLevel.INACTIVE)):
            tk_slave.ask("set", value)
            await until(lambda level=level: last() is level, 20)
        for on in (True, False, True):
            device.outputs["output_1"].apply(on)
            await until(lambda: device.write() is None, 20)
            assert tk_slave.ask("get")[0] == on
        await ended(task)
        device.safe()
        assert tk_slave.ask("get")[0] == 0
        assert device.counters()["safe_failed"] == 0

    asyncio.run(body())


# -- mbpoll as the master of our simulated boards ---------------------------------------------------------------------


@pytest.mark.skipif(MBPOLL is None, reason="mbpoll is not installed: sudo apt-get install mbpoll")
@pytest.mark.parametrize("tcp", [False, True], ids=["rtu", "tcp"])
def test_mbpoll_with_our_simulated_board(tcp: bool):
    board = Board(7, answer_ms=1)
    board.inputs[:8] = [1, 0, 1, 1, 0, 0, 0, 1]
    board.holding[3] = 0x1234
    far = FarThread(board, tcp=tcp)

    def mbpoll(*arguments: str, values: tuple[str, ...] = ()) -> str:
        host, _, port = far.address.rpartition(":")
        where = ["-m", "tcp", "-p", port, host] if tcp else ["-m", "rtu", "-b", "19200", "-P", "none", far.address]
        assert MBPOLL is not None
        done = subprocess.run(
            [MBPOLL, "-1", "-0", "-a", "7", *arguments, *where, *values], capture_output=True, text=True, timeout=20
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    try:
        said = mbpoll("-t", "1", "-r", "0", "-c", "8")
        assert re.findall(r"^\[\d\]:\s+(\d)", said, re.MULTILINE) == list("10110001")
        assert "0x1234" in mbpoll("-t", "4:hex", "-r", "3", "-c", "1")
        mbpoll("-t", "0", "-r", "2", values=("1",))
        assert board.coils[:4] == [0, 0, 1, 0]
        mbpoll("-t", "0", "-r", "4", values=("1", "0", "1"))
        assert board.coils[:8] == [0, 0, 1, 0, 1, 0, 1, 0]
        mbpoll("-t", "4", "-r", "5", values=("4711",))
        mbpoll("-t", "4", "-r", "6", values=("8", "9"))
        assert [board.holding[at] for at in (5, 6, 7)] == [4711, 8, 9]
    finally:
        far.close()
