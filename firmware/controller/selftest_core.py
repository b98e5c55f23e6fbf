"""What a self-test asks of the core, and nothing else ever: portals out of service and back, one opening, a word for
the journal. All of it goes through the inbox, as anybody's does; what the core refuses comes back in its effects.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from firmware.controller.inbox import Inbox, Rank
from firmware.core.account_facts import Act, Administered
from firmware.core.codes import Code
from firmware.core.effects import Record
from firmware.core.fact import Afar
from firmware.core.facts import OpenOnce, SetOutOfService
from firmware.selftest.messages import RunAsk
from firmware.selftest.steps import Step

OURSELVES = "self-test"  # who puts back into service what nobody put back


class AskedOfCore:
    """See the head of this file."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def take_out(self, command: RunAsk, portals: Sequence[str]) -> None:
        """Out of service, in the issuer's name; the core asks the site's `remote` once more."""
        for name in portals:
            fact = SetOutOfService(command.issuer, afar=command.afar or Afar(), portal=name, test=True)
            self._inbox.put(fact, Rank.COMMAND, "network")

    def put_back(self, portals: Sequence[str], *, quietly: bool = True) -> None:
        """In our own name: whoever took them has gone, or has said that it is over. `quietly`: no window opens them."""
        for name in portals:
            # Where a person is there, what waits for one goes on as far as `remote` lets it.
            afar = None if quietly else Afar("installer")
            back = SetOutOfService(OURSELVES, afar=afar, portal=name, out=False, test=True, quietly=quietly)
            self._inbox.put(back, Rank.SYSTEM, "selftest")

    def open_once(self, command: RunAsk, step: Step) -> str:
        """Let somebody through once, as any operator does; the request."""
        request = f"selftest-{secrets.token_hex(6)}"
        opens = OpenOnce(
            command.issuer, request, command.afar or Afar(), portal=step.portal, access_point=step.point or None
        )
        self._inbox.put(opens, Rank.COMMAND, "network")
        return request

    def tell(self, act: Act, command: RunAsk, request: str, detail: str) -> None:
        """For the journal; where there is a request, its commit is the answer to it."""
        address = command.afar.address if command.afar else ""
        fact = Administered(command.issuer, request, act=act, address=address, detail=detail)
        self._inbox.put(fact, Rank.COMMAND if request else Rank.SYSTEM, "network")


def refusals(request: str, effects: Sequence[object]) -> list[tuple[str, ...]]:
    """Why the core did not do what was asked under this request; nothing: it did not refuse."""
    return [
        effect.event.reasons
        for effect in effects
        if isinstance(effect, Record) and effect.event.code is Code.COMMAND_REFUSED and effect.event.request == request
    ]
