"""What hangs on the wires, for installers: a bounded record of each device, and what `menshen wire` asks.

One entry for each device and point of the configuration: what was last heard of it, or told to it, and when. Whether an
output may be held on decides the core (firmware/core/trial.py); here is who holds it, and over which connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from drivers.camera_settings import CameraConfig, without_secrets
from drivers.driver import Driver
from drivers.serial_reader import SerialReaderConfig
from drivers.text_display import TextDisplayConfig
from firmware.config import Config, DeviceDraft, Problems
from firmware.controller.answers import Answers
from firmware.controller.clock import Clock
from firmware.controller.inbox import Inbox, Rank
from firmware.controller.kinds import typed
from firmware.controller.points import Point, points_of
from firmware.core.codes import Code
from firmware.core.effects import Record, SetOutput
from firmware.core.facts import (
    AnyFact,
    DeviceLost,
    DeviceRecovered,
    InputChanged,
    NoiseSeen,
    OutputFailed,
    Reading,
    SetOutOfService,
    TemperatureMeasured,
)
from firmware.core.site import Barrier, Door
from firmware.core.state import State
from firmware.core.trial import stands_against, what
from firmware.core.trial_facts import TryEnded, TryOutput, TryRenewed
from firmware.core.wiring import Role
from firmware.messages import Answer, AskWires, HoldOutput, ListWires, Service, Wire, Wired, WirePortal

WIRES_PER_FRAME = 100  # of at most some 2 kB each: a frame holds 256 kB
WHY_CHARACTERS_MAX = 200


class Last(NamedTuple):
    """What was last heard of a device, or told to it, and when on our clock."""

    word: str
    at_ms: int
    why: str = ""
    value: str = ""


class Stepping(Protocol):
    """Who has the core's state. firmware.controller.engine.Engine is one."""

    @property
    def state(self) -> State: ...


class Socket(Protocol):
    """The office's end. firmware.controller.office_socket.OfficeSocket is one."""

    def furnish(self, wires: Wires) -> None: ...
    def tie(self, request: str) -> None: ...
    def untie(self, request: str) -> None: ...


