"""The controller's end of a role's Unix socket: states, health and answers out, commands of that role in.

The role is the socket's; the peer's user id is checked too. Commands are limited by rate, and by what the role may
ask: whoever takes the process over can still ask for just that, and no faster.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from firmware.core.facts import EndLockdown, HoldOpen, OpenOnce, ReleasePortal, StartEvacuation
from firmware.local_socket import own_users, user_of
from firmware.messages import (
    NETWORK_MAY_LOOK,
    Answer,
    AnyFromNetwork,
    AnyFromOffice,
    Ask,
    AskOffice,
    AskWires,
    Exchange,
    FrameError,
    FrameReader,
    Grip,
    Health,
    Message,
    States,
    Welcome,
    pack,
)

CLIENTS_MAX = 4
UNSENT_BYTES_MAX = 1 << 20  # a client that reads nothing is let go
ASKS_PER_S = 2.0
ASKS_BURST = 10
URGENT_PER_S = 0.5
URGENT_BURST = 4
ASKS_OPEN_MAX = 64  # not yet answered, while the journal cannot commit
URGENT_OPEN_MAX = 16  # of these, beside all others: nothing that is not answered yet stands before them
REFUSALS_PER_S = 10.0  # of one client; past that and the burst it is read no faster, and its own buffer fills
REFUSALS_BURST = 256
EXCHANGES_PER_S = 80.0  # 64 peers tell once a second at most
EXCHANGES_BURST = 256
LOOKS_PER_S = 4.0  # at wires and self-tests: one list of a large site takes some ms
LOOKS_BURST = 40  # a page of the self-test takes two, and whoever is at it loads one after the other
GRIPS_PER_S = 20.0  # four times what `menshen wire` says while a key is held
GRIPS_BURST = 20
READ_BYTES = 1 << 16


class Allowance:
    """A token bucket on the loop's clock."""

    def __init__(self, per_s: float = ASKS_PER_S, burst: int = ASKS_BURST) -> None:
        self._per_s, self._burst = per_s, burst
        self._tokens = float(burst)
        self._then_s = 0.0

    def take(self, now_s: float) -> bool:
        self._tokens = min(self._burst, self._tokens + (now_s - self._then_s) * self._per_s)
        self._then_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Pace(NamedTuple):
    """How many clients a role may have, and how fast it may ask; how fast what is `slowed`, all of that together.

    What is `urgent` has a pace of its own: it waits behind nothing else, and floods no journal either. So has what
    goes on `beside`.
    """

    clients_max: int = CLIENTS_MAX
    asks_per_s: float = ASKS_PER_S
    asks_burst: int = ASKS_BURST
    slowed: frozenset[type] = frozenset()
    slowed_per_s: float = 0.0
    slowed_burst: int = 0
    urgent: frozenset[type] = frozenset()
    beside: frozenset[type] = frozenset()  # what only looks: it takes nothing of what persons order


# What lets people in: a guard at the busiest hour opens for a car every three seconds. Not evacuation, which lets out.
NETWORK_PACE = Pace(
    slowed=frozenset({OpenOnce, HoldOpen, ReleasePortal, EndLockdown}),
    slowed_per_s=1 / 3,
    slowed_burst=8,
    urgent=frozenset({StartEvacuation}),
    beside=NETWORK_MAY_LOOK,
)
# Commands of people at a desk and of their programs: each costs a signature and two syncs of the card. A client that
# waits for a card at a reader keeps its place for up to two minutes.
OFFICE_PACE = Pace(clients_max=16, asks_per_s=10.0, asks_burst=32)


