"""gpiozero's pins on lgpio, where they would move an output that nobody has moved: the one file that knows lgpio.

gpiozero's own LGPIOPin claims each pin as an input first, then as an output that is low, then at the level asked for;
and a pin that is closed becomes an input again. At a relay that is a pulse, and a low-active one lets somebody in. Here
an output is claimed once, at its level, which the kernel drives before it turns the line round.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drivers.board_description import Pull
from drivers.bus.lgpio_quietly import lgpio  # before gpiozero's

from gpiozero import GPIOZeroError, InputDevice, OutputDevice  # type: ignore[import-untyped]  # isort: skip
from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin  # type: ignore[import-untyped]  # isort: skip

FAILURES = (lgpio.error, GPIOZeroError)  # whatever the two raise when the chip, or a line, cannot be had

# The header has been the same since the model B+, and it is all that gpiozero takes from the model: so it need not be
# found out, and a board that gpiozero has never heard of works with the description that we have of it.
MODEL = 0xC03115  # a Raspberry Pi 4B

OnEdge = Callable[[int, bool], None]  # stamp in nanoseconds, level


class Pin(LGPIOPin):  # type: ignore[misc]  # gpiozero has no types
    """A pin that is nothing until it is claimed as what it shall be, and that is let go of without being changed."""

    def __init__(self, factory: Any, info: Any) -> None:
        super(LGPIOPin, self).__init__(factory, info)  # not LGPIOPin's own, which claims an input
        self._pwm = self._bounce = None
        self._callback: Any = None
        self._edges = lgpio.BOTH_EDGES
        self._claimed = False
        self._on_edge: OnEdge | None = None

    def output_with_state(self, state: int) -> None:
        """Claim as an output at `state`, in one request."""
        self._free()
        lgpio.gpio_claim_output(self.factory._handle, self._number, int(bool(state)))
        self._claimed = True

    def close(self) -> None:
        """Let go. What the line does then is the kernel's business: see `outputs_keep_level`."""
        self._on_edge = None
        if self._callback is not None:
            self._callback.cancel()
            self._callback = None
        self._free()

    def listen(self, on_edge: OnEdge) -> None:
        """Have both edges told, in lgpio's thread."""
        self._on_edge = on_edge
        self._enable_event_detect()

    def _call_when_changed(self, chip: int, gpio: int, level: int, at_ns: int) -> None:
        """Instead of gpiozero's own, which fails where another thread unsets `when_changed` meanwhile.

        That ends lgpio's only thread, and with it every contact's edges.
        """
        del chip, gpio
        on_edge = self._on_edge
        if on_edge is not None:
            on_edge(at_ns, bool(level))

    def _set_function(self, value: str) -> None:
        if value != "input":
            super()._set_function(value)  # nobody asks for it: outputs are claimed with their state
            return
        self._free()
        lgpio.gpio_claim_input(self.factory._handle, self._number, lgpio.SET_PULL_NONE)
        self._claimed = True

    def _free(self) -> None:
        if self._claimed and self.factory._handle is not None:
            self._claimed = False
            lgpio.gpio_free(self.factory._handle, self._number)


class PinFactory(LGPIOFactory):  # type: ignore[misc]  # gpiozero has no types
    """gpiozero's factory of lgpio pins for one chip. It shares no pins with another, and is nobody's default.

    It reserves nothing: who holds a line is the bus's business, and gpiozero remembers those whose claim has failed.
    """

    def __init__(self, chip: int) -> None:
        self._handle: int | None = None
        super().__init__(chip)
        self.pins: dict[Any, Any] = {}  # gpiozero's are those of the class: a second factory would have dead ones
        self.pin_class = Pin

    def reserve_pins(self, requester: Any, *names: Any) -> None:
        del requester, names

    def release_pins(self, reserver: Any, *names: Any) -> None:
        del reserver, names

    def _get_revision(self) -> int:
        return MODEL

    def input(self, offset: int, pull: Pull) -> Input:
        """Claim an input. Raises one of FAILURES."""
        return Input(self, offset, pull)

    def output(self, offset: int, level: bool) -> Output:
        """Claim an output at its level. Raises one of FAILURES."""
        return Output(self, offset, level)

    def check(self) -> str:
        """Why no edge can come and no line be had any more; empty while all is well."""
        if not lgpio._notify_thread.is_alive():
            return "lgpio's thread has ended, and no contact is heard any more; start Menshen again"
        try:
            lgpio.gpio_get_chip_info(self._handle)
        except lgpio.error as error:
            return f"the chip is gone ({error})"
        return ""

    def close(self) -> None:
        """Let go of every line and of the chip. Never raises."""
        for pin in self.pins.values():
            _let_go(pin.close)
        self.pins.clear()
        handle, self._handle = self._handle, None
        if handle is not None:
            _let_go(lambda: lgpio.gpiochip_close(handle))


class Input:
    """One claimed input."""

    def __init__(self, factory: PinFactory, offset: int, pull: Pull) -> None:
        up = {Pull.UP: True, Pull.DOWN: False, Pull.NONE: None}[pull]
        active = True if up is None else None  # gpiozero wants it told where no pull tells it; we only take levels
        self._device = InputDevice(f"GPIO{offset}", pull_up=up, active_state=active, pin_factory=factory)

    def listen(self, on_edge: OnEdge) -> None:
        """Have both edges told, in lgpio's thread, which ends with whatever `on_edge` raises."""
        self._device.pin.listen(on_edge)

    def level(self) -> bool:
        return bool(self._device.pin.state)

    def close(self) -> None:
        _let_go(self._device.close)


class Output:
    """One claimed output."""

    def __init__(self, factory: PinFactory, offset: int, level: bool) -> None:
        self._device = OutputDevice(f"GPIO{offset}", initial_value=level, pin_factory=factory)

    def set(self, level: bool) -> None:
        self._device.value = level

    def close(self) -> None:
        _let_go(self._device.close)


def _let_go(close: Callable[[], object]) -> str:
    """Why something could not be closed, where it could not: a chip that is gone has nothing left to be closed."""
    try:
        close()
    except FAILURES as error:
        return str(error)
    return ""
