"""Bus protocols and their implementations, simulated and of the hardware."""
