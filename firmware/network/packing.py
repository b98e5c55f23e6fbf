"""Whether whoever asks takes an answer that is pressed together.

Only what is the same for everybody is: an answer with a token in it, pressed together with what others sent, would
tell of it by its length (BREACH).
"""

from __future__ import annotations

import re

from firmware.network.words import ACCEPT_PARTS_MAX


def takes_gzip(accepted: str) -> bool:
    """Whether a browser takes an answer that is pressed together by gzip (RFC 9110, 12.5.3)."""
    for part in accepted.split(",")[:ACCEPT_PARTS_MAX]:
        coding, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if coding == "gzip":
            return not any(re.fullmatch(r"q=0(\.0{0,3})?", each) for each in parameters)
    return False
