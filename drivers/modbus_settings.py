"""What a `[[device]]` table of a Modbus device may hold, and what tables of one port say about each other."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from drivers.modbus_profile import UNVERIFIED, Profile, ProfileError, load_profile
from drivers.relay import ON_MS_MAX, OnLost
from drivers.serial_settings import Parity, serial_problems
from drivers.settings import LineUse, PointRole, PointUse, Problem

UNITS = (1, 247)  # 0 is the broadcast, 248 to 255 are reserved: MODBUS over Serial Line V1.02, section 2.2
LATENCY_MS_MAX = 50


class Line(NamedTuple):
    """One port as it is opened: a serial one, or `host` with `tcp_port`."""

    port: str
    baud: int = 19200
    parity: Parity = Parity.EVEN
    stop_bits: int = 1
    host: str = ""
    tcp_port: int = 0
    latency_ms: int = 2

    @property
    def name(self) -> str:
        return self.port or f"{self.host}:{self.tcp_port}"


class ModbusConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the tables of all Modbus devices hold. Points are the profile's, by name, with the ids the site calls them.

    `normally_closed` names inputs that are on at rest, so that a broken wire reads active. `circuits` names the circuit
    of each supervised input that has not the profile's first. `latency_ms` is what the adapter adds to each exchange.
    """

    id: str
    unit: int
    profile: str
    port: str | None = None
    host: str | None = None
    baud: int = 19200
    parity: Parity = Parity.EVEN
    stop_bits: int = 1
    latency_ms: int = 2
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}
    normally_closed: tuple[str, ...] = ()
    circuits: dict[str, str] = {}
    on_lost: dict[str, OnLost] = {}
    on_ms_max: dict[str, int] = {}

    def line(self) -> Line:
        """The port; good for use when there are no problems."""
        if self.host is not None:
            address, _, tcp_port = self.host.rpartition(":")
            return Line("", host=address.strip("[]"), tcp_port=int(tcp_port), latency_ms=self.latency_ms)
        return Line(self.port or "", self.baud, self.parity, self.stop_bits, latency_ms=self.latency_ms)

    def used(self) -> list[str]:
        """The profile's points that are used."""
        return [*self.inputs, *self.outputs]

    def supervises(self, name: str) -> bool:
        """Whether this point tells a break and a short from what its contact says."""
        try:
            return name in load_profile(self.profile).supervised
        except ProfileError:
            return False

    def lines(self) -> tuple[LineUse, ...]:
        """None of the board's: a port is no line."""
        return ()

    def points(self) -> tuple[PointUse, ...]:
        """Every point with the id that the site uses for it."""
        try:
            measures = set(load_profile(self.profile).measure)
        except ProfileError:
            measures = set()
        inputs = [
            PointUse(f"inputs.{name}", point, PointRole.MEASURE if name in measures else PointRole.INPUT)
            for name, point in self.inputs.items()
        ]
        outputs = [
            PointUse(
                f"outputs.{name}",
                point,
                PointRole.OUTPUT,
                self.on_lost.get(name, OnLost.OFF) is OnLost.ON,
                self.on_ms_max.get(name, 0),
            )
            for name, point in self.outputs.items()
        ]
        return (*inputs, *outputs)

    def problems(self) -> tuple[Problem, ...]:
        return (*self._line_problems(), *self._point_problems())

    def _line_problems(self) -> Iterator[Problem]:
        if not UNITS[0] <= self.unit <= UNITS[1]:
            yield Problem("unit", str(self.unit), f"{UNITS[0]} to {UNITS[1]}")
        if (self.port is None) == (self.host is None):
            found = "neither" if self.port is None else "both"
            yield Problem("port", found, 'either port = "/dev/ttyUSB0" or host = "192.0.2.7:502"')
        elif self.host is not None and not _is_address(self.host):
            yield Problem(
                "host", self.host, "an IP address and a port, like 192.0.2.7:502 (no name: a resolver may hang)"
            )
        one = (self.port is None) != (self.host is None)
        yield from serial_problems(self.port if one else None, self.baud)
        if self.stop_bits not in (1, 2):
            yield Problem("stop_bits", str(self.stop_bits), "1 or 2")
        if not 0 <= self.latency_ms <= LATENCY_MS_MAX:
            yield Problem("latency_ms", str(self.latency_ms), f"0 to {LATENCY_MS_MAX}")

    def _point_problems(self) -> Iterator[Problem]:
        try:
            profile = load_profile(self.profile)
        except ProfileError as error:
            yield Problem("profile", self.profile, str(error))
            return
        if profile.kind != self.__struct_config__.tag:
            yield Problem("profile", self.profile, f'a profile of kind "{self.__struct_config__.tag}"')
            return
        if not self.inputs and not self.outputs:
            yield Problem("inputs", "-", "at least one input or output")
        readable = [*profile.input, *profile.supervised, *profile.measure]
        for key, names, allowed in (
            ("inputs", list(self.inputs), readable),
            ("outputs", list(self.outputs), list(profile.output)),
            ("normally_closed", list(self.normally_closed), [name for name in self.inputs if name in profile.input]),
            ("circuits", list(self.circuits), [name for name in self.inputs if name in profile.supervised]),
            ("on_lost", list(self.on_lost), list(self.outputs)),
            ("on_ms_max", list(self.on_ms_max), list(self.outputs)),
        ):
            for name in names:
                if name not in allowed:
                    yield Problem(key, name, ", ".join(allowed) or "nothing here")
        for name, circuit in self.circuits.items():
            if circuit not in profile.circuit:
                there = ", ".join(profile.circuit) or "nothing: this profile has no supervised inputs"
                yield Problem("circuits", f"{name} {circuit}", there)
        yield from self._output_problems(profile)

    def _output_problems(self, profile: Profile) -> Iterator[Problem]:
        for name, left in self.on_lost.items():
            if left is OnLost.ON and name in profile.output and profile.output[name].coil is None:
                yield Problem("on_lost", f"{name} on", "off: it is a motion of the drive's command word")
        for name, on_ms in self.on_ms_max.items():
            if not 0 <= on_ms <= ON_MS_MAX:
                yield Problem("on_ms_max", f"{name} {on_ms}", f"0 (no limit) to {ON_MS_MAX}")
            elif on_ms and self.on_lost.get(name) is OnLost.ON:
                yield Problem("on_ms_max", f"{name} {on_ms}", "0 where on_lost is on: what is safe has no time limit")


