"""Modbus boards for the driver tests: over a socket pair on virtual time, or in a thread over a pty or TCP."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from drivers.bus.lines import BusError
from drivers.bus.modbus_ports import Ports
from drivers.bus.modbus_wire import DescriptorWire
from drivers.modbus_io import ModbusIo, ModbusIoConfig
from drivers.modbus_settings import Line
from drivers.reports import AnyReport
from drivers.serial_settings import Parity
from firmware.rehearsal.modbus_board import Board, BoardLine


class Detached(DescriptorWire):
    """One end of a socket pair as a serial port."""

    def __init__(self, end: socket.socket, name: str) -> None:
        end.setblocking(False)
        super().__init__(name, end.detach(), True)


class Cable:
    """Ports whose only line is a simulated one; `pulled` makes opening fail, as of a device that is not there."""

    def __init__(self, *boards: Board, **how: Any) -> None:
        self.line = BoardLine(*boards, **how)
        self.ports = Ports(self._open)
        self.pulled = False
        self.wires: list[Detached] = []

    def _open(self, line: Line) -> Detached:
        if self.pulled:
            raise BusError(f"{line.port} cannot be opened: there is no such file")
        ours, theirs = socket.socketpair()
        self.line.serve_socket(theirs)
        self.wires.append(Detached(ours, line.port))
        return self.wires[-1]

    async def unplug(self) -> None:
        await self.line.hang_up()


def io_config(unit: int = 1, **more: Any) -> ModbusIoConfig:
    """A board with one input and one output in use."""
    given: dict[str, Any] = {
        "profile": "modbus_8di_8do",
        "port": "/dev/simulated",
        "parity": Parity.NONE,
        "inputs": {"in1": f"input_{unit}"},
        "outputs": {"out1": f"output_{unit}"},
    }
    return ModbusIoConfig(f"io_{unit}", unit, **{**given, **more})


def running(device: ModbusIo, said: list[AnyReport]) -> asyncio.Task[None]:
    return asyncio.create_task(device.run(said.append))


async def until(what: Callable[[], bool], limit_s: float = 5.0) -> float:
    """Wait for it, in steps of a millisecond; returns how long it took, in milliseconds."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    while not what():
        assert loop.time() - began_s < limit_s, "it never came"
        await asyncio.sleep(0.001)
    return (loop.time() - began_s) * 1000


async def ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class FarThread:
    """Boards that work while this thread waits; `address` is what their devices name as port or host."""

    def __init__(self, *boards: Board, tcp: bool = False, **how: Any) -> None:
        self.boards = boards
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.line = BoardLine(*boards, **how)
        self.address: str = self.ask(self._serve(tcp))

    async def _serve(self, tcp: bool) -> str:
        return await self.line.serve_tcp() if tcp else self.line.open_pty()

    def ask(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def close(self) -> None:
        self.ask(self.line.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
