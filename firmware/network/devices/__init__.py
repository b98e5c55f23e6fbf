"""Devices: every input, output, reader, bus and camera live; the self-test; how the machine is; logs and restarts."""
