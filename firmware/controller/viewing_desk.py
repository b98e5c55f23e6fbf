"""Looking through cameras from the page: decides who may, has it committed, and only then lets the pictures out.

Pictures go from the vision process to whoever shows it a ticket that this desk has told it of. A ticket is told once
the purpose stands in the journal, and ends with its time, by hand, or with the connection that asked for it. So a
network process that is taken over sees nothing without an event that says so.

A guard has one viewing a shift, with one purpose, which the core keeps (core/viewings.py); beside it, for an incident
that is stated in own words, a short one.
"""

from __future__ import annotations

from asyncio import TimerHandle
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from drivers.loop_time import call_at_ns, loop_ns
from drivers.sights import Shown, Sights
from firmware.camera_commands import AnyOfCameras, AnyOfFacesHere, BeginViewing, EndViewing, ShiftTold, TellShift
from firmware.config import Config
from firmware.controller.clock import Clock
from firmware.controller.desk import Desk
from firmware.controller.engine import Engine
from firmware.controller.face_desk import FaceDesk
from firmware.controller.face_room import FaceRoom
from firmware.controller.inbox import Inbox, Rank
from firmware.controller.role_socket import Allowance, RoleSocket
from firmware.core.codes import Code, Reason
from firmware.core.effects import Record
from firmware.core.facts import AnyFact
from firmware.core.state import Shift
from firmware.core.viewing_facts import CameraViewed, Viewing
from firmware.core.viewings import shift_of
from firmware.messages import Answer, Ask

VIEWINGS_MAX = 8  # of all persons; each costs a JPEG or two a second while somebody looks
BEGINS_PER_S = 1 / 10  # persons who state a purpose; a network process that is taken over fills no journal with them
BEGINS_BURST = 6
MANAGER_S_MAX = 1_800  # as a look at the journal
INSTALLER_S_MAX = 900  # to aim a camera
INCIDENT_S_MAX = 900  # of a guard; what lasts longer is stated again
INCIDENT_CHARACTERS_MIN = 5  # a word at least, as of a purpose
PENDING_NS_MAX = 60_000_000_000  # for an event to be committed; then nobody waits for it any more
LATE_NS = 10_000_000_000  # twice as long as the page waits for an answer
NS = 1_000_000_000
GUARD, MANAGER, INSTALLER = "guard", "manager", "installer"


class Open(NamedTuple):
    """One viewing, asked for by `request`. `ticket` of the journal: 0, not taken by the core yet."""

    command: BeginViewing
    request: str
    asked_ns: int
    for_s: int
    committed_by: int = 0
    timer: TimerHandle | None = None
    gone: bool = False  # with the connection that asked for it


class Served(Protocol):
    """Whose desk it is. firmware.controller.process.Controller is one."""

    inbox: Inbox
    role_socket: RoleSocket
    faces: FaceDesk
    desk: Desk
    engine: Engine
    clock: Clock


