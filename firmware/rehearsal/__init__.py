"""Development and training only: the far ends of simulated wires, and the panel that works them."""
