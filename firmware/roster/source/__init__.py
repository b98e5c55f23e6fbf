"""The editable source of the roster: one SQLite file with its whole history. Rosters are built from it."""
