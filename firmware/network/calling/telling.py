"""How a call is answered and ended, from the page and by the API alike: at the pace of persons, under their names."""

from __future__ import annotations

from typing import NamedTuple

from firmware.core.facts import Afar, AnswerCall, EndCall
from firmware.messages import Answer
from firmware.network.accounts.account import role_words
from firmware.network.acts.desk import ActDesk
from firmware.network.errors import NetworkError
from firmware.network.link import Link
from firmware.network.sessions import Session


class TooFast(NetworkError):
    """Faster than a person asks; nothing was asked."""


class CallTelling(NamedTuple):
    """`desk` paces what one person asks."""

    link: Link
    desk: ActDesk

    async def tell(self, kind: type[AnswerCall] | type[EndCall], point: str, person: Session, address: str) -> Answer:
        """Doing it twice is doing it once. Raises TooFast, LinkError."""
        if not self.desk.may_ask(person):
            raise TooFast
        afar = Afar(role_words(person.roles), address)
        return await self.link.ask(kind(issuer=person.name, access_point=point, afar=afar))
