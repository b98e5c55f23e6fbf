"""The GPIO bus for `menshen safe`: puts outputs to their safe levels after a death, and nothing else.

Through gpiod alone, which is imported in a tenth of gpiozero's time. A dead process holds no line any more: the kernel
has let go of them, and each can be claimed anew. One that hangs still holds its own; then the message says so.
"""

from __future__ import annotations

from drivers.board_description import BoardDescription
from drivers.bus.gpio_chip import BoardLines, Chip, find_chip, refusal
from drivers.bus.gpiod_two import gpiod
from drivers.bus.lines import BusError
from drivers.bus.safe_only import SafeOnly

HOLDER = "menshen safe"


class SafeGpioLines(SafeOnly):
    """Lines for `menshen safe`: outputs only, without an event loop.

    Outputs are held until close(). Then a kernel that does not keep them lets them fall to their level at boot, which
    `menshen check` demands to be safe, too. Everything but set_now() and close() raises BusError.
    """

    def __init__(self, board: BoardDescription, chip: str | None = None) -> None:
        self._board = board
        self._path = chip
        self._lines = BoardLines(board, {})
        self._chip: Chip | None = None
        self._held: dict[str, gpiod.LineRequest] = {}
        self.why = ""  # the first failure

    def set_now(self, line: str, level: bool) -> None:
        try:
            self._set_now(line, level)
        except BusError as error:
            self.why = self.why or str(error)
            raise

    def _set_now(self, line: str, level: bool) -> None:
        own, what = self._lines.find(line, HOLDER)
        assert what.offset is not None
        chip = self._chip = self._chip or find_chip(self._board, self._path)
        try:
            held = self._held.get(own)
            if held is None:
                self._held[own] = chip.output(what.offset, level, HOLDER)
            else:
                held.set_value(what.offset, gpiod.line.Value.ACTIVE if level else gpiod.line.Value.INACTIVE)
        except (OSError, ValueError) as error:
            raise refusal(chip, line, own, what.offset, HOLDER, error) from error

    def close(self) -> None:
        held, self._held = self._held, {}
        for request in held.values():
            request.release()
        chip, self._chip = self._chip, None
        if chip is not None:
            chip.close()