class ViewingDesk:
    """See the head of this file. All methods are for the event loop's thread."""

    def __init__(self, controller: Served, config: Config, sights: Sights) -> None:
        self._use = config.viewing
        self._cameras = cameras_of(config)
        self._sights = sights
        self._controller = controller
        self._inbox = controller.inbox
        self._socket = controller.role_socket
        self._pending: dict[str, Open] = {}  # by the request
        self._open: dict[str, Open] = {}  # by the picture ticket
        self._shifts: Mapping[str, Shift] = {}  # as the core had them last
        self._begins = Allowance(BEGINS_PER_S, BEGINS_BURST)
        self._faces = FaceRoom(config, controller.faces, controller.desk, sights, controller.role_socket)
        controller.role_socket.on_gone = self._gone

    def take(self, ask: Ask) -> bool:
        """Take one command; False: it is not about cameras. It is answered when its event is committed."""
        command = ask.command
        if isinstance(command, EndViewing):
            self._end_asked(ask.request, command)
        elif isinstance(command, TellShift):
            self._socket.answer(Answer(ask.request, True, told=msgspec.json.encode(self._shift(command)).decode()))
        elif isinstance(command, BeginViewing):
            self._begin(ask, command)
        elif isinstance(command, AnyOfFacesHere):
            self._faces.take(ask.request, command)
        return isinstance(command, AnyOfCameras)

    def _begin(self, ask: Ask, command: BeginViewing) -> None:
        now_ns = loop_ns()
        self._pending = {key: one for key, one in self._pending.items() if now_ns - one.asked_ns < PENDING_NS_MAX}
        if not self._begins.take(now_ns / NS):
            self._socket.answer(Answer(ask.request, False, ("too_many",)))
            return
        reasons = self._reasons(command)
        if any(one.request == ask.request for one in (*self._open.values(), *self._pending.values())):
            reasons = (Reason.NOT_ALLOWED,)  # the end of one would untie the other from the connection
        if reasons:
            self._tell(Viewing.REFUSED, command, ask.request, "", reasons)
            return
        one = Open(command, ask.request, now_ns, self._seconds(command))
        self._pending[ask.request] = one
        self._socket.tie(ask.request)
        self._tell(Viewing.BEGUN, command, ask.request, f"{self._kind(command)}{-(-one.for_s // 60)} min")

    def stepped(self, fact: AnyFact, effects: Sequence[object], ticket: int | None) -> None:
        """The core has taken it, or refused it: `ticket` is what the journal commits it by."""
        self._keep_to_shifts()
        if not isinstance(fact, CameraViewed) or fact.viewing is not Viewing.BEGUN or ticket is None:
            return  # what is refused outright may bear the number of one that begins
        if fact.request not in self._pending:
            return
        if any(isinstance(each, Record) and each.event.code is Code.COMMAND_REFUSED for each in effects):
            del self._pending[fact.request]
            self._socket.untie(fact.request)
        else:
            self._pending[fact.request] = self._pending[fact.request]._replace(committed_by=ticket)

    def committed(self, ticket: int) -> None:
        """The purpose stands in the journal: from now on there are pictures."""
        for one in [one for one in self._pending.values() if 0 < one.committed_by <= ticket]:
            del self._pending[one.request]
            late = loop_ns() - one.asked_ns > LATE_NS  # the card stalled: whoever asked was told that nothing is shown
            if one.gone or late:
                self._socket.untie(one.request)
                self._tell(Viewing.ENDED, one.command, "", f"{'connection_lost' if one.gone else 'too_late'}, 0 min")
                continue
            shown = one.command.ticket
            until_ns = loop_ns() + one.for_s * NS
            timer = call_at_ns(until_ns, lambda shown=shown: self._end(shown, "time"))  # type: ignore[misc]
            for other in self._of_shift(one.command):
                self._end(other, "elsewhere")
            self._open[shown] = one._replace(timer=timer, asked_ns=loop_ns())
            self._sights.show(shown, Shown(one.command.cameras, until_ns))

    def stop(self) -> None:
        """The process ends."""
        for ticket in tuple(self._open):
            self._forget(ticket)

    # -- who may ------------------------------------------------------------------------------------------------------

    def _reasons(self, command: BeginViewing) -> tuple[str, ...]:
        """Why no picture is shown; empty: it may be."""
        roles = frozenset(command.roles.split())
        cameras = frozenset(command.cameras)
        taken = [one.command.ticket for one in (*self._open.values(), *self._pending.values())]
        if not self._use.on:
            return (Reason.VIEWING_OFF,)
        if not roles & {GUARD, MANAGER, INSTALLER} or not command.why.strip() or command.ticket in taken:
            return (Reason.NOT_ALLOWED,)
        if len(cameras) != len(command.cameras) or not cameras <= self._cameras.keys():
            return (Reason.CAMERA_NOT_FOUND,)
        if len(cameras) > self._use.cameras_at_once:
            return (Reason.VIEWING_CAMERAS,)
        if len(taken) - len(self._of_shift(command)) >= VIEWINGS_MAX:
            return (Reason.VIEWINGS_FULL,)
        if roles & {GUARD, MANAGER} == {GUARD} and not command.shift:
            stated = command.incident.strip()
            sound = len(stated) >= INCIDENT_CHARACTERS_MIN and stated in command.why
            return () if sound else (Reason.VIEWING_PURPOSE,)
        if not roles & {GUARD, MANAGER}:
            served = {portal for camera in cameras for portal in self._cameras[camera]}
            return tuple(f"{Reason.IN_SERVICE}:{portal}" for portal in sorted(served) if not self._is_out(portal))
        return ()

    def _seconds(self, command: BeginViewing) -> int:
        roles = command.roles.split()
        if _is_of_shift(command):
            most = self._shift(command).left_s
        elif MANAGER in roles:
            most = MANAGER_S_MAX
        else:
            most = INCIDENT_S_MAX if GUARD in roles else INSTALLER_S_MAX
        return max(1, min(command.for_s, most))

    # -- a guard's shift ----------------------------------------------------------------------------------------------

    def _shift(self, command: BeginViewing | TellShift) -> ShiftTold:
        """What stands of the guard's shift, or a whole one that nothing was stated for yet."""
        now_ms = self._controller.clock.now_ms()
        shift = shift_of(self._controller.engine.state, command.issuer, now_ms)
        if shift is None:
            return ShiftTold(self._use.shift_hours * 3600)
        return ShiftTold((shift.until_ms - now_ms) // 1000, shift.purpose)

    def _kind(self, command: BeginViewing) -> str:
        """What the event says of it before its length."""
        if _is_of_shift(command):
            return "resumed, " if self._shift(command).purpose else "shift, "
        roles = command.roles.split()
        return "incident, " if GUARD in roles and MANAGER not in roles else ""

    def _of_shift(self, command: BeginViewing) -> tuple[str, ...]:
        """Tickets of the same shift that are open: it is one viewing, wherever the guard looks."""
        if not _is_of_shift(command):
            return ()
        return tuple(
            ticket
            for ticket, one in self._open.items()
            if _is_of_shift(one.command) and one.command.issuer == command.issuer
        )

    def _keep_to_shifts(self) -> None:
        """No viewing outlives its shift: which may end earlier than was thought, once the time is known."""
        shifts = self._controller.engine.state.shifts
        if shifts is self._shifts:
            return
        self._shifts = shifts
        for ticket, one in tuple(self._open.items()):
            if _is_of_shift(one.command) and one.command.issuer not in shifts:
                self._end(ticket, "time")

    def _is_out(self, portal: str) -> bool:
        state = self._controller.engine.state
        if portal in state.lanes:
            return state.lanes[portal].lane.out_of_service
        return state.portals[portal].out_of_service

    # -- its end ------------------------------------------------------------------------------------------------------

    def _end_asked(self, request: str, command: EndViewing) -> None:
        if command.ticket not in self._open:
            self._socket.answer(Answer(request, False, (Reason.VIEWING_OVER,)))
            return
        self._end(command.ticket, command.because, request)

    def _gone(self, request: str) -> None:
        """The connection that asked for it has ended. What is being committed has its end in the journal, too."""
        if request in self._pending:
            self._pending[request] = self._pending[request]._replace(gone=True)
        for ticket in [ticket for ticket, one in self._open.items() if one.request == request]:
            self._end(ticket, "connection_lost")

    def _end(self, ticket: str, because: str, request: str = "") -> None:
        one = self._forget(ticket)
        minutes = (loop_ns() - one.asked_ns) // NS // 60
        self._tell(Viewing.ENDED, one.command, request, f"{because}, {minutes} min")

    def _tell(
        self, viewing: Viewing, command: BeginViewing, request: str, detail: str, reasons: tuple[str, ...] = ()
    ) -> None:
        fact = CameraViewed(
            command.issuer,
            request,
            viewing=viewing,
            cameras=command.cameras,
            address=command.address,
            purpose=command.why,
            detail=detail,
            reasons=reasons,
            shift_s=self._use.shift_hours * 3600 if viewing is Viewing.BEGUN and _is_of_shift(command) else 0,
        )
        self._inbox.put(fact, Rank.COMMAND, "network")

    def _forget(self, ticket: str) -> Open:
        one = self._open.pop(ticket)
        self._socket.untie(one.request)
        if one.timer is not None:
            one.timer.cancel()
        self._sights.show(ticket, None)
        return one


def _is_of_shift(command: BeginViewing) -> bool:
    return command.shift and GUARD in command.roles.split()


def cameras_of(config: Config) -> Mapping[str, tuple[str, ...]]:
    """Each camera of the site, with the portals that it is a reader of."""
    found: dict[str, tuple[str, ...]] = {
        str(table["id"]): () for table in config.devices if table.get("kind") == "camera"
    }
    for portal in config.site.portals:
        for point in portal.access_points:
            for reader in point.readers:
                if reader in found and portal.id not in found[reader]:
                    found[reader] = (*found[reader], portal.id)
    return found
