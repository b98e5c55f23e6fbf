"""What every kind of table has in common: how ids, names and paths look, and units of time."""

from __future__ import annotations

from firmware.config.convert import Limit

ID = Limit(rule="id", pattern=r"\A[a-z][a-z0-9_]{0,39}\Z")  # ids become file names, topics and columns
# What people read: no control characters, and none that turn the reading direction round.
NAME = Limit(rule="name", pattern="\\A[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]{1,80}\\Z")
PATH = Limit(rule="file_path", pattern="\\A[^\x00-\x1f]{1,1000}\\Z")

SECOND_MS, MINUTE_MS, HOUR_MS = 1_000, 60_000, 3_600_000
