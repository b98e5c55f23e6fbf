"""The exchange with other controllers, put together: what they tell, what we tell, and nothing where there are none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from firmware.config import Config
from firmware.controller.clock import Clock
from firmware.controller.inbox import Inbox
from firmware.controller.outbox import Outbox
from firmware.controller.peers import Peers
from firmware.controller.role_socket import RoleSocket
from firmware.core.facts import PassageElsewhere
from firmware.core.wiring import wire
from firmware.identity import Identity
from firmware.journal import Ledger
from firmware.messages import Exchange


class Neighbours:
    """The process's one handle on the exchange. Without a peer in the site file nothing is taken or told."""

    def __init__(
        self, config: Config, identity: Identity, ledger: Ledger, inbox: Inbox, clock: Clock, carrier: RoleSocket
    ) -> None:
        """`carrier` is the network process's socket, over which frames come and go."""
        self.peers: Peers | None = None
        self.outbox: Outbox | None = None
        with_them = config.exchange
        if not with_them.peers:
            return
        shared = [area.id for area in config.site.areas if area.shared]
        self.peers = Peers(identity.id, with_them.peers, with_them.heard_ms_max, shared, ledger, inbox, clock)
        self.outbox = Outbox(
            identity,
            wire(config.site).points,
            shared,
            ledger,
            clock,
            with_them.heard_ms_max,
            lambda frame: carrier.tell(Exchange(frame)),
        )
        carrier.on_exchange = self.peers.put

    def counters(self) -> dict[str, int]:
        """For the health message."""
        return {} if self.peers is None else dict(self.peers.counters)

    def admit(self, fact: PassageElsewhere) -> PassageElsewhere | None:
        """See Peers.admit. Nobody but peers makes such facts."""
        assert self.peers is not None, "a passage elsewhere was told where nobody tells"
        return self.peers.admit(fact)

    def stepped(self, effects: Sequence[object], ticket: int | None) -> None:
        if self.outbox is not None:
            self.outbox.stepped(effects, ticket)

    def committed(self, ticket: int, epoch: int, seq: int) -> None:
        if self.outbox is not None:
            self.outbox.committed(ticket, epoch, seq)

    def forget(self, holder: str) -> None:
        """A holder is erased."""
        if self.outbox is not None:
            self.outbox.forget(holder)

    async def run(self) -> None:
        """Watch and tell, until cancelled."""
        if self.peers is None or self.outbox is None:
            await asyncio.Event().wait()  # a task of the controller that ends would end the controller
            return
        async with asyncio.TaskGroup() as both:
            both.create_task(self.peers.run())
            both.create_task(self.outbox.run())
