"""Shows what a person before a camera is to do: on the access point's display, and on readers that have letters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from drivers.driver import Driver, Prompter
from firmware.core.site import AccessPoint
from firmware.faces.steps import Prompt


class Signs(Protocol):
    """Whoever writes on displays. firmware.controller.signs.Signs is one."""

    def prompt(self, display: str, prompt: Prompt, for_s: float, /) -> None: ...


class Prompts:
    """See the head of this file. What is not there shows nothing; `menshen check` has said so."""

    def __init__(self, signs: Signs, drivers: Mapping[str, Driver]) -> None:
        self._signs = signs
        self._readers = {name: driver for name, driver in drivers.items() if isinstance(driver, Prompter)}

    def show(self, point: AccessPoint, prompt: Prompt, for_s: float) -> None:
        """For so long at the most, or until the next outcome there."""
        if point.display is not None:
            self._signs.prompt(point.display, prompt, for_s)
        for reader in point.readers:
            if reader in self._readers:
                self._readers[reader].prompt(prompt.value)
