"""Consent to be recognised: who gave it, to which text, when, before whom, and until when. Nothing is enrolled without.

China's Personal Information Protection Law asks for it separately, informed and by free will (articles 13, 14, 28, 29),
for a guardian's where somebody is under 14 (article 31), and that it is as easily withdrawn as given (article 15). The
measures on face recognition of the Cyberspace Administration of China (order 19, 2025) forbid it as the only way in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.resources import files

import msgspec

from firmware.faces.errors import ConsentRefused

TEXT_VERSION = "1"
LANGUAGES = {"en": "consent.en.md", "zh_CN": "consent.zh_CN.md"}
NAME_CHARACTERS_MAX = 64
DAY_S = 86_400
CONSENT_S_MAX = 3 * 366 * DAY_S  # then it is asked for again
CONSENT_S_DEFAULT = 365 * DAY_S


class Consent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One consent. Instants are UTC seconds; `expires_s` is outside. `text`: sha256 of what was read, in hex."""

    version: str
    language: str
    text: str
    given_by: str  # the name of who is enrolled
    given_s: int
    witness: str  # the person of the community who was there
    expires_s: int
    under_14: bool = False
    guardian: str = ""  # who consented for somebody under 14


def text_of(language: str) -> str:
    """The text that is read out or handed over before anything is taken."""
    return (files("firmware.faces") / LANGUAGES[language]).read_text(encoding="utf-8")


def digest_of(language: str) -> str:
    """sha256 of the text, so that a consent says what was read."""
    return hashlib.sha256(text_of(language).encode()).hexdigest()


def check(consent: Consent, now_s: int) -> None:
    """Prove that a consent is one that may be. Raises ConsentRefused with every word of what is wrong."""
    wrong = [word for word, is_wrong in _rules(consent, now_s) if is_wrong]
    if wrong:
        raise ConsentRefused(*wrong)


def _rules(consent: Consent, now_s: int) -> Iterator[tuple[str, bool]]:
    known = consent.language in LANGUAGES
    yield "consent_text", consent.version != TEXT_VERSION or not known or consent.text != digest_of(consent.language)
    yield "consent_name", not is_name(consent.given_by)
    yield "consent_witness", not is_name(consent.witness) or consent.witness == consent.given_by
    yield "consent_guardian", consent.under_14 and not is_name(consent.guardian)
    yield "consent_guardian_not_needed", not consent.under_14 and bool(consent.guardian)
    yield "consent_guardian_self", bool(consent.guardian) and consent.guardian == consent.given_by
    yield "consent_when", not now_s - DAY_S <= consent.given_s <= now_s + 60
    yield "consent_expiry", not consent.given_s < consent.expires_s <= consent.given_s + CONSENT_S_MAX
    yield "consent_expired", consent.expires_s <= now_s


def is_name(text: str) -> bool:
    """One line that names somebody."""
    return 0 < len(text) <= NAME_CHARACTERS_MAX and text.isprintable() and text == text.strip()
