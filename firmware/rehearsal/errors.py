"""Errors of the rehearsal. One root; the message says whose fault it was and what to do next."""

from __future__ import annotations


class RehearsalError(Exception):
    """Something in the rehearsal (development and training) cannot go on."""


class LayoutError(RehearsalError, ValueError):
    """The file of the plants is wrong: which key, what was found, what is allowed."""


class ActionError(RehearsalError, ValueError):
    """The person at the panel asked for something that is not there or cannot be done now."""


class BusyError(ActionError):
    """The plant is still doing the last thing."""


class FarEndError(RehearsalError, OSError):
    """The socket of the simulated wires cannot be served."""


class VirtualTimeError(RehearsalError, RuntimeError):
    """A run in virtual time blocked, hung, or left something behind."""
