"""Whether a key is held down, by what a terminal tells: it sends a character again and again, and nothing at its end.

A key repeats after some 250 to 700 ms, and then ten to forty times a second (X11, Windows, macOS, iOS, consoles). So a
key counts as held from its third arrival on, none later than GAP_S after the one before: a single touch switches
nothing, and whoever lets go is noticed within GAP_S. Where a phone's keyboard repeats no key, touching it again and
again, three times a second, is holding it: the person has to go on doing it. What arrives together, after a line has
stalled, counts once: it says nothing about now.
"""

from __future__ import annotations

GAP_S = 0.4
ARRIVALS = 3


class Grasp:
    """One key. Instants are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._count = 0
        self._last_s = float("-inf")
        self._spent = False

    def press(self, now_s: float) -> None:
        """Its character has arrived, once or several times together."""
        if now_s - self._last_s > GAP_S:
            self._count, self._spent = 0, False
        self._count += 1
        self._last_s = now_s

    def spend(self) -> None:
        """What it held has ended: it has to be let go, for GAP_S at least, before it holds anything again."""
        self._spent = True

    def is_spent(self, now_s: float) -> bool:
        """Whether it has not been let go since what it held has ended."""
        return self._spent and now_s - self._last_s <= GAP_S

    def touched(self, now_s: float) -> bool:
        """Whether it arrived just now, and what it is for has not ended."""
        return not self._spent and now_s - self._last_s <= GAP_S

    def held(self, now_s: float) -> bool:
        return self._count >= ARRIVALS and self.touched(now_s)
