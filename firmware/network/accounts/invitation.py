"""Codes by which a person gets in once, to choose a passphrase: a manager's invitation, and the console's recovery.

A code has 60 bits, so that its SHA-256 may be kept: it cannot be searched for within the days for which it is good.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32, as the claim code's
LOOK_ALIKES = str.maketrans("ILO", "110")
GROUPS, GROUP_LETTERS = 3, 4
VALID_S = 3 * 24 * 3600
CODE_CHARACTERS_MAX = 64  # as a person types it


def make() -> str:
    """A new code, in groups of four letters."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LETTERS)) for _ in range(GROUPS))
    return "-".join(groups)


def digest(typed: str) -> bytes:
    """What is kept of a code: in any case, with or without hyphens, I and L as 1, O as 0."""
    letters = "".join(typed.upper().split()).replace("-", "").translate(LOOK_ALIKES)
    return hashlib.sha256(b"menshen invitation " + letters.encode("utf-8", "replace")).digest()


def fits(typed: str, kept: bytes) -> bool:
    """Whether a code was typed whose digest is kept; b"" is no code's."""
    return hmac.compare_digest(digest(typed), kept) and bool(kept)
