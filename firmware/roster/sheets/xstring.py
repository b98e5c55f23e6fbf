"""Text as a workbook stores it: what XML cannot hold stands as `_xHHHH_` (ST_Xstring, ECMA-376-1, 22.9.2.19)."""

from __future__ import annotations

import re

from firmware.roster.sheets.errors import Unreadable

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def unescaped(text: str) -> str:
    """The text that is meant. Raises Unreadable where it holds a NUL or half a character."""
    if "_x" not in text:
        return text
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    if "\0" in plain:
        raise Unreadable("a NUL in its text", "no text holds one: delete it")
    try:
        # Two halves of one character, each written by itself, are joined; one half alone is no text.
        return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError as error:
        raise Unreadable("half a character in its text", "type it again") from error