class Wires:
    """See the head of this file. All methods are for the event loop's thread."""

    def __init__(
        self,
        config: Config,
        drivers: Mapping[str, Driver],
        clock: Clock,
        inbox: Inbox,
        answers: Answers,
        socket: Socket,
    ) -> None:
        tables = [DeviceDraft("", str(table.get("id", "")), table) for table in config.devices]
        self._points = points_of(typed(tables, Problems()))
        self._reset = {} if config.reset_input is None else {config.reset_input: ("", "factory_reset")}
        self._drivers = drivers
        self._clock = clock
        self._inbox = inbox
        self._answers = answers
        self._socket = socket
        self._engine: Stepping | None = None
        self._restarts: Mapping[str, int] = {}
        self._last: dict[str, Last] = {}  # by device or point
        self._troubles: dict[str, Last] = {}  # lost, or an output that failed
        self._ended = ""
        self._ended_by: tuple[str, ...] = ()
        self.wear: Mapping[str, int] = {}  # how often each was switched, read or active
        self.observers: list[Callable[[str, str], None]] = []  # told of each device and its word, as it is heard
        socket.furnish(self)

    def attach(self, engine: Stepping, restarts: Mapping[str, int]) -> None:
        """Give them whom they ask for the state, and how often each driver was started again."""
        self._engine, self._restarts = engine, restarts

    # -- what is heard and told ---------------------------------------------------------------------------------------

    def stepped(self, fact: AnyFact, effects: Sequence[object], ticket: int | None) -> None:
        """The core has taken a fact; what it brought about is committed with `ticket`."""
        self._heard(fact)
        for effect in effects:
            if isinstance(effect, SetOutput):
                self._note(effect.output, "on" if effect.on else "off")
                if effect.output in self._troubles and self._troubles[effect.output].word == "failed":
                    del self._troubles[effect.output]
            elif isinstance(effect, Record) and effect.event.code is Code.OUTPUT_TRY_ENDED:
                self._ended, self._ended_by = effect.event.device or "", effect.event.reasons
        if isinstance(fact, TryEnded):
            self._socket.untie(fact.request)
        if isinstance(fact, TryOutput | SetOutOfService):
            self._decided(fact, effects, ticket)

    def _heard(self, fact: AnyFact) -> None:
        match fact:
            case InputChanged():
                self._note(fact.input, fact.level.value)
            case Reading():
                self._note(fact.reader, "read", anew=True)
            case NoiseSeen():
                self._note(fact.reader, "noise", anew=True)
            case TemperatureMeasured():
                self._note(fact.device, "measured", anew=True, value=f"{fact.celsius:g}")
            case OutputFailed():
                self._trouble(fact.output, "failed", fact.why)
            case DeviceLost():
                self._trouble(fact.device, "lost", fact.why)
            case DeviceRecovered():
                if self._troubles.pop(fact.device, None) is not None:
                    self._tell(fact.device, self.word(fact.device))
            case _:
                return

    def _note(self, device: str, word: str, *, anew: bool = False, value: str = "") -> None:
        before = self._last.get(device)
        if device in self._points and (anew or before is None or before.word != word):
            self._last[device] = Last(word, self._clock.now_ms(), value=value)
            self._tell(device, word)

    def _trouble(self, device: str, word: str, why: str) -> None:
        if device in self._points:
            self._troubles[device] = Last(word, self._clock.now_ms(), why[:WHY_CHARACTERS_MAX])
            self._tell(device, word)

    def _tell(self, device: str, word: str) -> None:
        for observer in self.observers:
            observer(device, word)

    # -- what installers ask ------------------------------------------------------------------------------------------

    def ask(self, asked: AskWires) -> None:
        """Take one question or command."""
        command, request = asked.command, asked.request
        if request in self._answers:
            self._answers.send(request, [Answer(request, False, ("request_reused",))])
            return
        match command:
            case ListWires():
                self._answers.send(request, list(self.listed(request)))
                return
            case Service():
                fact: SetOutOfService | TryOutput = SetOutOfService(
                    issuer=command.issuer, request=request, portal=command.portal, out=command.out
                )
            case HoldOutput():
                fact = TryOutput(issuer=command.issuer, request=request, output=command.output, note=command.why)
                self._socket.tie(request)
        self._answers.open(request, Answer(request, True))
        self._inbox.put(fact, Rank.COMMAND, "office")

    def gripped(self, request: str, held: bool) -> None:
        """Somebody still holds a key, or has let it go."""
        if held:
            self._inbox.put(TryRenewed(request), Rank.COMMAND, "office")
        else:
            self._inbox.put(TryEnded(request), Rank.SYSTEM, "office")

    def gone(self, request: str) -> None:
        """The connection over which a key was held has ended."""
        self._inbox.put(TryEnded(request, lost=True), Rank.SYSTEM, "office")

    def dropped(self, fact: object) -> bool:
        """The full inbox dropped a fact; whoever asked for it here is told. Returns whether somebody did."""
        asked = self._answers.of(fact.request) if isinstance(fact, TryOutput | SetOutOfService) else None
        if asked is None or not isinstance(fact, TryOutput | SetOutOfService):
            return False
        self._socket.untie(fact.request)
        asked.over(Answer(fact.request, False, ("too_many",)), None)
        self._answers.tell()
        return True

    def _decided(self, fact: TryOutput | SetOutOfService, effects: Sequence[object], ticket: int | None) -> None:
        asked = self._answers.of(fact.request)
        if asked is None:
            return  # another role's
        for effect in effects:
            if isinstance(effect, Record) and effect.event.request == fact.request:
                done = effect.event.code is not Code.COMMAND_REFUSED
                if not done:
                    self._socket.untie(fact.request)
                asked.over(Answer(fact.request, done, effect.event.reasons), ticket)
                self._answers.tell()
                return

    # -- what they see ------------------------------------------------------------------------------------------------

    @property
    def points(self) -> Mapping[str, Point]:
        """Every device and point, by id."""
        return self._points

    def word(self, name: str) -> str:
        """What was last heard of a device, or told to it; "unknown": nothing yet."""
        last = self._troubles.get(name) or self._last.get(name)
        return "unknown" if last is None else last.word

    def some(self, names: Iterable[str]) -> tuple[Wire, ...]:
        """These, as they are now."""
        uses = self.uses
        now_ms, utc_ms = self._clock.now_ms(), self._clock.utc_ms()
        found = ((name, self._points[name]) for name in names if name in self._points)
        return tuple(
            self._wire(self._state, point, name, uses.get(name, ("", "")), now_ms, utc_ms) for name, point in found
        )

    @property
    def uses(self) -> dict[str, tuple[str, str]]:
        """As uses_of, and the button on the board that is none of the core's."""
        return uses_of(self._state) | self._reset

    @property
    def _state(self) -> State:
        assert self._engine is not None, "whoever makes the wires says who steps"
        return self._engine.state

    def listed(self, request: str) -> Iterator[Wired]:
        """All of them, in as many frames as it takes."""
        state = self._state
        uses = self.uses
        now_ms, utc_ms = self._clock.now_ms(), self._clock.utc_ms()  # one instant for all of it
        wires = [
            self._wire(state, point, name, uses.get(name, ("", "")), now_ms, utc_ms)
            for name, point in self._points.items()
        ]
        starts = range(0, max(1, len(wires)), WIRES_PER_FRAME)
        for start in starts:
            last = start == starts[-1]
            yield Wired(
                request,
                state.site.id,
                utc_ms,
                tuple(wires[start : start + WIRES_PER_FRAME]),
                portals=_portals(state) if last else (),
                ended=self._ended,
                ended_by=self._ended_by,
                more=not last,
            )

    def _wire(
        self, state: State, point: Point, name: str, use: tuple[str, str], now_ms: int, utc_ms: int | None
    ) -> Wire:
        device = point.device.settings
        last = self._troubles.get(name) or self._last.get(name)
        age_ms = None if last is None else now_ms - last.at_ms
        lines = lines_of(point)
        output = point.role == "output"
        quiet = {"reader": "quiet", "bus": "quiet", "display": "quiet"}.get(point.role, "unknown")
        return Wire(
            id=name,
            kind=point.device.kind,
            role=point.role,
            board="" if point.use is None else device.id,
            lines=lines,
            portal=use[0],
            use=use[1],
            level=quiet if last is None else last.word,
            value="" if last is None else last.value,
            since_ms=None if age_ms is None or utc_ms is None else utc_ms - age_ms,
            age_ms=age_ms,
            why="" if last is None else last.why,
            counters=self._counters(name) if point.use is None else {},
            tried=state.trial is not None and state.trial.output == name,
            refused=stands_against(state, name) if output else (),
            cycles=self.wear.get(name, 0),
        )

    def _counters(self, name: str) -> dict[str, int]:
        driver = self._drivers.get(name)
        counted = {} if driver is None else driver.counters()
        restarts = self._restarts.get(name, 0)
        return {**counted, "restarts": restarts} if restarts else counted


