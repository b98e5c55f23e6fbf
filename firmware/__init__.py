"""The controller's own programs: core, controller, network, vision, rehearsal."""

__version__ = "0.1.0"