class PortProblem(NamedTuple):
    """What is wrong between two tables of one port: `later` and `earlier` are their places among the tables."""

    later: int
    earlier: int
    key: str  # of the later one
    found: str
    allowed: str


def port_problems(tables: Sequence[ModbusConfig]) -> list[PortProblem]:
    """What the tables of a site contradict each other in: a port has one speed, and each board of it its own unit."""
    problems = []
    ports: dict[str, int] = {}
    units: dict[tuple[str, int], int] = {}
    for later, table in enumerate(tables):
        where = table.host if table.host is not None else table.port
        if where is None:
            continue
        earlier = ports.setdefault(where, later)
        for key in ("latency_ms",) if table.host is not None else ("baud", "parity", "stop_bits", "latency_ms"):
            agreed = getattr(tables[earlier], key)
            if getattr(table, key) != agreed:
                said = f"{agreed}, as the other devices of {where}"
                problems.append(PortProblem(later, earlier, key, str(getattr(table, key)), said))
        earlier = units.setdefault((where, table.unit), later)
        if earlier != later:
            said = f"a unit that no other device of {where} has: two that answer at once are heard by nobody"
            problems.append(PortProblem(later, earlier, "unit", str(table.unit), said))
    return problems


def unverified(table: ModbusConfig) -> str:
    """What `menshen check` prints beside a device that nobody has run this against; empty where somebody has."""
    profile = load_profile(table.profile)
    return "" if profile.verified else f"{table.id}: {profile.title}: {UNVERIFIED} (by {profile.source})"


def _is_address(host: str) -> bool:
    address, _, tcp_port = host.rpartition(":")
    try:
        ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return False
    return tcp_port.isdecimal() and 0 < int(tcp_port) < 65536