def lines_of(point: Point) -> tuple[str, ...]:
    """Where an installer finds its wires: pins, a port, a point of a board."""
    device = point.device.settings
    if isinstance(device, CameraConfig):
        return (f"source {without_secrets(device.source)}",)
    if point.use is not None:
        return (point.use.key,)
    if isinstance(device, SerialReaderConfig | TextDisplayConfig):
        return (f"port {device.port}",)
    return tuple(f"{used.key} {used.line}" for used in device.lines())


def _portals(state: State) -> tuple[WirePortal, ...]:
    found = []
    for portal in state.site.portals:
        if isinstance(portal, Barrier):
            found.append(WirePortal(portal.id, "barrier", state.lanes[portal.id].lane.out_of_service))
        else:
            kind = "door" if isinstance(portal, Door) else "turnstile"
            found.append(WirePortal(portal.id, kind, state.portals[portal.id].out_of_service))
    return tuple(found)


def uses_of(state: State) -> dict[str, tuple[str, str]]:
    """Device or point -> the portal it belongs to, and what it is there, in the words of a site file."""
    wiring = state.wiring
    uses: dict[str, tuple[str, str]] = {}
    for output, portal in (wiring.outputs | wiring.lane_outputs).items():
        uses[output] = (portal, what(state, output))
    for reader, post in wiring.posts.items():
        uses[reader] = ("" if post.point is None else post.point.portal, "reader")
    for name, found in wiring.inputs.items():
        use = found[0]
        if use.role is Role.LANE:
            plan = wiring.barriers[use.owner]
            part = plan.inputs[plan.places[name][0]].part
            uses[name] = (use.owner, part.value)
        elif use.role is Role.TAMPER and use.owner in wiring.posts:
            point = wiring.posts[use.owner].point
            uses[name] = ("" if point is None else point.portal, use.role.value)
        else:
            uses[name] = (use.owner if use.owner in wiring.portals else "", use.role.value)
    for point in wiring.points.values():
        if point.display is not None:
            uses.setdefault(point.display, (point.portal, "display"))
    for name, portals in wiring.thermometers.items():
        uses[name] = (portals[0], "temperature")
    return uses
