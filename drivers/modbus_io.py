"""A relay or input board on a Modbus port: points that are coils, discrete inputs, or bits of registers."""

from __future__ import annotations

from drivers.modbus_device import ModbusDevice
from drivers.modbus_settings import ModbusConfig


class ModbusIoConfig(ModbusConfig, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="modbus_io"):
    """A `[[device]]` table of kind "modbus_io"."""


class ModbusIo(ModbusDevice):
    """One board. Several share a port; each is lost on its own."""
