"""Bus protocols and their implementations, simulated and (with the wires issue) of the hardware."""
