"""What scripts inside the machine say to the host: checks, figures and news. One that has checked nothing failed."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

MARK = "@rig "  # as in init.py


def check(what: str, ok: bool, found: object = None) -> bool:
    """Report that something was checked. Returns `ok`; `found` is shown where it is not so."""
    _say(check=what, ok=bool(ok), found=None if found is None else str(found)[:1000])
    return bool(ok)


def figure(name: str, value: float, unit: str) -> None:
    """Report a measured figure."""
    _say(figure=name, value=value, unit=unit)


def news(text: str) -> None:
    """Report progress; the host may act on it (cut the power, for one)."""
    _say(news=text)


def arguments() -> dict[str, Any]:
    """What the host gave to this script."""
    given: dict[str, Any] = json.loads(os.environ.get("RIG_ARGUMENTS", "{}"))
    return given


def _say(**words: object) -> None:
    sys.stdout.write(MARK + json.dumps(words) + "\n")
    sys.stdout.flush()
