"""The barrier: what moves, and everything that forbids it to move (FIELD.md, section 3). It knows no credential."""
