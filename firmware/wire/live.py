"""The live view: a loop between keys, clock and controller, and the terminal put back however it ends.

An output is on while its key is held: `Grasp` says so from what the terminal sends, and the controller hears of it
every GRIP_MS. It ends by letting go, by any other key, by the end of this process or its connection; and the controller
ends it by itself where it hears nothing more (firmware/core/trial.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import termios
from collections.abc import Iterator
from typing import Any

from firmware.config import escaped
from firmware.messages import GRIP_MS, Answer, HoldOutput, Message, Service
from firmware.wire.client import Client, Picture, WireError
from firmware.wire.grasp import Grasp
from firmware.wire.keys import Key, keys
from firmware.wire.said import Saying
from firmware.wire.screen import CLEAR, HIDE, SHOW, Seen, Size, chosen, draw, frame, page_of

TICK_S = 0.05
LOOK_S = 0.5
LOOK_HELD_S = 0.25  # while an output is held: whether it still is
SILENT_S = 3.0  # without a picture: what is shown is old
NOTE_S = 8.0
READ_BYTES = 4_096


class Live:
    """One session in front of a terminal. `why` is kept with each output that is held."""

    def __init__(self, client: Client, picture: Picture, saying: Saying, *, portal: str, by: str, why: str) -> None:
        self._client = client
        self._picture = picture
        self._saying = saying
        self._why = why
        self._loop = asyncio.get_running_loop()
        self._seen = Seen(portal=portal, by=by)
        self._grasp = Grasp()
        self._pressed = ""  # the output whose key is pressed, from the first touch on
        self._request = ""  # of what is held on now
        self._gripped_s = 0.0
        self._asked: asyncio.Future[list[Message]] | None = None
        self._looking: asyncio.Task[Picture] | None = None
        self._look_held = ""  # the request that had begun for sure when that look was asked for
        self._pictured_s = self._looked_s = self._loop.time()
        self._noted_s = 0.0
        self._asking: str = ""  # a portal, while a yes is waited for
        self._drawn: list[str] = []
        self.taken_out: set[str] = set()  # portals that were taken out of service here
        self.over = False
        self._choose(0)

    async def run(self) -> None:
        """Until the person has had enough. Raises WireError where the controller goes."""
        descriptor = sys.stdin.fileno()
        self._loop.add_reader(descriptor, self._read, descriptor)
        try:
            while not self.over:
                self._tick()
                self._show()
                await asyncio.sleep(TICK_S)
        finally:
            self._loop.remove_reader(descriptor)
            self._let_go()
            if self._looking is not None:
                self._looking.cancel()
                await asyncio.gather(self._looking, return_exceptions=True)

    def stop(self) -> None:
        """Somebody ends us: let go at once."""
        self._let_go()
        self.over = True

    # -- time ---------------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        now_s = self._loop.time()
        if self._client.ended is not None:
            raise self._client.ended
        self._hold(now_s)
        if self._looking is not None and self._looking.done():
            self._take(self._looking, now_s)
            self._looking = None
        if self._looking is None and now_s - self._looked_s >= (LOOK_HELD_S if self._request else LOOK_S):
            self._looked_s = now_s
            self._look_held = self._request if self._asked is None else ""
            self._looking = self._loop.create_task(self._client.look())
        if now_s - self._noted_s > NOTE_S and not self._asking:
            self._seen = self._seen._replace(note="")

    def _take(self, looked: asyncio.Task[Picture], now_s: float) -> None:
        try:
            self._picture = looked.result()
        except WireError as error:
            self._note(self._error(error))
            return
        self._pictured_s = now_s
        if self._request and self._look_held == self._request:
            wire = self._picture.wire(self._pressed)
            if wire is not None and not wire.tried:  # the controller has ended it: let go before it begins again
                self._grasp.spend()
                self._request = self._pressed = ""
                self._note(self._say("held_ended", why=self._saying.reasons(self._picture.ended_by)))

    # -- the key ------------------------------------------------------------------------------------------------------

    def _hold(self, now_s: float) -> None:
        held = self._grasp.held(now_s)
        if held and not self._request:
            self._begin(now_s)
        elif held and now_s - self._gripped_s >= GRIP_MS / 1000 - TICK_S / 2:
            self._client.grip(self._request, True)
            self._gripped_s = now_s
        elif not held and self._request:
            self._let_go()
        if self._asked is not None and self._asked.done():
            self._answered(self._asked)
            self._asked = None
        if not self._grasp.touched(now_s) and not self._request:
            self._pressed = ""

    def _begin(self, now_s: float) -> None:
        command = HoldOutput(issuer=self._seen.by, output=self._pressed, why=self._why)
        self._request, self._asked = self._client.ask(command)
        self._gripped_s = now_s

    def _let_go(self) -> None:
        self._grasp.spend()
        if self._request:
            self._client.grip(self._request, False)
            self._request = ""
            self._looked_s = 0.0  # look at once

    def _answered(self, asked: asyncio.Future[list[Message]]) -> None:
        """The event of the beginning is committed, or why there is none."""
        error = asked.exception()
        if error is not None:
            self._let_go()
            self._note(self._error(error))
            return
        (answer,) = asked.result()
        assert isinstance(answer, Answer), "commands are answered so"
        if not answer.done:
            self._let_go()
            self._note(self._say("not_held", why=self._saying.reasons(answer.reasons)))

    def _touch(self, now_s: float) -> None:
        """The key arrived once."""
        wire = self._picture.wire(self._seen.device)
        if self._grasp.is_spent(now_s):
            self._grasp.press(now_s)  # it says nothing before it was let go
        elif not self._seen.by:
            self._note(self._say("who"))
        elif wire is None or wire.role != "output":
            self._note(self._say("no_output"))
        elif wire.refused and not self._request:
            self._note(self._say("not_held", why=self._saying.reasons(wire.refused)))
        elif not self._pressed or self._pressed == wire.id:
            self._pressed = wire.id
            self._grasp.press(now_s)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def _read(self, descriptor: int) -> None:
        try:
            received = os.read(descriptor, READ_BYTES)
        except OSError:
            received = b""
        if not received:  # the terminal has gone
            self.stop()
            return
        now_s = self._loop.time()
        pressed = keys(received)
        if Key.HOLD in pressed and not self._asking:
            self._touch(now_s)  # once, however often it has arrived together
        for key in pressed:
            if key is Key.HOLD and not self._asking:
                continue
            self._let_go()
            self._press(key)
            if self.over:
                return

    def _press(self, key: Key) -> None:
        asking, self._asking = self._asking, ""
        if asking:
            self._seen = self._seen._replace(note="")
            if key is Key.YES:
                self._serve(asking)
            return
        match key:
            case Key.QUIT:
                self.over = True
            case Key.UP | Key.DOWN:
                self._choose(-1 if key is Key.UP else 1)
            case Key.PAGE_UP | Key.PAGE_DOWN:
                by = -1 if key is Key.PAGE_UP else 1
                self._seen = self._seen._replace(device=page_of(self._picture, self._seen, size(), by))
            case Key.NEXT_PORTAL | Key.LAST_PORTAL:
                self._turn(1 if key is Key.NEXT_PORTAL else -1)
            case Key.SERVICE:
                self._ask_service()
            case Key.REDRAW:
                self._drawn = []
            case _:
                return

    def _choose(self, by: int) -> None:
        wires = chosen(self._picture, self._seen.portal)
        here = next((place for place, wire in enumerate(wires) if wire.id == self._seen.device), 0)
        device = wires[min(max(0, here + by), len(wires) - 1)].id if wires else ""
        self._seen = self._seen._replace(device=device)

    def _turn(self, by: int) -> None:
        """The next portal; after the last one all of them."""
        names = ["", *(portal.id for portal in self._picture.portals)]
        here = names.index(self._seen.portal) if self._seen.portal in names else 0
        self._seen = self._seen._replace(portal=names[(here + by) % len(names)])
        self._choose(0)

    def _ask_service(self) -> None:
        wire = self._picture.wire(self._seen.device)
        portal = self._picture.portal(self._seen.portal or ("" if wire is None else wire.portal))
        if not self._seen.by:
            self._note(self._say("who"))
        elif portal is None:
            self._note(self._say("no_portal_chosen"))
        else:
            self._asking = portal.id
            self._note(self._say("put_back_yes" if portal.out_of_service else "take_out_yes", portal=portal.id))

    def _serve(self, name: str) -> None:
        portal = self._picture.portal(name)
        if portal is None:
            return
        out = not portal.out_of_service
        _, answered = self._client.ask(Service(issuer=self._seen.by, portal=name, out=out))
        answered.add_done_callback(lambda done: self._served(name, out, done))

    def _served(self, name: str, out: bool, answered: asyncio.Future[list[Message]]) -> None:
        if answered.cancelled():
            return
        if (error := answered.exception()) is not None:
            self._note(self._error(error))
            return
        (answer,) = answered.result()
        assert isinstance(answer, Answer), "commands are answered so"
        if not answer.done:
            self._note(self._saying.reasons(answer.reasons))
            return
        (self.taken_out.add if out else self.taken_out.discard)(name)
        self._note(self._say("taken_out" if out else "put_back", portal=name))
        self._looked_s = 0.0

    # -- the screen ---------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        silent_s = int(self._loop.time() - self._pictured_s)
        warning = ""
        if silent_s >= SILENT_S:
            warning = self._say("silent", seconds=silent_s)
        elif self._request:
            warning = self._say("holding", output=self._pressed)
        elif self._pressed:
            warning = self._say("keep_holding", output=self._pressed)
        now = size()
        lines = draw(self._picture, self._seen._replace(warning=warning), self._saying, now)
        if (lines := lines[: now.lines]) != self._drawn:
            self._drawn = lines
            sys.stdout.write(frame(lines))
            sys.stdout.flush()

    def resized(self) -> None:
        """The terminal has another size: everything is drawn anew."""
        self._drawn = []
        sys.stdout.write(CLEAR)

    def _note(self, text: str) -> None:
        self._noted_s = self._loop.time()
        self._seen = self._seen._replace(note=escaped(text))

    def _error(self, error: BaseException) -> str:
        return self._saying.error(error) if isinstance(error, WireError) else str(error)

    def _say(self, key: str, **values: object) -> str:
        return self._saying.say(key, **values)


def size() -> Size:
    """Of the terminal now; 80 x 24 where it does not say."""
    columns, lines = shutil.get_terminal_size((80, 24))
    return Size(columns - 1, lines)  # a character in the last column would leave the cursor on it, and be erased


async def live(client: Client, picture: Picture, saying: Saying, *, portal: str, by: str, why: str) -> set[str]:
    """Show it until the person has had enough. Returns the portals that were taken out of service meanwhile.

    Raises WireError where the controller goes; the terminal is put back first.
    """
    loop = asyncio.get_running_loop()
    with _terminal():
        session = Live(client, picture, saying, portal=portal, by=by, why=why)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            loop.add_signal_handler(number, session.stop)
        loop.add_signal_handler(signal.SIGWINCH, session.resized)
        try:
            await session.run()
        finally:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGWINCH):
                loop.remove_signal_handler(number)
    return session.taken_out


@contextlib.contextmanager
def _terminal() -> Iterator[None]:
    """Keys one by one and unechoed, no cursor; and as it was again, however this ends.

    Not to be stopped by a key either: a stopped process holds nothing, and leaves the terminal in disorder.
    """
    descriptor = sys.stdin.fileno()
    before: list[Any] = termios.tcgetattr(descriptor)
    changed: list[Any] = termios.tcgetattr(descriptor)
    changed[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG)
    changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0
    termios.tcsetattr(descriptor, termios.TCSADRAIN, changed)
    try:
        sys.stdout.write(HIDE + CLEAR)
        yield
    finally:
        with contextlib.suppress(termios.error):  # it has gone
            termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)
        with contextlib.suppress(OSError):
            sys.stdout.write(f"{SHOW}\r\n")
            sys.stdout.flush()
