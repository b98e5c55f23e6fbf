"""One reader on an OSDP line: when it wants a turn, what its answers prove, and when it begins anew.

libosdp stays away from a reader for 300 s after any failure, and counts time on the wall clock. So this file keeps
time on the loop's clock, gives a panel its turn only when something is due, and begins anew by itself: at once after
a channel was lost, every two seconds while nobody answers, every five after a wrong key.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from drivers.bus.osdp_panel import Panel
from drivers.wire.osdp import Command, Frame, Refusal, Reply, last_command

MS = 1_000_000
POLL_NS = 51 * MS  # IEC 60839-11-5: <= 50 ms is the standard's; libosdp polls when more than 50 ms have passed
RETRY_NS = 850 * MS  # libosdp waits 800 ms before it says something again to a reader that is busy
LATE_ANSWER_NS = 300 * MS  # that an answer may still come: a busy kernel hands bytes over 0.2 s late
STALE_NS = 5_000 * MS  # in which one that never came may be taken for another one's answer, once
PROBE_NS = 2_000 * MS  # of a reader that is lost: each costs the line 200 ms
UNANSWERED_MAX = 3  # in a row, then the reader is lost: 1.8 s
REFUSED_NS = 5_000 * MS  # after a wrong key: neither the reader nor the line should be busy with it
AGAIN_NS = 1_000 * MS  # after a failure that is neither
LATE_NS = 500 * MS  # a poll that is due and does not come: the wall clock was set back under libosdp
SOON_NS = 2 * MS
COMMANDS_MAX = 8  # that wait: more than one word of feedback needs
COMMAND_NAMES = {2: "light", 3: "buzzer", 4: "display", 9: "status"}  # libosdp's; of what a reader may refuse


class Trouble(StrEnum):
    """Why a reader is not believed. Each is an alarm."""

    WRONG_KEY = "wrong_key"
    DEFAULT_KEY = "default_key"  # it asks for SCBK-D, and nobody is installing it
    NO_CHANNEL = "no_secure_channel"
    PLAIN = "plain_text"
    FORGED = "forged_frame"  # a good checksum under a wrong seal: no noise makes that


class Listener(Protocol):
    """Who hears of a reader: its driver."""

    def secured(self, key: bytes) -> None:
        """An enforced channel with this key is up."""

    def opened(self) -> None:
        """It is not any more."""

    def troubled(self, trouble: Trouble) -> None:
        """Something that must not be. `opened` comes on its own where the channel is lost by it."""

    def silent(self, why: str) -> None:
        """It does not answer, or its line is gone."""

    def told(self, event: dict[str, Any]) -> None:
        """An event, proven by an enforced channel."""


class Turn(NamedTuple):
    """What is sent, and to whom."""

    member: Member
    written: bytes
    command: Frame


class Member:
    """See the head of this file. All of it happens in the event loop."""

    def __init__(
        self,
        name: str,
        address: int,
        listener: Listener,
        make: Callable[[int, bytes, bool, Callable[[dict[str, Any]], None]], Panel] = Panel,
    ) -> None:
        self.name = name
        self.address = address
        self.due_ns = 0
        self.secure = False
        self.counts: Counter[str] = Counter()
        self._listener = listener
        self._make = make
        self._keys: tuple[bytes, ...] = ()
        self._key = 0  # which of them is tried
        self._panels: dict[tuple[bytes, bool], Panel] = {}
        self._panel: Panel | None = None
        self._enforce = True
        self._waiting: deque[dict[str, Any]] = deque()
        self._rests = False  # among them is what is shown for good
        self._unanswered = 0
        self._overdue = False  # the last answer may still come
        self._stale_ns = 0  # until when it may come for another one's
        self._late_ns: int | None = None  # since when something was due that did not come
        self._said: Frame | None = None  # the command of the last turn
        self._heard: Frame | None = None  # the last answer of this attempt
        self._failures = 0  # attempts in a row
        self._handed: bytes | None = None  # a key that the reader has not taken yet
        self._asked: int | None = None  # which of our commands the last turn was
        self._unknown: set[int] = set()  # commands that the reader has refused

    # -- what the driver asks -----------------------------------------------------------------------------------------

    def start(self, keys: Sequence[bytes], now_ns: int) -> None:
        """Begin with the first of these keys; the next one is tried where the reader does not prove it."""
        self._keys, self._key = tuple(keys), 0
        self._waiting.clear()
        self._unknown.clear()
        self._enforce, self._handed, self._overdue = True, None, False
        self._unanswered = self._failures = 0
        self._panel = None  # one of before has to begin anew
        self._take_panel(now_ns)

    def set_keys(self, keys: Sequence[bytes]) -> None:
        """What is tried from the next failure on; the channel that is up goes on."""
        self._keys = tuple(keys)
        self._key %= len(self._keys)

    def install(self, on: bool, now_ns: int) -> None:
        """Let a reader with the default key in, to give it ours: no card counts meanwhile. Or end that."""
        self._lose()
        self._enforce = not on
        self._key = 0
        self._take_panel(now_ns)

    def end(self) -> None:
        """It is on no line any more."""
        self.secure = False
        self._waiting.clear()

    @property
    def installing(self) -> bool:
        return not self._enforce

    def send(self, commands: Sequence[tuple[int, dict[str, Any]]], soon: bool = True, passes: bool = False) -> None:
        """Have these sent, a turn each, in place of what waits. What the reader cannot do is left out.

        `soon`: before any other reader's poll. Else in place of this reader's next one, so that it costs nobody a turn:
        at 9,600 baud one more turn is a quarter of the time that a card may take. What `passes` is shown over what
        rests, so that is sent before it where it still waits.
        """
        if not self.secure or self._panel is None:
            return
        self._rests = not soon or (passes and self._rests)
        if not (passes and self._rests):
            self._waiting.clear()
        self.add(commands, soon)

    def add(self, commands: Sequence[tuple[int, dict[str, Any]]], soon: bool = True) -> None:
        """As `send`, behind what waits."""
        if not self.secure or self._panel is None:
            return
        for capability, command in commands[: COMMANDS_MAX - len(self._waiting)]:
            if command["command"] not in self._unknown and (capability == 0 or self._panel.items(capability)):
                self._waiting.append(command)
        if self._waiting and soon and not self._overdue:
            self.due_ns = 0

    def rekey(self, command: dict[str, Any], key: bytes) -> bool:
        """Hand over a new key now, before anything else. The next channel is made with it. False: no channel is up."""
        panel = self._panel
        if not self.secure or panel is None or not panel.submit(command):
            return False
        self._handed = key
        if not self._overdue:
            self.due_ns = 0
        return True

    # -- what the line asks -------------------------------------------------------------------------------------------

    def turn(self, now_ns: int) -> Turn | None:
        """What is to be sent now; None: nothing, and `due_ns` says when to ask again."""
        panel = self._panel
        assert panel is not None, "started before it joins"
        if self._overdue:
            # Said again it would be refused: the reader has gone on with its numbers. A new channel takes 0.25 s.
            self._stale_ns = now_ns + STALE_NS
            self._begin_anew(panel, now_ns)
            return None
        asked = None
        if self._waiting and self.secure and self._asked is None:  # between two of ours a poll: somebody stands there
            command_of_ours = self._waiting.popleft()
            self._rests = self._rests and bool(self._waiting)
            if panel.submit(command_of_ours):
                asked = int(command_of_ours["command"])
        written = panel.command()
        command = last_command(written) if written else None
        if command is None:
            self._nothing_due(panel, now_ns)
            return None
        self._late_ns = None
        self._said, self._asked = command, asked
        return Turn(self, written, command)

    def hear(self, frame: Frame, now_ns: int) -> None:
        """The answer, which answers what was sent."""
        panel, was = self._panel, self.secure
        assert panel is not None, "it was asked"
        if self._said is None:
            return  # it answers what was asked before everything began anew
        self._unanswered, self._overdue = 0, False
        self._heard = frame
        self.counts["answers"] += 1
        panel.hear(frame.raw)
        if self._panel is not panel:
            return  # the listener began something else
        at_once = not panel.online or (bool(self._waiting) and self._asked is None)
        busy = frame.code == Reply.BUSY and not frame.sealed
        self.due_ns = now_ns + (RETRY_NS if busy else 0 if at_once else POLL_NS)
        if was and not panel.sealed:
            self._unsealed(panel, frame, now_ns)
        elif not was and panel.sealed and panel.online:
            self._secure(panel, now_ns)
        elif self.installing and panel.online and not panel.sealed:
            self._begin_anew(panel, now_ns + AGAIN_NS)  # it goes on in the clear, which is of no use

    def _unsealed(self, panel: Panel, frame: Frame, now_ns: int) -> None:
        """The channel went with this answer."""
        said = self._said
        self._lose()
        if said is not None and said.code == Command.KEYSET and frame.code == Reply.ACK and self._handed is not None:
            self._panels = {named: one for named, one in self._panels.items() if one is not panel}
            panel.key, self._handed = self._handed, None  # libosdp has taken it, and proves it next
            self._panels[(panel.key, True)] = panel
            return
        if frame.code == Reply.NAK:
            self.counts["refusals"] += 1
            if self._asked is not None and frame.sealed:
                self._unknown.add(self._asked)
                self.counts[f"refused_{COMMAND_NAMES.get(self._asked, 'command')}"] += 1
        elif frame.sealed and now_ns < self._stale_ns:
            self._stale_ns = 0
            self.counts["late"] += 1
        elif frame.sealed:
            self.trouble(Trouble.FORGED)
        self._begin_anew(panel, now_ns)

    def give_up(self, now_ns: int) -> bool:
        """No answer came in time. Whether it still counts when it comes before the next turn: a sealed one does."""
        panel, said = self._panel, self._said
        assert panel is not None, "it was asked"
        self.counts["unanswered"] += 1
        self._unanswered += 1
        lost = self._unanswered >= UNANSWERED_MAX
        if said is not None and said.sealed and not lost:
            self._overdue = True
            self.due_ns = now_ns + LATE_ANSWER_NS
            return True
        self._begin_anew(panel, now_ns + (PROBE_NS if lost else RETRY_NS if self._unanswered > 1 else 0))
        if lost:
            self._listener.silent(f"it did not answer {self._unanswered} times in a row: look at its cable and power")
        return False

    def refuse(self, refusal: Refusal) -> None:
        """A frame came in its turn that is not believed."""
        self.counts[f"refused_{refusal.value}"] += 1
        if refusal is Refusal.PLAIN:
            self.trouble(Trouble.PLAIN)

    def line_lost(self, why: str) -> None:
        self._lose()
        self._listener.silent(why)

    def trouble(self, trouble: Trouble) -> None:
        self.counts[trouble.value] += 1
        self._listener.troubled(trouble)

    # -- attempts -----------------------------------------------------------------------------------------------------

    def _nothing_due(self, panel: Panel, now_ns: int) -> None:
        """It has nothing to say: a poll is not due yet, or it has given up, or its clock stands still."""
        self.due_ns = now_ns + SOON_NS
        if self._late_ns is None:
            self._late_ns = now_ns
        late = now_ns - self._late_ns > LATE_NS
        if panel.online:
            if late:
                self._begin_anew(panel, now_ns)
            return
        waits = self._heard is not None and self._heard.code == Reply.BUSY
        if waits and not late:
            return
        self._failed(panel, now_ns)

    def _failed(self, panel: Panel, now_ns: int) -> None:
        """An attempt to make a channel is over."""
        trouble = self._why()
        self._failures += 1
        if trouble is None:
            self._begin_anew(panel, now_ns + (0 if self._failures == 1 else AGAIN_NS))
            return
        if self.installing:
            self._begin_anew(panel, now_ns + AGAIN_NS)
            return
        self._key = (self._key + 1) % len(self._keys)
        last = self._key == 0
        if last:
            self.trouble(trouble)
        self._begin_anew(panel, now_ns + (REFUSED_NS if last else 0))

    def _why(self) -> Trouble | None:
        """What stopped the handshake, by its last words. None: nobody answered, or it was interrupted."""
        said, heard = self._said, self._heard
        if said is None or heard is None:
            return None
        if heard.code == Reply.CCRYPT and said.code == Command.CHLNG:
            return Trouble.DEFAULT_KEY if heard.default_key else Trouble.WRONG_KEY
        if heard.code == Reply.NAK and said.code == Command.SCRYPT:
            return Trouble.WRONG_KEY
        if (heard.code == Reply.PDCAP and said.code == Command.CAP) or (
            heard.code == Reply.NAK and said.code == Command.CHLNG
        ):
            return Trouble.NO_CHANNEL
        return None

    def _begin_anew(self, panel: Panel, at_ns: int) -> None:
        self._lose()
        self._heard = self._said = self._late_ns = None
        self._overdue = False
        self.counts["restarts"] += 1
        if not panel.restart():
            self._panels = {named: one for named, one in self._panels.items() if one is not panel}
        self._take_panel(at_ns)

    def _take_panel(self, at_ns: int) -> None:
        """The panel of the key that is to be tried now. One that was used before begins anew."""
        named = (self._keys[self._key], self._enforce)
        before, self._panel = self._panel, self._panels.get(named)
        if self._panel is not None and self._panel is not before and not self._panel.restart():
            self._panel = None
        if self._panel is None:
            self._panel = self._make(self.address, *named, self._told)
            self._panels[named] = self._panel
        self._heard = self._said = self._late_ns = None
        self.due_ns = at_ns

    def _secure(self, panel: Panel, now_ns: int) -> None:
        if self.installing:  # it has our key: from here on nothing else counts, and it has to prove it again
            self.install(False, now_ns)
            return
        self.secure = True
        self._failures, self._handed = 0, None
        self._waiting.clear()
        self.counts["channels"] += 1
        self._listener.secured(panel.key)

    def _lose(self) -> None:
        if self.secure:
            self.secure = self._rests = False
            self._waiting.clear()
            self._listener.opened()

    def _told(self, event: dict[str, Any]) -> None:
        """From within `hear`. Only a sealed answer in an enforced channel tells of anything."""
        if self.secure and self._heard is not None and self._heard.sealed:
            self._listener.told(event)
