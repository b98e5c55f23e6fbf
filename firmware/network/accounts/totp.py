"""The second factor: codes of six digits that change every half minute, from a secret shared with an app on the phone.

RFC 6238 over HMAC-SHA-1 (RFC 4226), as every such app has it. Our own: it is shorter than what it would take to check a
library.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from urllib.parse import quote

SECRET_BYTES = 20  # RFC 4226, section 4, R6: 160 bits recommended
STEP_S = 30
DIGITS = 6
STEPS_ASIDE = 1  # a phone's clock, and the time it takes to type


def make_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of one time step (RFC 4226, section 5.3)."""
    hashed = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = hashed[-1] & 0xF
    number = int.from_bytes(hashed[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def step_of(secret: bytes, typed: str, utc_s: int, used: int) -> int | None:
    """The step whose code was typed, if it is of now and later than `used`: no code counts twice. None: wrong."""
    digits = "".join(typed.split())
    now = utc_s // STEP_S
    found = None
    for step in range(max(0, now - STEPS_ASIDE), now + STEPS_ASIDE + 1):  # all of them, so that each takes as long
        if hmac.compare_digest(code_at(secret, step).encode(), digits.encode("utf-8", "replace")) and step > used:
            found = step
    return found


def spelled(secret: bytes) -> str:
    """The secret as a person types it into an app: base 32 in groups of four."""
    letters = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def address(secret: bytes, site: str, name: str) -> str:
    """What an app reads from the QR code: the key URI format of Google Authenticator."""
    issuer = quote(f"Menshen {site}", safe="")
    letters = base64.b32encode(secret).decode().rstrip("=")
    return f"otpauth://totp/{issuer}:{quote(name, safe='')}?secret={letters}&issuer={issuer}"
