"""Cameras: one protocol, and what it is on a board, over a network, from a file, and in a rehearsal."""
