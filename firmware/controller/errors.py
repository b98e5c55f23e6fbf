"""What keeps a controller from starting, or outputs from being made safe: whose fault it is and what to do."""

from __future__ import annotations


class ControllerError(Exception):
    """Root of this package's errors. The message is one line for a person."""


class WiringError(ControllerError):
    """The board or its wires cannot be had."""


class StateFolderError(ControllerError, OSError):
    """The folder of identity, roster and journal cannot be used by this controller now."""


class SafeError(ControllerError):
    """Not every output could be reached: which, and why."""
