"""A number that stands in a form and counts once: a double click, a reload and a second window ask for nothing twice.

The form carries it with our signature, and says when it was made: one that was left open asks for nothing later.
"""

from __future__ import annotations

import hmac
import secrets

from itsdangerous import Signer

from firmware.network.acts.act import What
from firmware.network.sessions import Session

FORM_S_MAX = 300.0  # between seeing what an order would do and giving it: the gate is another one later
NUMBER_BYTES = 9


class Once:
    """Makes the numbers of forms and knows its own. Keeps nothing. `now_s` is the event loop's time."""

    def __init__(self) -> None:
        self._signer = Signer(secrets.token_bytes(32), salt="menshen.network.act")

    def make(self, session: Session, what: What, now_s: float) -> str:
        """A number for one form of this session and kind of order."""
        number = f"{secrets.token_hex(NUMBER_BYTES)}.{int(now_s)}"
        return f"{number}.{self._signature(session, what, number)}"

    def number(self, form: str, session: Session, what: What, now_s: float) -> str | None:
        """The number of a form; None: it is none of this session and kind, or too old."""
        number, _, signature = form.rpartition(".")
        right = self._signature(session, what, number)
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), right.encode()):
            return None
        return number if now_s - float(number.partition(".")[2]) <= FORM_S_MAX else None

    def _signature(self, session: Session, what: What, number: str) -> str:
        return self._signer.get_signature(f"{session.id} {what.value} {number}").decode()
