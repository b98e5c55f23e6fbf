"""The page over the demo gate's desk and a journal of its own: what a manager, an auditor and a guard see of it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

from msgspec.structs import replace

from firmware.core.access import Factor
from firmware.core.codes import Code
from firmware.core.effects import Body, Event, Record
from firmware.network.accounts.account import Account, Role
from firmware.network.accounts.store import Store
from firmware.network.settings import read_settings
from firmware.people.serving import PeopleSocket
from firmware.roster.keys import token_of
from tests.command.conftest import open_journal
from tests.network.accounts import NAMES, Gate, hash_of_passphrase
from tests.network.fake_controller import UTC_MS, health, states, welcome
from tests.network.running import Response, heard, running_page
from tests.people_import.desk import SITE, Working, working

MINUTE_MS = 60_000


class DeskGate(Gate):
    """With the desk, and a journal that can be written."""

    working: Working
    epoch = 1

    def token(self, key: str, factor: Factor = Factor.CARD) -> str:
        """What the journal calls a credential."""
        return token_of(self.working.desk.place.identity(), factor, key)

    async def send(self, target: str, *fields: tuple[str, str], **more: str) -> Response:
        """A form, with the token of a page that shows no site: the made-up controller has another one."""
        return await self.page.post(target, fields, token=await self.form_token(), **more)

    async def form_token(self) -> str:
        found = re.search(r'name="token" value="([^"]+)"', (await self.page.get("/journal")).text)
        assert found is not None
        return found[1]

    def write(self, *events: Event, utc_ms: int = UTC_MS) -> str:
        """Commit these; the last row as pages name it."""
        for event in events:
            ticket = self._journal.append([Record(event)], now_ms=1, utc_ms=utc_ms)
        _, epoch, seq = self._listener.wait_ticket(ticket)
        return f"{epoch}-{seq}"


def denied(gate: DeskGate, card: str, holder: str, point: str, portal: str, *reasons: str) -> Event:
    body = Body(holder=holder, credential=gate.token(card), household="b1-0101")
    return Event(Code.DENIED, portal=portal, access_point=point, reasons=("credential_known", *reasons), body=body)


@contextlib.asynccontextmanager
async def desk_gate(folder: Path, role: Role = Role.MANAGER, file: Path = SITE) -> AsyncIterator[DeskGate]:
    """Logged in with a role, at the site of a file."""
    hashed = await hash_of_passphrase()
    accounts = folder / "accounts"
    accounts.mkdir()
    Store(accounts).save({name: Account(name, frozenset({each}), hashed) for each, name in NAMES.items()})
    with working(folder, file) as here:
        journal, listener = open_journal(here.state, here.desk.place.identity())
        socket = PeopleSocket(folder / "people.sock", here.desk)
        await socket.start()
        site = replace(read_settings(str(file)), page="127.0.0.1:0", mdns=False, language="en")
        said = (welcome(str(journal.path)), states(seq=1), health())
        try:
            async with running_page(
                folder, *said, site=site, enter=False, code=None, people=str(folder / "people.sock")
            ) as page:
                gate = DeskGate(page, accounts)
                gate.working, gate._journal, gate._listener = here, journal, listener
                assert (await gate.log_in(role.value)).status == 303
                await heard(page, states())
                yield gate
        finally:
            await socket.stop()
            journal.close()
