"""The button on the board for the state of delivery, which has to be held as nobody holds it by chance.

It has to be seen let go after the start, pressed within a minute of it, held for ten seconds at least and twenty at
most, and let go: a wire that is cut, shorted or was so at the start asks for nothing. The rest happens at the next
start (factory_reset.py), which is at once.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.driver import Driver, Emit
from drivers.reports import AnyReport, InputLevel, Level

ASKED = "factory_reset.asked"  # in the state folder: the next start is to do it
BEGUN_S_MAX = 60  # after the start: whoever resets a board has just given it its power
HELD_S = (10, 20)  # no shorter push and no weight that leans on it
_NS = 1_000_000_000


class Held:
    """Whether a button was held as it has to be. Fed with its levels in their order; instants in nanoseconds."""

    def __init__(self, started_ns: int) -> None:
        self._until_ns = started_ns + BEGUN_S_MAX * _NS
        self._let_go = False  # seen since the start, or since a level that cannot be believed
        self._pressed_ns: int | None = None

    def now(self, level: InputLevel, at_ns: int) -> bool:
        """The level since `at_ns`; true once, as it is let go in time."""
        pressed, self._pressed_ns = self._pressed_ns, None
        if level is InputLevel.ACTIVE:
            if pressed is not None:
                self._pressed_ns = pressed  # told again
            elif self._let_go and at_ns <= self._until_ns:
                self._pressed_ns = at_ns
            self._let_go = False
            return False
        self._let_go = level is InputLevel.INACTIVE
        return self._let_go and pressed is not None and HELD_S[0] * _NS <= at_ns - pressed <= HELD_S[1] * _NS

    def unseen(self) -> None:
        """Its levels were not seen for a while."""
        self._let_go, self._pressed_ns = False, None


class ResetButton:
    """A contact that is the reset button: the driver itself, with somebody who looks at what it reports."""

    def __init__(self, contact: Driver, started_ns: int, on_held: Callable[[], None]) -> None:
        self.id = contact.id
        self._contact = contact
        self._held = Held(started_ns)
        self._on_held = on_held

    async def run(self, emit: Emit) -> None:
        """As the contact's. What nobody saw while it was lost is no push."""
        self._held.unseen()

        def looked(report: AnyReport) -> None:
            emit(report)
            if isinstance(report, Level) and self._held.now(report.level, report.at_ns):
                self._on_held()

        await self._contact.run(looked)

    def safe(self) -> None:
        """As the contact's."""
        self._contact.safe()

    def counters(self) -> dict[str, int]:
        """As the contact's."""
        return self._contact.counters()
