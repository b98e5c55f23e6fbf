"""What may be a passphrase: long, not what everybody would try first, and no rules about kinds of characters.

After NIST SP 800-63B, 3.1.1.2, and the OpaqueString profile of RFC 8265 (one form for the same text on all keyboards).
"""

from __future__ import annotations

import unicodedata

from firmware.network.accounts.errors import Refused

CHARACTERS_MIN = 12
CHARACTERS_MAX = 128
DISTINCT_MIN = 5  # "aaaaaaaaaaaa", "121212121212"

# What is tried first; compared by letters and digits alone, and without digits at its end.
_TRIED_FIRST = """
password passwordpassword mypassword thisismypassword passphrase letmein letmeinletmein iloveyou welcome changeme
changemechangeme admin adminadmin adminadminadmin administrator manager installer menshenmenshen gatecontroller
1234567890123 123456789012 0123456789ab 0987654321098 qwertyuiop qwertyuiopas qwertyuiopasdf 1q2w3e4r5t6y 1qaz2wsx3edc
zaq12wsxcde3 qazwsxedcrfv abcdefghijkl abcdefghijklm correcthorsebatterystaple woaini woaini1314520 5201314520131
一二三四五六七八九十十一 天地玄黄宇宙洪荒日月盈昃
"""
_OBVIOUS = frozenset(_TRIED_FIRST.split())


def normalised(typed: str) -> str:
    """The one form that is hashed: composed, and every kind of space is a space."""
    spaced = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in typed)
    return unicodedata.normalize("NFC", spaced)


def checked(typed: str, again: str, *names: str) -> str:
    """The normalised passphrase. `names` are what it may not consist of: the account's, the site's. Raises Refused."""
    passphrase = normalised(typed)
    if passphrase != normalised(again):
        raise Refused("passphrase_differs")
    if len(passphrase) < CHARACTERS_MIN:
        raise Refused("passphrase_short")
    if len(passphrase) > CHARACTERS_MAX or not passphrase.isprintable():
        raise Refused("passphrase_long")
    bare = _bare(passphrase)
    if len(set(bare)) < DISTINCT_MIN or bare in _OBVIOUS or bare.rstrip("0123456789") in _OBVIOUS:
        raise Refused("passphrase_obvious")
    if any(_made_of(bare, _bare(name)) for name in names):
        raise Refused("passphrase_name")
    return passphrase


def _bare(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def _made_of(bare: str, name: str) -> bool:
    """Whether little but the name is in it: "chen-wei-1987", "chenweichenwei"."""
    return len(name) >= 3 and name in bare and len(bare.replace(name, "")) < DISTINCT_MIN
