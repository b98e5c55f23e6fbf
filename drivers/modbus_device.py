"""What all Modbus devices have in common: points of a profile on a shared port. The kinds are in files of their own.

A level is told when two polls in a row agree on it, the second of which is put at once: a CRC of 16 bits lets one
garbled frame in 65,536 pass, and no barrier may move for that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from drivers.bus.lines import BusError
from drivers.bus.modbus_ports import Ports
from drivers.driver import Emit
from drivers.loop_time import running_loop
from drivers.modbus_profile import Command, fence, load_profile, polls
from drivers.modbus_settings import ModbusConfig
from drivers.on_limit import OnLimit
from drivers.relay import OnLost
from drivers.reports import DriverError, Dropped, InputLevel, Level, Measured
from drivers.wire.modbus import Function, Request

if TYPE_CHECKING:
    import asyncio

MS = 1_000_000
SLOW_NS = 500 * MS  # between two looks at what the outputs say of themselves
FEED_PART = 3  # a watchdog is fed this many times as often as it asks for
MEASURED_STEP = 1.0  # degrees that a temperature has to change to be told again
AGREE_STEP = 2.0  # degrees within which two readings agree
CHATTER_NS_MAX = 2_000 * MS  # that no two polls in a row agree on a point: its contact is worn, wet or loose


class ModbusOutput:
    """One output of a device, to be commanded like a device of its own."""

    def __init__(self, device: ModbusDevice, name: str, point: str, lost_on: bool, on_ms_max: int) -> None:
        self.id = point
        self.name = name
        self.lost_on = lost_on
        self.on = lost_on  # as commanded
        self.limit = OnLimit(point, on_ms_max)
        self._device = device

    def apply(self, on: bool) -> None:
        """Have the output driven, right after what the port is doing. Raises DriverError where the device is lost.

        A board that does not confirm it is lost, which is told as such.
        """
        self.limit.check(on)
        self._device.command(self, on)


class ModbusDevice:
    """A board or a drive. Its points speak under their own ids; `outputs` are commanded by theirs."""

    def __init__(self, config: ModbusConfig, ports: Ports) -> None:
        profile = load_profile(config.profile)
        self.id = config.id
        self.unit = config.unit
        self.points = tuple(use.id for use in config.points())
        self.answer_ms = profile.answer_ms
        self.poll_ns = profile.poll_ms * MS
        self.slow_ns = SLOW_NS
        self.fast, self.slow = polls(profile, config.used(), config.unit)
        self.fence = fence(profile, config.unit)
        watchdog = profile.watchdog
        self.feed = watchdog.feed.request(config.unit) if watchdog is not None and watchdog.feed is not None else None
        self.feed_ns = watchdog.drops_ms * MS // FEED_PART if watchdog is not None else 0
        self.counts: Counter[str] = Counter()
        self.outputs = {
            point: ModbusOutput(self, name, point, config.on_lost.get(name) is OnLost.ON, config.on_ms_max.get(name, 0))
            for name, point in config.outputs.items()
        }
        self._config = config
        self._profile = profile
        self._ports = ports
        first = next(iter(profile.circuit), "")
        self._circuits = {
            name: profile.circuit[config.circuits.get(name, first)]
            for name in config.inputs
            if name in profile.supervised
        }
        self._arm = [write.request(config.unit) for write in watchdog.arm] if watchdog is not None else []
        self._emit: Emit | None = None
        self._lost: asyncio.Future[str] | None = None
        self._to_arm: list[Request] = []
        self._confirmed: dict[int, int] = {}  # address of a coil or of the command word -> what the device confirmed
        self._status: int | None = None
        self._seen: dict[str, InputLevel] = {}  # by the last poll
        self._since_ns: dict[str, int] = {}
        self._agreed_ns: dict[str, int] = {}  # when two polls last agreed
        self._told: dict[str, InputLevel] = {}
        self._read: dict[str, float] = {}
        self._measured: dict[str, float] = {}
        self._doubted: set[int] = set()  # coils that were read back as something else, once
        self._answered: set[Request] = set()

    async def run(self, emit: Emit) -> None:
        """Poll and command the device until it is lost. It begins with every output at its `on_lost` level."""
        port = self._ports.port(self._config.line())
        self._reset(emit)
        self._lost = lost = running_loop().create_future()
        try:
            port.join(self)
            why = await lost
            raise DriverError(f"{self.id}: {why}")
        except BusError as error:
            raise DriverError(f"{self.id}: {error}") from error
        finally:
            self._lost = self._emit = None
            port.leave(self)
            for output in self.outputs.values():
                output.limit.off()

    def proven(self) -> bool:
        """Whether the device itself was heard in this run: every poll answered, every write confirmed."""
        return self._lost is not None and self._answered.issuperset(self.fast) and self.write() is None

    def safe(self) -> None:
        """Put every output to its `on_lost` level. Never raises; what did not get through is counted.

        While the port is at work (another device is lost, or none) this is handed to it and goes before everything
        else; else the port is opened for it, for less than half a second.
        """
        for output in self.outputs.values():
            output.on = output.lost_on
            output.limit.off()
        requests = self.last_writes()
        if not requests:
            return
        port = self._ports.port(self._config.line())
        if self._lost is not None:
            self._confirmed.clear()
            port.kick()
        elif port.is_open:
            port.send_last(requests, self.answer_ms)
        else:
            try:
                self._ports.write_now(self._config.line(), requests, self.answer_ms)
            except BusError:
                self.counts["safe_failed"] += 1

    def counters(self) -> dict[str, int]:
        """`late`: frames that were an answer to something else; `dropped`: outputs that were on for too long."""
        names = ("polls", "writes", "timeouts", "short", "crc", "wrong_unit", "late", "exceptions", "safe_failed")
        counted = {name: self.counts[name] for name in names}
        return {**counted, "dropped": sum(output.limit.drops for output in self.outputs.values())}

    # -- for its outputs ----------------------------------------------------------------------------------------------

    def command(self, output: ModbusOutput, on: bool) -> None:
        """Raises DriverError where the device does not run."""
        if self._lost is None or self._emit is None:
            raise DriverError(f"{output.id}: {self.id} is not running, so it was not driven; see its DeviceLost")
        output.on = on
        if on:
            output.limit.on(self._emit, lambda: self._drop(output))
        else:
            output.limit.off()
        self._ports.port(self._config.line()).kick()

    def _drop(self, output: ModbusOutput) -> None:
        output.on = False
        self._ports.port(self._config.line()).kick()

    # -- for the port -------------------------------------------------------------------------------------------------

    def write(self) -> Request | None:
        """What is off goes before what is on, and the watchdog is armed before anything is switched on."""
        wanted = self._wanted()
        differing = [each for each in wanted if self._confirmed.get(each.address) != each.value]
        for request in differing:
            if not self._switches_on(request):
                return request
        if self._to_arm:
            return self._to_arm[0]
        return differing[0] if differing else None

    def sending(self, request: Request) -> None:
        self._confirmed.pop(request.address, None)
        if request.function is Function.WRITE_REGISTER:
            self._status = None  # the drive will leave the state that was polled before

    def written(self, request: Request) -> None:
        if self._to_arm and request == self._to_arm[0]:
            self._to_arm.pop(0)
        else:
            self._confirmed[request.address] = request.value

    def answered(self, request: Request, values: tuple[int, ...], at_ns: int) -> bool:
        """Tell what two polls in a row agree on; True: they do not agree yet."""
        self._answered.add(request)
        profile = self._profile
        command = profile.command
        if command is not None and command.status_table and command.status_table.function is request.function:
            self._status = _value(request, values, command.status_address, self._status)
            self._look_at_status(command, at_ns)
        again = False
        for name, point in self._config.inputs.items():
            if name in profile.input:
                input_ = profile.input[name]
                value = _value(request, values, input_.address, None)
                if input_.table.function is request.function and value is not None:
                    on = input_.on(value) != (name in self._config.normally_closed)
                    again |= self._level(point, InputLevel.ACTIVE if on else InputLevel.INACTIVE, at_ns)
            elif name in profile.supervised:
                analogue = profile.supervised[name]
                value = _value(request, values, analogue.address, None)
                if analogue.table.function is request.function and value is not None:
                    level = self._circuits[name].level(value, self._seen.get(point))
                    again |= self._level(point, level, at_ns)
            else:
                measure = profile.measure[name]
                value = _value(request, values, measure.address, None)
                if measure.table.function is request.function and value is not None:
                    self._measure(point, measure.celsius(value), at_ns)
        if request.function is Function.READ_COILS:
            self._read_back(request, values)
        return again

    def last_writes(self) -> Sequence[Request]:
        return [*self._word(frozenset(), None), *self._coils(lambda output: output.lost_on)]

    def lost(self, why: str) -> None:
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(why)

    # -- outputs ------------------------------------------------------------------------------------------------------

    def _reset(self, emit: Emit) -> None:
        self._emit = emit
        self._to_arm = list(self._arm)
        self._status = None
        for each in (
            self._confirmed,
            self._seen,
            self._since_ns,
            self._agreed_ns,
            self._told,
            self._read,
            self._measured,
        ):
            each.clear()
        self._doubted.clear()
        self._answered.clear()
        for output in self.outputs.values():
            output.on = output.lost_on

    def _wanted(self) -> list[Request]:
        on = frozenset(output.name for output in self.outputs.values() if output.on)
        return [*self._word(on, self._status), *self._coils(lambda output: output.on)]

    def _word(self, on: frozenset[str], status: int | None) -> list[Request]:
        """The command word; none where no output of it is in use, or where the status must be polled first."""
        command: Command | None = self._profile.command
        by_word = {name for name in self._config.outputs if self._profile.output[name].coil is None}
        if command is None or not by_word:
            return []
        word = command.word(on & by_word, status)
        if word is None:
            return []
        return [Request(self.unit, Function.WRITE_REGISTER, command.address, value=word)]

    def _look_at_status(self, command: Command, at_ns: int) -> None:
        """A drive that leaves the states of a motion by itself has faulted or started anew: it is not started again."""
        moving = [each for each in self.outputs.values() if each.on and self._profile.output[each.name].coil is None]
        word = command.word(frozenset(output.name for output in moving), self._status)
        if moving and word == command.rest and self._confirmed.get(command.address, command.rest) != command.rest:
            for output in moving:
                output.on = False
                if self._emit is not None:
                    self._emit(
                        Dropped(output.id, f"the drive has stopped by itself: status {self._status:#06x}", at_ns)
                    )

    def _coils(self, level: Callable[[ModbusOutput], bool]) -> list[Request]:
        made = []
        for output in self.outputs.values():
            coil = self._profile.output[output.name].coil
            if coil is not None:
                made.append(Request(self.unit, Function.WRITE_COIL, coil, value=int(level(output))))
        return made

    def _switches_on(self, request: Request) -> bool:
        if request.function is Function.WRITE_COIL:
            return request.value != 0
        assert self._profile.command is not None
        return request.value != self._profile.command.rest

    def _read_back(self, request: Request, values: tuple[int, ...]) -> None:
        """An output that twice says something else than it confirmed: the board has started anew, or was written to.

        What it was told is not repeated behind the core's back: the device is lost, which the core hears of.
        """
        for wanted in self._coils(lambda output: output.on):
            value = _value(request, values, wanted.address, None)
            if value is None or wanted.address not in self._confirmed:
                continue
            if value == self._confirmed[wanted.address]:
                self._doubted.discard(wanted.address)
            elif wanted.address in self._doubted:
                self._ports.port(self._config.line()).give_up(
                    self, f"coil {wanted.address} is not what was written: it has started anew, or somebody else writes"
                )
                return
            else:
                self._doubted.add(wanted.address)

    # -- inputs -------------------------------------------------------------------------------------------------------

    def _level(self, point: str, level: InputLevel, at_ns: int) -> bool:
        """True: ask again."""
        if self._seen.get(point) is not level:
            self._seen[point] = level
            self._since_ns[point] = at_ns
            if at_ns - self._agreed_ns.setdefault(point, at_ns) >= CHATTER_NS_MAX:
                self._tell(point, InputLevel.FAULT, at_ns)
            return self._told.get(point) is not level
        self._agreed_ns[point] = at_ns
        self._tell(point, level, self._since_ns[point])
        return False

    def _tell(self, point: str, level: InputLevel, at_ns: int) -> None:
        if self._told.get(point) is not level and self._emit is not None:
            self._told[point] = level
            self._emit(Level(point, level, at_ns))

    def _measure(self, point: str, celsius: float | None, at_ns: int) -> None:
        before = self._read.pop(point, None)
        if celsius is None:
            return
        self._read[point] = celsius
        if before is None or abs(before - celsius) > AGREE_STEP or self._emit is None:
            return
        told = self._measured.get(point)
        if told is None or abs(told - celsius) >= MEASURED_STEP:
            self._measured[point] = celsius
            self._emit(Measured(point, celsius, at_ns))


def _value(request: Request, values: tuple[int, ...], address: int, otherwise: int | None) -> int | None:
    """What a poll says of an address, where it says anything."""
    index = address - request.address
    return values[index] if 0 <= index < len(values) else otherwise
