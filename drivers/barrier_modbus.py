"""A drive controller or frequency inverter on a Modbus port: command word, status word, temperature.

Its outputs are directions ("open", "close"), which the profile turns into one command word; two at once are no row of
it and mean rest (FIELD.md, R5). What the drive itself does when its master is silent, the profile says.
"""

from __future__ import annotations

from drivers.modbus_device import ModbusDevice
from drivers.modbus_settings import ModbusConfig


class BarrierModbusConfig(
    ModbusConfig, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="barrier_modbus"
):
    """A `[[device]]` table of kind "barrier_modbus"."""


class BarrierModbus(ModbusDevice):
    """One drive."""
