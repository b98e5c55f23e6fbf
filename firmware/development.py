"""The development supervisor behind `menshen run`: starts rehearsal, controller, network, people and vision.

On a board systemd does this job, one unit each. After every death of the controller `menshen safe` is run, as there.
The listening socket of the network role is made here and handed to the controller, so that it outlives it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from pathlib import Path

from firmware.controller.errors import ControllerError
from firmware.controller.safe import make_safe
from firmware.development_log import DevelopmentLog
from firmware.local_socket import listening_socket

BACK_OFF_S = (0.5, 1.0, 2.0, 5.0)
POWER_OFF_S = 3.0
STOP_S_MAX = 10.0
STDOUT_LINE_BYTES_MAX = 1 << 16

Say = Callable[[str], None]


class Child:
    """One supervised process, started again with bounded back-off until stopped."""

    def __init__(self, name: str, arguments: Sequence[str], pass_fds: Sequence[int] = ()) -> None:
        self.name = name
        self._arguments = arguments
        self._pass_fds = tuple(pass_fds)
        self.process: Process | None = None
        self.starts = 0
        self.on_line: Callable[[dict[str, object]], None] = lambda _: None
        self.after_death: Callable[[], object] | None = None
        self.wait_s = 0.0  # once, before the next start
        self.log: DevelopmentLog | None = None
        self._following: asyncio.Task[None] | None = None  # it ends with the process

    async def keep(self) -> None:
        """Run until cancelled; on cancel stop the process and wait for it."""
        attempt = 0
        loop = asyncio.get_running_loop()
        try:
            while True:
                started_s = loop.time()
                self.process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    *self._arguments,
                    stdout=PIPE,
                    stderr=None if self.log is None else PIPE,
                    pass_fds=self._pass_fds,
                    limit=STDOUT_LINE_BYTES_MAX,
                )
                self.starts += 1
                if self.log is not None and self.process.stderr is not None:
                    self._following = asyncio.create_task(self.log.follow(self.process.stderr))
                await self._listen(self.process)
                await self.process.wait()
                if self.after_death is not None:
                    await asyncio.to_thread(self.after_death)
                attempt = 0 if loop.time() - started_s > 10 else attempt + 1
                await asyncio.sleep(self.wait_s or BACK_OFF_S[min(attempt, len(BACK_OFF_S) - 1)])
                self.wait_s = 0.0
        finally:
            await self._stop()

    async def _listen(self, process: Process) -> None:
        """Lines of JSON on standard output are for us; anything else is for the person at the terminal."""
        assert process.stdout is not None
        async for raw in process.stdout:
            try:
                told = json.loads(raw)
            except ValueError:
                told = None
            if isinstance(told, dict):
                self.on_line(told)
            else:
                sys.stdout.write(raw.decode(errors="replace"))

    async def _stop(self) -> None:
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), STOP_S_MAX)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


class Development:
    """`menshen run FILE --simulated`: everything on this machine, until Ctrl-C."""

    def __init__(
        self,
        config: Path,
        plants: Path,
        state: Path,
        page: str,
        panel: str,
        say: Say,
        record: Path | None = None,
        *,
        cameras: bool = False,
    ) -> None:
        """`cameras`: the site has some, so that there is a vision process, too."""
        self._config, self._plants, self._state, self._record = config, plants, state, record
        self._page, self._panel, self._say = page, panel, say
        self._runtime = Path(tempfile.mkdtemp(prefix="menshen-"))
        self._wires = self._runtime / "wires.sock"
        self._role_path = self._runtime / "network.sock"
        self._role_socket = listening_socket(self._role_path)
        self._people_path = self._runtime / "people.sock"
        self._scenes = self._runtime / "scenes.sock"
        self._vision_path = self._runtime / "vision.sock"
        self._pictures = self._runtime / "pictures.sock"
        self._vision_socket = listening_socket(self._vision_path) if cameras else None
        self._asked, self._asks_end = socket.socketpair()
        self._asked.setblocking(False)
        self._decides = asyncio.Event()  # the controller has said that it is ready
        self._children = self._describe()
        self.power_cuts = 0

    def _describe(self) -> dict[str, Child]:
        site = ["--config", str(self._config), "--state", str(self._state)]
        ask_fd = self._asks_end.fileno()
        role_fd = self._role_socket.fileno()
        rehearsal = ["firmware.rehearsal", "--socket", str(self._wires), "--plants", str(self._plants)]
        rehearsal += ["--panel", self._panel, "--control", str(ask_fd)]
        controller = ["firmware.controller", *site, "--wires", str(self._wires), "--network-fd", str(role_fd)]
        if self._record is not None:
            controller += ["--record", str(self._record)]
        vision = ["firmware.vision", "--socket", str(self._vision_path), "--scenes", str(self._scenes)]
        vision += ["--evidence", str(self._state / "evidence"), "--pictures", str(self._pictures)]
        handed = [role_fd]
        if self._vision_socket is not None:
            rehearsal += ["--scenes", str(self._scenes)]
            controller += ["--vision-fd", str(self._vision_socket.fileno())]
            handed.append(self._vision_socket.fileno())
        network = ["firmware.network", "--config", str(self._config), "--socket", str(self._role_path)]
        network += ["--page", self._page, "--console", "--state", str(self._state / "network")]
        network += ["--people", str(self._people_path)]
        network += ["--pictures", str(self._pictures), "--logs", str(self._state / "logs")]
        children = {
            "rehearsal": Child("rehearsal", rehearsal, [ask_fd]),
            "controller": Child("controller", controller, handed),
            "network": Child("network", network),
            "people": Child("people", ["firmware.people", *site, "--socket", str(self._people_path)]),
        }
        if self._vision_socket is not None:
            children["vision"] = Child("vision", vision)
        children["rehearsal"].on_line = self._told
        children["controller"].on_line = self._told
        children["network"].on_line = self._told
        if "vision" in children:
            children["vision"].on_line = self._told
        children["controller"].after_death = self._make_safe
        for name, child in children.items():
            child.log = DevelopmentLog(self._state / "logs", name)
        return children

    async def run(self) -> int:
        """Start all, say where the page and the panel are, and end on SIGINT or SIGTERM."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended.set)
        tasks = [asyncio.create_task(self._keep(child), name=name) for name, child in self._children.items()]
        tasks.append(asyncio.create_task(self._answer(), name="asks"))
        stopping = asyncio.create_task(ended.wait())
        try:
            # A child's keeper that ends by itself has failed: better to stop and say so than to watch half a gate.
            await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            outcomes: list[BaseException | None] = []
            for task in reversed(tasks):  # one after the other: the controller needs its wires to make safe
                task.cancel()
                outcomes += await asyncio.gather(task, return_exceptions=True)
            self._close()
        failed = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        for failure in failed:
            self._say(f"Failed: {failure!r}")
        return 1 if failed else 0

    async def _keep(self, child: Child) -> None:
        """The gate first: what loads models would take the processor from what lets people in."""
        if child.name == "vision":
            await self._decides.wait()
        await child.keep()

    def _told(self, told: dict[str, object]) -> None:
        if "panel" in told:
            self._say(f"Panel:  {told['panel']}   (presents cards, pushes doors, cuts power)")
        elif "page" in told:
            self._say(f"Page:   {told['page']}   (as the console; the code works once)")
        elif "camera" in told:
            state = "it sees" if told.get("sees") else f"it does not see, and all else goes on: {told.get('why')}"
            self._say(f"Camera: {told['camera']}: {state}")
        elif "boot" in told:
            self._decides.set()
            self._say(f"Ready:  the controller of {told['ready']} decides")

    async def _answer(self) -> None:
        """What the panel asks of us, one JSON line each."""
        loop = asyncio.get_running_loop()
        held = b""
        while True:
            held = (held + await loop.sock_recv(self._asked, 4096))[-4096:]
            *lines, held = held.split(b"\n")
            if any(b'"power_cut"' in line for line in lines):
                self._cut_power()

    def _cut_power(self) -> None:
        """The controller's plug is pulled: no signal handler, no last word; it starts again after POWER_OFF_S."""
        controller = self._children["controller"]
        if controller.process is not None and controller.process.returncode is None:
            self.power_cuts += 1
            controller.wait_s = POWER_OFF_S
            controller.process.kill()
            self._say(f"Power cut {self.power_cuts}: the controller is off for {POWER_OFF_S:.0f} s")

    def _make_safe(self) -> None:
        """What the service manager does on a board after every death of the controller."""
        try:
            outputs = make_safe(self._config, self._wires)
        except ControllerError as error:
            self._say(f"Safe:   {error}")
        else:
            self._say(f"Safe:   {len(outputs)} devices with outputs are at their safe levels")

    def _close(self) -> None:
        for end in (self._asked, self._asks_end, self._role_socket, self._vision_socket):
            if end is not None:
                end.close()
        for path in (self._wires, self._role_path, self._people_path, self._vision_path, self._scenes, self._pictures):
            path.unlink(missing_ok=True)
        self._runtime.rmdir()


def state_folder(site: str) -> Path:
    """Where a simulated controller keeps its state between runs (XDG base directories)."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "menshen" / site
