"""Arguments that several actions of `menshen roster` share."""

from __future__ import annotations

import argparse

from firmware.terminal import quoted

VERSION_MAX = (1 << 63) - 1  # SQLite's and JSON readers' whole numbers


def a_version(text: str) -> int:
    """Return a version of a roster."""
    digits_max = len(str(VERSION_MAX))
    if not text.isascii() or not text.isdecimal() or len(text) > digits_max or not 1 <= int(text) <= VERSION_MAX:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no version: a whole number from 1 is allowed")
    return int(text)
