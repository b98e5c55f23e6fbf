"""The desk of orders: asks the controller for what people order at the page, once each, and follows what becomes of it.

Asked, then accepted or refused, then proven: three things, and never one for another. All methods are for the event
loop's thread.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from enum import StrEnum

from firmware.core.facts import Afar
from firmware.messages import Answer, AnyCommand
from firmware.network.accounts.account import folded, role_words
from firmware.network.acts.act import Gate, Order, command_of
from firmware.network.acts.proof import Proof
from firmware.network.errors import LinkError, NotSent
from firmware.network.live import Live
from firmware.network.sessions import Session

ORDERS_BURST = 6  # of one person; the controller limits the page as a whole
ORDERS_PER_S = 0.5
SHOWN_MAX = 4  # of one person, the newest
SHOWN_S = 300.0
KEPT_MAX = 2_048  # orders whose number is known to be used: several times what may be asked in a form's life
PEOPLE_MAX = 128  # more than there are sessions

# Gives the answer, or tells it later to the second argument, where it comes after its time.
Ask = Callable[[AnyCommand, Callable[[Answer], None]], Awaitable[Answer]]


class Fate(StrEnum):
    """What became of an order, as far as is known."""

    ASKED = "asked"  # and not answered yet
    DONE = "done"  # the controller has decided so, and its event is committed
    REFUSED = "refused"
    NOT_SENT = "not_sent"  # certainly not done
    NOT_KNOWN = "not_known"  # asked, and no answer came


class Ordered:
    """One order."""

    def __init__(self, order: Order, person: str, number: str, proof: Proof, now_s: float) -> None:
        self.order = order
        self.person = person
        self.number = number
        self.proof = proof
        self.made_s = now_s
        self.fate = Fate.ASKED
        self.reasons: tuple[str, ...] = ()
        self.decided = asyncio.Event()


class _Pace:
    """How much one person may order yet."""

    def __init__(self, now_s: float) -> None:
        self._left = float(ORDERS_BURST)
        self._then_s = now_s

    def take(self, now_s: float) -> bool:
        self._left = min(ORDERS_BURST, self._left + (now_s - self._then_s) * ORDERS_PER_S)
        self._then_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


class ActDesk:
    """See the head of this file. `on_change` is called when what is shown of an order has become another."""

    def __init__(self, gate: Gate, live: Live, ask: Ask, on_change: Callable[[], None]) -> None:
        self.gate = gate
        self.live = live
        self._ask = ask
        self._on_change = on_change
        self._asked: OrderedDict[str, Ordered] = OrderedDict()
        self._paces: OrderedDict[str, _Pace] = OrderedDict()
        self._now_s = asyncio.get_running_loop().time
        live.watch(self._look)

    def of(self, person: Session) -> list[Ordered]:
        """What a person asked lately, newest first."""
        name = folded(person.name)
        mine = (each for each in self._lately() if each.person == name)
        return list(itertools.islice(mine, SHOWN_MAX))

    def known(self, number: str) -> Ordered | None:
        """The order that was given under a form's number, if one was."""
        return self._asked.get(number)

    def may_ask(self, person: Session) -> bool:
        """Whether a person has not asked too much of late; counts as one."""
        name, now_s = folded(person.name), self._now_s()
        pace = self._paces.setdefault(name, _Pace(now_s))
        self._paces.move_to_end(name)
        while len(self._paces) > PEOPLE_MAX:
            self._paces.popitem(last=False)
        return pace.take(now_s)

    async def ask(self, order: Order, person: Session, address: str, number: str) -> Ordered:
        """Ask for it, and wait for the answer: until its event is committed, or it is clear that there is no answer."""
        assert number not in self._asked, "a number counts once"
        states = self.live.states
        proof = Proof(order, None if states is None else states.view)
        asked = Ordered(order, folded(person.name), number, proof, self._now_s())
        self._asked[number] = asked
        while len(self._asked) > KEPT_MAX:
            self._asked.popitem(last=False)
        self._on_change()
        command = command_of(order, person.name, Afar(role_words(person.roles), address))
        try:
            answer = await self._ask(command, lambda late: self._decide(asked, late))
        except NotSent:
            asked.fate = Fate.NOT_SENT
        except LinkError:
            asked.fate = Fate.NOT_KNOWN
        else:
            self._decide(asked, answer)
        finally:
            if asked.fate is Fate.ASKED:  # cancelled: we stop
                asked.fate = Fate.NOT_KNOWN
            asked.decided.set()
        self._look()
        self._on_change()
        return asked

    def _decide(self, asked: Ordered, answer: Answer) -> None:
        """The controller's answer; one that comes late ends the doubt, too."""
        asked.fate = Fate.DONE if answer.done else Fate.REFUSED
        asked.reasons = answer.reasons
        self._look()
        self._on_change()

    def _look(self) -> None:
        """What the newest states prove of what was asked lately."""
        states = self.live.states
        if states is None:
            return
        for asked in self._lately():
            if asked.fate in (Fate.DONE, Fate.NOT_KNOWN):
                asked.proof.look(states.view)

    def _lately(self) -> Iterator[Ordered]:
        """What is shown yet, newest first."""
        now_s = self._now_s()
        return itertools.takewhile(lambda each: now_s - each.made_s < SHOWN_S, reversed(self._asked.values()))