class RoleSocket:
    """Serves one role. `on_ask` takes a message whose command may be asked; `kind` is what messages of the role are."""

    def __init__(
        self,
        role: str,
        welcome: Welcome | None,
        allowed: frozenset[type],
        on_ask: Callable[[Any], None],
        user_ids: frozenset[int] | None = None,
        *,
        kind: object = AnyFromNetwork,
        pace: Pace = Pace(),  # noqa: B008 - frozen
    ) -> None:
        """`welcome` is the first message to whoever connects, where the role gets one."""
        self.role = role
        self._kind = kind
        self._pace = pace
        self._welcome = welcome
        self._allowed = allowed
        self._on_ask = on_ask
        self._user_ids = own_users() if user_ids is None else user_ids
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._asked: dict[str, asyncio.StreamWriter] = {}
        self._allowance = Allowance(pace.asks_per_s, pace.asks_burst)
        self._slowed = Allowance(pace.slowed_per_s, pace.slowed_burst)
        self._urgent = Allowance(URGENT_PER_S, URGENT_BURST)
        self._beside = Allowance(LOOKS_PER_S, LOOKS_BURST)
        self._states: States | None = None
        self._health: Health | None = None
        self.on_exchange: Callable[[bytes], None] | None = (
            None  # takes frames of other controllers, where there are any
        )
        self._frame_allowance = Allowance(EXCHANGES_PER_S, EXCHANGES_BURST)
        self.on_grip: Callable[[str, bool], None] | None = None  # request, whether its key is held; where it has keys
        self.on_gone: Callable[[str], None] = lambda _request: None
        self._tied: dict[str, asyncio.StreamWriter] = {}
        self.refused_peers = 0
        self.refused_frames = 0
        self.refused_asks = 0
        self.refused_exchanges = 0

    @property
    def listened_to(self) -> bool:
        """Whether any client is connected."""
        return bool(self._clients)

    async def start(self, listening: socket.socket) -> None:
        self._server = await asyncio.start_unix_server(self._serve, sock=listening)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._clients.values():
            writer.close()
        for task in list(self._clients):
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    def publish(self, message: States | Health) -> None:
        """Send to every client, and as the first thing to whoever connects later."""
        if isinstance(message, States):
            self._states = message
        else:
            self._health = message
        frame = pack(message)
        for writer in self._clients.values():
            self._write(writer, frame)

    def tell(self, message: Message) -> None:
        """Send to every client; who connects later gets the next one."""
        frame = pack(message)
        for writer in self._clients.values():
            self._write(writer, frame)

    def answer(self, answer: Answer) -> None:
        """Answer a command; call it after the command's event is committed."""
        self.send(answer.request, [answer])

    def send(self, request: str, messages: Sequence[Message]) -> None:
        """All that is answered to one request."""
        writer = self._asked.pop(request, None)
        if writer is not None and not writer.is_closing():
            self._write(writer, b"".join(map(pack, messages)))

    def tie(self, request: str) -> None:
        """What was just asked lives no longer than the connection that it came by; `on_gone` tells of its end."""
        writer = self._asked.get(request)
        if writer is not None:
            self._tied[request] = writer

    def untie(self, request: str) -> None:
        self._tied.pop(request, None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._clients) >= self._pace.clients_max or user_of(writer) not in self._user_ids:
            self.refused_peers += 1
            writer.close()
            return
        self._clients[task] = writer
        try:
            first: list[Message | None] = [self._welcome, self._states, self._health]
            for message in first:
                if message is not None:
                    self._write(writer, pack(message))
            await self._read(reader, writer)
        except FrameError:
            self.refused_frames += 1
        except (ConnectionError, asyncio.CancelledError):
            return  # the client went, or we stop
        finally:
            del self._clients[task]
            self._asked = {request: asked for request, asked in self._asked.items() if asked is not writer}
            for request in [request for request, tied in self._tied.items() if tied is writer]:
                del self._tied[request]
                self.on_gone(request)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = FrameReader(self._kind)
        refusals = Allowance(REFUSALS_PER_S, REFUSALS_BURST)
        grips = Allowance(GRIPS_PER_S, GRIPS_BURST)
        now_s = asyncio.get_running_loop().time
        while received := await reader.read(READ_BYTES):
            for message in frames.feed(received):
                assert isinstance(message, AnyFromNetwork | AnyFromOffice), "the decoder takes only these"
                if isinstance(message, Exchange):
                    taken = self._hand_on(message)
                elif isinstance(message, Grip):
                    taken = self._hold(message, writer, grips)
                else:
                    taken = self._take(message, writer)
                if not taken and not refusals.take(now_s()):
                    # What is read late would hold a key that was let go long ago.
                    if self.on_grip is not None and writer in self._tied.values():
                        raise FrameError("a client that holds a key asks for too much beside it")
                    await asyncio.sleep(1 / REFUSALS_PER_S)

    def _hand_on(self, message: Exchange) -> bool:
        """Hand a frame of another controller on, which is proven there; False where none is expected, or too many."""
        if self.on_exchange is None or not self._frame_allowance.take(asyncio.get_running_loop().time()):
            self.refused_exchanges += 1
            return False
        self.on_exchange(message.frame)
        return True

    def _hold(self, grip: Grip, writer: asyncio.StreamWriter, allowance: Allowance) -> bool:
        """Hand on what a client says of a key, where it is the one that asked.

        Raises FrameError where it says so faster than any key: a heap of it, read later, would hold what was let go.
        """
        if not allowance.take(asyncio.get_running_loop().time()):
            raise FrameError("a key is held faster than any key")
        if self.on_grip is None or self._tied.get(grip.request) is not writer:
            return False
        self.on_grip(grip.request, grip.held)
        return True

    def _take(self, ask: Ask | AskOffice | AskWires, writer: asyncio.StreamWriter) -> bool:
        """Hand one command on; False where it was refused, which the client is told."""
        why = None
        if type(ask.command) not in self._allowed:
            why = "not_allowed"
        elif len(self._asked) >= self._open_max(type(ask.command)) or not self._in_pace(type(ask.command)):
            why = "too_many"
        elif ask.request in self._asked or not 0 < len(ask.request) <= 64:
            why = "request_reused"
        if why is not None:
            self.refused_asks += 1
            self._write(writer, pack(Answer(request=ask.request[:64], done=False, reasons=(why,))))
            return False
        self._asked[ask.request] = writer
        self._on_ask(ask)
        return True

    def _open_max(self, kind: type) -> int:
        return ASKS_OPEN_MAX + (URGENT_OPEN_MAX if kind in self._pace.urgent else 0)

    def _in_pace(self, kind: type) -> bool:
        now_s = asyncio.get_running_loop().time()
        if kind in self._pace.urgent:
            return self._urgent.take(now_s)
        if kind in self._pace.beside:
            return self._beside.take(now_s)
        return self._allowance.take(now_s) and (kind not in self._pace.slowed or self._slowed.take(now_s))

    @staticmethod
    def _write(writer: asyncio.StreamWriter, frame: bytes) -> None:
        if writer.is_closing():
            return
        if writer.transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            writer.transport.abort()
            return
        writer.write(frame)
