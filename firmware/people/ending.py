"""The desk ends because an installer asked for it at the page; a job that runs is let go, as at every stop."""

from __future__ import annotations

import os
import signal
import threading

from firmware.people.line import INSTALLER, Desk, Line, Lines
from firmware.people_words.base import Asker, EndYourself, Started

END_S = 0.5  # for the answer to go out


def end_yourself(_desk: Desk, _who: Asker, _question: EndYourself) -> Started:
    """As the service manager does it."""
    later = threading.Timer(END_S, os.kill, (os.getpid(), signal.SIGTERM))
    later.daemon = True
    later.start()
    return Started(job="")


LINES: Lines = {EndYourself: Line(frozenset({INSTALLER}), end_yourself)}
