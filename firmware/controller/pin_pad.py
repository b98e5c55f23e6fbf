"""Collects keys of one keypad into PINs. Keys that stop coming are forgotten, and no PIN is longer than the limit."""

from __future__ import annotations

DIGITS_MAX = 12
KEY_GAP_MS_MAX = 8_000  # a person who thinks longer starts again


class PinPad:
    """`press` returns the PINs that these keys complete: `#` ends a PIN, `*` starts anew."""

    def __init__(self) -> None:
        self._digits = ""
        self._too_long = False
        self._last_ms = 0

    def press(self, keys: str, now_ms: int) -> list[str]:
        if now_ms - self._last_ms > KEY_GAP_MS_MAX:
            self._clear()
        self._last_ms = now_ms
        completed: list[str] = []
        for key in keys:
            if key == "#":
                if self._too_long:
                    completed.append("")  # wrong, whatever it was; and counted as a try
                elif self._digits:
                    completed.append(self._digits)
                self._clear()
            elif key == "*":
                self._clear()
            elif len(self._digits) < DIGITS_MAX:
                self._digits += key
            else:
                self._too_long = True
        return completed

    def _clear(self) -> None:
        self._digits = ""
        self._too_long = False
