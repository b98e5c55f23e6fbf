"""What this process tells the journal of accounts, through the controller: committed before it is acknowledged.

What is administered is told first and done then (`tell`). Log-ins are noted (`note`) and told when the controller hears
it: a guard has to get in when it is silent, too. Failed ones are summed, so that a flood fills no journal.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import msgspec

from firmware.core.account_facts import Act, Administered
from firmware.messages import Answer
from firmware.network.accounts.errors import NotRecorded
from firmware.network.errors import LinkError, NotSent

NOTES_MAX = 64  # distinct ones that wait; more of a kind are summed without account and address
SUM_S = 60.0  # the same is told once in so long, with how often it was
SUMMED_MAX = 8  # distinct ones in that time; all others are one sum, so that no flood tells more than ten a minute
PAUSE_S = 1.0  # between two notes: commands of persons share the controller's allowance
RETRY_S = 3.0  # as long as the controller does not answer
SUMMED = (Act.FAILED, Act.LOCKED_OUT)

Ask = Callable[[Administered], Awaitable[Answer]]


class _Note(msgspec.Struct, frozen=True):
    """What is told as one; equal ones are counted."""

    act: Act
    account: str
    address: str
    issuer: str
    detail: str


class Diary:
    """See the head of this file. `ask` has the controller commit one fact and gives its answer."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._notes: OrderedDict[_Note, int] = OrderedDict()
        self._held_until_s: OrderedDict[_Note, float] = OrderedDict()
        self._wake = asyncio.Event()

    async def tell(
        self,
        act: Act,
        *,
        issuer: str,
        account: str,
        address: str,
        detail: str = "",
        holder: str = "",
        note: str = "",
    ) -> None:
        """Commit it. Raises NotRecorded; where that leaves open whether it is committed, a NOT_DONE follows."""
        fact = Administered(issuer, act=act, account=account, address=address, detail=detail, holder=holder, note=note)
        try:
            answer = await self._ask(fact)
        except LinkError as error:
            if not isinstance(error, NotSent):
                self.note(Act.NOT_DONE, issuer=issuer, account=account, address=address, detail=act.value)
            raise NotRecorded from error
        if not answer.done:
            raise NotRecorded("too_many" if "too_many" in answer.reasons else "not_recorded")

    def note(self, act: Act, *, issuer: str = "", account: str = "", address: str = "", detail: str = "") -> None:
        """Tell it as soon as can be."""
        note = _Note(act, account, address, issuer, detail)
        if act in SUMMED and note not in self._notes and note not in self._held_until_s:
            distinct = [*self._held_until_s, *(each for each in self._notes if each.act in SUMMED)]
            if len(distinct) >= SUMMED_MAX:
                note = _Note(act, "", "", "", "")
        if note not in self._notes and len(self._notes) >= NOTES_MAX:
            note = _Note(act, "", "", issuer and "-", "")
            if note not in self._notes and len(self._notes) >= NOTES_MAX + len(Act):
                return  # another sum is not more: there is one of each act at most
        self._notes[note] = self._notes.get(note, 0) + 1
        self._wake.set()

    async def run(self) -> None:
        """Runs until cancelled."""
        now_s = asyncio.get_running_loop().time
        while True:
            note = self._next(now_s())
            if note is None:
                await self._woken()
                continue
            count = self._notes.pop(note)
            told = await self._told(note, count)
            if not told:
                self._notes[note] = self._notes.get(note, 0) + count
                self._notes.move_to_end(note, last=False)
            elif note.act in SUMMED:
                self._held_until_s[note] = now_s() + SUM_S
            await asyncio.sleep(PAUSE_S if told else RETRY_S)

    async def _told(self, note: _Note, count: int) -> bool:
        """Whether there is nothing more to do about it."""
        fact = Administered(
            note.issuer, act=note.act, account=note.account, address=note.address, detail=note.detail, count=count
        )
        try:
            return "too_many" not in (await self._ask(fact)).reasons
        except LinkError:
            return False

    def _next(self, now_s: float) -> _Note | None:
        """The oldest note that may be told now."""
        for held in [held for held, until_s in self._held_until_s.items() if until_s <= now_s]:
            del self._held_until_s[held]
        return next((note for note in self._notes if note not in self._held_until_s), None)

    async def _woken(self) -> None:
        """Until there is another note, or one that was held is due."""
        due_s = min((self._held_until_s[note] for note in self._notes), default=None)
        self._wake.clear()
        try:
            async with asyncio.timeout_at(due_s):
                await self._wake.wait()
        except TimeoutError:
            return  # one is due
