"""An OSDP reader: cards, keys, tamper and power by its line; lights, buzzer and display by words of feedback.

It counts only over a secure channel with its own key. Whatever else answers at its address gives no card and is told
as Untrusted: once until a channel is up again, and once an hour.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from drivers.bus.lines import BusError
from drivers.bus.osdp_line import OsdpLines
from drivers.bus.osdp_member import Member, Trouble
from drivers.driver import Emit
from drivers.loop_time import loop_ns
from drivers.noise import NoiseCount
from drivers.osdp_keys import KeyFile, KeyRefused, new_key
from drivers.osdp_settings import OsdpConfig
from drivers.osdp_words import (
    PROMPTS,
    RESTING,
    WORDS,
    commands,
    endless,
    keyset,
    local_status,
    passes,
    prompting,
    silenced,
)
from drivers.reports import Digits, DriverError, Frame, InputLevel, Level, NoiseKind, Untrusted
from drivers.wire.wiegand import Card, Refusal, decode_in_order, lengths_of

CHANNEL_S_MAX = 3.0  # from the first command, or the loss of a channel, to the next one: at 9,600 baud it takes 0.5 s
AGAIN_TOLD_NS = 3_600_000_000_000  # a trouble that goes on is told once an hour
AGAIN_S = 1.0  # between two looks at a port or key that is not there
KEYS = {**{ord(key): key for key in "0123456789*#"}, 0x7F: "*", 0x0D: "#"}  # SIA OSDP 2.2
EVENT_CARD, EVENT_KEYS, EVENT_STATUS = 1, 2, 4  # libosdp's; a test compares them with the module's
STATUS_LOCAL = 2
REASONS = {
    Trouble.WRONG_KEY: "it does not have our key: give it the key, or look who has changed the reader",
    Trouble.DEFAULT_KEY: "it asks for the default key, which everybody knows: give it ours with `menshen osdp install`",
    Trouble.NO_CHANNEL: "it has no secure channel: it may be too old, or something may sit on its wires",
    Trouble.PLAIN: "it speaks without its secure channel: something may sit on its wires",
    Trouble.FORGED: "a message came under a wrong seal: something sits on its wires",
}


class Osdp:
    """See the head of this file.

    run() raises once when the reader is lost. Called again, it waits for the reader as long as it takes: the line asks
    for it every two seconds, so that a cable that is put back works at once and not when somebody tries again.
    """

    def __init__(self, config: OsdpConfig, lines: OsdpLines) -> None:
        self.id = config.id
        self.points = tuple(use.id for use in config.points())
        self._config = config
        self._lengths = lengths_of(config.formats)
        self._line = lines.line(config.port, config.baud)
        self._member = Member(config.id, config.address, self)
        self._keys = KeyFile(Path(config.key_file))
        self._noise = NoiseCount(config.id)
        self._emit: Emit | None = None
        self._lost: asyncio.Future[str] | None = None  # of this run
        self._told_lost = False
        self._untrusted: Trouble | None = None  # told since the last channel
        self._untrusted_ns = 0  # when
        self._limit: asyncio.TimerHandle | None = None
        self._work: set[asyncio.Task[None]] = set()  # with the key file
        self._proof: asyncio.Future[bytes] | None = None  # of the next channel: with which key
        self._changing = False  # a key is being rolled, or the reader installed
        self._resting = "idle"
        self._sounding = False
        self._prompted = False
        self._muted = False
        self._told: dict[str, InputLevel] = {}
        self._counts = {"frames": 0, "keys": 0, "mutes": 0, "key_changes": 0}

    async def run(self, emit: Emit) -> None:
        """See the class."""
        self._emit = emit
        self._told.clear()
        self._noise.start(emit)
        try:
            while True:
                why = await self._serve()
                if not self._told_lost:
                    self._told_lost = True
                    raise DriverError(f"{self.id}: {why}")
                await asyncio.sleep(AGAIN_S)
        finally:
            self._noise.stop()
            self._emit = None
            for task in tuple(self._work):
                task.cancel()
                await asyncio.wait((task,))

    def proven(self) -> bool:
        """Whether a secure channel is up."""
        return self._member.secure

    def safe(self) -> None:
        """It has no output that releases anything; what it shows it stops showing when nobody asks it any more."""

    def counters(self) -> dict[str, int]:
        """Cards, keys, what was asked and answered, channels, and each kind of trouble."""
        noise = {f"noise_{kind.value}": self._noise.totals[kind] for kind in NoiseKind}
        return self._counts | dict(self._member.counts) | noise

    def show(self, feedback: str) -> None:
        if feedback not in WORDS:
            return
        if feedback in RESTING:
            self._resting = feedback
        if not self._member.secure:
            return
        made = commands(feedback, self._config.text.get(feedback), self._sounding)
        if self._prompted and feedback not in self._config.text:
            made.append(silenced())
        self._prompted = False
        # Nobody stands there waiting to see what rests.
        self._member.send(made, soon=feedback not in RESTING, passes=passes(feedback))
        self._sounding = endless(feedback)
        self._line.kick()

    def prompt(self, prompt: str) -> None:
        """Say what to do before a camera, for a while; lights stay as they are."""
        text = self._config.text.get(prompt) if prompt in PROMPTS else None
        if text is None or not self._member.secure:
            return
        self._member.add(prompting(text, beeping=not self._sounding))
        self._prompted = True
        self._line.kick()

    def mute(self, muted: bool) -> None:
        self._counts["mutes"] += muted and not self._muted
        self._muted = muted

    # -- keys ---------------------------------------------------------------------------------------------------------

    async def roll_key(self, within_s: float) -> str:
        """Give the reader a new key, and prove it. Empty: done; else why not, and the old key is good as before.

        The new key is durable before the reader hears of it; the old one goes once the reader has proven the new one.
        """
        if self._changing or not self._member.secure:
            return "reader_busy" if self._changing else "no_secure_channel"
        self._changing = True
        try:
            async with asyncio.timeout(within_s):
                return await self._roll()
        except TimeoutError:
            return "too_late"
        except KeyRefused as error:
            return f"key_file:{error}"
        finally:
            self._changing, self._proof = False, None

    async def _roll(self) -> str:
        loop = asyncio.get_running_loop()
        if self._work:  # an earlier change is being tidied up
            await asyncio.wait(tuple(self._work))
        old = (await loop.run_in_executor(None, self._keys.load))[0]
        key = new_key()
        await loop.run_in_executor(None, self._keys.put_pending, key)
        self._proof = loop.create_future()
        self._member.set_keys((old, key))
        if not self._member.rekey(keyset(key), key):
            return "no_secure_channel"
        self._line.kick()
        proven = await self._proof
        if proven != key:
            await loop.run_in_executor(None, self._keys.drop_pending)
            self._member.set_keys((proven,))
            return "reader_refused_key"
        await loop.run_in_executor(None, self._keys.commit)
        self._member.set_keys((key,))
        self._counts["key_changes"] += 1
        return ""

    async def install(self, for_s: float) -> str:
        """Let the reader in with the default key for a while, to give it its own. Empty: it has proven that.

        Over a channel with a key that everybody knows, whoever listens on the wires learns ours.
        """
        if self._changing:
            return "reader_busy"
        self._changing = True
        self._proof = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(for_s):
                while self._lost is None:  # noqa: ASYNC110  the line is being opened again; rare, and seconds do not matter
                    await asyncio.sleep(AGAIN_S / 10)
                self._member.install(True, loop_ns())
                self._line.kick()
                await self._proof
            return ""
        except TimeoutError:
            return "too_late"
        finally:
            self._changing, self._proof = False, None
            if self._member.installing:
                self._member.install(False, loop_ns())
                self._line.kick()

    def _settle_keys(self, key: bytes) -> None:
        """A channel is up with `key`: what stood beside it from an interrupted change is over."""
        if self._proof is not None:
            if not self._proof.done():
                self._proof.set_result(key)
            return
        task = asyncio.get_running_loop().create_task(self._settle(key), name=f"{self.id}: keys")
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _settle(self, key: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            held = await loop.run_in_executor(None, self._keys.load)
            if self._changing or len(held) == 1:
                return
            await loop.run_in_executor(None, self._keys.commit if key == held[1] else self._keys.drop_pending)
            self._member.set_keys((key,))
        except KeyRefused:
            self._counts["key_files_refused"] = self._counts.get("key_files_refused", 0) + 1

    # -- the line -----------------------------------------------------------------------------------------------------

    async def _serve(self) -> str:
        """Be on the line until the reader is lost; why it is."""
        loop = asyncio.get_running_loop()
        try:
            keys = await loop.run_in_executor(None, self._keys.load)
            self._lost = loop.create_future()
            self._member.start(keys, loop_ns())
            self._line.join(self._member)
            self._await_channel()
            return await self._lost
        except (BusError, KeyRefused) as error:
            return str(error)
        finally:
            self._lost = None
            self._line.leave(self._member)
            self._member.end()
            if self._limit is not None:
                self._limit.cancel()
                self._limit = None

    def _await_channel(self) -> None:
        if self._limit is None:
            self._limit = asyncio.get_running_loop().call_later(CHANNEL_S_MAX, self._no_channel)

    def _no_channel(self) -> None:
        self._limit = None
        if not self._changing:
            self._end(f"no secure channel was made within {CHANNEL_S_MAX:.0f} s")

    def _end(self, why: str) -> None:
        """Lost, unless that is known already: then the line goes on asking."""
        if self._lost is not None and not self._lost.done() and not self._told_lost:
            self._lost.set_result(why)

    def secured(self, key: bytes) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
        self._told_lost, self._untrusted, self._sounding = False, None, True
        self._settle_keys(key)
        self._member.send(commands(self._resting, self._config.text.get(self._resting), self._sounding), soon=False)
        self._sounding = False
        if self.points:
            self._member.add([(0, local_status())], soon=False)

    def opened(self) -> None:
        if self._lost is not None:
            self._await_channel()

    def troubled(self, trouble: Trouble) -> None:
        if self._changing and trouble is not Trouble.FORGED:
            return
        now_ns = loop_ns()
        news = self._untrusted is not trouble or now_ns - self._untrusted_ns > AGAIN_TOLD_NS
        if self._emit is not None and news:
            self._untrusted, self._untrusted_ns = trouble, now_ns
            self._emit(Untrusted(self.id, trouble.value, now_ns))
        if not self._member.secure:
            self._end(REASONS[trouble])

    def silent(self, why: str) -> None:
        if self._lost is not None and not self._lost.done() and not self._line.is_open:
            self._lost.set_result(why)  # the port has gone: it has to be opened again, known or not
        self._end(why)

    # -- events -------------------------------------------------------------------------------------------------------

    def told(self, event: dict[str, Any]) -> None:
        """An event of the reader. A device with several readers speaks for the first one only."""
        emit, kind = self._emit, event.get("event")
        if emit is None:
            return
        if kind == EVENT_STATUS:
            self._status(event, emit)
        elif self._muted:
            return
        elif event.get("reader_no") != 0:
            self._noise.add(NoiseKind.UNKNOWN_FORMAT)
        elif kind == EVENT_CARD:
            self._card(event, emit)
        elif kind == EVENT_KEYS:
            self._digits(bytes(event["data"]), emit)

    def _card(self, event: dict[str, Any], emit: Emit) -> None:
        data, length = bytes(event["data"]), event.get("length", 0)
        if length not in self._lengths or len(data) != (length + 7) // 8:
            self._noise.add(NoiseKind.UNKNOWN_FORMAT)
            return
        bits = int.from_bytes(data, "big") >> (8 * len(data) - length)  # the first bit is the highest of the first byte
        found = decode_in_order(self._config.formats, bits, length)
        if not isinstance(found, Card):
            self._noise.add(NoiseKind.PARITY if found is Refusal.PARITY else NoiseKind.UNKNOWN_FORMAT)
            return
        now_ns = loop_ns()
        self._counts["frames"] += 1
        emit(Frame(self.id, bits, length, now_ns, now_ns, now_ns))

    def _digits(self, data: bytes, emit: Emit) -> None:
        if not self._config.keypad or not data or any(code not in KEYS for code in data):
            self._noise.add(NoiseKind.UNKNOWN_FORMAT)
            return
        self._counts["keys"] += len(data)
        emit(Digits(self.id, "".join(KEYS[code] for code in data), loop_ns()))

    def _status(self, event: dict[str, Any], emit: Emit) -> None:
        report = bytes(event.get("report", b""))
        if event.get("type") != STATUS_LOCAL or len(report) != 2:
            return
        for point, value in zip((self._config.tamper, self._config.power), report, strict=True):
            level = InputLevel.ACTIVE if value else InputLevel.INACTIVE
            if point is not None and self._told.get(point) is not level:
                self._told[point] = level
                emit(Level(point, level, loop_ns()))
